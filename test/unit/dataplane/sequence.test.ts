// Data messages of a peer that asked for sequencing: in the order of Ns, each once, none for long.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { writeNetworks } from "../../../src/dataplane/networks.ts";
import {
  CLIENT,
  CLIENT6,
  HOST,
  HOST6,
  PPP_IPV6,
  packet,
  packet6,
  pppFrame,
  prefix6,
} from "./frames.ts";
import { start as startLoop } from "./kernel.ts";
import { ALL_OFFLOADS, NO_OFFLOADS, Plane, type Write } from "./plane.ts";

const NUMBER_AT = 28; // behind IP and UDP header
const HOLD_MS = 50;
const WINDOW = layout.REORDER_WINDOW;

/** A data message with Ns; with a Length field unless it is told. */
function numbered(ns: number, frame: Uint8Array, sessionId = 8, hasLength = true): Uint8Array {
  const front = hasLength ? 4 : 2;
  const octets = new Uint8Array(front + 8 + frame.length);
  const view = new DataView(octets.buffer);
  view.setUint16(0, hasLength ? 0x4802 : 0x0802);
  if (hasLength) view.setUint16(2, octets.length);
  view.setUint16(front, 7);
  view.setUint16(front + 2, sessionId);
  view.setUint16(front + 4, ns & 0xffff);
  octets.set(frame, front + 8);
  return octets;
}

function inner(number: number, size = 40, source = CLIENT): Uint8Array {
  const octets = packet(source, HOST, size);
  new DataView(octets.buffer).setUint32(NUMBER_AT, number);
  return octets;
}

const data = (ns: number, sessionId = 8) =>
  numbered(ns, pppFrame(inner(ns, 40, sessionId === 8 ? CLIENT : "10.64.0.3")), sessionId);
const numbersOf = (writes: readonly { readonly packet: Uint8Array }[]) =>
  writes.map(({ packet }) => new DataView(packet.buffer, packet.byteOffset).getUint32(NUMBER_AT));

function start(offloads = NO_OFFLOADS) {
  const plane = new Plane(0, offloads);
  plane.at(1_000);
  const handle = plane.session(7, 8, CLIENT, { prefix6: prefix6(CLIENT6) });
  plane.table.sequence(handle);
  const held = () => plane.view.getUint32(plane.worker + layout.WORKER_HELD, true);
  return { plane, handle, held };
}

for (const offloads of [NO_OFFLOADS, ALL_OFFLOADS]) {
  test(`what comes too early waits for what it is behind, offloads ${offloads}`, () => {
    const { plane, held } = start(offloads);
    assert.deepEqual(numbersOf(plane.up([data(0)])), [0]);
    assert.deepEqual(numbersOf(plane.up([data(3), data(2)])), []);
    assert.equal(held(), 2);
    assert.deepEqual(numbersOf(plane.up([data(1), data(4)])), [1, 2, 3, 4]);
    assert.equal(held(), 0);
    assert.equal(plane.counters()["up.held"], 2);
    assert.equal(plane.counters()["up.late"], undefined);
  });

  test(`what is held in the batch in which it goes stays whole, offloads ${offloads}`, () => {
    const { plane } = start(offloads);
    const order = [1, 0, 3, 2, 5, 4, 9, 8, 7, 6, 11, 10];
    const packets = plane.up(order.map((ns) => data(ns)));
    const sorted = order.toSorted((a, b) => a - b);
    assert.deepEqual(
      packets.map(({ packet }) => packet),
      sorted.map((ns) => inner(ns)),
    );
  });
}

test("a frame that comes twice goes once, whether the first went or is held", () => {
  const { plane, handle } = start();
  const batch = [0, 0, 2, 2, 1, 1, 2, 3].map((ns) => data(ns));
  assert.deepEqual(numbersOf(plane.up(batch)), [0, 1, 2, 3]);
  assert.equal(plane.counters()["up.late"], 4);
  assert.deepEqual(plane.table.reasons(handle), { "up.late": 4 });
  assert.equal(plane.table.traffic(handle).drops, 4);
});

test("two equal datagrams in one GRO buffer, without Length and with a short PPP header", () => {
  const { plane } = start();
  const one = numbered(0, pppFrame(inner(0), [0x21]), 8, false);
  const octets = Uint8Array.of(...one, ...one, ...one);
  const sender = { address: "192.0.2.9", port: 1701 };
  assert.equal(plane.receive([{ octets, sender, segment: one.length }]).length, 1);
  assert.equal(plane.counters()["up.late"], 2);
});

test("after 50 ms what is missing is given up; when it comes then, it is late", () => {
  const { plane, held } = start();
  assert.deepEqual(plane.up([data(1), data(2), data(4)]), []);
  plane.at(1_000 + HOLD_MS - 1);
  assert.deepEqual(plane.releaseHeld(), []);
  assert.deepEqual(plane.up([data(6)]), []);
  plane.at(1_000 + HOLD_MS);
  assert.deepEqual(numbersOf(plane.releaseHeld()), [1, 2, 4]);
  assert.equal(held(), 1);
  assert.deepEqual(numbersOf(plane.up([data(0), data(3), data(5)])), [5, 6]);
  assert.equal(plane.counters()["up.late"], 2);
});

test("a window ahead: what is behind the window is not waited for", () => {
  const { plane, held } = start();
  const ahead = Array.from({ length: WINDOW - 1 }, (_, index) => data(index + 1));
  assert.deepEqual(plane.up(ahead), []);
  assert.equal(held(), WINDOW - 1);
  const all = Array.from({ length: WINDOW }, (_, index) => index + 1);
  assert.deepEqual(numbersOf(plane.up([data(WINDOW)])), all);
  // Far ahead: the burst between is lost, and the frame itself waits for those next to it.
  assert.deepEqual(numbersOf(plane.up([data(WINDOW + 2), data(1_000)])), [WINDOW + 2]);
  assert.equal(held(), 1);
  const next = 1_000 - WINDOW + 1;
  assert.deepEqual(numbersOf(plane.up([data(next), data(next - 1)])), [next]);
});

test("Ns begins again at 65536", () => {
  const { plane } = start();
  plane.up([data(30_000)]);
  plane.releaseHeld(true);
  plane.up([data(60_000)]);
  plane.releaseHeld(true);
  plane.up([data(65_533)]);
  plane.releaseHeld(true);
  const writes = plane.up([0, 65_534, 1, 65_535, 3, 65_535, 2].map((ns) => data(ns)));
  assert.deepEqual(numbersOf(writes), [65_534, 65_535, 0, 1, 2, 3]);
});

test("a peer that stops numbering: what is held goes first, and nothing waits", () => {
  const { plane, held } = start();
  const plain = (number: number) => {
    const octets = numbered(0, pppFrame(inner(number)), 8);
    const shorter = Uint8Array.of(...octets.subarray(0, 8), ...octets.subarray(12));
    new DataView(shorter.buffer).setUint16(0, 0x4002);
    new DataView(shorter.buffer).setUint16(2, shorter.length);
    return shorter;
  };
  const writes = plane.up([data(0), data(2), data(3), plain(100), plain(101)]);
  assert.deepEqual(numbersOf(writes), [0, 2, 3, 100, 101]);
  assert.equal(held(), 0);
  assert.deepEqual(numbersOf(plane.up([plain(102), data(4)])), [102, 4]);
});

test("a session that was not asked for it takes frames as they come", () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT);
  assert.deepEqual(numbersOf(plane.up([5, 4, 4, 9].map((ns) => data(ns)))), [5, 4, 4, 9]);
});

test("Nr of a data message means nothing (RFC 2661 3.1)", () => {
  const withNr = (ns: number) => {
    const octets = data(ns);
    new DataView(octets.buffer).setUint16(10, 0xffff - 7_919 * ns);
    return octets;
  };
  const unasked = new Plane();
  unasked.session(7, 8, CLIENT);
  for (const plane of [start().plane, unasked]) {
    assert.deepEqual(numbersOf(plane.up([0, 1, 2, 3].map(withNr))), [0, 1, 2, 3]);
  }
});

test("a peer that counts anew is understood; sixteen frames of another are not", () => {
  const { plane } = start();
  plane.up([data(20_000)]);
  plane.releaseHeld(true);
  const anew = Array.from({ length: 20 }, (_, ns) => data(ns));
  assert.deepEqual(numbersOf(plane.up(anew)), [15, 16, 17, 18, 19]);
  assert.equal(plane.counters()["up.late"], 15);

  const other = start().plane;
  other.up([data(20_000)]);
  other.releaseHeld(true);
  const mixed = Array.from({ length: 40 }, (_, n) => [data(n), data(20_001 + n)]).flat();
  const wanted = Array.from({ length: 40 }, (_, n) => 20_001 + n);
  assert.deepEqual(
    numbersOf([mixed.slice(0, 60), mixed.slice(60)].flatMap((b) => other.up(b))),
    wanted,
  );
  const copies = Array.from({ length: 40 }, (_, n) => data(20_001 + n)); // a burst that comes twice
  assert.deepEqual(other.up(copies), []);
});

test("the slots are bounded; without one a frame does not wait, and none is lost", () => {
  const plane = new Plane();
  plane.at(1_000);
  const sessions = Math.ceil(layout.HOLD_COUNT / (WINDOW - 1)) + 1;
  let passed = 0;
  for (let id = 8; id < 8 + sessions; id++) {
    plane.table.sequence(plane.session(7, id, `10.64.1.${id}`));
    const frames = Array.from({ length: WINDOW - 1 }, (_, n) =>
      numbered(n + 1, pppFrame(inner(n + 1, 40, `10.64.1.${id}`)), id),
    );
    passed += plane.up(frames).length;
  }
  const held = plane.view.getUint32(plane.worker + layout.WORKER_HELD, true);
  const sent = sessions * (WINDOW - 1);
  assert.ok(held <= layout.HOLD_COUNT && held > layout.HOLD_COUNT - WINDOW, `${held} are held`);
  assert.equal(passed + held, sent);
  plane.at(1_000 + HOLD_MS);
  assert.equal(passed + plane.releaseHeld().length, sent);
  assert.equal(plane.counters()["up.packets"], sent);
  assert.ok(plane.rests.up > 0); // more writes than one call has
});

test("a frame that no slot holds does not wait", () => {
  const { plane } = start();
  const large = numbered(3, pppFrame(inner(3, layout.HELD_CAPACITY)), 8);
  assert.deepEqual(numbersOf(plane.up([data(2), large, data(1)])), [2, 3]);
});

test("what a session that is gone has held goes nowhere, nor to who has its record next", () => {
  const { plane, handle, held } = start();
  plane.up([data(1), data(2)]);
  plane.table.withdraw(handle);
  const record = layout.SESSION_RECORDS + handle.index * layout.SESSION_SIZE;
  const generation = plane.view.getUint32(record + layout.SESSION_GENERATION, true);
  // As if it were in use again, with all that the old one has left in it.
  plane.view.setUint32(record + layout.SESSION_GENERATION, generation + 1, true);
  plane.view.setUint32(record + layout.SESSION_STATE, layout.SESSION_STATE_USED, true);
  plane.at(2_000);
  assert.deepEqual(plane.releaseHeld(), []);
  assert.equal(held(), 0);
  assert.equal(plane.counters()["up.no-session"], 2);
  assert.equal(plane.view.getUint32(record + layout.SESSION_EXPECTED, true), 0);
});

test("a worker that starts again holds nothing, and nobody else's frames", () => {
  const { plane, held } = start();
  plane.up([data(1)]);
  plane.offload(NO_OFFLOADS);
  assert.equal(held(), 0);
  plane.table.sequence(plane.session(7, 9, "10.64.0.3"));
  plane.up([data(2, 9)]);
  // The first session's record still names slot 1, which is the second one's now.
  assert.deepEqual(numbersOf(plane.up([data(0), data(1)])), [0, 1]);
  assert.equal(held(), 1);
  assert.deepEqual(numbersOf(plane.up([data(0, 9), data(1, 9)])), [0, 1, 2]);
});

test("LCP and IPv6 have their turn as well; Echo-Requests are answered in it", () => {
  const { plane, handle } = start();
  plane.table.answerEcho(handle, 0x1234_5678);
  const echo = Uint8Array.of(0xff, 0x03, 0xc0, 0x21, 9, 1, 0, 8, 0, 0, 0, 1);
  const lcp = Uint8Array.of(0xff, 0x03, 0xc0, 0x21, 5, 2, 0, 4);
  const six = packet6(CLIENT6, HOST6);
  assert.deepEqual(
    plane.up([numbered(3, lcp), numbered(2, echo), numbered(1, pppFrame(six, PPP_IPV6))]),
    [],
  );
  assert.equal(plane.punt.take(), undefined);
  const writes = plane.up([data(0)]);
  assert.deepEqual(
    writes.map(({ packet }) => packet),
    [inner(0), six],
  );
  assert.equal(plane.echoes.length, 1);
  assert.deepEqual(plane.punt.take()?.frame, lcp);
  const gap = plane.up([numbered(5, echo)]);
  assert.deepEqual(gap, []);
  plane.at(1_000 + HOLD_MS);
  plane.releaseHeld();
  assert.equal(plane.echoes.length, 2);
});

test("a frame that was held has the mark of the packet that carried it, and no other", () => {
  const { plane } = start();
  const network = { gateway: "10.64.0.1", pool6: [], dscp: 0, ecn: true, mssClamp: false };
  writeNetworks(plane.memory, [network]);
  const CE = 3;
  const capable = (ns: number) => {
    const octets = inner(ns);
    octets[1] = 2; // ECT(0)
    octets[11] = (octets[11] ?? 0) - 2; // which the checksum has to match
    return numbered(ns, pppFrame(octets));
  };
  const sender = { address: "192.0.2.9", port: 1701 };
  const marks = [
    { octets: capable(1), sender, tos: CE },
    { octets: capable(0), sender, tos: 0 },
    { octets: capable(2), sender, tos: 0 },
  ];
  const writes = plane.receive(marks);
  assert.deepEqual(
    writes.map(({ packet }) => (packet[1] ?? 0) & CE),
    [2, CE, 2],
  );
});

test("a full batch that is the wrong way round makes no write too many", () => {
  const { plane } = start(ALL_OFFLOADS);
  const writes: Write[] = [];
  const sender = { address: "192.0.2.9", port: 1701 };
  // Buffers of 40 frames; those of a window are turned round. Each is a write, as none joins another.
  const count = layout.BUFFER_COUNT * 40;
  const order = Array.from({ length: count }, (_, n) => {
    const base = n - (n % WINDOW);
    return base + (WINDOW - 1 - (n % WINDOW));
  });
  const received = Array.from({ length: layout.BUFFER_COUNT }, (_, buffer) => {
    const frames = order.slice(buffer * 40, buffer * 40 + 40).map((ns) => data(ns));
    const octets = Uint8Array.from(frames.flatMap((frame) => [...frame]));
    return { octets, sender, segment: frames[0]?.length };
  });
  writes.push(...plane.receive(received));
  assert.deepEqual(
    numbersOf(writes),
    Array.from({ length: count }, (_, n) => n),
  );
  assert.ok(plane.rests.up >= 4);
});

function loopWithHeld() {
  let now = 1_000;
  const { plane, kernel, loop } = startLoop(() => now);
  plane.table.sequence(plane.session(7, 8, CLIENT));
  const sleeps: number[] = [];
  const wait = kernel.epollWait.bind(kernel);
  kernel.epollWait = (epoll: number, events: bigint, count: number, timeoutMs = 0) => {
    const ready = wait(epoll, events, count);
    sleeps.push(timeoutMs);
    if (ready === 0) now += timeoutMs;
    return ready;
  };
  const written = () => numbersOf(kernel.written.map((packet) => ({ packet })));
  const pass = (ms: number) => {
    now += ms;
  };
  return { plane, kernel, loop, sleeps, written, pass, now: () => now };
}

test("a worker that nothing comes to delivers what it holds in time, and sleeps long again then", () => {
  const { kernel, loop, sleeps, written, now } = loopWithHeld();
  kernel.datagrams.push(data(1), data(2));
  loop.turn(200);
  while (written().length === 0 && now() < 2_000) loop.turn(200);
  assert.deepEqual(written(), [1, 2]);
  assert.ok(now() >= 1_050 && now() <= 1_060, `at ${now()}`);
  loop.turn(200);
  assert.deepEqual([sleeps[0], sleeps.at(-1)], [200, 200]);
});

test("what was waited for is taken before time has run out, when both are found in one turn", () => {
  const { kernel, loop, written, pass } = loopWithHeld();
  kernel.datagrams.push(data(1));
  loop.turn(0);
  pass(1_000);
  kernel.datagrams.push(data(0));
  loop.turn(0);
  assert.deepEqual(written(), [0, 1]);
});

test("a worker that pauses holds nothing on, neither before nor while it does", () => {
  const { plane, kernel, loop, written } = loopWithHeld();
  kernel.datagrams.push(data(2), data(1));
  loop.turn(0);
  assert.deepEqual(written(), []);
  const set = (field: number, value: number) =>
    Atomics.store(new Int32Array(plane.memory.buffer), (plane.worker + field) / 4, value);
  set(layout.WORKER_COMMAND, layout.COMMAND_PAUSE);
  const atPause: number[][] = [];
  kernel.epollWait = () => {
    atPause.push(written());
    if (atPause.length === 1)
      plane.up([data(5)]); // as if another worker had handed it over
    else set(layout.WORKER_COMMAND, layout.COMMAND_LEAVE);
    return 0;
  };
  plane.view.setInt32(layout.CONTROL_HEARTBEAT, 1, true);
  assert.equal(loop.run(), "told");
  assert.deepEqual(atPause, [
    [1, 2],
    [1, 2, 5],
  ]);
});
