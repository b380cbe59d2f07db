/**
 * One thread of the pool: goes through the tasks that it is given.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";
import { runTask, type Task } from "./tasks.ts";

parentPort?.on("message", (task: Task) => {
  parentPort?.postMessage({ task, tally: runTask(task) });
});
