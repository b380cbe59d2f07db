/** What is drawn many at a time is given out once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pooledRandom } from "../../../src/daemon/random.ts";

/** Octets that count on in steps of seven. */
function counting() {
  let next = 0;
  return (octets: Uint8Array) => {
    for (let at = 0; at < octets.length; at++) octets[at] = (next++ * 7) & 0xff;
  };
}

test("octets come in the order in which they were drawn, each once, in arrays of their own", () => {
  const random = pooledRandom(counting());
  const given: number[] = [];
  const arrays = Array.from({ length: 64 }, () => random(64)); // as many as are drawn at a time
  for (const array of arrays) given.push(...array);
  assert.deepEqual(
    given,
    Array.from({ length: 4_096 }, (_, at) => (at * 7) & 0xff),
  );
});

test("what is left of a draw and too short is left out, and more than a draw comes at once", () => {
  const random = pooledRandom(counting());
  random(4_000);
  assert.equal(random(97)[0], (4_096 * 7) & 0xff);
  assert.equal(random(5_000).length, 5_000);
  assert.equal(random(0).length, 0);
});

test("what the system gives is used", () => {
  const random = pooledRandom();
  assert.notDeepEqual(random(16), random(16));
  assert.ok(random(256).some((octet) => octet !== 0));
});
