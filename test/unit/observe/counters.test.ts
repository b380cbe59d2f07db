import assert from "node:assert/strict";
import { test } from "node:test";
import { addCounters, mergeCounters } from "../../../src/observe/counters.ts";

test("groups become prefixes, and records of one group are summed", () => {
  const workers = new Map([
    [1, { "source-address": 1, "no-session": 2 }],
    [2, { "source-address": 10 }],
  ]);
  assert.deepEqual(
    mergeCounters({ l2tp: { "wrong-peer": 3 }, up: workers.values(), ppp: [], down: [{ x: 1 }] }),
    { "l2tp.wrong-peer": 3, "up.source-address": 11, "up.no-session": 2, "down.x": 1 },
  );
});

test("what a machine counted outlives it", () => {
  const sum: Record<string, number> = { a: 1 };
  addCounters(sum, { a: 2, b: 3 });
  assert.deepEqual(sum, { a: 3, b: 3 });
});
