/**
 * The fast path while another thread flips bits of what it works on.
 *
 * @module
 */
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { AttackerData } from "./attacker.ts";

/** So long after it was told to end, a thread has to have ended. */
const GRACE_MS = 20_000;

export interface Attack {
  /** Inputs that were run. */
  readonly runs: number;
  /** Bits that were flipped. */
  readonly flips: number;
}

/** What is attacked: a thread that tells its memory and the areas of it, and what else it is given. */
export interface Attacked {
  readonly runner: URL;
  readonly [more: string]: unknown;
}

const FAST_PATH: Attacked = { runner: new URL("runner.ts", import.meta.url) };

/** @throws what a thread threw, or that it did not end */
export async function attack(
  seconds: number,
  seed: number,
  { runner: file, ...more }: Attacked = FAST_PATH,
): Promise<Attack> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const runner = new Worker(file, { workerData: { ...more, stop } });
  const [world] = await once(runner, "message");
  const attacker = start({ ...world, stop, seed });
  const threads = [runner, attacker];
  try {
    const ended = Promise.all(threads.map(async (thread) => (await once(thread, "message"))[0]));
    await Promise.race([ended, setTimeout(seconds * 1_000, undefined, { ref: false })]);
    Atomics.store(stop, 0, 1);
    const late = setTimeout(GRACE_MS, "late", { ref: false });
    const result = await Promise.race([ended, late]);
    if (result === "late") throw new Error("a thread does not end");
    const [runs, flips] = result;
    return { runs, flips };
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

function start(workerData: AttackerData): Worker {
  return new Worker(new URL("attacker.ts", import.meta.url), { workerData });
}
