// The packets of a measurement are what a host would send: checksums that are wrong are dropped, and
// what is dropped costs less than what is forwarded.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stamp, udpPacket } from "../../../bench/forward/packets.ts";
import { checksum } from "../../reference/codec.ts";

const HEADER = 20;
const u16 = () => fc.integer({ min: 0, max: 0xffff });
const u32 = () => fc.integer({ min: 0, max: 0xffff_ffff });

/** A checksum over data that has its own checksum in it is 0. */
function isRight(packet: Uint8Array): boolean {
  const transport = packet.subarray(HEADER);
  const length = [transport.length >> 8, transport.length & 0xff];
  const pseudo = [...packet.subarray(12, HEADER), 0, 17, ...length];
  const whole = Uint8Array.from([...pseudo, ...transport]);
  return checksum(packet.subarray(0, HEADER)) === 0 && checksum(whole) === 0;
}

test("both checksums of a packet are right, also once it is stamped", () => {
  const packets = fc.record({
    source: u32(),
    destination: u32(),
    sourcePort: u16(),
    destinationPort: u16(),
    identification: fc.nat(),
    size: fc.integer({ min: 32, max: 1_400 }),
  });
  fc.assert(
    fc.property(packets, u32(), (fields, time) => {
      const packet = udpPacket(fields);
      assert.ok(isRight(packet), "as it is made");
      stamp(new DataView(packet.buffer), 0, time);
      assert.ok(isRight(packet), "with a time");
    }),
  );
});
