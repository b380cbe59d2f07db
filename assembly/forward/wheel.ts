// The timing wheel of a worker: sessions whose frames wait, in buckets of a millisecond. A turn looks at
// the buckets of the time that has passed and at nothing else.

import { read32, write32 } from "../bytes";
import {
  SESSION_COUNT,
  SHAPER_IS_WAITING,
  SHAPER_NEXT,
  SHAPER_SIZE,
  SHAPERS,
  WHEEL_COUNT,
  WORKER_WAITING,
  WORKER_WHEEL,
  WORKER_WHEEL_TICK,
} from "../layout";

const MICROSECONDS: u64 = 1_000;

export function shaperAt(index: u32): usize {
  return SHAPERS + index * SHAPER_SIZE;
}

export function tickOf(microseconds: u64): u32 {
  return <u32>(microseconds / MICROSECONDS);
}

function bucketAt(worker: usize, tick: u32): usize {
  return worker + WORKER_WHEEL + (tick & (WHEEL_COUNT - 1)) * 4;
}

/** Puts a session into the bucket of `due`, or into the last one when that is too far away. */
export function wait(worker: usize, index: u32, now: u32, due: u32): void {
  const shaper = shaperAt(index);
  if (read32(shaper + SHAPER_IS_WAITING) !== 0) return;
  const waiting = read32(worker + WORKER_WAITING);
  if (waiting === 0) write32(worker + WORKER_WHEEL_TICK, now);
  const first = read32(worker + WORKER_WHEEL_TICK) + 1;
  const bucket = bucketAt(worker, first + min(due - first, WHEEL_COUNT - 2));
  write32(shaper + SHAPER_NEXT, read32(bucket));
  write32(shaper + SHAPER_IS_WAITING, 1);
  write32(bucket, index);
  write32(worker + WORKER_WAITING, waiting + 1);
}

/** Takes a session out of the bucket of `tick`; 0 when it is empty. */
export function takeDue(worker: usize, tick: u32): u32 {
  const bucket = bucketAt(worker, tick);
  const index = read32(bucket);
  const waiting = read32(worker + WORKER_WAITING);
  if (index === 0 || index > SESSION_COUNT || waiting === 0) {
    write32(bucket, 0);
    return 0;
  }
  const shaper = shaperAt(index);
  write32(bucket, read32(shaper + SHAPER_NEXT));
  write32(shaper + SHAPER_IS_WAITING, 0);
  write32(worker + WORKER_WAITING, waiting - 1);
  return index;
}

/** The wheel begins anew: nobody waits. */
export function resetWheel(worker: usize): void {
  memory.fill(worker + WORKER_WHEEL, 0, WHEEL_COUNT * 4);
  write32(worker + WORKER_WAITING, 0);
}
