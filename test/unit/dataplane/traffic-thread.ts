// A worker thread under traffic: the batch that lies in its region is forwarded over and over
// until the stop word is set. It tells how often, and how often the result was another one.
import { parentPort, workerData } from "node:worker_threads";
import * as layout from "../../../assembly/layout.ts";
import { instantiate } from "../../../src/dataplane/memory.ts";

const { memory, worker } = workerData as { memory: WebAssembly.Memory; worker: number };
const forwarding = instantiate(memory);
const stop = new Int32Array(memory.buffer, layout.CONTROL_STOP, 1);
let rounds = 0;
let wrong = 0;
parentPort?.postMessage("running");
while (Atomics.load(stop, 0) === 0) {
  if (forwarding.decapsulate(worker, layout.BUFFER_COUNT) !== layout.BUFFER_COUNT) wrong++;
  rounds++;
}
parentPort?.postMessage({ rounds, wrong });
