// Rings with one producer and one consumer: PPP frames that a worker punts to the control thread,
// and frames that the control thread injects for a worker to send.

import { read32, readShared32, writeShared32 } from "../bytes";
import {
  ENTRY_GENERATION,
  ENTRY_SESSION,
  RING_COUNT,
  RING_ENTRIES,
  RING_HEAD,
  RING_TAIL,
  SESSION_COUNT,
  SESSION_GENERATION,
  SLOT_SIZE,
} from "../layout";
import { sessionAt } from "./sessions";

export function entryAt(ring: usize, position: u32): usize {
  return ring + RING_ENTRIES + (position % RING_COUNT) * SLOT_SIZE;
}

/** Entries that wait; never more than the ring holds, whatever the memory says. */
export function pending(ring: usize): u32 {
  const used = readShared32(ring + RING_HEAD) - readShared32(ring + RING_TAIL);
  return used > RING_COUNT ? 0 : used;
}

export function isFull(ring: usize): bool {
  return readShared32(ring + RING_HEAD) - readShared32(ring + RING_TAIL) >= RING_COUNT;
}

export function head(ring: usize): u32 {
  return readShared32(ring + RING_HEAD);
}

export function tail(ring: usize): u32 {
  return readShared32(ring + RING_TAIL);
}

export function publish(ring: usize): void {
  writeShared32(ring + RING_HEAD, head(ring) + 1);
}

export function release(ring: usize, entries: u32): void {
  writeShared32(ring + RING_TAIL, tail(ring) + entries);
}

/** The session record that an entry is for, 0 when the record was reused since. */
export function entrySession(entry: usize): usize {
  const index = read32(entry + ENTRY_SESSION);
  if (index === 0 || index > SESSION_COUNT) return 0;
  const record = sessionAt(index);
  const generation = read32(record + SESSION_GENERATION);
  return generation === read32(entry + ENTRY_GENERATION) ? record : 0;
}
