/**
 * Worlds on all processors: threads that take a handful of seeds at a time.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { add, noTotals, type Totals } from "./totals.ts";

export interface PoolOptions {
  readonly first: number;
  /** How many at most. */
  readonly worlds: number;
  /** No further worlds are begun then, in terms of `performance.now()`. */
  readonly until: number;
  readonly jobs: number;
  readonly print: (line: string) => void;
}

/** Worlds that a thread is given at once. */
const HANDFUL = 20;
const PROGRESS_MS = 5_000;

/** What a thread says: what it has to print, or what its handful of worlds came to. */
export type Said = { readonly line: string } | { readonly totals: Totals };

export async function runPool(options: PoolOptions): Promise<Totals> {
  const { first, worlds, until, jobs, print } = options;
  const totals = noTotals();
  const end = first + worlds;
  let next = first;
  const progress = setInterval(() => {
    const { worlds: done, failures, virtual } = totals;
    const hours = Math.round(virtual / 3_600_000);
    print(`${done} worlds in order, ${failures.length} failed, ${hours} virtual hours`);
  }, PROGRESS_MS);
  const thread = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL("thread.ts", import.meta.url));
      const go = () => {
        const count = performance.now() < until ? Math.min(HANDFUL, end - next) : 0;
        if (count > 0) worker.postMessage({ first: next, worlds: count });
        else void worker.terminate().then(() => resolve());
        next += count;
      };
      worker.on("message", (said: Said) => {
        if ("line" in said) {
          print(said.line);
          return;
        }
        add(totals, said.totals);
        go();
      });
      worker.on("error", reject);
      go();
    });
  try {
    await Promise.all(Array.from({ length: jobs }, thread));
  } finally {
    clearInterval(progress);
  }
  return totals;
}
