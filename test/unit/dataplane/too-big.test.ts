import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { writeNetworks } from "../../../src/dataplane/networks.ts";
import { ipv6 } from "../../../src/net.ts";
import {
  buildVirtio,
  cut,
  FLAG,
  fold,
  NEEDS_CHECKSUM,
  split,
  sum,
  UDP,
  writeChecksum,
  writeHeaderChecksum,
} from "../../reference/offload.ts";
import { errorAbout, fragments } from "../../reference/too-big.ts";
import {
  CLIENT,
  CLIENT6,
  dataMessage,
  HOST,
  HOST6,
  packet,
  packet6,
  pppFrame,
  prefix6,
} from "./frames.ts";
import { start } from "./kernel.ts";
import { ALL_OFFLOADS, Plane } from "./plane.ts";
import { superTcp, superUdp } from "./super.ts";

const GATEWAY6 = "2001:db8:64::1";
const PREFIX = 12;

function planeOf(mtu = 1400, offloads = 0): Plane {
  const plane = new Plane(0, offloads);
  setUp(plane, mtu);
  return plane;
}

function setUp(plane: Plane, mtu = 1400): void {
  plane.session(7, 8, CLIENT, { prefix6: prefix6(CLIENT6), mtu });
  const network = { gateway: "10.64.0.1", dscp: 0, ecn: false, mssClamp: true };
  writeNetworks(plane.memory, [{ ...network, pool6: ["2001:db8:64::/48"] }]);
}

/** A packet with DF, of a protocol that has no meaning here unless it is said. */
function whole(payload: number, change: (octets: Uint8Array) => void = () => undefined) {
  const octets = packet(HOST, CLIENT, payload);
  octets.set([0x40, 0], 6);
  change(octets);
  writeHeaderChecksum(octets);
  return octets;
}

test("IPv4 with DF: fragmentation needed, with the MTU and as much as 576 octets hold", () => {
  const plane = planeOf();
  const inner = whole(1381);
  assert.deepEqual(plane.down([inner]), []);
  const [error, ...others] = plane.errors;
  assert.ok(error);
  assert.deepEqual(others, []);
  assert.equal(error.length, 576);
  const fields = "45c0024000004000400100000a400002cb007107".replace(/0000(?=0a40)/, "");
  const header = Buffer.from(error.subarray(0, 20)).toString("hex");
  assert.equal(header.slice(0, 20) + header.slice(24), fields);
  assert.equal(fold(sum(error, 0, 20)), 0xffff);
  assert.deepEqual([...error.subarray(20, 22)], [3, 4]);
  assert.deepEqual([...error.subarray(24, 28)], [0, 0, 1400 >> 8, 1400 & 0xff]);
  assert.equal(fold(sum(error, 20, error.length)), 0xffff);
  assert.deepEqual(error.slice(28), inner.slice(0, 548));
  assert.deepEqual(plane.counters(), { "down.too-big": 1, "down.icmp-errors": 1 });
});

test("IPv6: packet too big, from the gateway, with as much as 1280 octets hold", () => {
  const plane = planeOf();
  const inner = packet6(HOST6, CLIENT6, 1361);
  assert.deepEqual(plane.down([inner]), []);
  const [error] = plane.errors;
  assert.ok(error);
  assert.equal(error.length, 1280);
  assert.deepEqual([...error.subarray(0, 8)], [0x60, 0, 0, 0, 1240 >> 8, 1240 & 0xff, 58, 64]);
  assert.deepEqual(error.slice(8, 24), Uint8Array.from(ipv6(GATEWAY6)));
  assert.deepEqual(error.slice(24, 40), Uint8Array.from(ipv6(HOST6)));
  assert.deepEqual([...error.subarray(40, 42)], [2, 0]);
  assert.deepEqual([...error.subarray(44, 48)], [0, 0, 1400 >> 8, 1400 & 0xff]);
  assert.equal(fold(sum(error, 8, error.length) + 58 + 1240), 0xffff);
  assert.deepEqual(error.slice(48), inner.slice(0, 1232));
});

test("a network without an IPv6 gateway: the error comes from what was not reached", () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT, { prefix6: prefix6(CLIENT6) });
  plane.down([packet6(HOST6, CLIENT6, 1361)]);
  assert.deepEqual(plane.errors[0]?.slice(8, 24), Uint8Array.from(ipv6(CLIENT6)));
});

const icmp = (type: number) => (octets: Uint8Array) => {
  octets[9] = 1;
  octets[20] = type;
};
const SILENT: readonly (readonly [string, Uint8Array])[] = [
  ...[3, 4, 5, 11, 12, 1, 19, 30, 40, 255].map(
    (type) => [`ICMP type ${type}`, whole(1400, icmp(type))] as const,
  ),
  ["a later fragment", whole(1400, (octets) => octets.set([0x40, 1], 6))],
  ...["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"].map(
    (source) => [`a packet from ${source}`, fromSource(source)] as const,
  ),
  ...[1, 2, 3, 4, 100, 127, 137].map((type) => [`ICMPv6 type ${type}`, icmp6(type)] as const),
  ["ICMPv6 behind an extension header", extended([0, 60, 58], 1)],
  ["a later fragment of IPv6", extended([44, 17], 128, [0, 8])],
  ["a chain of extension headers without end", extended(Array(40).fill(60), 128)],
  ["an extension header longer than the packet", extended([60, 17], 128, [255, 0])],
  ["IPv6 from nobody", packet6("::", CLIENT6, 1400)],
  ["IPv6 from ::1", packet6("::1", CLIENT6, 1400)],
  ["IPv6 from multicast", packet6("ff0e::1", CLIENT6, 1400)],
];

function fromSource(source: string): Uint8Array {
  return whole(1400, (octets) => octets.set(source.split(".").map(Number), 12));
}

function icmp6(type: number): Uint8Array {
  const octets = packet6(HOST6, CLIENT6, 1400, 58);
  octets[40] = type;
  return octets;
}

/** Headers of eight octets, one after another, and behind them what begins with `first`. */
function extended(headers: readonly number[], first: number, second: readonly number[] = []) {
  const octets = packet6(HOST6, CLIENT6, 1400, headers[0]);
  headers.slice(1).forEach((next, index) => {
    octets.fill(0, 40 + 8 * index, 48 + 8 * index);
    octets[40 + 8 * index] = next;
    if (headers[index] === 44) octets.set(second, 42 + 8 * index);
    else if (second.length > 0) octets[41 + 8 * index] = second[0] ?? 0;
  });
  octets[40 + 8 * (headers.length - 1)] = first;
  return octets;
}

/** RFC 4302 2.2: the header has 24 octets when its length says 4. */
function authenticated(): Uint8Array {
  const octets = packet6(HOST6, CLIENT6, 1400, 51);
  octets.set([58, 4], 40);
  octets.fill(1, 42, 40 + 48);
  octets[40 + 24] = 128;
  return octets;
}

for (const [name, inner] of SILENT) {
  test(`dropped without an error: ${name}`, () => {
    const plane = planeOf();
    assert.deepEqual(plane.down([inner]), []);
    assert.deepEqual(plane.errors, []);
    assert.deepEqual(plane.counters(), { "down.too-big": 1 });
    assert.equal(errorAbout(inner, 1400), undefined);
  });
}

test("queries, first fragments and what is behind extension headers have their error", () => {
  const inners = [
    ...[0, 8, 9, 10, 13, 14, 15, 16, 17, 18].map((type) => whole(1400, icmp(type))),
    whole(1400, (octets) => octets.set([0x60, 0], 6)),
    ...[128, 129, 135].map(icmp6),
    extended([0, 60, 43, 44, 58], 128),
    extended([44, 17], 1, [0, 1]),
    authenticated(),
  ];
  const plane = planeOf();
  plane.down(inners);
  assert.equal(plane.errors.length, inners.length);
  const gateway = Uint8Array.from(ipv6(GATEWAY6));
  const expected = inners.map((inner) => errorAbout(inner, 1400, gateway));
  assert.deepEqual(plane.errors, expected);
});

test("errors are few: at most those of a burst, then as many as time passes", () => {
  const plane = planeOf();
  const batch = Array.from({ length: 20 }, () => whole(1400));
  const errors = () => {
    plane.down(batch);
    return plane.errors.splice(0).length;
  };
  const time = (us: number) => plane.view.setFloat64(plane.worker + layout.WORKER_NOW, us, true);
  time(5e6);
  assert.deepEqual([errors(), errors(), errors(), errors()], [20, 20, 10, 0]);
  time(5e6 + 3 * layout.ERROR_INTERVAL);
  assert.deepEqual([errors(), errors()], [3, 0]);
  time(9e9);
  assert.deepEqual([errors(), errors(), errors()], [20, 20, 10]);
  time(1e6); // another clock
  assert.deepEqual([errors(), errors(), errors()], [20, 20, 10]);
  const counters = plane.counters();
  assert.equal(counters["down.icmp-errors"], 153);
  assert.equal(counters["down.icmp-errors-limited"], 20 * 12 - 153);
});

test("one call makes no more errors than there is room for", () => {
  const plane = planeOf();
  plane.down(Array.from({ length: 64 }, () => whole(1400)));
  assert.equal(plane.errors.length, layout.ERROR_COUNT);
  assert.equal(plane.counters()["down.icmp-errors-limited"], 64 - layout.ERROR_COUNT);
});

test("RFC 791, example 2: 472 octets of data over an MTU of 280", () => {
  const plane = planeOf(280);
  const inner = packet(HOST, CLIENT, 452 + 20);
  new DataView(inner.buffer).setUint16(4, 111);
  writeHeaderChecksum(inner);
  const got = plane.down([inner]).map(({ datagram }) => datagram.slice(PREFIX));
  const fields = got.map((part) => {
    const view = new DataView(part.buffer);
    return [part.length, view.getUint16(2), view.getUint16(4), view.getUint16(6)];
  });
  assert.deepEqual(fields, [
    [276, 276, 111, 0x2000],
    [236, 236, 111, 32],
  ]);
  assert.ok(got.every((part) => fold(sum(part, 0, 20)) === 0xffff));
  const data = got.flatMap((part) => [...part.slice(20)]);
  assert.deepEqual(Uint8Array.from(data), inner.slice(20));
  assert.deepEqual(plane.errors, []);
  const counters = plane.counters();
  assert.equal(counters["down.fragmented"], 1);
  assert.equal(counters["down.packets"], 2);
});

test("a fragment is cut again, options go where they belong, numbers count frames", () => {
  const plane = new Plane(0, layout.OFFLOAD_GSO);
  const handle = plane.session(7, 8);
  plane.table.sequence(handle);
  const forwarding = { network: 0, address: 0x0a40_0002, mtu: 576, acfc: false, pfc: false };
  plane.table.forward(handle, forwarding);
  const inner = packet(HOST, CLIENT, 1500);
  inner[0] = 0x48; // three words of options: record route, no operation, router alert
  inner.set([7, 7, 4, 1, 2, 3, 4, 1, 0x94, 4, 0, 0], 20);
  new DataView(inner.buffer).setUint16(6, 0x2000 + 100);
  writeHeaderChecksum(inner);
  const expected = fragments(inner, 576);
  assert.equal(expected.length, 3);
  assert.deepEqual(
    [...(expected[1]?.subarray(20, 32) ?? [])],
    [1, 1, 1, 1, 1, 1, 1, 1, 0x94, 4, 0, 0],
  );
  const got = plane.down([inner]).map(({ datagram }) => datagram);
  assert.deepEqual(
    got,
    expected.map((part, ns) => {
      const frame = pppFrame(part);
      return Uint8Array.of(0x48, 2, 0, 0, 0, 8, 0, 9, 0, ns, 0, 0, ...frame).map((octet, index) =>
        index === 2 ? (12 + frame.length) >> 8 : index === 3 ? 12 + frame.length : octet,
      );
    }),
  );
});

test("what cannot be cut is reported: an MTU without room, an end behind 65535", () => {
  const plane = planeOf(27);
  assert.deepEqual(plane.down([packet(HOST, CLIENT, 100)]), []);
  const beyond = packet(HOST, CLIENT, 1500);
  new DataView(beyond.buffer).setUint16(6, 0x1fff);
  writeHeaderChecksum(beyond);
  assert.deepEqual(planeOf().down([beyond]), []);
  const many = planeOf(68);
  assert.deepEqual(many.down([packet(HOST, CLIENT, 128 * 48 + 1)]), []);
  assert.equal(many.counters()["down.too-big"], 1);
  assert.equal(many.down([packet(HOST, CLIENT, 128 * 48)]).length, 128);
});

test("when messages are used up a packet comes again as a whole", () => {
  const plane = planeOf(100);
  const inners = Array.from({ length: 12 }, (_, index) => packet(HOST, CLIENT, 2_000 + index));
  const parts = inners.flatMap((inner) => fragments(inner, 100));
  const got = plane.down(inners.map((inner) => inner.slice())).map(({ datagram }) => datagram);
  assert.deepEqual(
    got,
    parts.map((part) => dataMessage(8, 9, pppFrame(part))),
  );
  assert.equal(plane.rests.down, Math.floor(parts.length / layout.MESSAGE_COUNT));
});

test("a checksum that is yet to be computed is that of the whole, also when it comes again", () => {
  const plane = planeOf(100, ALL_OFFLOADS & ~layout.OFFLOAD_GSO);
  const whole = superUdp(2_000, 5_000).packet;
  const complete = whole.slice();
  writeChecksum(complete, 20, UDP);
  const virtio = buildVirtio({ flags: NEEDS_CHECKSUM, checksumStart: 20, checksumOffset: 6 });
  const reads = Array.from({ length: 12 }, () => ({ virtio, packet: whole.slice() }));
  const got = plane.read(reads).map(({ datagram }) => datagram);
  const parts = fragments(complete, 100).map((part) => dataMessage(8, 9, pppFrame(part)));
  assert.ok(plane.rests.down > 0);
  assert.deepEqual(
    got,
    reads.flatMap(() => parts),
  );
  const broken = buildVirtio({ flags: NEEDS_CHECKSUM, checksumStart: 2_028, checksumOffset: 6 });
  assert.deepEqual(plane.read([{ virtio: broken, packet: whole.slice() }]), []);
  assert.equal(plane.counters()["down.ip-header"], 1);
});

for (const v6 of [false, true]) {
  test(`a super-packet has one error, about its first segment, IPv${v6 ? 6 : 4}`, () => {
    const plane = planeOf(500, ALL_OFFLOADS);
    const { virtio, packet: inner } = superTcp(3 * 480 + 100, 480, { v6 });
    if (!v6) {
      inner[6] = 0x40; // DF
      writeHeaderChecksum(inner);
    }
    const messages = plane.read([{ virtio: buildVirtio(virtio), packet: inner.slice() }]);
    const [first] = cut(virtio, inner);
    assert.ok(first);
    const expected = errorAbout(first, 500, Uint8Array.from(ipv6(GATEWAY6)));
    assert.equal(plane.errors.length, 1);
    const [error] = plane.errors;
    assert.ok(error && expected);
    // The quoted checksum of TCP is that of no packet: it was to be computed.
    const ip = v6 ? 40 : 20;
    const quoted = ip + 8 + ip;
    for (const at of [ip + 2, ip + 3, quoted + 16, quoted + 17]) error[at] = expected[at] ?? 0;
    assert.deepEqual(error, expected);
    assert.equal(plane.counters()["down.too-big"], 3);
    const last = messages.flatMap(({ datagram, segment }) => split(datagram, segment));
    assert.equal(last.length, 1);
  });
}

test("a super-packet of one segment that fits has none", () => {
  const plane = planeOf(500, ALL_OFFLOADS);
  const { virtio, packet: inner } = superTcp(100, 480, { flags: FLAG.ack });
  assert.equal(plane.read([{ virtio: buildVirtio(virtio), packet: inner }]).length, 1);
  assert.deepEqual(plane.errors, []);
});

test("the loop writes errors to the device that the packets came from", () => {
  const { plane, kernel, loop } = start();
  setUp(plane);
  const inner = whole(1400);
  const other = whole(1401);
  kernel.packets.push(inner.slice(), packet(HOST, CLIENT, 10), other.slice());
  loop.turn(0);
  assert.deepEqual(kernel.written, [errorAbout(inner, 1400), errorAbout(other, 1400)]);
  assert.equal(kernel.sent.length, 1);
  kernel.packets.push(packet(HOST, CLIENT, 10));
  loop.turn(0);
  assert.equal(kernel.written.length, 2);
  kernel.packets.push(inner.slice());
  kernel.refusals.writev = [22];
  loop.turn(0);
  assert.equal(plane.counters()["up.tun-write"], 1);
});
