// Packets that a Linux kernel sent, octet for octet, besides what is wrong in one way each.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildIcmp, parseIcmp } from "../../../src/ipv6/packet.ts";
import { address } from "../../peer/slaac.ts";

const A = "fe80000000000000 c88797fffee1a480";
const B = "fe80000000000000 600c4efffe261a95";
const PACKETS: Record<string, string> = {
  "Router Solicitation": `6000000000103aff ${A} ff02000000000000 0000000000000002
    8500715a00000000 0101ca8797e1a480`,
  "Neighbour Solicitation": `6000000000203aff ${A} ff02000000000000 00000001ff261a95
    87008f4600000000 ${B} 0101ca8797e1a480`,
  "Neighbour Solicitation that probes for its own address": `6000000000203aff
    0000000000000000 0000000000000000 ff02000000000000 00000001ff261a95
    8700108f00000000 ${B} 0e010daf7781f5db`,
  "Neighbour Advertisement": `6000000000183aff ${A} ${B} 88006c8e40000000 ${A}`,
  "Echo Request of an odd length": `6000000000113a40 ${A} ${B}
    800057974b580001 000102030405060708`,
  "Echo Reply of an odd length": `6000000000113a40 ${B} ${A}
    810056974b580001 000102030405060708`,
};

for (const [name, digits] of Object.entries(PACKETS)) {
  const packet = address(digits);
  test(`a kernel's ${name} is read, and built again octet for octet`, () => {
    const read = parseIcmp(packet);
    assert.ok(typeof read !== "string", String(read));
    assert.deepEqual(read.source, packet.subarray(8, 24));
    assert.deepEqual(read.destination, packet.subarray(24, 40));
    assert.deepEqual([read.hopLimit, read.type, read.code], [packet[7], packet[40], packet[41]]);
    assert.deepEqual(read.body, packet.subarray(44));
    assert.deepEqual(buildIcmp(read), packet);
  });

  test(`a kernel's ${name} with any octet changed is not taken, or reads as what was changed`, () => {
    for (let at = 8; at < packet.length; at++) {
      const changed = packet.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      assert.equal(parseIcmp(changed), "checksum", `octet ${at}`);
    }
    for (const [at, value, fault] of [
      [0, 0x40, "malformed"],
      [0, 0x70, "malformed"],
      [4, 1, "malformed"],
      [5, packet.length - 39, "malformed"],
      [5, packet.length - 41, "checksum"],
      [5, 3, "malformed"],
      [6, 0, "not-icmpv6"],
      [6, 17, "not-icmpv6"],
    ] as const) {
      const changed = packet.slice();
      changed[at] = value;
      assert.equal(parseIcmp(changed), fault, `octet ${at}: ${value}`);
    }
  });

  test(`a kernel's ${name} cut anywhere is malformed`, () => {
    for (let length = 0; length < packet.length; length++) {
      assert.equal(parseIcmp(packet.subarray(0, length)), "malformed", `${length} octets`);
    }
  });

  test(`a kernel's ${name} with padding behind it reads the same`, () => {
    const padded = Uint8Array.of(...packet, 1, 2, 3);
    assert.deepEqual(parseIcmp(padded), parseIcmp(packet));
  });
}

test("traffic class and flow label are left to the sender", () => {
  const packet = address(PACKETS["Neighbour Advertisement"] ?? "");
  packet.set([0x6f, 0xff, 0xff, 0xff]);
  assert.ok(typeof parseIcmp(packet) !== "string");
});
