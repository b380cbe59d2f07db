// dataplane.wasm: the codec and the forwarding path over memory that is shared by the control
// thread, the workers and the kernel. Every instance works on state whose address is passed in.

import { write32, write64 } from "./bytes";
import { encapsulate, layoutReadVectors } from "./forward/encapsulate";
import { resetHold } from "./forward/hold";
import { layoutMessages } from "./forward/messages";
import { resetPool } from "./forward/pool";
import { layoutBatch, layoutReceive } from "./forward/vectors";
import { resetWheel } from "./forward/wheel";
import {
  REST_NONE,
  WORKER_BASE,
  WORKER_DOWN_REST,
  WORKER_ECHO_SEND,
  WORKER_INDEX,
  WORKER_INJECT_SEND,
  WORKER_OFFLOADS,
  WORKER_SIZE,
  WORKER_TO_WAKE,
  WORKER_UP_MESSAGE,
  WORKER_UP_OFFSET,
  WORKERS,
} from "./layout";

export * from "./codec";
export { decapsulate } from "./forward/decapsulate";
export { takeHanded } from "./forward/handover";
export { inject, releaseInjected } from "./forward/inject";
export { plain } from "./forward/plain";
export { insertPrefix, removePrefix } from "./forward/prefixes";
export { insertRoute, removeRoute } from "./forward/routes";
export { releaseHeld } from "./forward/sequence";
export { insertSession, removeSession } from "./forward/sessions";
export { flush, release } from "./forward/shape";
export { insertSubnet, removeSubnet } from "./forward/subnets";
export { layoutBuffers, resetBuffers, resetReceive, resetReceived } from "./forward/vectors";
export { encapsulate, layoutBatch };

/**
 * Prepares the region of a worker, also after another thread was lost in it; `base` is the address
 * of this memory in the process, `offloads` are OFFLOAD_ bits: what devices and sockets can do.
 */
export function layoutWorker(worker: usize, base: u64, offloads: u32): void {
  write64(worker + WORKER_BASE, base);
  write32(worker + WORKER_OFFLOADS, offloads);
  write32(worker + WORKER_INDEX, <u32>(worker - WORKERS) / WORKER_SIZE);
  write32(worker + WORKER_UP_MESSAGE, 0);
  write32(worker + WORKER_UP_OFFSET, 0);
  write32(worker + WORKER_DOWN_REST, REST_NONE);
  write32(worker + WORKER_TO_WAKE, 0);
  layoutReceive(worker);
  layoutBatch(worker + WORKER_INJECT_SEND, base);
  layoutBatch(worker + WORKER_ECHO_SEND, base);
  layoutReadVectors(worker);
  layoutMessages(worker);
  resetHold(worker);
  resetPool(worker);
  resetWheel(worker);
}
