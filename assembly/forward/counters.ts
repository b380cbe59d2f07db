// Counters belong to one worker, which is their only writer; others read them at any time.

import { read64, write64 } from "../bytes";
import { WORKER_COUNTERS } from "../layout";

export function count(worker: usize, counter: u32): void {
  add(worker + WORKER_COUNTERS + counter * 8, 1);
}

/** Counts a drop for the worker and for the session that it befell. */
export function countDrop(worker: usize, counter: u32, drops: usize): void {
  count(worker, counter);
  add(drops, 1);
}

export function add(at: usize, amount: u64): void {
  write64(at, read64(at) + amount);
}
