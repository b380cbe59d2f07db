import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import {
  buildVirtio,
  cut,
  FLAG,
  fold,
  NEEDS_CHECKSUM,
  split,
  sum,
  TCP,
  TYPE,
  UDP,
  type Virtio,
  writeChecksum,
  writeHeaderChecksum,
  writePartial,
} from "../../reference/offload.ts";
import { fragments } from "../../reference/too-big.ts";
import { CLIENT, CLIENT6, dataMessage, PPP_IPV6, pppFrame, prefix6 } from "./frames.ts";
import { ALL_OFFLOADS, Plane } from "./plane.ts";
import { IPV4, IPV6, insert, type Super, superOf, superTcp, superUdp } from "./super.ts";

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, "hex"));
}

/** A plane with session 8 of tunnel 7, which has both families. */
function planeOf(offloads = ALL_OFFLOADS, mtu = 1400): Plane {
  const plane = new Plane(0, offloads);
  plane.session(7, 8, CLIENT, { prefix6: prefix6(CLIENT6), mtu });
  return plane;
}

/** The datagrams that session 8's peer gets for IP packets. */
function datagrams(packets: readonly Uint8Array[]): Uint8Array[] {
  return packets.map((inner) =>
    dataMessage(8, 9, pppFrame(inner, (inner[0] ?? 0) >> 4 === 6 ? PPP_IPV6 : undefined)),
  );
}

/** What the peer gets for one read of the device. */
function sent(plane: Plane, virtio: Uint8Array, octets: Uint8Array): Uint8Array[] {
  const messages = plane.read([{ virtio, packet: octets.slice() }]);
  return messages.flatMap(({ datagram, segment }) => split(datagram, segment));
}

function check(plane: Plane, { virtio, packet: octets }: Super): void {
  const expected = datagrams(cut(virtio, octets));
  assert.deepEqual(sent(plane, buildVirtio(virtio), octets), expected);
}

function forbidFragments(octets: Uint8Array): void {
  octets[6] = 0x40;
  writeHeaderChecksum(octets);
}

test("TCP over IPv4: numbers wrap, flags and checksums are where they belong", () => {
  const whole = fromHex(
    "4502003effff40004006f46ecb0071070a40000201bbc350fffffffe01020304" +
      "80d90200467a00000101080a11223344556677886162636465666768696a",
  );
  const segments = [
    "45020038ffff40004006f474cb0071070a40000201bbc350fffffffe01020304" +
      "80d002008e8300000101080a112233445566778861626364",
    "45020038000040004006f474cb0071070a40000201bbc3500000000201020304" +
      "8050020086f800000101080a112233445566778865666768",
    "45020036000140004006f475cb0071070a40000201bbc3500000000601020304" +
      "80590200ea5100000101080a1122334455667788696a",
  ];
  const plane = planeOf();
  const { virtio } = superOf(whole, TYPE.tcp4 | TYPE.ecn, IPV4, 4);
  const expected = datagrams(segments.map((segment) => fromHex(segment)));
  assert.deepEqual(sent(plane, buildVirtio(virtio), whole), expected);
  const octets = 56 + 56 + 54;
  assert.deepEqual(plane.counters(), { "down.packets": 3, "down.octets": octets });
});

test("UDP over IPv6: both lengths, checksum over an odd end", () => {
  const whole = fromHex(
    "60012345000d114020010db800080000000000000000000120010db8006400020000000000000005" +
      "003514e9000d5c040708090a0b",
  );
  const segments = [
    "60012345000b114020010db800080000000000000000000120010db8006400020000000000000005" +
      "003514e9000b7ecc070809",
    "60012345000a114020010db800080000000000000000000120010db8006400020000000000000005" +
      "003514e9000a84cb0a0b",
  ];
  const { virtio } = superOf(whole, TYPE.udp, IPV6, 3);
  const expected = datagrams(segments.map((segment) => fromHex(segment)));
  assert.deepEqual(sent(planeOf(), buildVirtio(virtio), whole), expected);
});

test("payloads of all lengths around a multiple of the segment, both protocols and versions", () => {
  const plane = planeOf();
  for (const v6 of [false, true]) {
    for (const size of [1, 7, 64, 1000]) {
      for (const payload of [
        0,
        1,
        size - 1,
        size,
        size + 1,
        3 * size - 1,
        3 * size,
        3 * size + 1,
      ]) {
        check(plane, superTcp(payload, size, { v6 }));
        check(plane, superUdp(payload, size, v6));
      }
    }
  }
});

test("each flag of TCP is on the segments that it is for", () => {
  const plane = planeOf();
  for (const flag of Object.values(FLAG))
    check(plane, superTcp(30, 10, { flags: flag | FLAG.ack }));
  const all = Object.values(FLAG).reduce<number>((flags, flag) => flags | flag, 0);
  check(plane, superTcp(30, 10, { flags: all, v6: true }));
  check(plane, superTcp(10, 10, { flags: all })); // both first and last
});

test("IPv4 options and IPv6 extension headers go with each segment", () => {
  const plane = planeOf();
  const options = Uint8Array.of(0x94, 4, 0, 0);
  const four = superUdp(90, 40);
  const octets = Uint8Array.of(
    ...four.packet.slice(0, IPV4),
    ...options,
    ...four.packet.slice(IPV4),
  );
  octets[0] = 0x46;
  new DataView(octets.buffer).setUint16(2, octets.length);
  writeHeaderChecksum(octets);
  check(plane, superOf(octets, TYPE.udp, IPV4 + 4, 40));

  // The checksum is over the final destination (RFC 8200 8.1), which a routing header holds.
  const routing = Uint8Array.of(TCP, 0, 4, 1, 0, 0, 0, 0);
  const six = superTcp(90, 40, { v6: true });
  const routed = insert(six.packet, routing, 43);
  const pseudo = new DataView(six.packet.buffer).getUint16(IPV6 + 16);
  new DataView(routed.buffer).setUint16(IPV6 + 8 + 16, fold(pseudo + 0x1234));
  const { virtio } = superOf(routed, TYPE.tcp6, IPV6 + 8, 40);
  const expected = cut(six.virtio, six.packet).map((segment) => {
    const view = new DataView(segment.buffer);
    view.setUint16(IPV6 + 16, 0xffff - fold(0xffff - view.getUint16(IPV6 + 16) + 0x1234));
    return insert(segment, routing, 43);
  });
  assert.deepEqual(sent(plane, buildVirtio(virtio), routed), datagrams(expected));
});

test("a UDP checksum that comes out as 0 is sent as 0xffff, cut or single", () => {
  const plane = planeOf();
  const whole = superUdp(20, 10);
  // The last two octets of the first segment are chosen so that its sum is 0xffff.
  const [first] = cut(whole.virtio, whole.packet);
  const view = new DataView(whole.packet.buffer);
  const last = view.getUint16(36);
  const checksum = new DataView(first?.buffer ?? new ArrayBuffer(0)).getUint16(26);
  view.setUint16(36, fold(last + checksum));
  const [datagram] = sent(plane, buildVirtio(whole.virtio), whole.packet);
  assert.deepEqual(datagram?.slice(12 + 26, 12 + 28), Uint8Array.of(0xff, 0xff));
  check(plane, whole);

  const single = first?.slice() ?? new Uint8Array(0);
  new DataView(single.buffer).setUint16(36, fold(last + checksum));
  writePartial(single, IPV4, UDP);
  const fields = { flags: NEEDS_CHECKSUM, checksumStart: IPV4, checksumOffset: 6 };
  assert.deepEqual(sent(plane, buildVirtio(fields), single), datagram && [datagram]);
});

test("a single packet whose checksum is to be computed gets it, any other goes as it is", () => {
  const plane = planeOf();
  for (const [protocol, start, make] of [
    [TCP, IPV4, () => superTcp(101, 1000).packet],
    [UDP, IPV6, () => superUdp(100, 1000, true).packet],
  ] as const) {
    const octets = make();
    const whole = octets.slice();
    writeChecksum(whole, start, protocol);
    const checksumOffset = protocol === TCP ? 16 : 6;
    const fields = { flags: NEEDS_CHECKSUM, checksumStart: start, checksumOffset };
    assert.deepEqual(sent(plane, buildVirtio(fields), octets), datagrams([whole]));
    assert.deepEqual(sent(plane, buildVirtio(), octets), datagrams([octets]));
  }
});

test("without a checksum to compute the transport header is behind the IP header", () => {
  const plane = planeOf();
  for (const whole of [superTcp(90, 40), superUdp(90, 40, true)]) {
    const expected = datagrams(cut(whole.virtio, whole.packet));
    const start = whole.virtio.checksumStart;
    const isTcp = whole.virtio.type !== TYPE.udp;
    writeChecksum(whole.packet, start, isTcp ? TCP : UDP);
    const { type, size } = whole.virtio;
    assert.deepEqual(sent(plane, buildVirtio({ type, size }), whole.packet), expected);
  }
});

const BROKEN: readonly [string, () => Super][] = [
  ["an unknown type", () => changed(superTcp(90, 40), { type: 3 })],
  ["TCP over IPv6 that is IPv4", () => changed(superTcp(90, 40), { type: TYPE.tcp6 })],
  ["TCP that is UDP", () => changed(superUdp(90, 40), { type: TYPE.tcp4 })],
  ["UDP that is TCP", () => changed(superTcp(90, 40), { type: TYPE.udp })],
  ["segments of nothing", () => changed(superTcp(90, 40), { size: 0 })],
  [
    "a transport header before the end of IPv4's",
    () => changed(superTcp(90, 40), { checksumStart: 16 }),
  ],
  [
    "a transport header behind the end of IPv4's",
    () => changed(superUdp(90, 40), { checksumStart: 24 }),
  ],
  [
    "a transport header before the end of IPv6's",
    () => changed(superUdp(90, 40, true), { checksumStart: 38 }),
  ],
  [
    "a transport header behind the packet",
    () => changed(superUdp(90, 40, true), { checksumStart: 0xfff0 }),
  ],
  [
    "a transport header that the packet ends in",
    () => changed(superUdp(2, 40, true), { checksumStart: 43 }),
  ],
  ["a TCP header of 16 octets", () => withOffset(superTcp(90, 40), 4)],
  ["a TCP header longer than the packet", () => withOffset(superTcp(2, 40), 15)],
  ["headers longer than there is room for", () => longHeaders()],
  [
    "a checksum behind the packet",
    () =>
      changed(superUdp(20, 40), { type: TYPE.none, checksumStart: 0xffff, checksumOffset: 0xffff }),
  ],
  [
    "a checksum that the packet ends in",
    () => changed(superUdp(20, 40), { type: TYPE.none, checksumStart: IPV4, checksumOffset: 27 }),
  ],
];

function changed({ virtio, packet: octets }: Super, change: Partial<Virtio>): Super {
  return { virtio: { ...virtio, ...change }, packet: octets };
}

function withOffset(whole: Super, words: number): Super {
  whole.packet[whole.virtio.checksumStart + 12] = words << 4;
  return whole;
}

function longHeaders(): Super {
  const { packet: octets } = superUdp(90, 40, true);
  const extension = new Uint8Array(layout.HEADER_SIZE);
  const start = IPV6 + extension.length;
  return superOf(insert(octets, extension, 0), TYPE.udp, start, 40);
}

for (const [name, make] of BROKEN) {
  test(`not cut, and counted once: ${name}`, () => {
    const plane = planeOf();
    const { virtio, packet: octets } = make();
    assert.deepEqual(sent(plane, buildVirtio(virtio), octets), []);
    assert.deepEqual(plane.counters(), { "down.ip-header": 1 });
    check(plane, superTcp(90, 40)); // the next one is not touched by it
  });
}

test("a read shorter than a virtio header is no packet", () => {
  const plane = planeOf();
  const length = plane.worker + layout.WORKER_READ_LENGTHS;
  check(plane, superTcp(90, 40));
  const before = plane.counters()["down.packets"];
  for (const octets of [0, 1, 9, 10]) {
    plane.view.setUint32(length, octets, true);
    assert.equal(plane.forwarding.encapsulate(plane.worker, 0, 1), 0);
  }
  assert.equal(plane.counters()["down.ip-header"], 4);
  plane.view.setUint32(length, 0xffff_ffff, true);
  assert.equal(plane.forwarding.encapsulate(plane.worker, 0, 1), 0);
  assert.equal(plane.counters()["down.not-ip"], 1);
  assert.equal(plane.counters()["down.packets"], before);
});

test("segments larger than the peer takes are dropped and counted, a shorter last one passes", () => {
  const plane = planeOf(ALL_OFFLOADS, 500);
  const whole = superTcp(3 * 449 + 100, 449); // headers of 52
  forbidFragments(whole.packet);
  const expected = datagrams(cut(whole.virtio, whole.packet).slice(3));
  assert.deepEqual(sent(plane, buildVirtio(whole.virtio), whole.packet), expected);
  assert.equal(plane.counters()["down.too-big"], 3);
  assert.equal(plane.counters()["down.packets"], 1);
  check(plane, superTcp(3 * 448, 448));
});

test("segments larger than the peer takes go as fragments where the sender lets them", () => {
  for (const last of [100, 449]) {
    const plane = planeOf(ALL_OFFLOADS, 300);
    const whole = superTcp(3 * 449 + last, 449);
    const segments = cut(whole.virtio, whole.packet.slice());
    const expected = datagrams(
      segments.flatMap((one) => (one.length > 300 ? fragments(one, 300) : [one])),
    );
    assert.deepEqual(sent(plane, buildVirtio(whole.virtio), whole.packet), expected);
    assert.equal(plane.counters()["down.fragmented"], last === 100 ? 3 : 4);
    check(plane, superTcp(3 * 200, 200));
  }
});

test("a super-packet for nobody counts as many packets as it has segments", () => {
  const plane = new Plane(0, ALL_OFFLOADS);
  const handle = plane.session(7, 8);
  const whole = superUdp(95, 10);
  assert.deepEqual(sent(plane, buildVirtio(whole.virtio), whole.packet), []);
  assert.deepEqual(plane.counters(), { "down.no-route": 10 });
  assert.equal(plane.table.traffic(handle).drops, 0);
});

test("numbered messages: each segment counts", () => {
  const plane = new Plane(0, ALL_OFFLOADS);
  const handle = plane.session(7, 8);
  plane.table.sequence(handle);
  const forwarding = { network: 0, address: 0x0a40_0002, mtu: 1400, acfc: false, pfc: false };
  plane.table.forward(handle, forwarding);
  const whole = superTcp(95, 10);
  const got = sent(plane, buildVirtio(whole.virtio), whole.packet);
  assert.deepEqual(
    got.map((octets) => new DataView(octets.buffer).getUint16(8)),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  const { txPackets, txOctets } = plane.table.traffic(handle);
  assert.deepEqual({ txPackets, txOctets }, { txPackets: 10, txOctets: 10 * 52 + 95 });
});

test("when messages or headers are used up it goes on where it was, once each", () => {
  const one = superTcp(700 * 3 - 1, 3);
  const frames = datagrams(cut(one.virtio, one.packet));
  for (const offloads of [ALL_OFFLOADS, ALL_OFFLOADS & ~layout.OFFLOAD_GSO]) {
    const plane = planeOf(offloads);
    const reads = Array.from({ length: 30 }, () => ({
      virtio: buildVirtio(one.virtio),
      packet: one.packet,
    }));
    const messages = plane.read(reads);
    const got = messages.flatMap(({ datagram, segment }) => split(datagram, segment));
    assert.equal(got.length, 30 * 700);
    got.forEach((datagram, index) => {
      assert.deepEqual(datagram, frames[index % 700], `frame ${index}`);
    });
    const arena = Math.floor((30 * 700 * 80) / layout.HEADERS_SIZE);
    const table = Math.floor((30 * 700 - 1) / layout.MESSAGE_COUNT);
    assert.equal(plane.rests.down, offloads === ALL_OFFLOADS ? arena : table);
    assert.equal(plane.counters()["down.packets"], 30 * 700);
  }
});

test("the sum over a super-packet's IPv4 header stays right for all Identifications", () => {
  const plane = planeOf();
  for (const identification of [0, 0x7fff, 0xfffe, 0xffff]) {
    const whole = superUdp(50, 10);
    new DataView(whole.packet.buffer).setUint16(4, identification);
    writeHeaderChecksum(whole.packet);
    const got = sent(plane, buildVirtio(whole.virtio), whole.packet);
    for (const octets of got) assert.equal(fold(sum(octets, 12, 32)), 0xffff);
    check(plane, whole);
  }
});

test("what the kernel refuses to cut goes as the same frames", () => {
  const plane = planeOf();
  const whole = superTcp(95, 10);
  const messages = plane.read([
    { virtio: buildVirtio(whole.virtio), packet: whole.packet.slice() },
  ]);
  assert.equal(messages.length, 1);
  const alone = plane.plain(0).map(({ datagram }) => datagram);
  assert.deepEqual(alone, datagrams(cut(whole.virtio, whole.packet)));
});

test("what is left of a super-packet does not follow its record to another session", () => {
  const plane = planeOf(ALL_OFFLOADS & ~layout.OFFLOAD_GSO);
  const handle = { index: 1 };
  const { virtio, packet: octets } = superUdp(1_000, 1);
  const buffer = plane.worker + layout.WORKER_READ + layout.BUFFER_HEADROOM;
  plane.octets.set(buildVirtio(virtio), buffer - layout.VIRTIO_SIZE);
  plane.octets.set(octets, buffer);
  const length = plane.worker + layout.WORKER_READ_LENGTHS;
  plane.view.setUint32(length, layout.VIRTIO_SIZE + octets.length, true);
  assert.equal(plane.forwarding.encapsulate(plane.worker, 0, 1), layout.MESSAGE_COUNT);
  const record = layout.SESSION_RECORDS + handle.index * layout.SESSION_SIZE;
  const generation = record + layout.SESSION_GENERATION;
  plane.view.setUint32(generation, plane.view.getUint32(generation, true) + 1, true);
  assert.equal(plane.forwarding.encapsulate(plane.worker, 0, 1), 0);
  assert.equal(plane.view.getUint32(plane.worker + layout.WORKER_DOWN_REST, true), 0);
  const left = 1_000 - layout.MESSAGE_COUNT;
  assert.equal(plane.counters()["down.not-open"], left);
});
