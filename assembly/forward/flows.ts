// The flow table of one call of decapsulate: which write a flow was last put into. Slots carry the
// number of their call, so that none has to be cleared. A flow that is pushed out, or whose hash
// another one has too, merely begins a new write: what is joined is compared as a whole first.

import { read32, read64, write32 } from "../bytes";
import {
  BARRIER_CALL,
  BARRIER_COUNT,
  BARRIER_SIZE,
  BARRIER_WRITE,
  FLOW_CALL,
  FLOW_COUNT,
  FLOW_HASH,
  FLOW_PROBES,
  FLOW_SIZE,
  FLOW_WRITE,
  SESSION_SIZE,
  WORKER_BARRIERS,
  WORKER_FLOWS,
  WORKER_UP_CALL,
  WORKER_UP_WRITES,
} from "../layout";

/** The best bits of a multiplicative hash are the uppermost: FLOW_COUNT of them are the index. */
const TOP: u32 = 22;

/** No write is here. */
export const NO_WRITE: u32 = 0xffffffff;

/** Hash of session, addresses and ports of a packet whose transport header is at `transport`. */
export function flowHash(session: usize, at: usize, transport: usize, isIpv6: bool): u32 {
  let mixed: u64 = ((<u64>session) << 32) | read32(transport);
  if (isIpv6) {
    mixed = mixed * 3 + read64(at + 8) + read64(at + 24);
    mixed = (mixed ^ (mixed >> 29)) + read64(at + 16) * 5 + read64(at + 32) * 7;
  } else {
    mixed ^= read64(at + 12);
  }
  mixed *= (0x9e3779b9 << 32) | 0x7f4a7c15; // Knuth's multiplicative hash
  return <u32>(mixed >> 32);
}

/** The slot of the flow with this hash, or one that it may take. */
export function flowSlot(worker: usize, hash: u32): usize {
  const call = read32(worker + WORKER_UP_CALL);
  let slot: usize = 0;
  for (let probe: u32 = 0; probe < FLOW_PROBES; probe++) {
    slot = worker + WORKER_FLOWS + (((hash >> TOP) + probe) & (FLOW_COUNT - 1)) * FLOW_SIZE;
    if (read32(slot + FLOW_CALL) !== call) return slot;
    if (read32(slot + FLOW_HASH) === hash) return slot;
  }
  return slot;
}

/** The write in a slot, NO_WRITE when it belongs to another flow or another call. */
export function flowWrite(worker: usize, slot: usize, hash: u32): u32 {
  if (read32(slot + FLOW_CALL) !== read32(worker + WORKER_UP_CALL)) return NO_WRITE;
  if (read32(slot + FLOW_HASH) !== hash) return NO_WRITE;
  const write = read32(slot + FLOW_WRITE);
  return write < read32(worker + WORKER_UP_WRITES) ? write : NO_WRITE;
}

export function setFlow(worker: usize, slot: usize, hash: u32, write: u32): void {
  write32(slot + FLOW_CALL, read32(worker + WORKER_UP_CALL));
  write32(slot + FLOW_HASH, hash);
  write32(slot + FLOW_WRITE, write);
}

/** No packet of the session, or of one with the same slot, joins a write before `write`. */
export function setBarrier(worker: usize, session: usize, write: u32): void {
  const barrier = barrierAt(worker, session);
  write32(barrier + BARRIER_CALL, read32(worker + WORKER_UP_CALL));
  write32(barrier + BARRIER_WRITE, write);
}

export function isBarred(worker: usize, session: usize, write: u32): bool {
  const barrier = barrierAt(worker, session);
  return (
    read32(barrier + BARRIER_CALL) === read32(worker + WORKER_UP_CALL) &&
    write < read32(barrier + BARRIER_WRITE)
  );
}

function barrierAt(worker: usize, session: usize): usize {
  return worker + WORKER_BARRIERS + ((session / SESSION_SIZE) % BARRIER_COUNT) * BARRIER_SIZE;
}
