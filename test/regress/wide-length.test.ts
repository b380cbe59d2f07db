/**
 * Wide length. A length of 10 bits was kept in 8, and the M bit beside it got lost.
 *
 * RFC 2661 4.1: M, H, four reserved bits and a Length of 10 bits, 6 to 1023, are one word.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildControlMessage, parseControlMessage } from "../../src/codec/index.ts";
import { walkAvps } from "../../src/decode/walk.ts";
import { AVP_VALUE_MAX } from "../../src/limits.ts";

const HEADER = 12;
const AVP_HEADER = 6;

test("AVPs of every Length, 255, 256 and 1023 among them, come back whole with their bits", () => {
  for (let octets = 0; octets <= AVP_VALUE_MAX; octets++) {
    const value = Uint8Array.from({ length: octets }, (_, index) => index & 0xff);
    const [mandatory, hidden] = [(octets & 1) === 0, (octets & 2) === 0];
    const avps = [
      { type: octets, value, mandatory, hidden },
      { type: 7, value: Uint8Array.of(1), mandatory: !mandatory, hidden: !hidden },
    ];
    const datagram = buildControlMessage({ tunnelId: 1, sessionId: 2, ns: 3, nr: 4, avps });
    const word = ((datagram[HEADER] ?? 0) << 8) | (datagram[HEADER + 1] ?? 0);
    const bits = (mandatory ? 0x8000 : 0) | (hidden ? 0x4000 : 0);
    assert.equal(word, bits | (AVP_HEADER + octets));
    const read = parseControlMessage(datagram);
    assert.ok(typeof read !== "string");
    const expected = avps.map((avp) => ({ vendor: 0, recognised: true, ...avp }));
    assert.deepEqual(read.avps, expected);
    assert.deepEqual(walkAvps(datagram.subarray(HEADER)).avps, expected);
  }
});

test("one octet more is refused to who builds it", () => {
  const value = new Uint8Array(AVP_VALUE_MAX + 1);
  const build = () =>
    buildControlMessage({ tunnelId: 1, sessionId: 0, ns: 0, nr: 0, avps: [{ type: 7, value }] });
  assert.throws(build, RangeError);
});
