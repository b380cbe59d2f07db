import assert from "node:assert/strict";
import { test } from "node:test";
import { tableName } from "../../../src/daemon/nat.ts";

test("each device has a table of its own, named with what nftables takes", () => {
  const names = ["simplon0", "rv-1", "rv_1", "rv.1", "rv_2d1"].map(tableName);
  assert.equal(names[0], "simplon_simplon0");
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[A-Za-z0-9_]+$/);
});
