/**
 * Fuzzing led by coverage: inputs are changed by chance, and those that reach a branch which none had
 * reached before are kept and changed in turn. Same seed, same inputs, same outcome.
 *
 * @module
 */
import { Mutator } from "./mutate.ts";
import type { Executor } from "./target.ts";

/** Inputs that are run at a time, where the executor has no wish. */
const BATCH = 256;
/** One of so many that were kept last is changed as often as one of all. */
const NEWEST = 16;

export interface FuzzOptions {
  readonly seed: number;
  /** Inputs that are made; those to begin with are not counted. */
  readonly executions: number;
  readonly lengthMax: number;
  readonly dictionary?: readonly Uint8Array[];
  readonly progress?: (executions: number, kept: number) => void;
}

export interface Outcome {
  readonly executions: number;
  /** What reached something new, of those to begin with and of those that were made. */
  readonly kept: readonly Uint8Array[];
}

/** @throws {Crash} what an input did */
export async function fuzz(
  executor: Executor,
  start: readonly Uint8Array[],
  { seed, executions, lengthMax, dictionary, progress }: FuzzOptions,
): Promise<Outcome> {
  const mutator = new Mutator(seed, lengthMax, dictionary);
  const kept = [...(await executor.execute(start))];
  const pool = start.length === 0 ? [new Uint8Array(0)] : [...start];
  let done = 0;
  while (done < executions) {
    const count = Math.min(executor.batch ?? BATCH, executions - done);
    const inputs = Array.from({ length: count }, () =>
      mutator.mutate(choose(mutator, pool), choose(mutator, pool)),
    );
    const fresh = await executor.execute(inputs);
    kept.push(...fresh);
    pool.push(...fresh);
    done += count;
    progress?.(done, kept.length);
  }
  return { executions: done, kept };
}

function choose({ random }: Mutator, pool: readonly Uint8Array[]): Uint8Array {
  const among = random.chance(50) ? pool.length : Math.min(NEWEST, pool.length);
  return pool[pool.length - 1 - random.below(among)] ?? new Uint8Array(0);
}
