import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { challengeResponse, equal, reveal } from "../../../src/l2tp/authentication.ts";
import { hide } from "../../peer/hide.ts";
import { utf8 } from "../../peer/lac.ts";

test("the challenge response is MD5 over Message Type, secret and challenge", () => {
  const challenge = Uint8Array.from({ length: 16 }, (_, i) => i * 7);
  for (const [id, secret] of [
    [2, "tunnel secret"],
    [3, "tunnel secret"],
    [3, "Zürich"],
    [2, ""],
  ] as const) {
    const input = Buffer.concat([Buffer.of(id), Buffer.from(secret, "utf8"), challenge]);
    const expected = createHash("md5").update(input).digest("hex");
    const response = challengeResponse(id, utf8(secret), challenge);
    assert.equal(Buffer.from(response).toString("hex"), expected);
  }
});

test("the response to a fixed challenge is a fixed value", () => {
  const challenge = utf8("0123456789abcdef");
  const response = challengeResponse(2, utf8("secret"), challenge);
  assert.equal(Buffer.from(response).toString("hex"), "ea8b19d2a344584521fd0ff6f675cf47");
});

test("responses are compared as a whole", () => {
  assert.equal(equal(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)), true);
  assert.equal(equal(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 4)), false);
  assert.equal(equal(Uint8Array.of(9, 2, 3), Uint8Array.of(1, 2, 3)), false);
  assert.equal(equal(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2)), false);
  assert.equal(equal(Uint8Array.of(1, 2, 0), Uint8Array.of(1, 2)), false);
  assert.equal(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)), false);
  assert.equal(equal(new Uint8Array(), new Uint8Array()), true);
});

test("a hidden AVP of a fixed vector is revealed", () => {
  // RFC 2661 4.3 worked out step by step, one MD5 a block.
  const secret = utf8("s3cr3t");
  const vector = utf8("a random vector!");
  const original = utf8("twenty-five octets of it.");
  const subformat = Buffer.concat([Buffer.of(0, 25), original, Buffer.alloc(5, 0xee)]);
  const b1 = createHash("md5").update(Buffer.of(0, 33)).update(secret).update(vector).digest();
  const c1 = Buffer.from(subformat.subarray(0, 16).map((octet, i) => octet ^ (b1[i] ?? 0)));
  const b2 = createHash("md5").update(secret).update(c1).digest();
  const c2 = Buffer.from(subformat.subarray(16).map((octet, i) => octet ^ (b2[i] ?? 0)));
  const hidden = new Uint8Array(Buffer.concat([c1, c2]));
  assert.equal(
    Buffer.from(hidden).toString("hex"),
    "263e289302a7c0515d67763f94e1c43072f54533af05f69e068b02e51aa99b77",
  );
  assert.deepEqual(reveal(33, hidden, secret, vector), original);
});

test("every length of value and padding is revealed, around the blocks of 16 too", () => {
  const secret = utf8("x");
  const vector = Uint8Array.of(9);
  for (let length = 0; length <= 70; length++) {
    const value = Uint8Array.from({ length }, (_, i) => i + length);
    for (const padding of [0, 1, 15, 16, 17]) {
      const hidden = hide(11, value, "x", vector, padding);
      assert.deepEqual(reveal(11, hidden, secret, vector), value);
    }
  }
});

test("an inner length past the end reveals nothing", () => {
  const vector = Uint8Array.of(1, 2, 3);
  const hidden = hide(9, Uint8Array.of(0, 7), "x", vector, 4);
  assert.deepEqual(reveal(9, hidden, utf8("x"), vector), Uint8Array.of(0, 7));
  // The length field is the first two octets: flipping a bit of it flips the same bit inside.
  for (const [at, bit] of [
    [0, 0x80],
    [0, 0x01],
    [1, 0x08],
  ] as const) {
    const broken = hidden.slice();
    broken[at] = (broken[at] ?? 0) ^ bit;
    assert.equal(reveal(9, broken, utf8("x"), vector), undefined);
  }
  assert.equal(reveal(9, Uint8Array.of(1), utf8("x"), vector), undefined);
  assert.equal(reveal(9, new Uint8Array(), utf8("x"), vector), undefined);
});
