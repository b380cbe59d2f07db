/** The wait before a client dials again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../../src/dial/index.ts";

const drawing = (octet: number) => new Backoff((length) => new Uint8Array(length).fill(octet));

test("it doubles up to a minute, and begins anew", () => {
  const backoff = drawing(0);
  const waits = Array.from({ length: 8 }, () => backoff.next());
  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  backoff.reset();
  assert.equal(backoff.next(), 500);
  backoff.slow();
  assert.equal(backoff.next(), 30_000);
});

test("chance spreads it over half of the interval", () => {
  assert.equal(drawing(128).next(), 750 + 500 * (0x80_8080 / 2 ** 32));
  assert.ok(drawing(255).next() < 1_000);
});
