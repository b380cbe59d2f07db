/** What comes to the control thread: where each datagram goes, in which order, how much at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { buildControlMessage, buildHeader, buildPpp } from "../../../src/codec/index.ts";
import { ControlInput, type ControlInputOptions } from "../../../src/daemon/control-input.ts";
import type { Datagram } from "../../../src/daemon/control-socket.ts";
import type { HandedDatagram, PuntedFrame } from "../../../src/dataplane/rings.ts";
import type { Path } from "../../../src/l2tp/index.ts";
import {
  CONTROL_TURN_MS,
  DATAGRAMS_PER_TURN,
  PUNTS_PER_TURN,
  STARTS_TURN_MS,
} from "../../../src/limits.ts";
import { AF_INET, decodeSockaddr, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { CLIENT, HOST, message, packet } from "../dataplane/frames.ts";
import { Plane } from "../dataplane/plane.ts";
import { type Arrival, PATH, SocketKernel } from "./socket-kernel.ts";

const HELLO_AVP = Uint8Array.of(0, 6);

function hello(tunnelId: number, ns = 3): Uint8Array {
  const avps = [{ type: 0, value: HELLO_AVP }];
  return buildControlMessage({ tunnelId, sessionId: 0, ns, nr: 2, avps });
}

function data(sessionId: number, octets: number): Uint8Array {
  const header = { control: false, priority: false, length: 0, tunnelId: 7, sessionId };
  return buildHeader(header, buildPpp(0x0021, new Uint8Array(octets)));
}

/** An input that tells what it passes on, in the order in which it does. */
class Bench {
  readonly steps: string[] = [];
  readonly control: { datagram: Uint8Array; path: Path }[] = [];
  readonly data: { datagram: Uint8Array; path: Path }[] = [];
  /** Tunnel and Session ID of the data, as the workers are told. */
  readonly ids: (readonly [number, number])[] = [];
  readonly input: ControlInput;
  now = 0;

  constructor(options: Partial<ControlInputOptions> = {}) {
    this.input = new ControlInput({
      control: source([]),
      handed: [],
      punts: [],
      lns: {
        localOf: (tunnelId) => (tunnelId === 7 ? PATH.local : undefined),
        handleInput: (input) => void this.control.push(input),
      },
      frames: { handleFrame: ({ session }) => void this.steps.push(`frame ${session}`) },
      family: AF_INET,
      workers: {
        handOver: (tunnelId, sessionId, datagram, name) => {
          const peer = decodeSockaddr(new DataView(name.buffer), 0);
          const path = { ...PATH, peer: peer?.address ?? "", peerPort: peer?.port ?? 0 };
          this.ids.push([tunnelId, sessionId]);
          return this.data.push({ datagram, path }) > 0;
        },
      },
      clock: () => this.now,
      ...options,
    });
  }
}

function source(datagrams: Uint8Array[], isHolding = false) {
  return {
    isHolding,
    take: (): Datagram | undefined => {
      const datagram = datagrams.shift();
      return datagram && { datagram, path: PATH };
    },
  };
}

/** A ring that never runs dry; its frames carry its number. */
function endless(session: number) {
  return { take: (): PuntedFrame => ({ session, generation: 0, frame: new Uint8Array(4) }) };
}

function few(session: number, count: number) {
  let left = count;
  const { take } = endless(session);
  return { take: () => (left-- > 0 ? take() : undefined) };
}

function handed(datagram: Uint8Array, peer = PATH.peer, port = PATH.peerPort): HandedDatagram {
  const name = new Uint8Array(32);
  name.set(encodeSockaddr(peer, port));
  return { datagram, name: new DataView(name.buffer) };
}

test("a control message behind data goes to the control thread, with who sent it", () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT);
  const first = message(packet(CLIENT, HOST, 200));
  const control = hello(7);
  const octets = Uint8Array.of(...first, ...first, ...control);
  const sender = { address: "192.0.2.9", port: 1701 };
  const writes = plane.receive([{ octets, sender, segment: first.length }]);
  assert.equal(writes.length, 2);
  const [one] = plane.handedOver;
  assert.ok(one);
  assert.deepEqual(one.datagram, control);
  assert.deepEqual(decodeSockaddr(one.name, 0), sender);
  assert.equal(plane.counters()["up.control-message"], 1);
});

test("when nobody takes them, they are dropped and counted", () => {
  const plane = new Plane();
  const control = hello(7);
  const octets = Uint8Array.from({ length: control.length * 64 }, (_, at) => {
    return control[at % control.length] ?? 0;
  });
  const sender = { address: "192.0.2.9", port: 1701 };
  const batch = Array.from({ length: 5 }, () => ({ octets, sender, segment: control.length }));
  plane.receive(batch);
  assert.equal(plane.handedOver.length, 256);
  assert.equal(plane.counters()["up.control-message"], 256);
  assert.equal(plane.counters()["up.control-ring-full"], 64);
});

test("what a worker hands over is from the tunnel's address, or from our only one", () => {
  const messages = [hello(7), hello(0), hello(9), new Uint8Array(5)];
  for (const local of [undefined, "203.0.113.1"]) {
    const queue = messages.map((datagram) => handed(datagram));
    const ring = { take: () => queue.shift() };
    const { input, control } = new Bench({ handed: [ring], ...(local && { local }) });
    assert.equal(input.takeControl(0), true);
    const known = local === undefined ? [hello(7)] : messages.slice(0, 3);
    const path = { ...PATH, local: local ?? PATH.local };
    assert.deepEqual(
      control,
      known.map((datagram) => ({ datagram, path })),
    );
    assert.equal(input.counters["no-local"], 4 - known.length);
  }
});

test("a sender of a family that nobody serves is counted", () => {
  const one = handed(hello(7));
  one.name.setUint16(0, 1, true);
  const queue = [one];
  const { input, control } = new Bench({ handed: [{ take: () => queue.shift() }] });
  input.takeControl(0);
  assert.deepEqual(control, []);
  assert.equal(input.counters["no-local"], 1);
});

test("a turn takes a bounded number of everything, and tells when no poll would", () => {
  const most = { control: DATAGRAMS_PER_TURN, starts: DATAGRAMS_PER_TURN };
  for (const isHolding of [true, false]) {
    const many = (count: number) => Array.from({ length: count + 10 }, () => hello(7));
    const { input, control } = new Bench({
      control: source(many(most.control), isHolding),
      starts: source(many(most.starts), isHolding),
    });
    assert.equal(input.takeControl(0), !isHolding);
    assert.equal(control.length, most.control);
    assert.equal(input.takeStarts(0), !isHolding);
    assert.equal(control.length, most.control + most.starts);
    assert.equal(input.takeControl(0), true, "the rest");
    assert.equal(control.length, most.control + most.starts + 10);
  }
});

for (const [what, most, turn] of [
  ["control messages", CONTROL_TURN_MS, "takeControl"],
  ["SCCRQs", STARTS_TURN_MS, "takeStarts"],
] as const) {
  test(`${what} get no more than their time`, () => {
    const many = source(
      Array.from({ length: 400 }, () => hello(7)),
      true,
    );
    const bench = new Bench({
      control: many,
      starts: many,
      lns: {
        localOf: () => undefined,
        handleInput: (input) => {
          bench.now += 1; // each takes a millisecond
          bench.control.push(input);
        },
      },
    });
    assert.equal(bench.input[turn](0), false);
    const first = bench.control.length;
    assert.ok(first >= most && first <= most + 16, `${first}`);
    assert.equal(bench.input[turn](0), false);
    assert.equal(bench.control.length, 2 * first);
  });
}

test("frames of all workers are taken in turn, so that none waits behind another's", () => {
  const { input, steps } = new Bench({ punts: [endless(1), few(2, 3), endless(3)] });
  assert.equal(input.takeFrames(0), false);
  assert.equal(steps.length, PUNTS_PER_TURN);
  const round = ["frame 1", "frame 2", "frame 3"];
  assert.deepEqual(steps.slice(0, 9), [...round, ...round, ...round]);
  const count = (session: number) => steps.filter((step) => step === `frame ${session}`).length;
  assert.ok(Math.abs(count(1) - count(3)) <= 1);
  const quiet = new Bench({ punts: [few(1, 2), few(2, 5), few(3, 0)] });
  assert.equal(quiet.input.takeFrames(0), true);
  assert.equal(quiet.steps.length, 7);
});

test("data that nobody takes is counted", () => {
  const datagrams = [data(8, 40), hello(7), data(9, 40)];
  const workers = { handOver: () => false };
  const { input, control } = new Bench({ control: source(datagrams), workers });
  assert.equal(input.takeControl(0), true);
  assert.equal(control.length, 1);
  assert.equal(input.counters["hand-over-lost"], 2);
});

test("data goes to the worker of its ids, with and without Length; whatever else it is", () => {
  const header = { control: false, priority: false, tunnelId: 7, sessionId: 9 };
  const short = Uint8Array.of(0, 2, 0, 7);
  const bench = new Bench({ control: source([data(8, 40), buildHeader(header), short]) });
  bench.input.takeControl(0);
  assert.deepEqual(bench.ids, [
    [7, 8],
    [7, 9],
    [7, 0],
  ]);
  assert.equal(bench.data.length, 3);
  assert.equal(bench.input.counters["handed-over"], 3);
});

test("what is too short to be data is the core's to count", () => {
  const short = [new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(0x80)];
  const { input, control } = new Bench({ control: source([...short]) });
  input.takeControl(0);
  assert.deepEqual(
    control.map(({ datagram }) => datagram),
    short,
  );
});

/** Peers, each with what it sends, cut into GRO buffers as the kernel merges: one length, a shorter end. */
const mixes = fc.array(
  fc.record({
    port: fc.integer({ min: 1, max: 3 }),
    parts: fc.array(fc.record({ isData: fc.boolean(), octets: fc.integer({ min: 0, max: 60 }) }), {
      minLength: 1,
      maxLength: 12,
    }),
  }),
  { maxLength: 40 },
);

test("of any mix of GRO buffers every datagram goes where it belongs, once and in order", () => {
  fc.assert(
    fc.property(mixes, fc.integer({ min: 1, max: 90 }), (mix, perTurn) => {
      const kernel = new SocketKernel();
      const bench = new Bench({ control: bounded(kernel, perTurn) });
      const sent = mix.flatMap(({ port, parts }, buffer) => {
        const path = { ...PATH, peerPort: port };
        const datagrams = parts.map(({ isData, octets }, number) =>
          isData ? data(buffer * 64 + number, octets) : hello(7, buffer * 64 + number),
        );
        kernel.arrivals.push(...merged(datagrams, path));
        return datagrams.map((datagram) => ({ datagram, path }));
      });
      while (!bench.input.takeControl(0) || kernel.arrivals.length > 0 || kernel.socket.isHolding);
      const isData = ({ datagram }: Datagram) => ((datagram[0] ?? 0) & 0x80) === 0;
      assert.deepEqual(bench.data, sent.filter(isData));
      assert.deepEqual(
        bench.control,
        sent.filter((one) => !isData(one)),
      );
    }),
    { numRuns: 200 },
  );
});

/** A socket that ends a turn early. */
function bounded(kernel: SocketKernel, most: number) {
  let left = most;
  return {
    get isHolding() {
      return kernel.socket.isHolding;
    },
    take: () => {
      if (left-- > 0) return kernel.socket.take();
      left = most;
      return undefined;
    },
  };
}

/** As the kernel merges what one peer sends: of one length, and a shorter one is the last. */
function merged(datagrams: readonly Uint8Array[], path: typeof PATH): Arrival[] {
  const arrivals: Arrival[] = [];
  let open: Uint8Array[] = [];
  const close = () => {
    const [first] = open;
    if (first === undefined) return;
    const octets = Uint8Array.from(open.flatMap((datagram) => [...datagram]));
    arrivals.push({ octets, path, ...(open.length > 1 && { segment: first.length }) });
    open = [];
  };
  for (const datagram of datagrams) {
    const segment = open[0]?.length ?? datagram.length;
    if (datagram.length > segment) close();
    open.push(datagram);
    if (datagram.length < segment) close();
  }
  close();
  return arrivals;
}
