/**
 * Hidden AVP. Daemons trusted the length inside a deciphered value: 0xffff and 6 made 5 in 16 bits,
 * and −1 octets were copied, before anybody had shown to know the secret.
 *
 * RFC 2661 4.3: Length of Original Value is the first field of what is revealed; only a Random Vector
 * that stands before the AVP reveals it.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type Avp, AvpType, revealAvps } from "../../src/codec/index.ts";
import { names, Talk } from "../peer/control.ts";
import { dice } from "../peer/garbage.ts";
import { hide } from "../peer/hide.ts";
import { avp, utf8 } from "../peer/lac.ts";

const SECRET = "tunnel secret";
const VECTOR = utf8("sixteen octets!!");
const BLOCK = 16;
const md5 = (octets: Uint8Array) => new Uint8Array(createHash("md5").update(octets).digest());
const received = (type: number, value: Uint8Array, hidden = true): Avp => ({
  ...{ vendor: 0, type, mandatory: true, hidden, recognised: true },
  value,
});
const vector = received(AvpType.RandomVector, VECTOR, false);
const reveal = (avps: readonly Avp[], secret = SECRET) => revealAvps(avps, utf8(secret), md5);

/** What is hidden of an inner length that is a lie, and `octets` behind it. */
function lying(inner: number, octets: number): Uint8Array {
  const clear = new Uint8Array(2 + octets).map((_, index) => index);
  clear.set([inner >> 8, inner & 0xff]);
  // hide() puts the length of its value in front: that of 0 octets is taken off the stream again.
  const stream = hide(AvpType.Challenge, new Uint8Array(octets), SECRET, VECTOR);
  const mask = Uint8Array.of(octets >> 8, octets & 0xff);
  return stream.map((octet, index) => octet ^ (mask[index] ?? 0) ^ (clear[index] ?? 0));
}

test("every inner length on up to 16 octets of ciphertext: all of it is there, or it stays hidden", () => {
  for (let octets = 0; octets <= BLOCK - 2; octets++) {
    for (let inner = 0; inner <= 0xffff; inner += inner < 40 || inner >= 0xffd0 ? 1 : 4_001) {
      const value = lying(inner, octets);
      const [, revealed] = reveal([vector, received(AvpType.Challenge, value)]);
      assert.ok(revealed !== undefined);
      assert.equal(revealed.hidden, inner > octets, `${inner} of ${octets}`);
      const expected = Array.from({ length: inner }, (_, index) => index + 2);
      if (!revealed.hidden) assert.deepEqual([...revealed.value], expected);
      else assert.deepEqual(revealed.value, value);
    }
  }
});

test("ciphertext without room for a length stays hidden", () => {
  for (const octets of [0, 1]) {
    for (let first = 0; first < 256; first++) {
      const value = new Uint8Array(octets).fill(first);
      assert.equal(reveal([vector, received(AvpType.Challenge, value)])[1]?.hidden, true);
    }
  }
});

test("random ciphertext, a Random Vector before, behind or nowhere, two secrets: an answer or silence", () => {
  const roll = dice(3);
  const types = [AvpType.Challenge, AvpType.AssignedTunnelId, AvpType.VendorName, 9_999];
  const places = [0, 0, 0];
  for (let round = 0; round < 4_000; round++) {
    const talk = new Talk({ secret: roll(2) === 0 ? SECRET : "another" });
    const value = Uint8Array.from({ length: roll(BLOCK + 1) }, () => roll(256));
    const type = types[roll(types.length)] ?? 0;
    const hidden = avp(type, value, { hidden: true, mandatory: roll(2) === 0 });
    const random = avp(AvpType.RandomVector, VECTOR);
    const place = roll(3);
    places[place] = (places[place] ?? 0) + 1;
    const avps = [[random, hidden], [hidden, random], [hidden]][place] ?? [];
    const said = names(talk.request(avps));
    assert.ok(["", "SCCRP", "StopCCN"].includes(said.join()), said.join());
    assert.equal([...talk.lns.tunnels()].length, said[0] === "SCCRP" ? 1 : 0);
  }
  assert.ok(Math.min(...places) > 1_000, "each place was tried");
});
