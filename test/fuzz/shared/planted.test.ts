/**
 * The attack finds what it is for: of two copies the one whose length is loaded twice, once to be checked
 * and once to be used.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { attack } from "./attack.ts";

const RUNNER = new URL("planted-runner.ts", import.meta.url);
/** It is found within a few milliseconds where both threads run at once. */
const SECONDS_MAX = 30;
const SECONDS = 1;

test("a length that is loaded twice is found", async () => {
  const found = attack(SECONDS_MAX, 1, { runner: RUNNER, how: "twice" });
  await assert.rejects(found, /nobody's|out of bounds/);
});

test("one that is loaded once withstands", async () => {
  const { runs, flips } = await attack(SECONDS, 1, { runner: RUNNER, how: "once" });
  assert.ok(runs > 0 && flips > 0, `${runs} copies, ${flips} bits`);
});
