// A worker in which a fault can be planted: a word of the memory that nobody uses says which worker
// is to fail in its next turn, and how.
import { parentPort, workerData } from "node:worker_threads";
import type { WorkerData } from "../../../src/daemon/worker.ts";
import { Loop } from "../../../src/dataplane/loop.ts";
import { instantiate } from "../../../src/dataplane/memory.ts";
import { openLibc } from "../../../src/linux/ffi.ts";

/** Address of the word: 0, or the worker's region plus a fault. */
export const FAULT_AT = 8;
export const FAULTS = { throws: 1, hangs: 2, leaves: 3 } as const;

if (parentPort !== null) {
  const data = workerData as WorkerData;
  const words = new Int32Array(data.memory.buffer);
  const libc = openLibc();
  const faultOf = () => {
    const fault = Atomics.load(words, FAULT_AT / 4) - data.worker;
    if (fault <= 0 || fault > FAULTS.leaves) return 0;
    Atomics.store(words, FAULT_AT / 4, 0);
    return fault;
  };
  const calls = {
    ...libc,
    epollWait: (epoll: number, events: bigint, count: number, timeoutMs: number) => {
      const fault = faultOf();
      if (fault === FAULTS.throws) throw new Error("planted");
      while (fault === FAULTS.hangs && Atomics.load(words, FAULT_AT / 4) === 0); // until it is released
      if (fault === FAULTS.leaves) process.exit(3);
      return libc.epollWait(epoll, events, count, timeoutMs);
    },
  };
  const loop = new Loop(calls, instantiate(data.memory), {
    ...data,
    clock: () => performance.now(),
  });
  try {
    parentPort.postMessage(loop.run());
  } catch (error) {
    parentPort.postMessage(error);
  } finally {
    loop.close();
  }
}
