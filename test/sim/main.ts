// node test/sim/main.ts [--seed N] [--worlds N | --hours H] [--jobs N] [--trace | --plan | --record]
// Runs worlds of the simulator on all processors, one seed each, and says what they went through.
// --hours takes seeds that chance begins, for so long. --record keeps the figures for the docs, of
// a whole run without a failure. --trace prints what happens in the world of that seed, --plan its
// plan as found/ keeps it.
import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { record } from "../../scripts/reliability.ts";
import { drawPlan } from "./plan.ts";
import { runPool } from "./pool.ts";
import { runWorlds } from "./runner.ts";
import { section } from "./section.ts";
import { summary, type Totals } from "./totals.ts";

const HOUR_MS = 3_600_000;
const SEEDS = 2 ** 31;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    worlds: { type: "string", default: "2000" },
    hours: { type: "string" },
    jobs: { type: "string", default: String(availableParallelism()) },
    trace: { type: "boolean", default: false },
    plan: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
  },
});
const isPart = values.seed !== undefined || values.trace;
if (values.record && isPart) throw new Error("--record is for a whole run: no --seed, no --trace");
const print = (line: string) => process.stdout.write(`${line}\n`);
const began = performance.now();

function run(): Promise<Totals> {
  const jobs = Number(values.jobs);
  if (values.hours !== undefined) {
    const first = Number(values.seed ?? randomInt(SEEDS / 2));
    const until = began + Number(values.hours) * HOUR_MS;
    print(`from seed ${first} on`);
    return runPool({ first, worlds: SEEDS / 2, until, jobs, print });
  }
  const first = Number(values.seed ?? 1);
  if (values.trace) return trace(first);
  return runPool({ first, worlds: Number(values.worlds), until: Infinity, jobs, print });
}

async function trace(first: number): Promise<Totals> {
  const { totals } = await runWorlds({ first, worlds: 1, print, trace: print });
  return totals;
}

/** What a test reads, once somebody has written in it what was found. */
function showPlan(seed: number): void {
  print(JSON.stringify({ what: "", plan: drawPlan(seed) }, undefined, 2));
}

async function main(): Promise<void> {
  const totals = await run();
  const seconds = (performance.now() - began) / 1_000;
  print(summary(totals, seconds));
  const { worlds, hours } = values;
  const isLong = hours !== undefined;
  const command = `npm run sim -- ${isLong ? `--hours ${hours}` : `--worlds ${worlds}`} --record`;
  const isInOrder = totals.failures.length === 0;
  if (values.record && isInOrder) {
    record(isLong ? "sim" : "worlds", section(totals, seconds, command, isLong));
  }
  if (values.record && !isInOrder) print("not recorded: a check failed");
  process.exitCode = isInOrder ? 0 : 1;
}

if (values.plan) showPlan(Number(values.seed));
else await main();
