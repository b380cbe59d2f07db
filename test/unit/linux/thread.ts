// A thread of its own with a binding of its own: tells where it finds the memory, and how often an
// error number was not that of its own calls.
import { parentPort, workerData } from "node:worker_threads";
import { ENOENT } from "../../../src/linux/errno.ts";
import { openLibc } from "../../../src/linux/ffi.ts";

const { memory, rounds = 100 } = workerData as { memory: WebAssembly.Memory; rounds?: number };
const libc = openLibc();
let wrong = 0;
for (let round = 0; round < rounds; round++) {
  if (libc.open("/nowhere/at/all", 0) !== -1 || libc.errno() !== ENOENT) wrong++;
}
parentPort?.postMessage({ base: libc.address(new Uint8Array(memory.buffer)), wrong });
