/**
 * Tasks on all processors.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { add, noTally, type Tally, type Task } from "./tasks.ts";

const PROGRESS_MS = 5_000;

/** What came of them by the state that they begin from. */
export async function runTasks(
  tasks: readonly Task[],
  tallies: readonly Tally[],
  print: (line: string) => void,
): Promise<void> {
  const left = tasks.values();
  let done = 0;
  const progress = setInterval(() => {
    const failures = tallies.reduce((sum, tally) => sum + tally.failures.length, 0);
    print(`${done} of ${tasks.length} parts, ${failures} failures`);
  }, PROGRESS_MS);
  const thread = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL("thread.ts", import.meta.url));
      const go = () => {
        const { value: task } = left.next();
        if (task !== undefined) worker.postMessage(task);
        else void worker.terminate().then(() => resolve());
      };
      worker.on("message", ({ task, tally }: { task: Task; tally: Tally }) => {
        add(tallies[task.state] ?? noTally(), tally);
        done++;
        go();
      });
      worker.on("error", reject);
      go();
    });
  try {
    await Promise.all(Array.from({ length: availableParallelism() }, thread));
  } finally {
    clearInterval(progress);
  }
}
