/** Control messages in every order, the whole of it: no namespace, only time. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { runAll } from "../sim/orders/section.ts";

const RECORDED = new URL("../../docs/reliability/orders.json", import.meta.url);

it("fifteen inputs in every order up to length 4 and a million of length 5, from every state, end as the page says", async () => {
  const { section, failures } = await runAll((line) => console.log(line));
  assert.deepEqual(failures, []);
  // (1 + 15 + 225 + 3,375 + 50,625) from each of 23 states.
  assert.match(section.summary, /^1,247,543 orders of up to 4 .* and 1,000,017 of 5: 0 failures$/);
  assert.deepEqual(section, JSON.parse(readFileSync(RECORDED, "utf8")));
});
