// What is the control thread's: PPP frames that are no IP packets, and control messages that have come
// with data. They are copied into rings of their own.

import { read32, readShared32, write32 } from "../bytes";
import {
  COUNT_UP_CONTROL,
  COUNT_UP_CONTROL_FULL,
  COUNT_UP_PUNT_FULL,
  COUNT_UP_PUNT_SHARE,
  COUNT_UP_PUNTED,
  COUNT_UP_TRUNCATED,
  ENTRY_FRAME,
  ENTRY_GENERATION,
  ENTRY_LENGTH,
  ENTRY_NAME,
  ENTRY_SESSION,
  PUNT_SHARE,
  RING_COUNT,
  SESSION_DROPS,
  SESSION_GENERATION,
  SESSION_PUNTED,
  SESSION_TAKEN,
  SLOT_CAPACITY,
  SOCKADDR_MAX,
  WORKER_HANDED,
  WORKER_PUNT,
  WORKER_PUNTED,
} from "../layout";
import { count, countDrop } from "./counters";
import { entryAt, head, isFull, pending, publish } from "./ring";
import { sessionAt } from "./sessions";
import { receivedNameAt } from "./vectors";

/**
 * A control message that the kernel has merged with data of its peer (UDP_GRO looks at no T bit) is
 * the control thread's. Its sender's address goes with it.
 */
export function handOver(worker: usize, message: u32, at: usize, length: u32): void {
  const ring = worker + WORKER_HANDED;
  if (isFull(ring) || length > SLOT_CAPACITY) {
    count(worker, COUNT_UP_CONTROL_FULL);
    return;
  }
  const entry = entryAt(ring, head(ring));
  write32(entry + ENTRY_LENGTH, length);
  memory.copy(entry + ENTRY_NAME, receivedNameAt(worker, message), SOCKADDR_MAX);
  memory.copy(entry + ENTRY_FRAME, at, length);
  publish(ring);
  write32(worker + WORKER_PUNTED, read32(worker + WORKER_PUNTED) + 1);
  count(worker, COUNT_UP_CONTROL);
}

/** Copies a PPP frame into the punt ring, as far as its session has room there. */
export function punt(worker: usize, index: u32, at: usize, length: u32): void {
  const ring = worker + WORKER_PUNT;
  puntWithin(worker, index, at, length, shareOf(ring));
}

/** The same of what concerns the link alone: half the room, so that LCP is heard. */
export function puntOnLink(worker: usize, index: u32, at: usize, length: u32): void {
  const ring = worker + WORKER_PUNT;
  puntWithin(worker, index, at, length, shareOf(ring) / 2);
}

function shareOf(ring: usize): u32 {
  return max((RING_COUNT - pending(ring)) / PUNT_SHARE, 1);
}

/** Frames of the session that nobody has taken; below 0 when a worker was lost in between. */
function waiting(session: usize): i32 {
  return <i32>(read32(session + SESSION_PUNTED) - readShared32(session + SESSION_TAKEN));
}

function puntWithin(worker: usize, index: u32, at: usize, length: u32, share: u32): void {
  const ring = worker + WORKER_PUNT;
  const session = sessionAt(index);
  if (length > SLOT_CAPACITY) {
    countDrop(worker, COUNT_UP_TRUNCATED, session + SESSION_DROPS);
    return;
  }
  if (isFull(ring)) {
    countDrop(worker, COUNT_UP_PUNT_FULL, session + SESSION_DROPS);
    return;
  }
  if (waiting(session) >= <i32>share) {
    countDrop(worker, COUNT_UP_PUNT_SHARE, session + SESSION_DROPS);
    return;
  }
  const entry = entryAt(ring, head(ring));
  write32(entry + ENTRY_SESSION, index);
  write32(entry + ENTRY_GENERATION, read32(session + SESSION_GENERATION));
  write32(entry + ENTRY_LENGTH, length);
  memory.copy(entry + ENTRY_FRAME, at, length);
  publish(ring);
  write32(session + SESSION_PUNTED, read32(session + SESSION_PUNTED) + 1);
  write32(worker + WORKER_PUNTED, read32(worker + WORKER_PUNTED) + 1);
  count(worker, COUNT_UP_PUNTED);
}
