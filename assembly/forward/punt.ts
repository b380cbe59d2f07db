// What is the control thread's: PPP frames that are no IP packets, and control messages that have come
// with data. They are copied into rings of their own.

import { read32, write32 } from "../bytes";
import {
  COUNT_UP_CONTROL,
  COUNT_UP_CONTROL_FULL,
  COUNT_UP_PUNT_FULL,
  COUNT_UP_PUNTED,
  COUNT_UP_TRUNCATED,
  ENTRY_FRAME,
  ENTRY_GENERATION,
  ENTRY_LENGTH,
  ENTRY_NAME,
  ENTRY_SESSION,
  SESSION_DROPS,
  SESSION_GENERATION,
  SLOT_CAPACITY,
  SOCKADDR_MAX,
  WORKER_HANDED,
  WORKER_PUNT,
  WORKER_PUNTED,
} from "../layout";
import { count, countDrop } from "./counters";
import { entryAt, head, isFull, publish } from "./ring";
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

/** Copies a PPP frame into the punt ring. */
export function punt(worker: usize, index: u32, at: usize, length: u32): void {
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
  const entry = entryAt(ring, head(ring));
  write32(entry + ENTRY_SESSION, index);
  write32(entry + ENTRY_GENERATION, read32(session + SESSION_GENERATION));
  write32(entry + ENTRY_LENGTH, length);
  memory.copy(entry + ENTRY_FRAME, at, length);
  publish(ring);
  write32(worker + WORKER_PUNTED, read32(worker + WORKER_PUNTED) + 1);
  count(worker, COUNT_UP_PUNTED);
}
