/**
 * Starts and ends the worker threads.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import * as layout from "../../assembly/layout.ts";
import { POLL_MS } from "../limits.ts";
import type { Libc } from "../linux/libc.ts";
import type { WorkerData } from "./worker.ts";

export interface WorkerThread {
  /** eventfd that wakes the worker out of its poll. */
  readonly wake: number;
  /** Settles when the thread is gone. */
  readonly gone: Promise<void>;
}

/** The thread's file lies beside this one, as source in a checkout and built when published. */
const ENTRY = new URL(
  import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js",
  import.meta.url,
);
/** A worker sees the stop word within one poll; the rest is for the system. */
const JOIN_MS = 2 * POLL_MS;

/** Starts a worker; `onFailure` is told why it ended when nobody stopped it. */
export function startWorker(data: WorkerData, onFailure: (error: Error) => void): WorkerThread {
  const thread = new Worker(ENTRY, { workerData: data });
  const words = new Int32Array(data.memory.buffer);
  const gone = new Promise<void>((resolve) => {
    thread.on("message", onFailure);
    thread.on("error", (error: Error) => {
      onFailure(error);
      resolve();
    });
    thread.on("exit", () => {
      const wanted = Atomics.load(words, layout.CONTROL_STOP / 4) !== 0;
      if (!wanted) onFailure(new Error("a worker left without being told to"));
      resolve();
    });
  });
  return { wake: data.wake, gone };
}

/** Sets the stop word, wakes the workers and waits until they are gone, at most JOIN_MS. */
export async function stopWorkers(
  libc: Libc,
  memory: WebAssembly.Memory,
  workers: readonly WorkerThread[],
): Promise<void> {
  Atomics.store(new Int32Array(memory.buffer), layout.CONTROL_STOP / 4, 1);
  for (const worker of workers) libc.eventfdWrite(worker.wake, 1n);
  const late = new Promise<void>((resolve) => setTimeout(resolve, JOIN_MS).unref());
  await Promise.race([Promise.all(workers.map((worker) => worker.gone)), late]);
}
