/**
 * Underflow. What was left of a packet was computed before it was compared, and became negative: a huge
 * length.
 *
 * Every length that a header tells is compared with what is left before anything is taken off it (RFC
 * 2661 3.1; RFC 791 3.1; RFC 8200 3). The parsers at the very end of the memory, where one octet too
 * many traps, are in test/unit/codec/bounds.test.ts and test/property/codec.test.ts; here is what a worker
 * writes to a device: a whole packet of what came, or nothing.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { writeHeaderChecksum } from "../reference/offload.ts";
import {
  CLIENT,
  CLIENT6,
  HOST,
  HOST6,
  message,
  message6,
  packet,
  packet6,
  prefix6,
} from "../unit/dataplane/frames.ts";
import { ALL_OFFLOADS, Plane } from "../unit/dataplane/plane.ts";

const L2TP = 8;
const PPP = 4;
const INNER = L2TP + PPP;

const plane = new Plane(0, ALL_OFFLOADS);
plane.session(7, 8, CLIENT, { prefix6: prefix6(CLIENT6) });
const V4 = message(packet(CLIENT, HOST));
const V6 = message6(packet6(CLIENT6, HOST6));

/** What comes of a datagram is at the beginning of its packet, and as long as its header says. */
function check(datagram: Uint8Array): number {
  const written = plane.up([datagram]);
  assert.ok(written.length <= 1);
  for (const { packet: octets } of written) {
    const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    const isV6 = (octets[0] ?? 0) >> 4 === 6;
    assert.equal(octets.length, isV6 ? 40 + view.getUint16(4) : view.getUint16(2));
    assert.ok(octets.length <= datagram.length - 6 - 1);
  }
  return written.length;
}

function changed(whole: Uint8Array, at: number, value: number): Uint8Array {
  const copy = whole.slice();
  new DataView(copy.buffer).setUint16(at, value);
  return copy;
}

test("cut anywhere, with and without the Length that tells it", () => {
  for (const whole of [V4, V6]) {
    for (let length = 0; length < whole.length; length++) {
      const cut = whole.slice(0, length);
      assert.equal(check(cut), 0, `${length} octets`);
      if (length >= 4) assert.equal(check(changed(cut, 2, length)), 0, `Length ${length}`);
    }
    assert.equal(check(whole), 1);
  }
});

test("every Length of L2TP, every Offset Size", () => {
  for (let value = 0; value <= 0xffff; value++) {
    assert.equal(check(changed(V4, 2, value)), value === V4.length ? 1 : 0, `Length ${value}`);
    const offset = Uint8Array.of(0x02, 2, 0, 7, 0, 8, value >> 8, value & 0xff, ...V4.slice(L2TP));
    // Without Address and Control, and without them and half of Protocol, it is a frame too.
    assert.equal(check(offset), [0, 2, 3].includes(value) ? 1 : 0, `Offset Size ${value}`);
  }
});

test("every length that an IP header tells", () => {
  for (let value = 0; value <= 0xffff; value++) {
    const v4 = changed(V4, INNER + 2, value);
    writeHeaderChecksum(v4.subarray(INNER));
    assert.equal(check(v4), value >= 20 && value <= V4.length - INNER ? 1 : 0, `IPv4 ${value}`);
    const v6 = changed(V6, INNER + 4, value);
    assert.equal(check(v6), value <= V6.length - INNER - 40 ? 1 : 0, `IPv6 ${value}`);
  }
  for (let words = 0; words < 16; words++) {
    const v4 = V4.slice();
    v4[INNER] = 0x40 | words;
    writeHeaderChecksum(v4.subarray(INNER, INNER + Math.max(20, 4 * words)));
    assert.equal(check(v4), words >= 5 && 4 * words <= V4.length - INNER ? 1 : 0, `IHL ${words}`);
  }
});
