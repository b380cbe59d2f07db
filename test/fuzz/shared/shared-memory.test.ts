/**
 * Another thread flips bits of packets, rings and records while the fast path runs: nothing traps,
 * nothing runs for ever, nothing is written outside, and what is given to the kernel lies where packets
 * lie.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { attack } from "./attack.ts";

const SECONDS = 4;

test("the fast path stays within its bounds, whatever becomes of what it reads", async () => {
  const { runs, flips } = await attack(SECONDS, 1);
  assert.ok(runs > 0 && flips > 0, `${runs} inputs, ${flips} bits`);
});
