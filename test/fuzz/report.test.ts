/**
 * Every target has been run for long, and the page tells of each.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { recorded } from "./report.ts";
import { TARGETS } from "./targets.ts";

const EXECUTIONS_MIN = 1_000_000;

test("each target has a row of a million executions", () => {
  const rows = recorded();
  const names = TARGETS.map(({ name }) => name);
  assert.deepEqual(rows.map(([name]) => name).sort(), names.sort());
  const few = rows.filter(([, executions]) => Number(executions) < EXECUTIONS_MIN);
  assert.deepEqual(few, []);
});
