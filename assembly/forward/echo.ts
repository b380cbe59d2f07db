// LCP Echo-Requests of peers (RFC 1661 5.8), answered without waking the control thread: at sixty
// thousand sessions that ask every few seconds they are most of what it would hear. Only a request as
// every peer sends it is answered here, while LCP is opened; all else is the control thread's.
// A session that asks without end is answered so often, and what it asks beyond that is dropped: no
// flood of one buys the time of all.

import { getU8, getU16, getU32, putU8, putU32, read32, write32 } from "../bytes";
import {
  BATCH_COUNT,
  COUNT_UP_ECHO,
  COUNT_UP_ECHO_SHARE,
  ECHO_ALLOWANCE,
  ECHO_GAP,
  SESSION_DROPS,
  SESSION_ECHO,
  SESSION_ECHOED,
  SESSION_FLAGS,
  SESSION_MAGIC,
  SESSION_MTU,
  SLOT_CAPACITY,
  WORKER_ECHO_SEND,
  WORKER_ECHOES,
} from "../layout";
import { count, countDrop } from "./counters";
import { addressFrame } from "./inject";
import { timeNow } from "./tokens";
import { packetAt } from "./vectors";

/** Address, Control and Protocol: LCP is never compressed (RFC 1661 6.6). */
const FRAME_FRONT: u32 = 0xff03_c021;
const FRONT: u32 = 4;
/** Code, Identifier, Length, Magic-Number. */
const ECHO_HEADER: u32 = 8;
const MICROSECONDS: u64 = 1_000;
const ECHO_REQUEST: u32 = 9;
const ECHO_REPLY: u32 = 10;

/** A new call: the replies of the last one are sent. */
export function beginEchoes(worker: usize): void {
  write32(worker + WORKER_ECHOES, 0);
}

/** Whether the LCP packet of `octets` at `at` was a request that is dealt with here. */
export function answerEcho(worker: usize, session: usize, at: usize, octets: u32): bool {
  if ((read32(session + SESSION_FLAGS) & SESSION_ECHO) === 0) return false;
  if (octets < ECHO_HEADER || getU8(at) !== ECHO_REQUEST || getU16(at + 2) !== octets) return false;
  // What is longer than the peer takes would have to be cut.
  if (octets > read32(session + SESSION_MTU) || octets > SLOT_CAPACITY - FRONT) return false;
  const magic = read32(session + SESSION_MAGIC);
  if (getU32(at + 4) === magic) return false; // a loop
  const index = read32(worker + WORKER_ECHOES);
  if (index >= BATCH_COUNT) return false;
  if (!charge(worker, session)) {
    countDrop(worker, COUNT_UP_ECHO_SHARE, session + SESSION_DROPS);
    return true;
  }
  write32(worker + WORKER_ECHOES, index + 1);
  const batch = worker + WORKER_ECHO_SEND;
  const frame = packetAt(batch, index);
  const reply = frame + FRONT;
  putU32(frame, FRAME_FRONT);
  memory.copy(reply, at, octets);
  putU8(reply, ECHO_REPLY);
  putU32(reply + 4, magic);
  addressFrame(worker, batch, index, session, frame, FRONT + octets);
  count(worker, COUNT_UP_ECHO);
  return true;
}

/** Charges a reply to the time that the session has; false when there is none left. */
function charge(worker: usize, session: usize): bool {
  const now = <u32>(timeNow(worker) / MICROSECONDS);
  const owed = read32(session + SESSION_ECHOED) - now;
  // More than there can be is a time long past: the difference goes round.
  const left: u32 = owed > ECHO_ALLOWANCE ? 0 : owed;
  if (left + ECHO_GAP > ECHO_ALLOWANCE) return false;
  write32(session + SESSION_ECHOED, now + left + ECHO_GAP);
  return true;
}
