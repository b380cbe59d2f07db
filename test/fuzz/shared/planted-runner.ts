// A thread that copies as many octets as a word says which another one changes.
import { parentPort, workerData } from "node:worker_threads";
import { Guards } from "../wasm/guards.ts";
import { compileMarked } from "../wasm/module.ts";
import type { RunnerData } from "./runner.ts";

export interface PlantedData extends RunnerData {
  readonly how: "twice" | "once";
}

/** Map of the memory: a page. */
const REACHED = 64;
const LENGTH = 1_024;
const COUNT = 2_048;
const FROM = 4_096;
const TO = 8_192;
const CAPACITY = 64;
const GUARD = 512;
const FEW = 8;

const { stop, how } = workerData as PlantedData;
const entry = "test/fuzz/wasm/planted/double-fetch.ts";
const module = compileMarked({ name: "planted-shared", entry, target: "dataplane" });
const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
const reached = new WebAssembly.Global({ value: "i32" }, REACHED);
const { exports } = new WebAssembly.Instance(module, { env: { memory, reached } });
const copy = exports[how] as (length: number, from: number, to: number, count: number) => void;
const guards = new Guards(memory, [{ at: TO + CAPACITY, end: TO + CAPACITY + GUARD }]);
const words = new Uint32Array(memory.buffer);
parentPort?.postMessage({ memory, areas: [{ at: LENGTH, end: LENGTH + 4 }] });
let runs = 0;
while (Atomics.load(stop, 0) === 0) {
  words[LENGTH / 4] = FEW;
  copy(LENGTH, FROM, TO, COUNT);
  guards.check();
  runs++;
}
parentPort?.postMessage(runs);
