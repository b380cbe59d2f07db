// The shaper: a session with a rate gets no more than that. A packet goes at once while the bucket has
// tokens and nobody waits; else it waits in a queue, at most QUEUE_SHARE of a second and FRAMES_MAX
// frames of the session together. Frames of a super-packet are charged one by one.
//
// What waits is the packet alone, copied. Prefix and Ns are written when it goes, in the order in
// which it goes.

import { getU8, read32, read64, write32, write64 } from "../bytes";
import {
  COUNT_DOWN_FRAGMENTED,
  COUNT_DOWN_NOT_OPEN,
  COUNT_DOWN_POOL_FULL,
  COUNT_DOWN_SHAPED,
  IOVEC_BASE,
  IOVEC_LENGTH,
  IOVEC_SIZE,
  POOL_LENGTH,
  POOL_PACKET,
  QUEUE_HEAD,
  SESSION_COUNT,
  SESSION_FLAGS,
  SESSION_GENERATION,
  SESSION_MTU,
  SESSION_SHAPE_RATE,
  SESSION_SHAPED,
  SESSION_STATE_FREE,
  SHAPER_AT,
  SHAPER_EPOCH,
  SHAPER_FRAMES,
  SHAPER_GENERATION,
  SHAPER_IS_WAITING,
  SHAPER_QUEUED,
  SHAPER_TOKENS,
  SLOT_CAPACITY,
  WHEEL_COUNT,
  WORKER_BASE,
  WORKER_RELEASE_REST,
  WORKER_WAITING,
  WORKER_WHEEL_TICK,
} from "../layout";
import { count, countDrops, countSent, countTooBig } from "./counters";
import { outerTos } from "./ecn";
import { countFragments, sendFragments } from "./fragment";
import {
  addFrames,
  beginMessages,
  messageFor,
  NO_MESSAGE,
  nextVector,
  pairOf,
  sealMessages,
} from "./messages";
import { poolEpoch, slotAt, takeSlot } from "./pool";
import { numberPrefix, prefixLength, writePrefix, writeProtocol } from "./prefix";
import { append, clearQueues, dropLongest, nextQueue, queueOf, removeHead } from "./queues";
import { indexOf, sessionAt, sessionState } from "./sessions";
import { refilled, timeNow, tokensOf, untilPaid } from "./tokens";
import { setVector } from "./vectors";
import { shaperAt, takeDue, tickOf, wait } from "./wheel";

const FRAMES_MAX: u32 = 64;
/** A tenth of a second may wait, and at the slowest rates two packets of the usual size. */
const QUEUE_SHARE: u32 = 10;
const QUEUE_MIN: u32 = 3_000;
/** A hundredth of a second goes at once: more than what is due between two looks at the wheel. */
const BURST_SHARE: u32 = 100;
const BURST_MIN: u32 = 3_000;
/** What a session has not got while this thread did not run is made up for, so far, when frames wait. */
const STALL_SHARE: u32 = 20;

export function isShaped(session: usize): bool {
  return (read32(session + SESSION_FLAGS) & SESSION_SHAPED) !== 0;
}

/** The state of a session; what another one has left in it is cleared. */
function shaperOf(worker: usize, session: usize): usize {
  const shaper = shaperAt(indexOf(session));
  const epoch = poolEpoch(worker);
  const generation = read32(session + SESSION_GENERATION);
  if (read32(shaper + SHAPER_EPOCH) !== epoch) {
    clearQueues(shaper); // its frames are gone with their pool
    write32(shaper + SHAPER_IS_WAITING, 0);
  } else if (read32(shaper + SHAPER_GENERATION) === generation) {
    return shaper;
  } else {
    dropAll(worker, shaper);
  }
  write32(shaper + SHAPER_EPOCH, epoch);
  write32(shaper + SHAPER_GENERATION, generation);
  write64(shaper + SHAPER_TOKENS, 0);
  write64(shaper + SHAPER_AT, 0);
  return shaper;
}

/** Frames whose session is gone are no session's drops. */
function dropAll(worker: usize, shaper: usize): void {
  for (let frame: u32 = 0; frame < FRAMES_MAX && dropLongest(worker, shaper); frame++) {
    countDrops(worker, COUNT_DOWN_NOT_OPEN, 0, 1);
  }
  clearQueues(shaper);
}

function refill(worker: usize, session: usize, shaper: usize): i64 {
  const rate = read32(session + SESSION_SHAPE_RATE);
  const now = timeNow(worker);
  const share = read32(shaper + SHAPER_FRAMES) === 0 ? BURST_SHARE : STALL_SHARE;
  const burst = max(rate / share, BURST_MIN);
  const before = <i64>read64(shaper + SHAPER_TOKENS);
  const tokens = refilled(before, read64(shaper + SHAPER_AT), now, rate, burst);
  write64(shaper + SHAPER_TOKENS, tokens);
  write64(shaper + SHAPER_AT, now);
  return tokens;
}

/** How many of `frames` packets of `octets` each may go now; the last one may leave a debt. */
export function allowed(worker: usize, session: usize, octets: u32, frames: u32): u32 {
  const shaper = shaperOf(worker, session);
  if (read32(shaper + SHAPER_FRAMES) !== 0) return 0;
  const tokens = refill(worker, session, shaper);
  if (tokens <= 0) return 0;
  const each = tokensOf(octets);
  return <u32>min(<i64>frames, (tokens + each - 1) / each);
}

export function charge(session: usize, octets: u32, frames: u32): void {
  const shaper = shaperAt(indexOf(session));
  const tokens = <i64>read64(shaper + SHAPER_TOKENS) - tokensOf(octets) * frames;
  write64(shaper + SHAPER_TOKENS, tokens);
}

/**
 * Room for a packet of `octets` that has to wait, in the queue of its flow, whose headers are at
 * `like`: where it is to be written, 0 when it is dropped, which is counted.
 */
export function enqueue(worker: usize, session: usize, like: usize, octets: u32): usize {
  const shaper = shaperOf(worker, session);
  const rate = read32(session + SESSION_SHAPE_RATE);
  const most = max(rate / QUEUE_SHARE, QUEUE_MIN);
  let dropped: u32 = 0;
  while (
    read32(shaper + SHAPER_FRAMES) >= FRAMES_MAX ||
    read32(shaper + SHAPER_QUEUED) + octets > most
  ) {
    if (dropped++ === FRAMES_MAX || !dropLongest(worker, shaper)) {
      clearQueues(shaper); // no queue is as long as that
      break;
    }
    countDrops(worker, COUNT_DOWN_SHAPED, session, 1);
  }
  const slot = octets > SLOT_CAPACITY ? 0 : takeSlot(worker);
  if (slot === 0) {
    countDrops(worker, COUNT_DOWN_POOL_FULL, session, 1);
    return 0;
  }
  append(worker, shaper, queueOf(shaper, like), slot, octets);
  waitForTokens(worker, session, shaper);
  return slotAt(worker, slot) + POOL_PACKET;
}

/** Copies what the vectors up to `end` point at. */
export function copyPieces(worker: usize, to: usize, vectors: usize, end: usize): void {
  const base = read64(worker + WORKER_BASE);
  let at = to;
  for (let vector = vectors; vector < end; vector += IOVEC_SIZE) {
    const octets = <u32>read64(vector + IOVEC_LENGTH);
    memory.copy(at, <usize>(read64(vector + IOVEC_BASE) - base), octets);
    at += octets;
  }
}

function waitForTokens(worker: usize, session: usize, shaper: usize): void {
  const now = timeNow(worker);
  const rate = read32(session + SESSION_SHAPE_RATE);
  const wanted = now + untilPaid(<i64>read64(shaper + SHAPER_TOKENS), rate);
  const tick = tickOf(now);
  wait(worker, indexOf(session), tick, max(tickOf(wanted), tick) + 1);
}

/**
 * Makes messages of the frames whose time has come; returns how many are to be sent. While
 * WORKER_RELEASE_REST is not 0 there is more: to be called again after they were.
 */
export function release(worker: usize): u32 {
  beginMessages(worker);
  write32(worker + WORKER_RELEASE_REST, 0);
  const now = tickOf(timeNow(worker));
  const last = read32(worker + WORKER_WHEEL_TICK);
  const ticks = min(now - last, WHEEL_COUNT);
  return turn(worker, now - ticks, now, false);
}

/** Makes messages of all frames that wait, whatever their time: their sessions change the owner. */
export function flush(worker: usize): u32 {
  beginMessages(worker);
  write32(worker + WORKER_RELEASE_REST, 0);
  const last = read32(worker + WORKER_WHEEL_TICK);
  return turn(worker, last, last + WHEEL_COUNT, true);
}

/** Turns the wheel from `last` to `now`. */
function turn(worker: usize, last: u32, now: u32, isAll: bool): u32 {
  // Who is put back in this turn is not taken again in it.
  let left = min(read32(worker + WORKER_WAITING), SESSION_COUNT);
  let tick = last;
  while (tick !== now && left !== 0) {
    const index = takeDue(worker, tick + 1);
    if (index === 0) {
      tick++;
      continue;
    }
    left--;
    if (send(worker, index, isAll)) continue;
    write32(worker + WORKER_WHEEL_TICK, tick);
    wait(worker, index, tick, tick + 1);
    write32(worker + WORKER_RELEASE_REST, 1);
    return sealMessages(worker);
  }
  if (!isAll) write32(worker + WORKER_WHEEL_TICK, now);
  return sealMessages(worker);
}

/** Sends what a session's tokens allow; false when messages are used up. */
function send(worker: usize, index: u32, isAll: bool): bool {
  const session = sessionAt(index);
  const shaper = shaperOf(worker, session);
  if (sessionState(session) === SESSION_STATE_FREE) {
    dropAll(worker, shaper);
    return true;
  }
  const isFree = isAll || !isShaped(session);
  let tokens = refill(worker, session, shaper);
  let sent: u32 = 0;
  while ((isFree || tokens > 0) && read32(shaper + SHAPER_FRAMES) !== 0) {
    const queue = nextQueue(shaper);
    if (queue === 0 || sent++ === FRAMES_MAX) {
      clearQueues(shaper); // the links do not hold what is counted
      return true;
    }
    const slot = slotAt(worker, read32(queue + QUEUE_HEAD));
    const octets = min(read32(slot + POOL_LENGTH), SLOT_CAPACITY);
    if (!sendPacket(worker, session, slot + POOL_PACKET, octets)) return false;
    removeHead(worker, shaper, queue);
    tokens -= tokensOf(octets);
    write64(shaper + SHAPER_TOKENS, tokens);
  }
  if (read32(shaper + SHAPER_FRAMES) !== 0) waitForTokens(worker, session, shaper);
  return true;
}

/** Makes a frame of the packet at `at`, or fragments; false when messages are used up. */
function sendPacket(worker: usize, session: usize, at: usize, octets: u32): bool {
  const mtu = read32(session + SESSION_MTU);
  if (octets > mtu) return sendLarge(worker, session, mtu, at, octets);
  const version = getU8(at) >> 4;
  const prefix = prefixLength(session);
  const pair = pairOf(worker, session, at, version);
  const message = messageFor(worker, session, pair, prefix + octets, outerTos(session, at));
  if (message === NO_MESSAGE) return false;
  writePrefix(session, at, prefix);
  writeProtocol(at, version);
  numberPrefix(session, at, prefix, octets);
  const vector = nextVector(worker, message);
  setVector(vector, read64(worker + WORKER_BASE), at - prefix, prefix + octets);
  addFrames(worker, message, pair, 1, prefix + octets, vector + IOVEC_SIZE);
  countSent(worker, session, 1, octets);
  return true;
}

/** What exceeds the MTU was let in to be cut; the MTU may have become another one since. */
function sendLarge(worker: usize, session: usize, mtu: u32, at: usize, octets: u32): bool {
  const fragments = countFragments(mtu, at, octets);
  if (fragments === 0) {
    countTooBig(worker, session, 1);
    return true;
  }
  if (!sendFragments(worker, session, mtu, at, octets, fragments)) return false;
  count(worker, COUNT_DOWN_FRAGMENTED);
  return true;
}
