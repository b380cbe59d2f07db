/**
 * Hidden AVPs that xl2tpd made: `encrypt_avp` of its release 1.3.18 was called with these values.
 * It fills the Hidden AVP Subformat up with zeros, to a multiple of 16 octets.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  type Avp,
  AvpType,
  buildControlMessage,
  hideAvp,
  parseControlMessage,
  revealAvps,
} from "../../../src/codec/index.ts";
import { reveal } from "../../../src/l2tp/authentication.ts";
import { avp, typed, utf8 } from "../../peer/lac.ts";
import { hex } from "./hex.ts";

const md5 = (octets: Uint8Array) => new Uint8Array(createHash("md5").update(octets).digest());
const secret = utf8("tunnel secret");
const randomVector = utf8("Random Vector 16");
const BLOCK = 16;

/** Whole AVPs, and the values that were hidden in them. */
const VECTORS: readonly (readonly [number, Uint8Array, string])[] = [
  [
    AvpType.AssignedSessionId,
    Uint8Array.of(0x12, 0x34),
    "c016 0000 000e 515e840174b7afd02519d71e75d0ed82",
  ],
  [
    AvpType.CallSerialNumber,
    Uint8Array.of(0x00, 0x01, 0xe2, 0x40),
    "c016 0000 000f da4b416fd301245712c0aa04de4c186f",
  ],
  [AvpType.CalledNumber, utf8("08005551234567"), "c016 0000 0015 f5ce4e3845c4627f4f734212487affa4"],
  [
    AvpType.CallingNumber,
    utf8("+49 30 5550199 x1"),
    "c026 0000 0016 a9e6785344dafeb6f0a92c31fc534504 883cab9baac51e27aac9b08af0391ba4",
  ],
  [
    AvpType.SubAddress,
    utf8("a sub-address that needs more than one hash, and then some"),
    `c046 0000 0017 d6fa726cab45ae0508a4d020a8bb0a58 2478b2f23e15c046da0dd88949d5ef21
     4e93a7841dea3ada071dfc5c180c288e 8606d6afe0761ba78a49777f3b5dc74a`,
  ],
  [AvpType.Challenge, utf8("fourteen octet"), "c016 0000 000b ce2354c2503b2afbb7c3d3e19bb1828a"],
];

/** A message with one of them, as it is read. */
function read(octets: string): readonly Avp[] {
  const vector = avp(AvpType.RandomVector, randomVector);
  const ids = { tunnelId: 1, sessionId: 0, ns: 2, nr: 3 };
  const clear = buildControlMessage({ ...ids, avps: typed("ICRQ", vector) });
  const datagram = Uint8Array.of(...clear, ...hex(octets));
  new DataView(datagram.buffer).setUint16(2, datagram.length);
  const message = parseControlMessage(datagram);
  assert.ok(typeof message !== "string", `${message}`);
  return message.avps;
}

test("what xl2tpd has hidden is revealed", () => {
  for (const [type, value, octets] of VECTORS) {
    const avps = read(octets);
    const [, , hidden] = avps;
    assert.ok(hidden?.hidden && hidden.mandatory, `AVP ${type}`);
    const [, , revealed] = revealAvps(avps, secret, md5);
    assert.deepEqual(revealed, { ...hidden, hidden: false, value });
    assert.deepEqual(reveal(type, hidden.value, secret, randomVector), value);
  }
});

test("what we hide with as many zeros behind it is what xl2tpd makes of it", () => {
  for (const [type, value, octets] of VECTORS) {
    const padding = new Uint8Array((BLOCK - ((value.length + 2) % BLOCK)) % BLOCK);
    const hidden = hideAvp({ type, value }, { secret, randomVector, md5, padding });
    assert.deepEqual(hidden.value, hex(octets).subarray(6), `AVP ${type}`);
  }
});
