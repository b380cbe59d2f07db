// The pool of a worker: slots for frames that wait. Slot 0 is none. A slot that is given back keeps
// its octets until the next one is taken: until then they may be sent.

import { read32, write32 } from "../bytes";
import {
  POOL_COUNT,
  POOL_NEXT,
  SLOT_SIZE,
  WORKER_INDEX,
  WORKER_POOL,
  WORKER_POOL_EPOCH,
  WORKER_POOL_FREE,
  WORKER_POOL_USED,
  WORKERS_MAX,
} from "../layout";

/** Within the pool, whatever stood in the link. */
export function slotAt(worker: usize, slot: u32): usize {
  return worker + WORKER_POOL + (slot > POOL_COUNT ? 0 : slot) * SLOT_SIZE;
}

/** A slot that nobody has, 0 when there is none. */
export function takeSlot(worker: usize): u32 {
  const free = read32(worker + WORKER_POOL_FREE);
  if (free !== 0 && free <= POOL_COUNT) {
    write32(worker + WORKER_POOL_FREE, read32(slotAt(worker, free) + POOL_NEXT));
    return free;
  }
  const used = read32(worker + WORKER_POOL_USED);
  if (used >= POOL_COUNT) return 0;
  write32(worker + WORKER_POOL_USED, used + 1);
  return used + 1;
}

export function giveSlot(worker: usize, slot: u32): void {
  write32(slotAt(worker, slot) + POOL_NEXT, read32(worker + WORKER_POOL_FREE));
  write32(worker + WORKER_POOL_FREE, slot);
}

/** The pool begins anew: what waits in it is forgotten. */
export function resetPool(worker: usize): void {
  write32(worker + WORKER_POOL_FREE, 0);
  write32(worker + WORKER_POOL_USED, 0);
  write32(worker + WORKER_POOL_EPOCH, read32(worker + WORKER_POOL_EPOCH) + 1);
}

/** Tells the pools of all workers and times apart. */
export function poolEpoch(worker: usize): u32 {
  return read32(worker + WORKER_POOL_EPOCH) * WORKERS_MAX + read32(worker + WORKER_INDEX) + 1;
}
