/** What the measurements of forwarding send: right in every checksum, also when a time is put in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dataMessage, STAMP_AT, stamp, udpPacket } from "../../../bench/forward/packets.ts";
import { checkIpv4, checksum, parseHeader, parsePpp } from "../../../src/codec/index.ts";

const FIELDS = {
  source: 0x0a40_0002,
  destination: 0x0a08_0001,
  sourcePort: 1_024,
  destinationPort: 9,
  identification: 65_537,
};

/** Pseudo header, header and payload (RFC 768) sum up to zero. */
function udpSum(packet: Uint8Array): number {
  const pseudo = Uint8Array.of(...packet.subarray(12, 20), 0, 17, 0, 0);
  new DataView(pseudo.buffer).setUint16(10, packet.length - 20);
  return checksum(Uint8Array.of(...pseudo, ...packet.subarray(20)));
}

for (const size of [64, 199, 200, 1_400]) {
  test(`a packet of ${size} octets is right, and stays so with each time`, () => {
    const packet = udpPacket({ ...FIELDS, size });
    assert.equal(checkIpv4(packet), "ok");
    assert.equal(udpSum(packet), 0);
    const view = new DataView(packet.buffer);
    assert.equal(view.getUint16(4), 1);
    for (const time of [0, 1, 0xffff, 0x1_0000, 0x1234_5678, 0xffff_ffff, 0]) {
      stamp(view, 0, time);
      assert.equal(view.getUint32(STAMP_AT), time);
      assert.equal(udpSum(packet), 0, `with ${time}`);
      assert.notEqual(view.getUint16(26), 0);
    }
  });
}

test("a data message carries it whole", () => {
  const packet = udpPacket({ ...FIELDS, size: 200 });
  const header = parseHeader(dataMessage(7, 9, packet));
  assert.ok(typeof header !== "string");
  assert.deepEqual([header.tunnelId, header.sessionId], [7, 9]);
  const frame = parsePpp(header.payload);
  assert.ok(typeof frame !== "string");
  assert.deepEqual(frame.information, packet);
});
