/** Worlds in virtual time: whatever the network does, each ends as it should, twice the same. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { GOOD } from "./link.ts";
import type { Fault } from "./outcome.ts";
import { drawPlan, type Plan } from "./plan.ts";
import { newMachines, runWorld, runWorlds } from "./runner.ts";
import { summary } from "./totals.ts";
import { World } from "./world.ts";

const print = (line: string) => console.log(line);
const FIRST = 1;
/** The many are for `npm run sim`. */
const WORLDS = 200;
/** Plans of worlds that something was found in, for ever, and what: no draw changes them. */
const FOUND = new URL("found/", import.meta.url);

test(`worlds ${FIRST} to ${FIRST + WORLDS - 1}, each with a trace of its own`, async () => {
  const { totals, hashes } = await runWorlds({ first: FIRST, worlds: WORLDS, print });
  print(summary(totals, NaN));
  assert.deepEqual(totals.failures, []);
  assert.equal(totals.worlds, WORLDS);
  assert.equal(totals.repeated, WORLDS / 50, "the same seed gives the same trace");
  assert.equal(new Set(hashes).size, WORLDS);
});

for (const name of readdirSync(FOUND)) {
  const { what, plan } = JSON.parse(readFileSync(new URL(name, FOUND), "utf8")) as {
    readonly what: string;
    readonly plan: Plan;
  };
  test(`a world that something was found in once is in order: ${what}`, async () => {
    await runWorld(new World(plan, newMachines()));
  });
}

test("one millisecond more of delay in one place is another trace", async () => {
  const traceWith = async (delay: number) => {
    const fault: Fault = {
      onStart({ edges: [edge] }) {
        if (edge !== undefined) edge.toServer.quality = { ...GOOD, delay };
      },
    };
    return (await new World(drawPlan(FIRST), newMachines(), fault).run()).hash;
  };
  assert.equal(await traceWith(10), await traceWith(10));
  assert.notEqual(await traceWith(10), await traceWith(11));
});

test("a world that fails is named with the command that replays it", async () => {
  const lines: string[] = [];
  const { totals } = await runWorlds({
    first: 4_242,
    worlds: 1,
    print: (line) => lines.push(line),
    fault: { transmit: () => [Uint8Array.of(0)] },
  });
  assert.equal(totals.failures.length, 1);
  assert.match(lines.join("\n"), /world 4242 failed: wellFormed: .*\n.*--seed 4242 --trace/);
});
