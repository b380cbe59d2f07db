// A thread that flips bits of a memory that others work on, until it is told to stop.
import { parentPort, workerData } from "node:worker_threads";
import { PacketRandom } from "../../reference/packets.ts";
import type { Area } from "../wasm/guards.ts";

export interface AttackerData {
  readonly memory: WebAssembly.Memory;
  readonly areas: readonly Area[];
  readonly stop: Int32Array;
  readonly seed: number;
}

/** Most flips hit the front of an area: headers of packets, heads of entries. */
const FRONT = 96;
const BURST = 1_024;

const { memory, areas, stop, seed } = workerData as AttackerData;
const octets = new Uint8Array(memory.buffer);
const random = new PacketRandom(seed);
let flips = 0;
while (Atomics.load(stop, 0) === 0) {
  for (let left = BURST; left > 0; left--) {
    const area = areas[random.below(areas.length)];
    if (area === undefined) continue;
    const length = area.end - area.at;
    const within = random.below(random.chance(90) ? Math.min(FRONT, length) : length);
    Atomics.xor(octets, area.at + within, 1 << random.below(8));
  }
  flips += BURST;
}
parentPort?.postMessage(flips);
