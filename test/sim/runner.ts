/**
 * World after world, a seed each: progress, a summary, and for each that fails the command that
 * replays it.
 *
 * @module
 */
import { type Fault, newPlane, type Outcome, Violation, World } from "./world.ts";

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
  readonly failures: number;
  readonly hashes: readonly string[];
}

const PROGRESS_MS = 5_000;

export async function runWorlds(options: RunOptions): Promise<RunResult> {
  const { first, worlds, print, trace, fault = {} } = options;
  const began = performance.now();
  const outcomes: Outcome[] = [];
  let failures = 0;
  let plane = newPlane();
  let said = began;
  for (let seed = first; seed < first + worlds; seed++) {
    try {
      outcomes.push(await runWorld(new World(seed, plane, fault, trace)));
    } catch (error) {
      failures++;
      plane = newPlane();
      const what = error instanceof Violation ? error.message : String((error as Error).stack);
      print(`world ${seed} failed: ${what}`);
      print(`  replay: npm run sim -- --seed ${seed} --trace`);
    }
    if (performance.now() - said >= PROGRESS_MS) {
      said = performance.now();
      print(`${outcomes.length + failures} of ${worlds} worlds, ${failures} failed`);
    }
  }
  print(summary(outcomes, failures, (performance.now() - began) / 1_000));
  return { failures, hashes: outcomes.map(({ hash }) => hash) };
}

/** A promise of the program that is rejected and has no taker is an exception of it too. */
async function runWorld(world: World): Promise<Outcome> {
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

function summary(outcomes: readonly Outcome[], failures: number, seconds: number): string {
  const sum = (of: (outcome: Outcome) => number) =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const sent = sum(({ datagrams }) => datagrams.sent);
  const share = (count: number) => `${count} (${((100 * count) / Math.max(1, sent)).toFixed(1)} %)`;
  return [
    `${outcomes.length} worlds in order, ${failures} failed, ${seconds.toFixed(1)} s`,
    `  ${(sum(({ virtual }) => virtual) / 3_600_000).toFixed(1)} virtual hours`,
    `  ${sent} datagrams: ${share(sum(({ datagrams }) => datagrams.lost))} lost,` +
      ` ${share(sum(({ datagrams }) => datagrams.repeated))} repeated,` +
      ` ${share(sum(({ datagrams }) => datagrams.late))} late`,
    `  ${sum(({ tunnels }) => tunnels)} tunnels begun, ${sum(({ sessions }) => sessions)} sessions` +
      ` established, ${sum(({ pings }) => pings)} pings answered,` +
      ` ${sum(({ givenUp }) => givenUp)} sessions given up for silence`,
    `  at the end of the faults ${sum(({ up }) => up)} lines up, ${sum(({ closed }) => closed)} closed`,
  ].join("\n");
}
