// A thread that runs the fast path, both ways and over the rings, while another one changes the memory
// under its hands. Inputs are those that fuzzing has kept.
import { parentPort, workerData } from "node:worker_threads";
import * as layout from "../../../assembly/layout.ts";
import { readCorpus } from "../corpus.ts";
import { Upward } from "../wasm/decapsulate.ts";
import { Downward } from "../wasm/encapsulate.ts";
import type { Area } from "../wasm/guards.ts";
import { Output } from "../wasm/output.ts";
import { Rings } from "../wasm/rings.ts";
import { World } from "../wasm/world.ts";

export interface RunnerData {
  readonly stop: Int32Array;
}

/** Buffers that the inputs use, and octets of each. */
const BUFFERS = 24;
const BUFFER = 4_096;
const ENTRIES = 8;

const { stop } = workerData as RunnerData;
const world = new World(["assembly/"], []);
const up = new Upward(world, new Output(world, true), true);
const down = new Downward(world, new Output(world, true), true);
const rings = new Rings(world, true);
const inputs = [
  ...readCorpus("wasm-decapsulate").map((input) => () => up.run(input)),
  ...readCorpus("wasm-encapsulate").map((input) => () => down.run(input)),
  ...readCorpus("wasm-rings").map((input) => () => rings.run(input)),
];
parentPort?.postMessage({ memory: world.memory, areas: attacked() });
let runs = 0;
while (Atomics.load(stop, 0) === 0) inputs[runs++ % inputs.length]?.();
parentPort?.postMessage(runs);

/** What packets, entries of rings, and what is copied of records, lie in. */
function attacked(): Area[] {
  const { worker } = world;
  const size = (at: number, octets: number) => ({ at, end: at + octets });
  const received = layout.WORKER_RECEIVE + layout.RECEIVE_BUFFERS;
  const read = layout.WORKER_READ + layout.BUFFER_HEADROOM - layout.VIRTIO_SIZE;
  const buffers = [received, read].flatMap((first) =>
    Array.from({ length: BUFFERS }, (_, i) =>
      size(worker + first + i * layout.BUFFER_SIZE, BUFFER),
    ),
  );
  const rings = [layout.WORKER_PUNT, layout.WORKER_INJECT, layout.WORKER_HANDED];
  const entries = rings.flatMap((ring) =>
    Array.from({ length: ENTRIES }, (_, i) =>
      size(worker + ring + layout.RING_ENTRIES + i * layout.SLOT_SIZE, layout.SLOT_SIZE),
    ),
  );
  const handovers = Array.from(
    { length: layout.PRODUCER_COUNT },
    (_, producer) => layout.WORKER_HANDOVERS + producer * layout.HANDOVER_SIZE,
  );
  const octets = handovers.map((ring) => size(worker + ring + layout.HANDOVER_OCTETS, 2 * BUFFER));
  const ends = [...rings, ...handovers].flatMap((ring) => [
    size(worker + ring + layout.RING_HEAD, 4),
    size(worker + ring + layout.RING_TAIL, 4),
  ]);
  const records = world.sessions.flatMap(({ index }) => {
    const record = layout.SESSION_RECORDS + index * layout.SESSION_SIZE;
    return [
      size(record + layout.SESSION_ADDRESS, layout.SESSION_FLAGS - layout.SESSION_ADDRESS),
      size(record + layout.SESSION_NAME_LENGTH, 8 + layout.SESSION_NAME_MAX),
      size(record + layout.SESSION_CONTROL, layout.SESSION_CONTROL_MAX),
      size(record + layout.SESSION_PREFIX_NUMBERED, layout.SESSION_PREFIX_MAX),
    ];
  });
  const routes = size(layout.ROUTE_RECORDS + layout.ROUTE_SIZE, 16 * layout.ROUTE_SIZE);
  return [...buffers, ...entries, ...octets, ...ends, ...records, routes];
}
