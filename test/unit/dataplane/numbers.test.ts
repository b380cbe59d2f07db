// Whether data messages are numbered may change at any time, at the will of the LNS (RFC 2661 5.4).
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildVirtio, split } from "../../reference/offload.ts";
import { CLIENT, dataMessage, good, HOST, packet, pppFrame } from "./frames.ts";
import { ALL_OFFLOADS, Plane } from "./plane.ts";
import { superTcp } from "./super.ts";

const LCP = Uint8Array.of(0xff, 0x03, 0xc0, 0x21, 5, 1, 0, 4);

/** Ns of a data message, if it has one; its frame is what is expected. */
function numberOf(datagram: Uint8Array | undefined, frame?: Uint8Array): number | undefined {
  assert.ok(datagram);
  const view = new DataView(datagram.buffer, datagram.byteOffset);
  const bits = view.getUint16(0);
  assert.equal(view.getUint16(2), datagram.length);
  assert.deepEqual([view.getUint16(4), view.getUint16(6)], [8, 9]);
  if (frame !== undefined) assert.deepEqual(datagram.slice(bits === 0x4802 ? 12 : 8), frame);
  if (bits === 0x4002) return undefined;
  assert.equal(bits, 0x4802);
  assert.equal(view.getUint16(10), 0);
  return view.getUint16(8);
}

function start(offloads = 0) {
  const plane = new Plane(0, offloads);
  const handle = plane.session(7, 8, CLIENT);
  const inner = packet(HOST, CLIENT, 100);
  const down = () => numberOf(plane.down([inner.slice()])[0]?.datagram, pppFrame(inner));
  const inject = () => {
    assert.ok(plane.inject.put(handle.index, handle.generation, LCP));
    return numberOf(plane.sendInjected()[0]?.datagram, LCP);
  };
  return { plane, handle, down, inject };
}

function numbered(ns: number): Uint8Array {
  const frame = pppFrame(packet(CLIENT, HOST));
  const octets = [0x48, 2, 0, 12 + frame.length, 0, 7, 0, 8, ns >> 8, ns & 255, 0, 0, ...frame];
  return Uint8Array.from(octets);
}

test("the LNS begins and ends it at any time; the numbers go on where they were", () => {
  const { plane, handle, down, inject } = start();
  assert.deepEqual([down(), inject()], [undefined, undefined]);
  plane.table.sequence(handle);
  assert.deepEqual([inject(), down(), down()], [0, 1, 2]);
  plane.table.sequence(handle, false);
  assert.deepEqual([down(), inject()], [undefined, undefined]);
  plane.table.sequence(handle, true);
  assert.deepEqual([down(), inject()], [3, 4]);
});

test("messages of the peer go by their numbers also after it was ended", () => {
  const { plane, handle } = start();
  plane.table.sequence(handle);
  plane.table.sequence(handle, false);
  assert.equal(plane.up([numbered(0), numbered(0), numbered(1)]).length, 2);
  assert.equal(plane.counters()["up.late"], 1);
});

test("a LAC numbers its messages when those of the LNS are, and no longer", () => {
  const { plane, handle, down, inject } = start();
  plane.table.follow(handle);
  assert.deepEqual([down(), inject()], [undefined, undefined]);
  assert.equal(plane.up([numbered(0)]).length, 1);
  assert.deepEqual([down(), inject(), down()], [0, 1, 2]);
  assert.equal(plane.up([good(), good()]).length, 2);
  assert.deepEqual([down(), inject()], [undefined, undefined]);
  assert.equal(plane.up([good(), numbered(1)]).length, 2);
  assert.deepEqual([inject(), down()], [3, 4]);
  assert.equal(plane.up([numbered(2), good()]).length, 2);
  assert.equal(down(), undefined);
});

test("frames of the LNS that are no packets are followed as well, others' are not", () => {
  const { plane, handle, down } = start();
  plane.table.follow(handle);
  const frame = Uint8Array.of(0x48, 2, 0, 12 + LCP.length, 0, 7, 0, 8, 0, 0, 0, 0, ...LCP);
  plane.up([frame], { address: "192.0.2.10", port: 1701 });
  assert.equal(down(), undefined);
  plane.up([frame]);
  assert.equal(down(), 0);
});

test("who does not follow is not moved by what the peer does", () => {
  const { plane, handle, down } = start();
  plane.up([numbered(0)]);
  assert.equal(down(), undefined);
  plane.table.sequence(handle);
  plane.up([good()]);
  assert.equal(down(), 0);
});

test("a LAC that requires sequencing never stops", () => {
  const { plane, handle, down } = start();
  plane.table.follow(handle);
  plane.table.sequence(handle);
  plane.up([good()]);
  assert.equal(down(), 0);
});

test("a super-packet is numbered as a whole or not at all, also when it takes several calls", () => {
  const { plane, handle } = start(ALL_OFFLOADS);
  const { virtio, packet: inner } = superTcp(60_000, 1_300);
  const numbers = () =>
    plane
      .read([{ virtio: buildVirtio(virtio), packet: inner.slice() }])
      .flatMap(({ datagram, segment }) => split(datagram, segment))
      .map((frame) => numberOf(frame));
  const count = Math.ceil(60_000 / 1_300);
  assert.deepEqual(numbers(), new Array(count).fill(undefined));
  plane.table.sequence(handle);
  assert.deepEqual(
    numbers(),
    Array.from({ length: count }, (_, ns) => ns),
  );
});

test("where a switch is the LAC it follows the LNS that calls go on to", () => {
  const plane = new Plane();
  const a = plane.session(7, 8);
  const b = plane.session(7, 9);
  plane.table.follow(b);
  plane.table.switch(a, b);
  const onward = () => {
    plane.up([dataMessage(7, 8, LCP)]);
    return plane.switched.splice(0)[0]?.datagram;
  };
  assert.deepEqual(onward(), dataMessage(8, 10, LCP));
  plane.up([Uint8Array.of(0x48, 2, 0, 12 + LCP.length, 0, 7, 0, 9, 0, 0, 0, 0, ...LCP)]);
  assert.deepEqual(plane.switched.splice(0)[0]?.datagram, dataMessage(8, 9, LCP));
  const numbers = [0, 1].map((ns) =>
    Uint8Array.of(0x48, 2, 0, 12 + LCP.length, 0, 8, 0, 10, 0, ns, 0, 0, ...LCP),
  );
  assert.deepEqual([onward(), onward()], numbers);
  plane.up([dataMessage(7, 9, LCP)]);
  plane.switched.splice(0);
  assert.deepEqual(onward(), dataMessage(8, 10, LCP));
});
