/** Loss and receive window: the table that is committed is exact. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { cells, print, section, TABLE } from "./window.ts";

test("the time that calls take by loss and window is what the table says, to the millisecond", () => {
  const all = cells();
  assert.equal(print(all), readFileSync(TABLE, "utf8"));
  const recorded = new URL("../../docs/reliability/window.json", import.meta.url);
  assert.deepEqual(section(all), JSON.parse(readFileSync(recorded, "utf8")));
});
