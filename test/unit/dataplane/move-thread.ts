// A worker thread that sends the packet in its region over and over until the stop word is set. It
// tells how often the message was for each of the two names, and how often for neither.
import { parentPort, workerData } from "node:worker_threads";
import * as layout from "../../../assembly/layout.ts";
import { instantiate } from "../../../src/dataplane/memory.ts";

interface Data {
  readonly memory: WebAssembly.Memory;
  readonly worker: number;
  /** First eight octets of each name. */
  readonly words: readonly bigint[];
}

const { memory, worker, words } = workerData as Data;
const forwarding = instantiate(memory);
const stop = new Int32Array(memory.buffer, layout.CONTROL_STOP, 1);
const name = new BigUint64Array(
  memory.buffer,
  worker + layout.WORKER_SEND + layout.SEND_NAMES,
  layout.SOCKADDR_MAX / 8,
);
// What is sent is written over the virtio header that it was read with.
const virtioAt = worker + layout.WORKER_READ + layout.BUFFER_HEADROOM - layout.VIRTIO_SIZE;
const virtio = new Uint8Array(memory.buffer, virtioAt, layout.VIRTIO_SIZE);
const sent = words.map(() => 0);
let torn = 0;
parentPort?.postMessage("running");
while (Atomics.load(stop, 0) === 0) {
  for (let n = 0; n < 1_000; n++) {
    virtio.fill(0);
    if (forwarding.encapsulate(worker, 0, 1) !== 1) torn++;
    const to = words.indexOf(name[0] ?? 0n);
    if (to < 0) torn++;
    else sent[to] = (sent[to] ?? 0) + 1;
  }
}
parentPort?.postMessage({ sent, torn });
