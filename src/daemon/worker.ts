/**
 * Entry of a worker thread: opens its own binding to libc, instantiates the forwarding module over
 * the shared memory and runs the loop until it is told to leave.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { Loop, type LoopOptions } from "../dataplane/loop.ts";
import { instantiate } from "../dataplane/memory.ts";
import { openLibc } from "../linux/ffi.ts";
import { sleepExactly } from "../linux/process.ts";

export type WorkerData = Omit<LoopOptions, "clock">;

const data = workerData as WorkerData;
const libc = openLibc();
sleepExactly(libc);
const loop = new Loop(libc, instantiate(data.memory), {
  ...data,
  // Times of shapers and policers stay what they are when a session changes its worker.
  clock: () => performance.timeOrigin + performance.now(),
});
try {
  parentPort?.postMessage(loop.run());
} catch (error) {
  parentPort?.postMessage(error); // with its stack, which the thread's "error" event may lack
} finally {
  loop.close();
}
