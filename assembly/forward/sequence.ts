// The order of data messages (RFC 2661 5.4), where the peer has asked for sequencing: frames go on by
// their Ns, each once.
//
//   1. What is due goes at once, and what was held behind it.
//   2. What is less than REORDER_WINDOW ahead is held, HOLD_US at most: then what is missing is given
//      up. What is further ahead gives up what is a window behind it, and so does a frame that there
//      is no room for: no frame is lost by waiting.
//   3. What is behind was given up, or has come already: it is dropped. A long run of frames far
//      behind is a peer that counts anew, and its numbers hold from then on.
//
// A session holds less than REORDER_WINDOW frames, since all are within the window, and one datagram
// makes no more writes than that: WRITE_RESERVE.

import { read32, write32 } from "../bytes";
import {
  COUNT_UP_HELD,
  COUNT_UP_LATE,
  COUNT_UP_NO_SESSION,
  HELD_CAPACITY,
  HELD_ECN,
  HELD_FRAME,
  HELD_GENERATION,
  HELD_LENGTH,
  HELD_NS,
  HELD_ROOM,
  HELD_SESSION,
  HOLD_COUNT,
  REORDER_WINDOW,
  SESSION_EXPECTED,
  SESSION_FLAGS,
  SESSION_LATE,
  SESSION_REORDER,
  SESSION_STATE_FREE,
  WORKER_FRAME,
  WORKER_UP_ECN,
  WORKER_UP_REST,
} from "../layout";
import { parseFrame } from "../ppp/frame";
import { STATUS_OK } from "../records";
import { count, countDrops } from "./counters";
import { beginDeliveries, deliverFrame, isOutputFull, sealOutput } from "./deliver";
import {
  discard,
  firstHeld,
  HELD,
  HELD_ALREADY,
  heldAt,
  heldFor,
  hold,
  isBefore,
  oldestHeld,
  takeFirst,
} from "./hold";
import { liveSession, sessionAt, sessionState } from "./sessions";
import { isSwitched } from "./switch";

/** Longer than paths of one flow differ; shorter than a sender waits before it sends again. */
const HOLD_US: u64 = 50_000;
const NS_MASK: u32 = 0xffff;
/** A copy that a network makes comes sooner than so many frames later. */
const RESTART_DISTANCE: u32 = 1024;
const RESTART_RUN: u32 = 16;
const RUN_SHIFT: u32 = 16;

export function isOrdered(session: usize): bool {
  return (read32(session + SESSION_FLAGS) & SESSION_REORDER) !== 0;
}

/** Takes a frame with Ns to where its turn is; `room` octets in front of it are spent. */
export function deliverInOrder(
  worker: usize,
  index: u32,
  ns: u32,
  frame: usize,
  length: u32,
  room: u32,
): void {
  const session = sessionAt(index);
  if (isBefore(ns, expected(session))) {
    if (!isRestart(session, ns)) {
      countDrops(worker, COUNT_UP_LATE, session, 1);
      return;
    }
    deliverHeld(worker, index);
    expect(session, ns);
  }
  if (ns !== expected(session)) {
    const first = (ns - (REORDER_WINDOW - 1)) & NS_MASK;
    if (isBefore(expected(session), first)) giveUp(worker, index, first);
  }
  if (ns !== expected(session)) {
    const result = hold(worker, index, ns, frame, length);
    if (result === HELD) count(worker, COUNT_UP_HELD);
    if (result === HELD_ALREADY) countDrops(worker, COUNT_UP_LATE, session, 1);
    if (result === HELD || result === HELD_ALREADY) return;
    giveUp(worker, index, ns);
  }
  expect(session, ns + 1);
  // What went before it has used the record.
  deliver(worker, index, frame, length, room);
  deliverDue(worker, index);
}

function deliver(worker: usize, index: u32, frame: usize, length: u32, room: u32): void {
  const isDescribed =
    isSwitched(sessionAt(index)) || parseFrame(frame, length, worker + WORKER_FRAME) === STATUS_OK;
  if (isDescribed) deliverFrame(worker, index, frame, length, room);
}

/** All that a session holds, in order: nothing more is waited for. */
export function deliverHeld(worker: usize, index: u32): void {
  for (let frame: u32 = 0; frame < REORDER_WINDOW; frame++) {
    const slot = firstHeld(worker, index);
    if (slot === 0) return;
    deliverSlot(worker, index, slot);
  }
}

/**
 * Delivers what was held for HOLD_US, or all that is held; returns how many writes there are. When
 * they were too few, WORKER_UP_REST is not 0: call again once they are written.
 */
export function releaseHeld(worker: usize, isAll: bool): u32 {
  beginDeliveries(worker);
  write32(worker + WORKER_UP_REST, 0);
  for (let left: u32 = HOLD_COUNT; left !== 0; left--) {
    const slot = oldestHeld(worker);
    if (slot === 0 || (!isAll && heldFor(worker, slot) < HOLD_US)) break;
    if (isOutputFull(worker)) {
      write32(worker + WORKER_UP_REST, 1);
      break;
    }
    release(worker, slot);
  }
  return sealOutput(worker);
}

/** What is missing before this slot is given up. A session that is gone gets nothing more. */
function release(worker: usize, slot: u32): void {
  const held = heldAt(worker, slot);
  const index = liveSession(read32(held + HELD_SESSION), read32(held + HELD_GENERATION));
  if (index !== 0 && sessionState(sessionAt(index)) !== SESSION_STATE_FREE) {
    giveUp(worker, index, (read32(held + HELD_NS) + 1) & NS_MASK);
  }
  if (oldestHeld(worker) !== slot) return;
  discard(worker, slot);
  countDrops(worker, COUNT_UP_NO_SESSION, 0, 1);
}

/** Nothing before `ns` is waited for: what is held of that goes, and what is due then. */
function giveUp(worker: usize, index: u32, ns: u32): void {
  for (let frame: u32 = 0; frame < REORDER_WINDOW; frame++) {
    const slot = firstHeld(worker, index);
    if (slot === 0 || !isBefore(read32(heldAt(worker, slot) + HELD_NS), ns)) break;
    deliverSlot(worker, index, slot);
  }
  expect(sessionAt(index), ns);
  deliverDue(worker, index);
}

function deliverDue(worker: usize, index: u32): void {
  const session = sessionAt(index);
  for (let frame: u32 = 0; frame < REORDER_WINDOW; frame++) {
    const slot = firstHeld(worker, index);
    if (slot === 0 || read32(heldAt(worker, slot) + HELD_NS) !== expected(session)) return;
    deliverSlot(worker, index, slot);
  }
}

/** Delivers the first slot of a session; what comes behind it is expected next. */
function deliverSlot(worker: usize, index: u32, slot: u32): void {
  const held = heldAt(worker, slot);
  const length = min(read32(held + HELD_LENGTH), HELD_CAPACITY);
  expect(sessionAt(index), read32(held + HELD_NS) + 1);
  takeFirst(worker, index, slot);
  const ecn = read32(worker + WORKER_UP_ECN);
  write32(worker + WORKER_UP_ECN, read32(held + HELD_ECN));
  deliver(worker, index, held + HELD_FRAME, length, HELD_ROOM);
  write32(worker + WORKER_UP_ECN, ecn);
}

function expected(session: usize): u32 {
  return read32(session + SESSION_EXPECTED);
}

function expect(session: usize, ns: u32): void {
  write32(session + SESSION_EXPECTED, ns & NS_MASK);
  write32(session + SESSION_LATE, 0);
}

/** Whether this late frame ends a run of them, one behind the other, far from what is expected. */
function isRestart(session: usize, ns: u32): bool {
  if (((expected(session) - ns) & NS_MASK) <= RESTART_DISTANCE) return false;
  const late = read32(session + SESSION_LATE);
  const run = late !== 0 && (late & NS_MASK) === ns ? (late >> RUN_SHIFT) + 1 : 1;
  write32(session + SESSION_LATE, (run << RUN_SHIFT) | ((ns + 1) & NS_MASK));
  return run >= RESTART_RUN;
}
