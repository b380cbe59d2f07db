import assert from "node:assert/strict";
import { test } from "node:test";
import { checkIpv4, checkIpv6, checksum, type Status } from "../../../src/codec/index.ts";
import { BUILDS, instantiate, putAtEnd } from "../../reference/instance.ts";
import { hex } from "./hex.ts";

/** RFC 1071 3: the sum is ddf2. */
test("the example of RFC 1071", () => {
  assert.equal(checksum(hex("0001 f203 f4f5 f6f7")), 0xffff - 0xddf2);
});

test("known checksums, empty and odd ones among them", () => {
  assert.equal(checksum(hex("")), 0xffff);
  assert.equal(checksum(hex("00")), 0xffff);
  assert.equal(checksum(hex("01")), 0xfeff);
  assert.equal(checksum(hex("0001 02")), 0xfdfe);
  assert.equal(checksum(hex("ffff")), 0);
  assert.equal(checksum(hex("4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7")), 0xb861);
  assert.equal(checksum(hex("4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7")), 0);
});

/** Any number of words ffff adds up to ffff; an odd octet ff more makes it ff00. */
test("every length at every alignment, up to the end of the memory", () => {
  for (const build of BUILDS) {
    const { exports, bytes, end } = instantiate(build);
    bytes.fill(0xff, end - 400);
    for (let length = 1; length <= 300; length++) {
      for (const before of [0, 1, 2, 3, 5, 8, 15, 16, 63]) {
        const expected = length % 2 === 1 ? 0x00ff : 0;
        const sum = exports.checksum(end - before - length, length);
        assert.equal(sum, expected, `${length} octets, ${before} before the end`);
      }
    }
  }
});

test("no lane overflows, however much is added", () => {
  for (const size of [65_534, 65_535, 65_536, 262_144, 1_000_001]) {
    const octets = new Uint8Array(size).fill(0xff);
    assert.equal(checksum(octets), size % 2 === 0 ? 0 : 0x00ff, `${size} octets`);
  }
  const instance = instantiate("codec");
  const almostAll = new Uint8Array(instance.end - 1).fill(0xff);
  const at = putAtEnd(instance, almostAll);
  assert.equal(instance.exports.checksum(at, almostAll.length), 0x00ff);
});

test("pieces of a long array add up", () => {
  const octets = Uint8Array.from({ length: 200_001 }, (_, i) => (i * 7) >> 3);
  let sum = 0;
  for (const [i, octet] of octets.entries()) sum += i % 2 === 0 ? octet * 256 : octet;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  assert.equal(checksum(octets), 0xffff - sum);
});

const IPV4 = "4500 0014 0000 4000 4011 9c40 0a40 0001 0a40 0002";

function ipv4(change: Record<number, number> = {}, extra = ""): Uint8Array {
  const packet = hex(IPV4 + extra);
  for (const [at, octet] of Object.entries(change)) packet[Number(at)] = octet;
  packet.set([0, 0], 10);
  const header = ((packet[0] ?? 0) & 15) * 4;
  const sum = checksum(packet.subarray(0, header));
  packet.set([sum >> 8, sum & 0xff], 10);
  return packet;
}

test("IPv4 packets in order, with options and padding", () => {
  const good: Uint8Array[] = [
    ipv4(),
    ipv4({ 3: 22 }, "abcd"),
    ipv4({}, "0000"),
    ipv4({ 0: 0x46, 3: 24 }, "94040000"),
    ipv4({ 0: 0x4f, 3: 60 }, "01".repeat(40)),
    ipv4({ 0: 0x4e, 3: 56 }, "01".repeat(36)),
  ];
  for (const packet of good) assert.equal(checkIpv4(packet), "ok");
});

test("IPv4 packets that are refused", () => {
  const bad: [Uint8Array, Status][] = [
    [hex(""), "short"],
    [hex("45"), "short"],
    [ipv4().subarray(0, 19), "short"],
    [ipv4({ 0: 0x55 }), "ip-version"],
    [ipv4({ 0: 0x65 }), "ip-version"],
    [hex("60"), "ip-version"],
    [ipv4({ 0: 0x44 }), "ip-header"],
    [ipv4({ 0: 0x40 }), "ip-header"],
    [ipv4({ 0: 0x46 }), "ip-header"],
    [ipv4({ 3: 21 }), "ip-header"],
    [ipv4({ 3: 19 }), "ip-header"],
    [ipv4({ 2: 0xff, 3: 0xff }), "ip-header"],
    [ipv4({ 0: 0x46, 3: 23 }, "94040000"), "ip-header"],
  ];
  for (const [packet, status] of bad) assert.equal(checkIpv4(packet), status);
});

test("any single wrong bit in an IPv4 header is seen", () => {
  const packet = ipv4({ 0: 0x46, 3: 24 }, "94040000");
  for (let bit = 0; bit < packet.length * 8; bit++) {
    const damaged = Uint8Array.from(packet);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.notEqual(checkIpv4(damaged), "ok", `bit ${bit}`);
  }
});

test("IPv6 packets", () => {
  const packet = hex(`6000 0000 0002 3b40 ${"00".repeat(32)} abcd`);
  assert.equal(checkIpv6(packet), "ok");
  assert.equal(checkIpv6(Uint8Array.from([...packet, 0])), "ok");
  assert.equal(checkIpv6(packet.subarray(0, 41)), "ip-header");
  assert.equal(checkIpv6(packet.subarray(0, 39)), "short");
  assert.equal(checkIpv6(hex("")), "short");
  assert.equal(checkIpv6(hex("45")), "ip-version");
  assert.equal(checkIpv6(hex(IPV4 + "00".repeat(20))), "ip-version");
});
