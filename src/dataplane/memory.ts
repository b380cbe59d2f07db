/**
 * The shared memory of the data plane and dataplane.wasm over it.
 *
 * Every thread makes an instance of its own over the one memory. The module has no static data
 * and no state in globals, so a further instance changes nothing for those that run.
 *
 * @module
 */
import {
  MEMORY_SIZE,
  OFFLOAD_GSO,
  OFFLOAD_TSO,
  OFFLOAD_USO,
  OFFLOAD_VIRTIO,
  WORKER_SIZE,
  WORKERS,
} from "../../assembly/layout.ts";
import wasm from "../../build/dataplane.ts";
import { type Offloads, runs } from "../offloads.ts";

const PAGE = 65_536;
const PAGES = Math.ceil(MEMORY_SIZE / PAGE);

/** The exports of dataplane.wasm that the program calls; addresses are octets into the memory. */
export interface Forwarding {
  layoutBatch(batch: number, base: bigint): void;
  layoutWorker(worker: number, base: bigint, offloads: number): void;
  resetReceive(batch: number, count: number): void;
  resetReceived(worker: number, count: number): void;
  layoutBuffers(receive: number, base: bigint): void;
  resetBuffers(receive: number, count: number): void;
  decapsulate(worker: number, received: number): number;
  encapsulate(worker: number, network: number, packets: number): number;
  plain(worker: number, message: number, isNever: number): number;
  takeHanded(worker: number): number;
  release(worker: number): number;
  flush(worker: number): number;
  releaseHeld(worker: number, isAll: number): number;
  inject(worker: number): number;
  releaseInjected(worker: number): number;
  insertSession(index: number): number;
  removeSession(index: number): void;
  insertRoute(index: number): number;
  removeRoute(index: number): void;
  insertSubnet(index: number): number;
  insertPrefix(index: number): number;
  removePrefix(index: number): void;
  removeSubnet(index: number): void;
}

/** The size is fixed: the kernel holds addresses of it, and untouched pages cost nothing. */
export function createMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
}

export function instantiate(memory: WebAssembly.Memory): Forwarding {
  const octets = Uint8Array.from(atob(wasm), (char) => char.charCodeAt(0));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(octets), { env: { memory } });
  return instance.exports as unknown as Forwarding;
}

/** Address of the region of worker `index`. */
export function workerAt(index: number): number {
  return WORKERS + index * WORKER_SIZE;
}

/** OFFLOAD_ bits for `layoutWorker`. UDP_GRO has none: a buffer tells by itself how it is made. */
export function offloadBits(offloads: Offloads): number {
  const tso = runs(offloads, "tso") ? OFFLOAD_TSO | OFFLOAD_VIRTIO : 0;
  const uso = runs(offloads, "uso") ? OFFLOAD_USO | OFFLOAD_VIRTIO : 0;
  return tso | uso | (runs(offloads, "udp-gso") ? OFFLOAD_GSO : 0);
}
