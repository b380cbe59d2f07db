import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import type { SessionHandle } from "../../../src/dataplane/session-table.ts";
import { EIO, EMSGSIZE } from "../../../src/linux/errno.ts";
import { encodePktinfo, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { split } from "../../reference/offload.ts";
import { CLIENT, dataMessage, HOST, packet, pppFrame } from "./frames.ts";
import { start } from "./kernel.ts";
import { ALL_OFFLOADS, type Message, NO_OFFLOADS, Plane } from "./plane.ts";

const { OFFLOAD_GSO } = layout;
/** The access concentrator, and the network server that its calls go on to. */
const LAC = { address: "192.0.2.9", port: 1701 };
const LNS = { address: "198.51.100.5", port: 1701 };
const LCP = Uint8Array.of(0xff, 0x03, 0xc0, 0x21, 9, 1, 0, 8, 1, 2, 3, 4);

/** A session of the LNS in tunnel 20 with peer ids 0x1234 and so on. */
function onward(plane: Plane, sessionId: number, isSequenced = false): SessionHandle {
  const handle = plane.table.publish({
    ...{ tunnelId: 20, sessionId, peerTunnelId: 0x1234, peerSessionId: 0x5600 + sessionId },
    name: encodeSockaddr(LNS.address, LNS.port),
    control: encodePktinfo("198.51.100.1"),
  });
  assert.ok(handle);
  if (isSequenced) plane.table.sequence(handle);
  return handle;
}

function pair(plane: Plane, sessionId = 8) {
  const a = plane.session(7, sessionId);
  const b = onward(plane, sessionId);
  plane.table.switch(a, b);
  return { a, b };
}

/** Header fields as 16-bit words, and the frame. */
function words(fields: readonly number[], frame: Uint8Array): Uint8Array {
  return Uint8Array.of(...fields.flatMap((word) => [word >> 8, word & 0xff]), ...frame);
}

function frame(size: number, mark = 0): Uint8Array {
  return pppFrame(packet(CLIENT, HOST, size - 24)).fill(mark, 30);
}

const take = (plane: Plane) => plane.switched.splice(0);
const datagrams = (messages: readonly Message[]) =>
  messages.flatMap(({ datagram, segment }) => split(datagram, segment));

test("frames of each peer go to the other, with its ids, whatever is in them", () => {
  const plane = new Plane();
  const { a, b } = pair(plane);
  for (const inner of [frame(60), LCP, Uint8Array.of(0x21), new Uint8Array(0)]) {
    assert.deepEqual(plane.up([dataMessage(7, 8, inner)], LAC), []);
    const [down, ...more] = take(plane);
    assert.deepEqual(down?.datagram, dataMessage(0x1234, 0x5608, inner));
    assert.deepEqual(down?.name, encodeSockaddr(LNS.address, LNS.port));
    assert.deepEqual(down?.control, encodePktinfo("198.51.100.1"));
    assert.deepEqual(more, []);
    plane.up([dataMessage(20, 8, inner)], LNS);
    assert.deepEqual(datagrams(take(plane)), [dataMessage(8, 9, inner)]);
  }
  assert.equal(plane.punt.take(), undefined);
  assert.deepEqual(plane.echoes, []);
  const octets = 60 + LCP.length + 1;
  const counters = { "up.switched": 8, "up.switched-octets": 2 * octets };
  assert.deepEqual(plane.counters(), counters);
  const traffic = { rxPackets: 4, rxOctets: octets, txPackets: 4, txOctets: octets, drops: 0 };
  assert.deepEqual(plane.table.traffic(a), traffic);
  assert.deepEqual(plane.table.traffic(b), traffic);
});

test("a GRO buffer of one session goes on as one vector and one message", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  pair(plane);
  const parts = [...Array.from({ length: 40 }, (_, n) => frame(1400, n)), frame(300, 99)];
  const octets = Buffer.concat(parts.map((part) => dataMessage(7, 8, part)));
  plane.receive([{ octets, sender: LAC, segment: 1408 }]);
  const [message, ...more] = take(plane);
  assert.deepEqual(more, []);
  assert.equal(message?.vectors, 1);
  assert.equal(message?.segment, 1408);
  assert.deepEqual(
    datagrams([message as Message]),
    parts.map((part) => dataMessage(0x1234, 0x5608, part)),
  );
});

test("sessions of two tunnels that take turns in a buffer are one vector as well", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  for (let session = 8; session < 18; session++) pair(plane, session);
  const parts = Array.from({ length: 40 }, (_, n) => ({ id: 8 + (n % 10), part: frame(200, n) }));
  const octets = Buffer.concat(parts.map(({ id, part }) => dataMessage(7, id, part)));
  plane.receive([{ octets, sender: LAC, segment: 208 }]);
  const [message, ...more] = take(plane);
  assert.deepEqual(more, []);
  assert.equal(message?.vectors, 1);
  assert.deepEqual(
    datagrams([message as Message]),
    parts.map(({ id, part }) => dataMessage(0x1234, 0x5600 + id, part)),
  );
});

test("without the offload each datagram is a message", () => {
  const plane = new Plane(0, ALL_OFFLOADS & ~OFFLOAD_GSO);
  pair(plane);
  const parts = Array.from({ length: 30 }, (_, n) => frame(200, n));
  const octets = Buffer.concat(parts.map((part) => dataMessage(7, 8, part)));
  plane.receive([{ octets, sender: LAC, segment: 208 }]);
  const messages = take(plane);
  assert.deepEqual(
    messages.map(({ datagram, segment }) => [segment, datagram]),
    parts.map((part) => [0, dataMessage(0x1234, 0x5608, part)]),
  );
});

test("a header of any form becomes one of ours, written where the old one was if there is room", () => {
  const inner = frame(60);
  const forms: [form: string, octets: Uint8Array, room: number][] = [
    ["L", dataMessage(7, 8, inner), 8],
    ["none", words([0x0002, 7, 8], inner), 6],
    ["S", words([0x0802, 7, 8, 5, 6], inner), 10],
    ["L S", words([0x4802, inner.length + 12, 7, 8, 5, 6], inner), 12],
    ["L O", words([0x4202, inner.length + 14, 7, 8, 4, 1, 1], inner), 14],
    ["O", words([0x0202, 7, 8, 0], inner), 8],
    ["L P", words([0x4102, inner.length + 8, 7, 8], inner), 8],
    ["L, padding", Uint8Array.of(...dataMessage(7, 8, inner), 0, 0, 0), 8],
  ];
  for (const isSequenced of [false, true]) {
    for (const [form, octets, room] of forms) {
      const plane = new Plane();
      plane.table.switch(plane.session(7, 8), onward(plane, 8, isSequenced));
      const size = isSequenced ? 12 : 8;
      const hasLength = room >= size || room < size - 2;
      const length = inner.length + size;
      const bits = (isSequenced ? 0x0802 : 2) | (hasLength ? 0x4000 : 0);
      const ids = [...(hasLength ? [length] : []), 0x1234, 0x5608];
      plane.up([octets, octets], LAC);
      const [first, second] = take(plane);
      for (const [ns, message] of [first, second].entries()) {
        const expected = words([bits, ...ids, ...(isSequenced ? [ns, 0] : [])], inner);
        assert.deepEqual(message?.datagram, expected, `${form} ${isSequenced}`);
        assert.equal(message?.vectors, room >= size - 2 ? 1 : 2, `${form} ${isSequenced}`);
      }
    }
  }
});

test("neighbours that begin alike may still have headers of different lengths", () => {
  const plane = new Plane();
  pair(plane);
  const numbers = [7, 8, 5, 0];
  const inner = frame(60);
  const octets = [
    words([0x4a02, 76, ...numbers, 2, 0xffff], inner),
    words([0x4a02, 76, ...numbers, 0], Uint8Array.of(0xff, 0xff, ...inner)),
    words([0x4a02, 76, ...numbers, 2, 0xffff], inner),
  ];
  plane.receive([{ octets: Buffer.concat(octets), sender: LAC, segment: 76 }]);
  assert.deepEqual(datagrams(take(plane)), [
    dataMessage(0x1234, 0x5608, inner),
    dataMessage(0x1234, 0x5608, Uint8Array.of(0xff, 0xff, ...inner)),
    dataMessage(0x1234, 0x5608, inner),
  ]);
});

test("Ns of both sides: in the order of the one, with the numbers of the other", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  const a = plane.session(7, 8);
  plane.table.sequence(a);
  const b = onward(plane, 8, true);
  plane.table.switch(a, b);
  const numbered = (ns: number) => words([0x4802, 62, 7, 8, ns, 0], frame(50).fill(ns, 30));
  plane.up([numbered(0), numbered(2), numbered(1), numbered(1), numbered(3), numbered(9)], LAC);
  const sent = datagrams(take(plane));
  assert.deepEqual(
    sent,
    [0, 1, 2, 3].map((ns) => words([0x4802, 62, 0x1234, 0x5608, ns, 0], frame(50).fill(ns, 30))),
  );
  assert.equal(plane.counters()["up.late"], 1);
  // What is missing is given up after a while, and the next number follows the last one.
  plane.at(60);
  plane.releaseHeld();
  const late = frame(50).fill(9, 30);
  assert.deepEqual(datagrams(take(plane)), [words([0x4802, 62, 0x1234, 0x5608, 4, 0], late)]);
});

test("a frame without Ns goes behind what is held, opened or not", () => {
  const plane = new Plane();
  const a = plane.session(7, 8);
  plane.table.sequence(a);
  plane.table.switch(a, onward(plane, 8));
  const held = words([0x4802, LCP.length + 12, 7, 8, 3, 0], LCP);
  plane.up([held, dataMessage(7, 8, frame(60))], LAC);
  assert.deepEqual(datagrams(take(plane)), [
    dataMessage(0x1234, 0x5608, LCP),
    dataMessage(0x1234, 0x5608, frame(60)),
  ]);
});

test("datagrams of others between those of a session stay as they are", () => {
  const plane = new Plane(0, ALL_OFFLOADS);
  pair(plane);
  plane.session(7, 9, CLIENT);
  const inner = Array.from({ length: 20 }, (_, n) => packet(CLIENT, HOST, 100).fill(n, 50));
  const octets = Buffer.concat(
    inner.map((octets, n) => dataMessage(7, n % 2 === 0 ? 8 : 9, pppFrame(octets))),
  );
  const writes = plane.receive([{ octets, sender: LAC, segment: 132 }]);
  assert.deepEqual(
    writes.map(({ packet }) => packet),
    inner.filter((_, n) => n % 2 === 1),
  );
  assert.deepEqual(
    datagrams(take(plane)),
    inner.filter((_, n) => n % 2 === 0).map((one) => dataMessage(0x1234, 0x5608, pppFrame(one))),
  );
});

test("who is not the peer is refused", () => {
  const plane = new Plane();
  const { a } = pair(plane);
  plane.up([dataMessage(7, 8, frame(60))], { address: "192.0.2.10", port: 1701 });
  assert.deepEqual(take(plane), []);
  assert.deepEqual(plane.counters(), { "up.wrong-peer": 1 });
  assert.equal(plane.table.traffic(a).drops, 1);
});

test("what the outer header has met goes on to the next one, its DSCP does not", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  pair(plane);
  const octets = dataMessage(7, 8, frame(60));
  const [same, other] = [octets.slice(), octets.slice()];
  plane.receive([
    { octets, sender: LAC, tos: 0xb8 | 3 },
    { octets: same, sender: LAC, tos: 3 },
    { octets: other, sender: LAC, tos: 0xb8 },
  ]);
  const messages = take(plane);
  assert.deepEqual(
    messages.map(({ segment }) => segment),
    [68, 0],
  );
  const behind = Math.ceil(encodePktinfo("198.51.100.1").length / 8) * 8;
  const asked = messages.map(({ control }) => control[behind + 16] ?? 0);
  assert.deepEqual(asked, [3, 0]);
});

test("when one of the two is gone, frames of the other are dropped and counted", () => {
  for (const end of ["unswitch", "withdraw"] as const) {
    const plane = new Plane();
    const { a, b } = pair(plane);
    plane.table[end](b);
    plane.up([dataMessage(7, 8, frame(60)), dataMessage(7, 8, LCP)], LAC);
    assert.deepEqual(take(plane), []);
    assert.equal(plane.punt.take(), undefined);
    assert.deepEqual(plane.counters(), { "up.no-partner": 2 });
    assert.deepEqual(plane.table.reasons(a), { "up.no-partner": 2 });
    const c = onward(plane, 9);
    plane.table.switch(a, c);
    plane.up([dataMessage(7, 8, LCP)], LAC);
    assert.deepEqual(datagrams(take(plane)), [dataMessage(0x1234, 0x5609, LCP)]);
  }
});

test("a record that has become another session's gets nothing", () => {
  const plane = new Plane();
  const { a, b } = pair(plane);
  const record = layout.SESSION_RECORDS + b.index * layout.SESSION_SIZE;
  plane.view.setUint32(record + layout.SESSION_GENERATION, b.generation + 1, true);
  plane.up([dataMessage(7, 8, LCP)], LAC);
  assert.deepEqual(take(plane), []);
  assert.deepEqual(plane.table.reasons(a), { "up.no-partner": 1 });
});

test("to switch closes a session for devices; nothing of ours is sent in it", () => {
  const plane = new Plane();
  const a = plane.session(7, 8, CLIENT);
  plane.table.answerEcho(a, 0x01020304);
  const b = onward(plane, 8);
  plane.table.switch(a, b);
  assert.deepEqual(plane.down([packet(HOST, CLIENT)]), []);
  assert.equal(plane.counters()["down.no-route"], 1);
  assert.ok(plane.inject.put(a.index, a.generation, LCP));
  assert.deepEqual(plane.sendInjected(), []);
  assert.equal(plane.counters()["down.inject-stale"], 1);
  plane.table.unswitch(a);
  assert.ok(plane.inject.put(a.index, a.generation, LCP));
  assert.deepEqual(datagrams(plane.sendInjected()), [dataMessage(8, 9, LCP)]);
});

test("a datagram that lands elsewhere goes to the owner of its session, who alone sends it on", () => {
  const first = new Plane(0, OFFLOAD_GSO);
  const second = new Plane(1, OFFLOAD_GSO, first.memory);
  for (let slot = 0; slot < layout.SLOT_COUNT; slot++) {
    first.view.setUint32(layout.CONTROL_OWNERS + slot * 4, slot % 2, true);
  }
  const { a, b } = pair(first); // tunnel 7 is the second one's, 20 the first one's
  const parts = Array.from({ length: 20 }, (_, n) => frame(100, n));
  const octets = Buffer.concat(parts.map((part) => dataMessage(7, 8, part)));
  first.receive([{ octets, sender: LAC, segment: 108, tos: 1 }]);
  assert.deepEqual(take(first), []);
  second.takeHanded();
  const [message] = take(second);
  assert.equal(message?.segment, 108);
  const expected = parts.map((part) => dataMessage(0x1234, 0x5608, part));
  assert.deepEqual(datagrams([message as Message]), expected);
  assert.equal(second.counters()["up.switched"], 20);
  assert.equal(first.table.traffic(b).txPackets, 20);
  second.up([dataMessage(20, 8, LCP)], LNS);
  first.takeHanded();
  assert.deepEqual(datagrams(take(first)), [dataMessage(8, 9, LCP)]);
  assert.equal(first.table.traffic(a).txPackets, 1);
});

test("more than the messages hold goes on in further calls", () => {
  const plane = new Plane(0, NO_OFFLOADS);
  pair(plane);
  const parts = Array.from({ length: 600 }, (_, n) => frame(60, n & 0xff));
  const octets = Buffer.concat(parts.map((part) => dataMessage(7, 8, part)));
  plane.receive([{ octets, sender: LAC, segment: 68 }]);
  assert.ok(plane.rests.up >= 2);
  const expected = parts.map((part) => dataMessage(0x1234, 0x5608, part));
  assert.deepEqual(datagrams(take(plane)), expected);
});

test("a message that the kernel refuses as a whole goes frame by frame", () => {
  for (const error of [EMSGSIZE, EIO]) {
    const { plane, kernel, loop } = start(() => 0, OFFLOAD_GSO);
    pair(plane);
    kernel.segmentAtMost = 100;
    kernel.segmentError = error;
    const sizes = [200, 200, 60, 60, 200];
    kernel.datagrams.push(...sizes.map((size, n) => dataMessage(7, 8, frame(size, n))));
    loop.turn(0);
    assert.deepEqual(
      kernel.sent,
      sizes.map((size, n) => dataMessage(0x1234, 0x5608, frame(size, n))),
    );
    const limit = plane.worker + layout.WORKER_LIMITS + 20 * 2;
    assert.equal(plane.view.getUint16(limit, true), error === EIO ? 1 : 207);
  }
});

test("the frames of a message are told apart, wherever their headers lie", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  plane.table.switch(plane.session(7, 8), onward(plane, 8, true));
  pair(plane, 9);
  const parts = [9, 9, 8, 9, 9, 9, 8, 8, 9].map((id, n) => ({
    id,
    part: frame(200 - (id === 8 ? 4 : 0), n),
  }));
  const octets = parts.map(({ id, part }) => dataMessage(7, id, part));
  plane.receive(octets.map((one) => ({ octets: one, sender: LAC })));
  const [message, ...more] = take(plane);
  assert.deepEqual(more, []);
  assert.ok(message);
  const frames = split(message.datagram, message.segment);
  assert.equal(frames.length, 9);
  assert.deepEqual(
    plane.plain(0).map(({ datagram }) => datagram),
    frames,
  );
});
