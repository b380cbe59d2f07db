/**
 * Data messages with Ns over any network, in virtual time: lost, doubled, late, out of order, of two
 * sessions at once. The model is the rule in plain words (a set of what waits), and beside it what
 * must hold whatever the rule is: order, each once, bounds, and that what a network only delays a
 * little is never lost.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as layout from "../../assembly/layout.ts";
import { HOST, packet, pppFrame } from "../unit/dataplane/frames.ts";
import { ALL_OFFLOADS, NO_OFFLOADS, Plane } from "../unit/dataplane/plane.ts";

const RUNS = 150;
const SESSIONS = 2;
const WINDOW = layout.REORDER_WINDOW;
const HOLD_MS = 50;
const NUMBERS = 65_536;
const AT = 28; // behind IP and UDP header: session, then the number that is not modulo anything
const clientOf = (at: number) => `10.64.0.${at + 2}`;

/** One frame on its way: `number` counts on where Ns begins anew. */
interface Frame {
  readonly at: number;
  readonly number: number;
}

function datagram({ at, number }: Frame, size: number): Uint8Array {
  const inner = packet(clientOf(at), HOST, size);
  new DataView(inner.buffer).setUint32(AT, at);
  new DataView(inner.buffer).setUint32(AT + 4, number);
  const frame = pppFrame(inner);
  const octets = new Uint8Array(12 + frame.length);
  const view = new DataView(octets.buffer);
  view.setUint16(0, 0x4802);
  view.setUint16(2, octets.length);
  view.setUint16(4, 7);
  view.setUint16(6, 8 + at);
  view.setUint16(8, number % NUMBERS);
  octets.set(frame, 12);
  return octets;
}

/** What a session does with numbers that never begin anew. */
class Model {
  readonly held = new Map<number, number>();
  readonly out: number[] = [];
  late = 0;
  expected: number;

  constructor(first: number) {
    this.expected = first;
  }

  receive(number: number, now: number): void {
    if (number < this.expected || this.held.has(number)) {
      this.late++;
      return;
    }
    this.held.set(number, now);
    this.giveUp(number - WINDOW + 1);
  }

  /** The oldest first: each gives up what is before it. */
  release(now: number): void {
    const due = [...this.held].filter(([, since]) => now - since >= HOLD_MS);
    for (const [number] of due) if (this.held.has(number)) this.giveUp(number);
  }

  giveUp(first: number): void {
    const isDue = (number: number) => number < first || number === this.expected;
    for (;;) {
      const [next] = [...this.held.keys()].sort((a, b) => a - b);
      if (next === undefined || !isDue(next)) break;
      this.held.delete(next);
      this.out.push(next);
      this.expected = next + 1;
    }
    if (this.expected < first) {
      this.expected = first;
      this.giveUp(first);
    }
  }
}

class World {
  readonly plane: Plane;
  readonly models: Model[];
  readonly out: number[][] = Array.from({ length: SESSIONS }, () => []);
  now = 1_000;

  constructor(offloads: number, first: number) {
    this.plane = new Plane(0, offloads);
    this.plane.at(this.now);
    this.models = Array.from({ length: SESSIONS }, (_, at) => {
      const handle = this.plane.session(7, 8 + at, clientOf(at));
      this.plane.table.sequence(handle);
      const record = layout.SESSION_RECORDS + handle.index * layout.SESSION_SIZE;
      this.plane.view.setUint32(record + layout.SESSION_EXPECTED, first % NUMBERS, true);
      return new Model(first);
    });
  }

  pass(ms: number): void {
    this.now += ms;
    this.plane.at(this.now);
    for (const model of this.models) model.release(this.now);
    this.#take(this.plane.up([])); // a call in between must not matter
    this.#take(this.plane.releaseHeld());
    this.#check();
  }

  receive(frames: readonly Frame[], size: number): void {
    for (const { at, number } of frames) this.models[at]?.receive(number, this.now);
    for (let next = 0; next < frames.length; next += layout.BUFFER_COUNT) {
      const batch = frames.slice(next, next + layout.BUFFER_COUNT);
      this.#take(this.plane.up(batch.map((frame) => datagram(frame, size))));
    }
    this.#check();
  }

  #take(packets: readonly { packet: Uint8Array }[]): void {
    for (const { packet } of packets) {
      const view = new DataView(packet.buffer, packet.byteOffset);
      this.out[view.getUint32(AT)]?.push(view.getUint32(AT + 4));
    }
  }

  #check(): void {
    const { plane, models } = this;
    const held = plane.view.getUint32(plane.worker + layout.WORKER_HELD, true);
    let waiting = 0;
    for (const [at, model] of models.entries()) {
      assert.deepEqual(this.out[at], model.out);
      assert.ok(model.held.size < WINDOW);
      waiting += model.held.size;
    }
    assert.equal(held, waiting);
    const late = models.reduce((sum, model) => sum + model.late, 0);
    assert.equal(plane.counters()["up.late"] ?? 0, late);
  }
}

const offloads = fc.constantFrom(NO_OFFLOADS, ALL_OFFLOADS);
const first = fc.constantFrom(0, 1, 32_760, 65_530, 65_535);

test("any arrivals: as the model has it, in order, none twice, none for longer than it may", () => {
  const step = fc.record({
    ms: fc.oneof(fc.constant(0), fc.nat(20), fc.constant(HOLD_MS)),
    size: fc.constantFrom(20, 600, 1_300),
    frames: fc.array(
      fc.record({ at: fc.nat(SESSIONS - 1), from: fc.integer({ min: -20, max: 40 }) }),
      { maxLength: 80, size: "max" },
    ),
  });
  fc.assert(
    fc.property(offloads, first, fc.array(step, { maxLength: 12 }), (offloads, first, steps) => {
      const world = new World(offloads, first);
      for (const { ms, size, frames } of steps) {
        world.pass(ms);
        const place = ({ at, from }: { at: number; from: number }) => {
          const number = (world.models[at]?.expected ?? 0) + from;
          return { at, number: Math.max(number, first) };
        };
        world.receive(frames.map(place), size);
      }
      world.pass(HOLD_MS);
      for (const [at, numbers] of world.out.entries()) {
        const rising = numbers.every((number, n) => n === 0 || number > (numbers[n - 1] ?? 0));
        assert.ok(rising, `session ${at}: ${numbers}`);
        assert.equal(world.models[at]?.held.size, 0);
      }
    }),
    { numRuns: RUNS },
  );
});

test("a network that only displaces by less than a window, and doubles, loses nothing", () => {
  const ranks = fc.array(
    fc.record({ shift: fc.nat(WINDOW - 1), copies: fc.integer({ min: 1, max: 3 }) }),
    {
      minLength: 1,
      maxLength: 300,
      size: "max",
    },
  );
  fc.assert(
    fc.property(offloads, first, ranks, fc.nat(40), (offloads, first, ranks, cut) => {
      const world = new World(offloads, first);
      // Each is put behind at most WINDOW - 1 that follow it: nobody is overtaken by a window.
      const sent = ranks.map(({ shift, copies }, n) => ({
        number: first + n,
        rank: n + shift,
        copies,
      }));
      const order = sent.toSorted((a, b) => a.rank - b.rank || a.number - b.number);
      const frames = order.flatMap(({ number, copies }) =>
        Array.from({ length: copies }, () => ({ at: 0, number })),
      );
      for (let next = 0; next < frames.length; next += cut + 1) {
        world.receive(frames.slice(next, next + cut + 1), 600);
        world.pass(0);
      }
      assert.deepEqual(
        world.out[0],
        sent.map(({ number }) => number),
      );
    }),
    { numRuns: RUNS },
  );
});

test("loss costs the lost frames and nothing else", () => {
  const arrives = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 400, size: "max" });
  fc.assert(
    fc.property(offloads, first, arrives, (offloads, first, arrives) => {
      const world = new World(offloads, first);
      const numbers = arrives.flatMap((luck, n) => (luck === 0 ? [] : [first + n]));
      for (const number of numbers) {
        world.receive([{ at: 1, number }], 20);
        world.pass(1);
      }
      world.pass(HOLD_MS);
      assert.deepEqual(world.out[1], numbers);
    }),
    { numRuns: RUNS },
  );
});
