// Frames of peers that came before their turn, in slots of the worker. A slot is in two lists: that
// of its session, by Ns, and that of the worker, by age, which is how long each may stay.
//
// All of it is the worker's that owns the session; the session's record says only which slot is
// first, and is believed when that slot says the same: whatever became of the record, or of another
// worker that had the session before, a list begins empty then. Owners change while no worker runs
// and none holds anything.
//
// What is taken out may be on its way to a device until the next call: a slot is used again after it.

import { read32, read64, write32, write64 } from "../bytes";
import {
  HELD_AT,
  HELD_CAPACITY,
  HELD_ECN,
  HELD_FRAME,
  HELD_GENERATION,
  HELD_LENGTH,
  HELD_NEXT,
  HELD_NS,
  HELD_OLDER,
  HELD_SESSION,
  HELD_YOUNGER,
  HOLD_COUNT,
  REORDER_WINDOW,
  SESSION_GENERATION,
  SESSION_HELD,
  SLOT_SIZE,
  WORKER_HELD,
  WORKER_HELD_FREE,
  WORKER_HELD_OLDEST,
  WORKER_HELD_SPENT,
  WORKER_HELD_USED,
  WORKER_HELD_YOUNGEST,
  WORKER_HOLD,
  WORKER_UP_ECN,
} from "../layout";
import { sessionAt } from "./sessions";
import { timeNow } from "./tokens";

export const HELD: u32 = 0;
export const HELD_ALREADY: u32 = 1;
export const NO_ROOM: u32 = 2;

const NS_MASK: u32 = 0xffff;
const NS_HALF: u32 = 0x8000;

/** Whether Ns `a` comes before `b`, of numbers that begin anew at 65536 (RFC 2661 5.4). */
export function isBefore(a: u32, b: u32): bool {
  return ((a - b) & NS_MASK) >= NS_HALF;
}

/** Within the slots, whatever stood in the link. */
export function heldAt(worker: usize, slot: u32): usize {
  return worker + WORKER_HOLD + (slot > HOLD_COUNT ? 0 : slot) * SLOT_SIZE;
}

export function isAnyHeld(worker: usize): bool {
  return read32(worker + WORKER_HELD) !== 0;
}

/** The slot that has been held for longest, 0 for none. */
export function oldestHeld(worker: usize): u32 {
  const slot = read32(worker + WORKER_HELD_OLDEST);
  return slot > HOLD_COUNT ? 0 : slot;
}

/** The session's slot with the first Ns, 0 for none. */
export function firstHeld(worker: usize, index: u32): u32 {
  return ownSlot(worker, index, read32(sessionAt(index) + SESSION_HELD));
}

function ownSlot(worker: usize, index: u32, slot: u32): u32 {
  if (slot === 0 || slot > read32(worker + WORKER_HELD_USED)) return 0;
  const held = heldAt(worker, slot);
  const isOwn =
    read32(held + HELD_SESSION) === index &&
    read32(held + HELD_GENERATION) === read32(sessionAt(index) + SESSION_GENERATION);
  return isOwn ? slot : 0;
}

/** Copies a frame; HELD, or why it was not. */
export function hold(worker: usize, index: u32, ns: u32, frame: usize, length: u32): u32 {
  let before: u32 = 0;
  let next = firstHeld(worker, index);
  for (let passed: u32 = 0; next !== 0 && passed < REORDER_WINDOW; passed++) {
    const other = read32(heldAt(worker, next) + HELD_NS);
    if (other === ns) return HELD_ALREADY;
    if (isBefore(ns, other)) break;
    before = next;
    next = ownSlot(worker, index, read32(heldAt(worker, next) + HELD_NEXT));
  }
  const slot = length > HELD_CAPACITY ? 0 : takeSlot(worker);
  if (slot === 0) return NO_ROOM;
  const session = sessionAt(index);
  const held = heldAt(worker, slot);
  write32(held + HELD_NEXT, next);
  write32(held + HELD_SESSION, index);
  write32(held + HELD_GENERATION, read32(session + SESSION_GENERATION));
  write32(held + HELD_NS, ns);
  write32(held + HELD_LENGTH, length);
  write32(held + HELD_ECN, read32(worker + WORKER_UP_ECN));
  write64(held + HELD_AT, timeNow(worker));
  memory.copy(held + HELD_FRAME, frame, length);
  if (before === 0) write32(session + SESSION_HELD, slot);
  else write32(heldAt(worker, before) + HELD_NEXT, slot);
  appendYoungest(worker, slot, held);
  return HELD;
}

/** Microseconds since a slot was filled. */
export function heldFor(worker: usize, slot: u32): u64 {
  return timeNow(worker) - read64(heldAt(worker, slot) + HELD_AT);
}

/** Takes out the first slot of a session. Its octets stay until the next call. */
export function takeFirst(worker: usize, index: u32, slot: u32): void {
  write32(sessionAt(index) + SESSION_HELD, read32(heldAt(worker, slot) + HELD_NEXT));
  discard(worker, slot);
}

/** Takes out a slot, whatever list of a session it is in. */
export function discard(worker: usize, slot: u32): void {
  const held = heldAt(worker, slot);
  const older = read32(held + HELD_OLDER);
  const younger = read32(held + HELD_YOUNGER);
  if (older === 0) write32(worker + WORKER_HELD_OLDEST, younger);
  else write32(heldAt(worker, older) + HELD_YOUNGER, younger);
  if (younger === 0) write32(worker + WORKER_HELD_YOUNGEST, older);
  else write32(heldAt(worker, younger) + HELD_OLDER, older);
  write32(held + HELD_SESSION, 0);
  write32(held + HELD_NEXT, read32(worker + WORKER_HELD_SPENT));
  write32(worker + WORKER_HELD_SPENT, slot);
  write32(worker + WORKER_HELD, read32(worker + WORKER_HELD) - 1);
}

function appendYoungest(worker: usize, slot: u32, held: usize): void {
  const older = read32(worker + WORKER_HELD_YOUNGEST);
  write32(held + HELD_OLDER, older);
  write32(held + HELD_YOUNGER, 0);
  if (older === 0) write32(worker + WORKER_HELD_OLDEST, slot);
  else write32(heldAt(worker, older) + HELD_YOUNGER, slot);
  write32(worker + WORKER_HELD_YOUNGEST, slot);
  write32(worker + WORKER_HELD, read32(worker + WORKER_HELD) + 1);
}

/** A slot that nobody has, 0 when there is none. */
function takeSlot(worker: usize): u32 {
  const free = read32(worker + WORKER_HELD_FREE);
  if (free !== 0 && free <= HOLD_COUNT) {
    write32(worker + WORKER_HELD_FREE, read32(heldAt(worker, free) + HELD_NEXT));
    return free;
  }
  const used = read32(worker + WORKER_HELD_USED);
  if (used >= HOLD_COUNT) return 0;
  write32(worker + WORKER_HELD_USED, used + 1);
  return used + 1;
}

/** What was taken out in the last call has been written: its slots may be used again. */
export function reuseSlots(worker: usize): void {
  let slot = read32(worker + WORKER_HELD_SPENT);
  if (slot === 0) return;
  write32(worker + WORKER_HELD_SPENT, 0);
  for (let given: u32 = 0; slot !== 0 && given < HOLD_COUNT; given++) {
    const held = heldAt(worker, slot);
    const next = read32(held + HELD_NEXT);
    write32(held + HELD_NEXT, read32(worker + WORKER_HELD_FREE));
    write32(worker + WORKER_HELD_FREE, slot);
    slot = next;
  }
}

/** Nothing is held, and no slot has ever been used. */
export function resetHold(worker: usize): void {
  write32(worker + WORKER_HELD, 0);
  write32(worker + WORKER_HELD_FREE, 0);
  write32(worker + WORKER_HELD_USED, 0);
  write32(worker + WORKER_HELD_SPENT, 0);
  write32(worker + WORKER_HELD_OLDEST, 0);
  write32(worker + WORKER_HELD_YOUNGEST, 0);
}
