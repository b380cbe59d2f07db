/**
 * The shaper under any traffic, in virtual time: sessions of both families come, go and are used
 * again, with and without rates, and packets of many flows and lengths arrive in bursts. Whatever
 * happens, no session gets more than its rate, flows keep their order, queues their bounds, and each
 * packet is sent, dropped and counted, or waits.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as layout from "../../assembly/layout.ts";
import { parseHeader } from "../../src/codec/index.ts";
import type { SessionHandle } from "../../src/dataplane/session-table.ts";
import { HOST, HOST6, packet, packet6, prefix6 } from "../unit/dataplane/frames.ts";
import { ALL_OFFLOADS, type Message, Plane } from "../unit/dataplane/plane.ts";

const RUNS = 30;
const SESSIONS = 4;
const RATES = [0, 8_000, 64_000, 125_000, 1_250_000, 12_500_000] as const;
const FLOWS = 12;
const FRAMES_MAX = 64;
const MTU = 1_400;
const PPP = 4;
const MARK = 12; // session's life, flow, number: at the end of each packet

interface Life {
  readonly handle: SessionHandle;
  readonly sessionId: number;
  readonly rate: number;
  readonly isSequenced: boolean;
  /** Octets above the rate that have gone, and when that was. */
  level: number;
  at: number;
  ns: number;
  readonly last: Map<number, number>;
}

const step = fc.record({
  ms: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 100, max: 400 })),
  isNew: fc.nat(12).map((value) => value === 0),
  at: fc.nat(SESSIONS - 1),
  rate: fc.constantFrom(...RATES),
  packets: fc.array(
    fc.record({
      at: fc.nat(SESSIONS - 1),
      flow: fc.nat(FLOWS - 1),
      size: fc.oneof(fc.integer({ min: 90, max: MTU }), fc.constant(MTU)),
      isIpv6: fc.boolean(),
    }),
    { maxLength: 60, size: "max" },
  ),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

class World {
  readonly plane = new Plane(0, ALL_OFFLOADS);
  readonly lives: Life[] = [];
  readonly current: number[] = [];
  offered = 0;
  sent = 0;
  #now = 1_000;

  constructor() {
    this.plane.at(this.#now);
    for (let at = 0; at < SESSIONS; at++) this.#begin(at, RATES[at + 1] ?? 0);
  }

  run({ ms, isNew, at, rate, packets }: Step): void {
    this.#now += ms;
    this.plane.at(this.#now);
    this.#take(this.plane.release());
    if (isNew) {
      this.plane.table.withdraw(this.#life(at).handle);
      this.#begin(at, rate);
    }
    this.#take(this.plane.down(packets.map((one) => this.#build(one))));
    for (let each = 0; each < SESSIONS; each++) this.#checkBounds(this.#life(each));
  }

  end(): void {
    this.#take(this.plane.release(true), false);
    const waiting = this.plane.view.getUint32(this.plane.worker + layout.WORKER_WAITING, true);
    assert.equal(waiting, 0);
    const counters = this.plane.counters();
    const dropped = (name: string) => counters[name] ?? 0;
    const gone = dropped("down.shaped") + dropped("down.not-open");
    assert.equal(this.sent + gone + dropped("down.shaper-pool-full"), this.offered);
  }

  #life(at: number): Life {
    return this.lives[this.current[at] ?? -1] as Life;
  }

  #begin(at: number, rate: number): void {
    const sessionId = 100 + this.lives.length;
    const address = `10.64.0.${2 + at}`;
    const more = { prefix6: prefix6(`2001:db8:64:${2 + at}::`), rateDown: rate };
    const handle = this.plane.session(7, sessionId);
    const isSequenced = this.lives.length % 2 === 1;
    if (isSequenced) this.plane.table.sequence(handle);
    const view = new DataView(packet(HOST, address).buffer);
    const wish = { network: 0, mtu: MTU, acfc: false, pfc: false, ...more };
    this.plane.table.forward(handle, { ...wish, address: view.getUint32(16) });
    this.current[at] = this.lives.length;
    const times = { level: 0, at: this.#now, ns: 0, last: new Map<number, number>() };
    this.lives.push({ handle, sessionId, rate, isSequenced, ...times });
  }

  #build({ at, flow, size, isIpv6 }: Step["packets"][number]): Uint8Array {
    const octets = isIpv6
      ? packet6(HOST6, `2001:db8:64:${2 + at}::5`, size - 40)
      : packet(HOST, `10.64.0.${2 + at}`, size - 20);
    const view = new DataView(octets.buffer);
    view.setUint16(isIpv6 ? 40 : 20, 1_000 + flow); // its port
    view.setUint32(size - MARK, this.current[at] ?? 0);
    view.setUint32(size - MARK + 4, isIpv6 ? FLOWS + flow : flow);
    view.setUint32(size - MARK + 8, ++this.offered);
    return octets;
  }

  #take(messages: readonly Message[], isTimed = true): void {
    for (const { datagram, segment } of messages) {
      const each = segment === 0 ? datagram.length : segment;
      for (let from = 0; from < datagram.length; from += each) {
        this.#check(datagram.subarray(from, from + each), isTimed);
      }
    }
  }

  #check(frame: Uint8Array, isTimed: boolean): void {
    const header = parseHeader(frame);
    assert.ok(typeof header !== "string" && !header.control);
    const inner = header.payload.subarray(PPP);
    const view = new DataView(inner.buffer, inner.byteOffset, inner.length);
    const life = this.lives[view.getUint32(inner.length - MARK)];
    assert.ok(life);
    assert.equal(header.sessionId, life.sessionId + 1, "a packet in the session of another");
    const flow = view.getUint32(inner.length - MARK + 4);
    const number = view.getUint32(inner.length - MARK + 8);
    assert.ok(number > (life.last.get(flow) ?? 0), "a flow out of order");
    life.last.set(flow, number);
    if (life.isSequenced)
      assert.equal(new DataView(frame.buffer, frame.byteOffset).getUint16(8), life.ns++);
    this.sent++;
    if (life.rate === 0 || !isTimed) return;
    const paid = ((this.#now - life.at) / 1_000) * life.rate;
    life.level = Math.max(0, life.level - paid) + inner.length;
    life.at = this.#now;
    const burst = Math.max(life.rate / 20, 3_000) + MTU;
    assert.ok(life.level <= burst, `${life.level} octets above ${life.rate} a second`);
  }

  #checkBounds({ handle, rate }: Life): void {
    const shaper = layout.SHAPERS + handle.index * layout.SHAPER_SIZE;
    const word = (field: number) => this.plane.view.getUint32(shaper + field, true);
    assert.ok(word(layout.SHAPER_FRAMES) <= FRAMES_MAX);
    if (rate !== 0) assert.ok(word(layout.SHAPER_QUEUED) <= Math.max(rate / 10, 3_000));
  }
}

test("no more than the rate, in order, within bounds, and nothing is lost without a count", () => {
  let shaped = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 200, size: "max" }), (steps) => {
      const world = new World();
      for (const one of steps) world.run(one);
      world.end();
      shaped += world.plane.counters()["down.shaped"] ?? 0;
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  assert.ok(shaped > 1_000, "the queues were never full");
});

test("whatever stands in its memory, each call comes to an end", () => {
  const regions = (plane: Plane): (readonly [at: number, size: number])[] => [
    [layout.SHAPERS, (SESSIONS + 1) * layout.SHAPER_SIZE],
    [plane.worker + layout.WORKER_WHEEL, layout.WHEEL_COUNT * 4],
    [plane.worker + layout.WORKER_POOL_FREE, 8],
    [plane.worker + layout.WORKER_WHEEL_TICK, 8],
    [plane.worker + layout.WORKER_POOL + layout.SLOT_SIZE, 64 * layout.SLOT_SIZE],
  ];
  const fault = fc.record({
    region: fc.nat(4),
    at: fc.nat(),
    value: fc.maxSafeNat(),
    small: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(fault, { minLength: 1, maxLength: 30 }), fc.nat(), (faults, seed) => {
      const { plane } = new World();
      const packets = Array.from({ length: 60 }, (_, n) =>
        packet(HOST, `10.64.0.${2 + (n % 4)}`, 900),
      );
      plane.down(packets);
      for (const { region, at, value, small } of faults) {
        const [start, size] = regions(plane)[region] as readonly [number, number];
        plane.view.setUint32(
          start + ((at % size) & ~3),
          small ? value % 80 : value % 2 ** 32,
          true,
        );
      }
      const rest = () => plane.view.getUint32(plane.worker + layout.WORKER_RELEASE_REST, true);
      for (let ms = 0; ms < 200; ms += 1 + (seed % 7)) {
        plane.at(1_000 + ms);
        let calls = 0;
        do plane.forwarding.release(plane.worker);
        while (rest() !== 0 && ++calls < 100);
        assert.ok(calls < 100, "it never rests");
        plane.down(packets.slice(0, 8));
      }
      plane.forwarding.flush(plane.worker);
    }),
    { numRuns: 200, endOnFailure: true },
  );
});
