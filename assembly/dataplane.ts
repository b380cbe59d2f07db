// dataplane.wasm: the codec and the forwarding path over memory that is shared by the control
// thread, the workers and the kernel. Every instance works on state whose address is passed in.

import { write32, write64 } from "./bytes";
import { encapsulate, inject, layoutReadVectors, releaseInjected } from "./forward/encapsulate";
import { layoutMessages } from "./forward/messages";
import { layoutBatch, layoutReceive } from "./forward/vectors";
import { WORKER_BASE, WORKER_INJECT_SEND, WORKER_OFFLOADS } from "./layout";

export * from "./codec";
export { decapsulate } from "./forward/decapsulate";
export { plain } from "./forward/plain";
export { insertRoute, removeRoute } from "./forward/routes";
export { insertSession, removeSession } from "./forward/sessions";
export { insertSubnet, removeSubnet } from "./forward/subnets";
export { resetReceive, resetReceived } from "./forward/vectors";
export { encapsulate, inject, layoutBatch, releaseInjected };

/**
 * Prepares the region of a worker; `base` is the address of this memory in the process, `offloads`
 * are OFFLOAD_ bits: what its devices and its socket can do.
 */
export function layoutWorker(worker: usize, base: u64, offloads: u32): void {
  write64(worker + WORKER_BASE, base);
  write32(worker + WORKER_OFFLOADS, offloads);
  layoutReceive(worker);
  layoutBatch(worker + WORKER_INJECT_SEND, base);
  layoutReadVectors(worker);
  layoutMessages(worker);
}
