// From frames to datagrams of L2TP: link types, IPv4 and IPv6, fragments, ports.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Datagrams } from "../../../src/decode/index.ts";
import type { Datagram } from "../../../src/decode/types.ts";
import {
  b16,
  b32,
  control,
  ethernet,
  HELLO,
  ipv4,
  ipv4Part,
  ipv6,
  join,
  LAC,
  LNS,
  udp,
} from "./build.ts";

function datagramsOf(
  frames: readonly (readonly [link: number, octets: Uint8Array])[],
  datagrams = new Datagrams(),
): (Datagram | undefined)[] {
  return frames.map(([link, octets], index) => {
    const [datagram] = datagrams.of({ number: index + 1, link, octets, length: octets.length });
    return datagram;
  });
}

const TAG = [0x81, 0, 0, 5];
const SERVICE_TAG = [0x88, 0xa8, 0, 6];
const cooked = (packet: Uint8Array) => join(new Uint8Array(14), b16(0x0800), packet);
const cooked2 = (packet: Uint8Array) => join(b16(0x86dd), new Uint8Array(18), packet);
const pppoe = (packet: Uint8Array) =>
  join(new Uint8Array(12), b16(0x8864), [0x11, 0, 0, 1, 0, 0, 0, 0x21], packet);

test("every link type leads to the same datagram", () => {
  const four = ipv4(HELLO);
  const six = ipv6(HELLO);
  const cases: [string, number, Uint8Array][] = [
    ["Ethernet", 1, ethernet(four)],
    ["Ethernet, IPv6", 1, ethernet(six)],
    ["VLAN", 1, ethernet(four, TAG)],
    ["two tags", 1, ethernet(six, [...SERVICE_TAG, ...TAG])],
    ["PPPoE", 1, pppoe(four)],
    ["padding of Ethernet", 1, join(ethernet(four), new Uint8Array(9))],
    ["null, little-endian", 0, join([2, 0, 0, 0], four)],
    ["null, IPv6 of macOS", 0, join([30, 0, 0, 0], six)],
    ["loop", 108, join([0, 0, 0, 2], four)],
    ["raw", 101, four],
    ["raw of BSD", 12, six],
    ["raw of OpenBSD", 14, four],
    ["PPP", 9, join([0, 0x21], four)],
    ["PPP, Address and Control", 9, join([0xff, 3, 0, 0x57], six)],
    ["PPP in HDLC", 50, join([0xff, 3, 0, 0x21], four)],
    ["PPPoE without Ethernet", 51, join([0x11, 0, 0, 1, 0, 0, 0, 0x21], four)],
    ["IPv4", 228, four],
    ["IPv6", 229, six],
    ["Linux cooked", 113, cooked(four)],
    ["Linux cooked v2", 276, cooked2(six)],
    ["IPv6, Hop-by-Hop and Destination", 101, ipv6(HELLO, [60, 0, ...HOPS, 17, 0, ...HOPS], 0)],
  ];
  for (const [name, link, octets] of cases) {
    const [datagram] = datagramsOf([[link, octets]]);
    assert.deepEqual(datagram?.payload, HELLO, name);
    assert.equal(datagram.missing, 0, name);
    const isSix = datagram.source?.address.includes(":");
    assert.equal(datagram.source?.address, isSix ? "2001:db8::7" : "192.0.2.7", name);
    assert.deepEqual(datagram.destination?.port, 1701, name);
  }
});

const HOPS = [1, 4, 0, 0, 0, 0];

test("what is no UDP in IP is none, and an unknown link type is remembered", () => {
  const datagrams = new Datagrams();
  const arp = join(new Uint8Array(12), b16(0x0806), new Uint8Array(28));
  const tcp = ipv4(HELLO);
  tcp[9] = 6;
  const nothing = datagramsOf(
    [
      [1, arp],
      [101, tcp],
      [105, ethernet(ipv4(HELLO))],
    ],
    datagrams,
  );
  assert.deepEqual(nothing, [undefined, undefined, undefined]);
  assert.deepEqual([...datagrams.unknownLinks], [105]);
});

test("a packet that the capture cut tells how much is missing", () => {
  const [datagram] = datagramsOf([[1, ethernet(ipv4(HELLO)).subarray(0, 14 + 20 + 8 + 9)]]);
  assert.equal(datagram?.payload.length, 9);
  assert.equal(datagram.missing, HELLO.length - 9);
});

test("lengths of 0, left to a device that cuts, are those of what is there", () => {
  const packet = ipv4(HELLO);
  packet.set([0, 0], 2);
  packet.set([0, 0], 24);
  const [datagram] = datagramsOf([[101, packet]]);
  assert.deepEqual(datagram?.payload, HELLO);
});

const LONG = control("HELLO", [{ type: 99, value: new Uint8Array(100) }], { tunnelId: 7 });

function parts(): Uint8Array[] {
  const whole = udp(LONG);
  return [0, 48, 96].map((at) => ipv4Part(whole.subarray(at, at + 48), at, at < 96));
}

test("fragments of IPv4 are put together in any order; the last one brings the datagram", () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
    [0, 0, 2, 1],
  ]) {
    const frames = order.map((index) => [101, parts()[index] ?? new Uint8Array(0)] as const);
    const found = datagramsOf(frames);
    assert.deepEqual(found.at(-1)?.payload, LONG);
    assert.equal(found.filter((each) => each !== undefined).length, 1);
    const numbers = order[1] === 0 && order[0] === 0 ? [1, 3, 4] : [1, 2, 3];
    assert.deepEqual(found.at(-1)?.fragments, numbers);
  }
});

test("fragments of IPv6, too", () => {
  const whole = udp(LONG);
  const part = (at: number, hasMore: boolean) => {
    const head = [17, 0, ...b16(at | (hasMore ? 1 : 0)), ...b32(77)];
    const body = join(head, whole.subarray(at, hasMore ? at + 64 : undefined));
    const packet = ipv6(new Uint8Array(0), [], 44).slice(0, 40);
    packet.set(b16(body.length), 4);
    return join(packet, body);
  };
  const [first, second] = datagramsOf([
    [101, part(64, false)],
    [101, part(0, true)],
  ]);
  assert.equal(first, undefined);
  assert.deepEqual(second?.payload, LONG);
});

test("fragments that overlap, reach behind the end, or lack others are counted", () => {
  const whole = udp(LONG);
  const overlapping = ipv4Part(whole.subarray(40, 96), 40, true);
  const [zero = new Uint8Array(0), one = new Uint8Array(0)] = parts();
  const datagrams = new Datagrams();
  const behind = ipv4Part(whole.subarray(0, 8), 4_000, true);
  const last = ipv4Part(whole.subarray(0, 8), 16, false);
  for (const frames of [
    [zero, overlapping],
    [behind, last, ipv4Part(whole.subarray(0, 8), 0, true)],
    [one],
  ]) {
    const found = datagramsOf(
      frames.map((octets) => [101, octets] as const),
      datagrams,
    );
    assert.ok(found.every((each) => each === undefined));
  }
  assert.equal(datagrams.incomplete, 3);
});

test("of fragments whose rest never comes a bounded number waits", () => {
  const datagrams = new Datagrams();
  const [first = new Uint8Array(0)] = parts();
  for (let id = 0; id < 1_000; id++) {
    const packet = first.slice();
    packet.set(b16(id), 4);
    datagramsOf([[101, packet]], datagrams);
  }
  assert.equal(datagrams.incomplete, 1_000);
});

test("L2TP on other ports is known by its control messages; data follows on the same ports", () => {
  const data = Uint8Array.of(0, 2, 0, 7, 0, 9, 0, 0x21);
  const ports = [40_000, 50_000] as const;
  const there = ipv4(data, { ports });
  const back = ipv4(data, { from: LNS, to: LAC, ports: [50_000, 40_000] });
  const found = datagramsOf([
    [101, there],
    [101, ipv4(HELLO, { ports })],
    [101, there],
    [101, back],
    [101, ipv4(data, { ports: [40_000, 53] })],
    [101, ipv4(data, { ports: [40_000, 1701] })],
  ]);
  const isFound = found.map((each) => each !== undefined);
  assert.deepEqual(isFound, [false, true, true, true, false, true]);
});

test("datagrams that an offload merged are taken apart, what only follows one is padding", () => {
  const data = (session: number, size: number) =>
    join([0x40, 2], b16(8 + size), b16(7), b16(session), [0, 0x21], new Uint8Array(size - 2));
  const cases: [readonly Uint8Array[], number][] = [
    [[data(1, 20), data(2, 20), data(3, 20)], 3],
    [[data(1, 20), data(2, 20), data(3, 7)], 3],
    [[data(1, 20), HELLO, data(3, 9)], 1],
    [[data(1, 12), HELLO], 2],
    [[data(1, 7), data(2, 20)], 1],
    [[data(1, 20), new Uint8Array(20)], 1],
    [[HELLO, HELLO.subarray(0, 3)], 1],
  ];
  for (const [parts, count] of cases) {
    const octets = ipv4(join(...parts));
    const found = new Datagrams().of({ number: 1, link: 101, octets, length: octets.length });
    assert.equal(found.length, count);
    if (count === parts.length) {
      assert.deepEqual(
        found.map(({ payload }) => payload),
        parts,
      );
      assert.equal(found[1]?.place, `2 of ${count}`);
    } else {
      assert.equal(found[0]?.place, undefined);
    }
  }
});

test("of merged datagrams that the capture cut only the first is read", () => {
  const octets = ipv4(join(HELLO, HELLO, HELLO)).subarray(0, 28 + 2 * HELLO.length);
  const found = new Datagrams().of({ number: 1, link: 101, octets, length: 88 });
  assert.deepEqual(
    found.map(({ missing }) => missing),
    [HELLO.length],
  );
});
