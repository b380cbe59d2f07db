// Tunnel switching: the frames of a session go on in another one, to its peer and with its ids. They
// are never opened: what is no IP packet, and what is no PPP frame at all, goes on like the rest.
//
// The header is written over the one that the datagram had, which is spent, where it has as many
// octets or more. So datagrams of a GRO buffer that go on to one peer stay neighbours, and become one
// vector and one message (messages.ts). L is set, or left out where there is room in place without it
// alone (RFC 2661 3.1). A header that needs more octets than there were, as Ns is added, lies in the
// arena: in front of a datagram are the last octets of its neighbour, which is not sent yet. P and
// Offset Size are not passed on: they concern one hop.
//
// What goes from one session to the other is the work of the owner of the one that it comes from, and
// nobody else's: so are the number of the next message, and counters of what is sent, in the record
// of the other. Frames of a session go on in their order, as they are one pair of hosts for messages.
//
// The outer header tells what the network has met: its ECN goes on to the next one, where the end of
// the last tunnel combines it with the packet inside (RFC 6040). Its DSCP is that of one network and
// does not (RFC 2983): it is that of the other session (RFC 3308), or 0.

import { putU16, read32, read64, readShared32, readShared64, write32, write64 } from "../bytes";
import {
  COUNT_UP_NO_PARTNER,
  HEADER_SIZE,
  HEADERS_SIZE,
  IOVEC_SIZE,
  SESSION_FLAGS,
  SESSION_NS,
  SESSION_PARTNER,
  SESSION_PREFIX,
  SESSION_SWITCHED,
  WORKER_BASE,
  WORKER_DOWN_HEADERS,
  WORKER_HEADER,
  WORKER_SEND_HEADERS,
  WORKER_UP_ECN,
  WRITE_RESERVE,
} from "../layout";
import {
  BIT_LENGTH,
  BIT_SEQUENCE,
  HEADER_PAYLOAD_AT,
  HEADER_PAYLOAD_LENGTH,
  L2TP_VERSION,
} from "../records";
import { countDrops, countSwitched } from "./counters";
import { markOf } from "./ecn";
import {
  addFrames,
  areMessagesFull,
  lengthen,
  messageFor,
  nextVector,
  pairOfAll,
  roomOf,
} from "./messages";
import { isNumbered, NUMBERS } from "./prefix";
import { liveSession, sessionAt } from "./sessions";
import { setVector } from "./vectors";

/** Octets of the header with L, and what Length takes of it. */
const HEADER: u32 = 8;
const LENGTH_SIZE: u32 = 2;
/** What one has of the arena. */
const HEADER_TAKEN: u32 = 16;
/** The Tunnel ID and Session ID of the peer in the session's prefix. */
const PREFIX_IDS: u32 = 4;
/** The first octets of a header with L alone, as they are stored. */
const FRONT: u64 = ((L2TP_VERSION as u64) << 8) | ((BIT_LENGTH as u64) >> 8);
const LENGTH_SHIFT: u64 = 16;
const IDS_SHIFT: u64 = 32;
const GENERATION_SHIFT: u64 = 32;

export function isSwitched(session: usize): bool {
  return (readShared32(session + SESSION_FLAGS) & SESSION_SWITCHED) !== 0;
}

/** The record in which frames of this session go on, 0 when there is none, or none any more. */
export function partnerOf(session: usize): usize {
  const told = readShared64(session + SESSION_PARTNER);
  const index = liveSession(<u32>told, <u32>(told >> GENERATION_SHIFT));
  return index === 0 ? 0 : sessionAt(index);
}

/** Whether a further frame may find no message, or its header no room. */
export function isSwitchFull(worker: usize): bool {
  const headers = read32(worker + WORKER_DOWN_HEADERS);
  return areMessagesFull(worker) || headers > HEADERS_SIZE - WRITE_RESERVE * HEADER_SIZE;
}

/**
 * Switches the datagram of `size` octets at `datagram` that the record of the region describes, and
 * those of the `left` octets from there on that have the same header; returns how many octets are
 * done.
 */
export function switchDatagrams(
  worker: usize,
  session: usize,
  datagram: usize,
  size: u32,
  left: u32,
): u32 {
  const header = worker + WORKER_HEADER;
  const room = read32(header + HEADER_PAYLOAD_AT);
  const length = read32(header + HEADER_PAYLOAD_LENGTH);
  const to = partnerOf(session);
  const isAlike = room === HEADER && room + length === size && to !== 0 && !isNumbered(to);
  if (isAlike) return switchAlike(worker, session, to, datagram, size, left);
  switchFrame(worker, session, datagram + room, length, room);
  return size;
}

/** Datagrams with L alone, which keep their length and stay neighbours. */
function switchAlike(
  worker: usize,
  session: usize,
  to: usize,
  datagram: usize,
  size: u32,
  left: u32,
): u32 {
  const before = read64(datagram);
  const ids: u64 = read32(to + SESSION_PREFIX + PREFIX_IDS);
  const after = FRONT | ((<u64>bswap<u16>(<u16>size)) << LENGTH_SHIFT) | (ids << IDS_SHIFT);
  const pair = pairOfAll(worker, to);
  const end = datagram + left - size;
  let at = datagram;
  let frames: u32 = 0;
  let isMore = true;
  do {
    const message = messageFor(worker, to, pair, size, tosOf(worker, to));
    const start = at;
    // One by itself, as most are that the kernel has not merged, asks for no division.
    const room = at < end ? roomOf(worker, message, size) : 1;
    let taken: u32 = 0;
    while (taken !== room && isMore) {
      write64(at, after);
      at += size;
      taken++;
      isMore = at <= end && read64(at) === before;
    }
    const vectors = lengthen(worker, message, start, <u32>(at - start));
    addFrames(worker, message, pair, taken, size, vectors);
    frames += taken;
  } while (isMore && !areMessagesFull(worker));
  const done = <u32>(at - datagram);
  countSwitched(worker, session, to, frames, done - frames * HEADER);
  return done;
}

/** Switches the PPP frame of `length` octets at `frame`; `room` octets in front of it are spent. */
export function switchFrame(
  worker: usize,
  session: usize,
  frame: usize,
  length: u32,
  room: u32,
): void {
  const to = partnerOf(session);
  if (to === 0) {
    countDrops(worker, COUNT_UP_NO_PARTNER, session, 1);
    return;
  }
  const numbers = isNumbered(to) ? NUMBERS : 0;
  const whole = HEADER + numbers;
  const header = room < whole && room >= whole - LENGTH_SIZE ? whole - LENGTH_SIZE : whole;
  const octets = header + length;
  const pair = pairOfAll(worker, to);
  const message = messageFor(worker, to, pair, octets, tosOf(worker, to));
  let vectors: usize = 0;
  if (header <= room) {
    const start = frame - header;
    writeHeader(to, start, header === whole, numbers !== 0, octets);
    vectors = lengthen(worker, message, start, octets);
  } else {
    const start = takeHeader(worker);
    writeHeader(to, start, true, numbers !== 0, octets);
    const vector = nextVector(worker, message);
    const base = read64(worker + WORKER_BASE);
    setVector(vector, base, start, header);
    setVector(vector + IOVEC_SIZE, base, frame, length);
    vectors = vector + 2 * IOVEC_SIZE;
  }
  addFrames(worker, message, pair, 1, octets, vectors);
  countSwitched(worker, session, to, 1, length);
}

function tosOf(worker: usize, to: usize): u32 {
  return markOf(to) | read32(worker + WORKER_UP_ECN);
}

/** Room for a header in the arena. */
function takeHeader(worker: usize): usize {
  const taken = read32(worker + WORKER_DOWN_HEADERS);
  write32(worker + WORKER_DOWN_HEADERS, taken + HEADER_TAKEN);
  return worker + WORKER_SEND_HEADERS + taken;
}

function writeHeader(to: usize, at: usize, hasLength: bool, hasNs: bool, octets: u32): void {
  const bits = L2TP_VERSION | (hasLength ? BIT_LENGTH : 0) | (hasNs ? BIT_SEQUENCE : 0);
  putU16(at, bits);
  let p = at + 2;
  if (hasLength) {
    putU16(p, octets);
    p += LENGTH_SIZE;
  }
  write32(p, read32(to + SESSION_PREFIX + PREFIX_IDS));
  if (!hasNs) return;
  const ns = read32(to + SESSION_NS);
  write32(p + 4, 0); // Nr is reserved in data messages
  putU16(p + 4, ns);
  write32(to + SESSION_NS, ns + 1);
}
