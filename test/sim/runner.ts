/**
 * World after world in one thread, a seed each. A part of them is gone through a second time, which
 * has to give the same trace.
 *
 * @module
 */

import { Machine } from "./nodes/machine.ts";
import { sameTrace } from "./oracles.ts";
import { type Fault, judge, type Outcome, Violation } from "./outcome.ts";
import { drawPlan } from "./plan.ts";
import { addOutcome, noTotals, type Totals } from "./totals.ts";
import { World } from "./world.ts";

export interface RunOptions {
  /** Seed of the first world; each further one has the next. */
  readonly first: number;
  readonly worlds: number;
  readonly print: (line: string) => void;
  /** Takes what happens, line by line. */
  readonly trace?: (line: string) => void;
  /** Put into every world. */
  readonly fault?: Fault;
}

export interface RunResult {
  readonly totals: Totals;
  readonly hashes: readonly string[];
}

/** Each world whose seed this divides is gone through a second time. */
const REPEAT_EVERY = 50;

/** Two servers and three LACs. */
const MACHINES = 5;

export function newMachines(): Machine[] {
  return Array.from({ length: MACHINES }, () => new Machine());
}

let machines = newMachines();

export async function runWorlds(options: RunOptions): Promise<RunResult> {
  const { first, worlds, print, trace, fault = {} } = options;
  const totals = noTotals();
  const hashes: string[] = [];
  for (let seed = first; seed < first + worlds; seed++) {
    const plan = drawPlan(seed);
    try {
      const outcome = await runWorld(new World(plan, machines, fault, trace));
      hashes.push(outcome.hash);
      addOutcome(totals, outcome);
      if (seed % REPEAT_EVERY !== 0 || trace !== undefined) continue;
      const again = await runWorld(new World(plan, machines, fault));
      judge(sameTrace, outcome.hash, again.hash);
      totals.repeated++;
    } catch (error) {
      machines = newMachines();
      const what = error instanceof Violation ? error.message : String((error as Error).stack);
      totals.failures.push({ seed, what });
      print(`world ${seed} failed: ${what}`);
      print(`  replay: npm run sim -- --seed ${seed} --trace`);
    }
  }
  return { totals, hashes };
}

/** A promise of the program that is rejected and has no taker is an exception of it too. */
export async function runWorld(world: World): Promise<Outcome> {
  const rejections: unknown[] = [];
  const listen = (error: unknown) => void rejections.push(error);
  process.on("unhandledRejection", listen);
  try {
    const outcome = await world.run();
    // Node tells of them when the queue of microtasks is empty.
    await new Promise((resolve) => setImmediate(resolve));
    if (rejections.length > 0) throw rejections[0];
    return outcome;
  } finally {
    process.off("unhandledRejection", listen);
  }
}
