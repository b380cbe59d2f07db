/**
 * AVP progress. A walk that added the Length of an AVP of length 0 to its place went round for ever,
 * and the length of a hidden AVP was still that of the one before it.
 *
 * RFC 2661 4.1: no AVP is shorter than its header. So each step takes 6 octets or ends the walk, and
 * what an AVP reads as does not depend on its neighbours.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type Avp, AvpType, parseControlMessage, revealAvps } from "../../src/codec/index.ts";
import { walkAvps } from "../../src/decode/walk.ts";
import { AVPS_MAX } from "../../src/limits.ts";
import { dice } from "../peer/garbage.ts";
import { hide } from "../peer/hide.ts";
import { u16, utf8 } from "../peer/lac.ts";

const AVP_HEADER = 6;
const md5 = (octets: Uint8Array) => new Uint8Array(createHash("md5").update(octets).digest());

function message(body: Uint8Array): Uint8Array {
  const length = 12 + body.length;
  return Uint8Array.of(0xc8, 2, ...u16(length), 0, 7, 0, 0, 0, 0, 0, 0, ...body);
}

test("whatever the octets are, no more AVPs come out than there are headers", () => {
  const roll = dice(1);
  let [taken, refused] = [0, 0];
  for (let round = 0; round < 50_000; round++) {
    const body = Uint8Array.from({ length: roll(60) }, () => (roll(3) === 0 ? roll(256) : 0));
    // Lengths that mean something, so that more than the first AVP is reached.
    for (let at = 0; at + 1 < body.length && roll(8) !== 0; ) {
      const length = roll(6) === 0 ? roll(6) : AVP_HEADER + roll(6);
      body.set(u16(length), at);
      at += Math.max(length, AVP_HEADER);
    }
    const read = parseControlMessage(message(body));
    const { avps, at } = walkAvps(body);
    assert.ok(avps.length <= body.length / AVP_HEADER && at <= body.length);
    const octets = avps.reduce((sum, { value }) => sum + AVP_HEADER + value.length, 0);
    assert.equal(octets, at, "each step is as long as its AVP");
    if (typeof read === "string") refused += 1;
    else {
      taken += 1;
      assert.deepEqual(read.avps, avps);
      assert.equal(at, body.length);
    }
  }
  assert.ok(taken > 1_000 && refused > 1_000, `${taken} taken, ${refused} refused`);
});

test("Length 0 to 5 ends the walk wherever it stands", () => {
  for (let before = 0; before < 4; before++) {
    for (let length = 0; length < AVP_HEADER; length++) {
      const good = Array.from({ length: before }, () => [0, 8, 0, 0, 0, 7, 1, 2]).flat();
      const body = Uint8Array.of(...good, 0, length, 0, 0, 0, 0, 0, 0);
      assert.equal(parseControlMessage(message(body)), "avp-length");
      const walked = walkAvps(body);
      assert.deepEqual([walked.avps.length, walked.at], [before, good.length]);
    }
  }
});

test("a message of headers alone has its bound", () => {
  const headers = (count: number) =>
    Uint8Array.from({ length: count * AVP_HEADER }, (_, at) => (at % AVP_HEADER === 1 ? 6 : 0));
  assert.ok(typeof parseControlMessage(message(headers(AVPS_MAX))) !== "string");
  assert.equal(parseControlMessage(message(headers(AVPS_MAX + 1))), "too-many");
});

test("a hidden AVP reads the same alone and behind any other", () => {
  const roll = dice(2);
  const secret = "a secret";
  const vector: Avp = { ...plain(AvpType.RandomVector, utf8("a vector")), mandatory: true };
  const hiddenOf = (): [hidden: Avp, value: Uint8Array | undefined] => {
    const value = Uint8Array.from({ length: roll(40) }, () => roll(256));
    const type = 40 + roll(20);
    const hidden = hide(type, value, secret, vector.value, roll(20));
    // One of four is broken: its length is wrong in what is revealed.
    const isBroken = roll(4) === 0;
    if (isBroken) hidden[0] = (hidden[0] ?? 0) ^ 0x80;
    return [{ ...plain(type, hidden), hidden: true }, isBroken ? undefined : value];
  };
  for (let round = 0; round < 500; round++) {
    const all = Array.from({ length: 1 + roll(6) }, hiddenOf);
    const avps = all.map(([avp]) => avp);
    assert.deepEqual(
      revealAvps([vector, ...avps], utf8(secret), md5).slice(1),
      all.map(([avp, value]) => (value === undefined ? avp : { ...avp, hidden: false, value })),
    );
  }
});

function plain(type: number, value: Uint8Array): Avp {
  return { vendor: 0, type, mandatory: false, hidden: false, recognised: true, value };
}
