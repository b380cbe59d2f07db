/** Hidden AVPs, against the other writing of RFC 2661 4.3 in test/peer. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  type Avp,
  AvpType,
  decodeAvp,
  hideAvp,
  makeAvp,
  revealAvps,
} from "../../../src/codec/index.ts";
import { hide } from "../../peer/hide.ts";

const md5 = (octets: Uint8Array) => new Uint8Array(createHash("md5").update(octets).digest());
const secret = new TextEncoder().encode("tunnel secret");
const randomVector = new TextEncoder().encode("sixteen octets!!");
const vector: Avp = received(AvpType.RandomVector, randomVector, false);

function received(type: number, value: Uint8Array, hidden = true): Avp {
  return { vendor: 0, type, mandatory: true, hidden, recognised: true, value };
}

test("a value of any length is hidden as another program hides it, and revealed again", () => {
  for (const length of [1, 2, 13, 14, 15, 30, 31, 64, 1000]) {
    const value = Uint8Array.from({ length }, (_, i) => i & 0xff);
    for (const padding of [0, 3, 14]) {
      const hiding = { secret, randomVector, md5, padding: new Uint8Array(padding).fill(0x5a) };
      const hidden = hideAvp({ type: AvpType.Challenge, value }, hiding);
      const expected = hide(AvpType.Challenge, value, "tunnel secret", randomVector, padding);
      assert.equal(hidden.hidden, true);
      assert.deepEqual(hidden.value, expected);
      const [, revealed] = revealAvps([vector, received(hidden.type, hidden.value)], secret, md5);
      assert.deepEqual(revealed, received(AvpType.Challenge, value, false));
    }
  }
});

test("each hidden value takes the last Random Vector before it", () => {
  const other = new TextEncoder().encode("another");
  const hidden = (text: string, by: Uint8Array) => {
    const avp = hideAvp(makeAvp(AvpType.VendorName, text), { secret, randomVector: by, md5 });
    return received(avp.type, avp.value);
  };
  const second = received(AvpType.RandomVector, other, false);
  const avps = revealAvps(
    [vector, hidden("one", randomVector), second, hidden("two", other)],
    secret,
    md5,
  );
  assert.deepEqual(
    [avps[1], avps[3]].map((avp) => avp && decodeAvp(avp)),
    ["one", "two"],
  );
});

test("what cannot be revealed stays hidden", () => {
  const avp = hideAvp(makeAvp(AvpType.VendorName, "x"), { secret, randomVector, md5 });
  const hidden = received(avp.type, avp.value);
  assert.deepEqual(revealAvps([hidden, vector], secret, md5), [hidden, vector]);
  assert.deepEqual(revealAvps([vector, hidden], secret.subarray(1), md5), [vector, hidden]);
  const empty = received(AvpType.VendorName, new Uint8Array(0));
  assert.deepEqual(revealAvps([vector, empty], secret, md5), [vector, empty]);
});

test("an AVP that MUST NOT be hidden is not", () => {
  for (const type of [0, 1, 2, 5, 7, 10, 12, 36, 39]) {
    const make = () => hideAvp({ type, value: new Uint8Array(2) }, { secret, randomVector, md5 });
    assert.throws(make, RangeError, `type ${type}`);
  }
});
