// dataplane.wasm: the codec and the forwarding path over memory that is shared by the control
// thread, the workers and the kernel. Every instance works on state whose address is passed in.

import { write64 } from "./bytes";
import { encapsulate, inject, layoutReadVectors, releaseInjected } from "./forward/encapsulate";
import { layoutBatch, layoutReceive } from "./forward/vectors";
import { WORKER_BASE, WORKER_INJECT_SEND } from "./layout";

export * from "./codec";
export { decapsulate } from "./forward/decapsulate";
export { insertRoute, removeRoute } from "./forward/routes";
export { insertSession, removeSession } from "./forward/sessions";
export { insertSubnet, removeSubnet } from "./forward/subnets";
export { resetReceive, resetReceived } from "./forward/vectors";
export { encapsulate, inject, layoutBatch, releaseInjected };

/**
 * Prepares the region of a worker; `base` is the address of this memory in the process.
 * WORKER_OFFLOADS is written before.
 */
export function layoutWorker(worker: usize, base: u64): void {
  write64(worker + WORKER_BASE, base);
  layoutReceive(worker);
  layoutBatch(worker + WORKER_INJECT_SEND, base);
  layoutReadVectors(worker);
}
