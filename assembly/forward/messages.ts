// Messages: what one call of encapsulate or decapsulate has for the data socket, one of sendmmsg each.
// Frames of one length and one TOS for one tunnel share a message, whatever session they are of, and
// the kernel cuts it again (UDP_SEGMENT); its last frame may be shorter.
//
// Order: messages leave in the order of their index. A frame joins none before the message that its
// host pair was last added to, so packets between two hosts never overtake one another. In a
// session whose messages are numbered all packets count as one pair. A slot that two pairs share
// only makes the rule stricter: the later of their messages stands in it.
//
// Slots carry the number of their call, so that none has to be cleared; whatever stands in one of
// another call, the message itself is compared.

import { read16, read32, read64, readShared64, write16, write32, write64 } from "../bytes";
import {
  IOVEC_BASE,
  IOVEC_LENGTH,
  IOVEC_SIZE,
  MESSAGE_CONTROL_LENGTH,
  MESSAGE_CONTROL_SIZE,
  MESSAGE_COUNT,
  MESSAGE_IS_OPEN,
  MESSAGE_LENGTH,
  MESSAGE_OCTETS_MAX,
  MESSAGE_SEGMENT,
  MESSAGE_SEGMENTS,
  MESSAGE_SIZE,
  MESSAGE_TOS,
  MESSAGE_TUNNEL,
  MESSAGE_VECTOR_COUNT,
  MESSAGE_VECTORS,
  MMSGHDR_CONTROL,
  MMSGHDR_CONTROL_LENGTH,
  MMSGHDR_FLAGS,
  MMSGHDR_NAME,
  MMSGHDR_NAME_LENGTH,
  MMSGHDR_SIZE,
  MMSGHDR_VECTOR,
  MMSGHDR_VECTOR_COUNT,
  OFFLOAD_GSO,
  OPEN_CALL,
  OPEN_COUNT,
  OPEN_KEY,
  OPEN_MESSAGE,
  OPEN_PROBES,
  OPEN_SIZE,
  PAIR_CALL,
  PAIR_COUNT,
  PAIR_MESSAGE,
  PAIR_SIZE,
  SEGMENTS_MAX,
  SEND_CONTROLS,
  SEND_HEADERS,
  SEND_MESSAGES,
  SEND_NAMES,
  SESSION_KEY,
  SESSION_NAME,
  SESSION_NAME_LENGTH,
  SOCKADDR_MAX,
  WORKER_BASE,
  WORKER_DOWN_CALL,
  WORKER_DOWN_HEADERS,
  WORKER_DOWN_MESSAGES,
  WORKER_LIMITS,
  WORKER_OFFLOADS,
  WORKER_OPEN,
  WORKER_PAIRS,
  WORKER_SEND,
  WRITE_RESERVE,
} from "../layout";
import { alignedControl, writeControl } from "./ecn";
import { isNumbered } from "./prefix";
import { copyName, setVector } from "./vectors";

/** No message takes it: they are all in use. */
export const NO_MESSAGE: u32 = 0xffffffff;

const CMSG_LEVEL_TYPE: u32 = 8;
const CMSG_DATA: u32 = 16;
const CMSG_SEGMENT_LENGTH: u64 = 18; // header and a u16
const CMSG_SEGMENT_SPACE: u32 = 24;
const SOL_UDP: u64 = 17;
const UDP_SEGMENT: u64 = 103;
const VERSION_6: u32 = 6;
/** The best bits of a multiplicative hash are the uppermost: PAIR_COUNT, OPEN_COUNT are the index. */
const PAIR_TOP: u64 = 54;
const OPEN_TOP: u32 = 23;

export function messageAt(worker: usize, index: u32): usize {
  return worker + WORKER_SEND + SEND_MESSAGES + index * MESSAGE_SIZE;
}

export function headerAt(worker: usize, index: u32): usize {
  return worker + WORKER_SEND + SEND_HEADERS + index * MMSGHDR_SIZE;
}

function nameAt(worker: usize, index: u32): usize {
  return worker + WORKER_SEND + SEND_NAMES + index * SOCKADDR_MAX;
}

function controlAt(worker: usize, index: u32): usize {
  return worker + WORKER_SEND + SEND_CONTROLS + index * MESSAGE_CONTROL_SIZE;
}

/** Points each message at its own name, vectors and control; they stay so. */
export function layoutMessages(worker: usize): void {
  const base = read64(worker + WORKER_BASE);
  for (let i: u32 = 0; i < MESSAGE_COUNT; i++) {
    const header = headerAt(worker, i);
    write64(header + MMSGHDR_NAME, base + <u64>nameAt(worker, i));
    write64(header + MMSGHDR_VECTOR, base + <u64>(messageAt(worker, i) + MESSAGE_VECTORS));
    write64(header + MMSGHDR_CONTROL, base + <u64>controlAt(worker, i));
    write32(header + MMSGHDR_FLAGS, 0);
  }
}

/** A new call: no message, no header is taken. */
export function beginMessages(worker: usize): void {
  write32(worker + WORKER_DOWN_CALL, read32(worker + WORKER_DOWN_CALL) + 1);
  write32(worker + WORKER_DOWN_MESSAGES, 0);
  write32(worker + WORKER_DOWN_HEADERS, 0);
}

export function areMessagesFull(worker: usize): bool {
  return read32(worker + WORKER_DOWN_MESSAGES) > MESSAGE_COUNT - WRITE_RESERVE;
}

/** The slot of the two hosts of the packet at `at`. */
export function pairOf(worker: usize, session: usize, at: usize, version: u32): usize {
  let mixed: u64 = session;
  if (!isNumbered(session)) {
    if (version === VERSION_6) {
      mixed = read64(at + 8) + read64(at + 24) * 3;
      mixed = (mixed ^ (mixed >> 29)) + read64(at + 16) * 5 + read64(at + 32) * 7;
    } else {
      mixed = read64(at + 12);
    }
  }
  return slotOfPair(worker, mixed);
}

/** The slot of all packets of a session, whose order is kept as a whole. */
export function pairOfAll(worker: usize, session: usize): usize {
  return slotOfPair(worker, session);
}

function slotOfPair(worker: usize, pair: u64): usize {
  const mixed = pair * ((0x9e3779b9 << 32) | 0x7f4a7c15); // Knuth's multiplicative hash
  return worker + WORKER_PAIRS + (<u32>(mixed >> PAIR_TOP) & (PAIR_COUNT - 1)) * PAIR_SIZE;
}

/**
 * Index of the message that takes a frame of `octets`, carried with `tos`; it has room for one at
 * least.
 */
export function messageFor(worker: usize, session: usize, pair: usize, octets: u32, tos: u32): u32 {
  const tunnel = read32(session + SESSION_KEY) >> 16;
  if ((read32(worker + WORKER_OFFLOADS) & OFFLOAD_GSO) === 0) {
    return begin(worker, session, tunnel, octets, 0, tos);
  }
  const peer = readShared64(session + SESSION_NAME);
  // The last message of all is behind every other, so no pair's order speaks against it.
  const newest = read32(worker + WORKER_DOWN_MESSAGES) - 1;
  if (takesEqual(worker, newest, tunnel, peer, octets, tos)) return newest;
  const call = read32(worker + WORKER_DOWN_CALL);
  const hasPair = read32(pair + PAIR_CALL) === call;
  const last = hasPair ? read32(pair + PAIR_MESSAGE) : 0;
  const key = (tunnel << 16) | octets;
  const slot = openSlot(worker, call, key);
  if (read32(slot + OPEN_CALL) === call && read32(slot + OPEN_KEY) === key) {
    const found = read32(slot + OPEN_MESSAGE);
    if (found >= last && takes(worker, found, tunnel, peer, octets, tos)) return found;
  }
  // A shorter frame ends the message of its pair, where it would have to begin one otherwise.
  if (hasPair && takes(worker, last, tunnel, peer, octets, tos)) return last;
  const limit = read16(worker + WORKER_LIMITS + tunnel * 2);
  if (limit !== 0 && octets > limit) return begin(worker, session, tunnel, octets, 0, tos);
  const index = begin(worker, session, tunnel, octets, 1, tos);
  write32(slot + OPEN_CALL, call);
  write32(slot + OPEN_MESSAGE, index);
  write32(slot + OPEN_KEY, key);
  return index;
}

/** The slot with this key, or one that it may take. */
function openSlot(worker: usize, call: u32, key: u32): usize {
  const first = (key * 0x9e3779b1) >> OPEN_TOP;
  let slot: usize = 0;
  for (let probe: u32 = 0; probe < OPEN_PROBES; probe++) {
    slot = worker + WORKER_OPEN + ((first + probe) & (OPEN_COUNT - 1)) * OPEN_SIZE;
    if (read32(slot + OPEN_CALL) !== call || read32(slot + OPEN_KEY) === key) return slot;
  }
  return slot;
}

/** Whether a message takes a frame that does not end it. */
function takesEqual(
  worker: usize,
  index: u32,
  tunnel: u32,
  peer: u64,
  octets: u32,
  tos: u32,
): bool {
  return (
    takes(worker, index, tunnel, peer, octets, tos) &&
    read32(messageAt(worker, index) + MESSAGE_SEGMENT) === octets
  );
}

function takes(worker: usize, index: u32, tunnel: u32, peer: u64, octets: u32, tos: u32): bool {
  if (index >= read32(worker + WORKER_DOWN_MESSAGES)) return false;
  const message = messageAt(worker, index);
  return (
    read32(message + MESSAGE_IS_OPEN) !== 0 &&
    read32(message + MESSAGE_SEGMENT) >= octets &&
    read32(message + MESSAGE_TUNNEL) === tunnel &&
    read32(message + MESSAGE_TOS) === tos &&
    read64(nameAt(worker, index)) === peer
  );
}

/** The name is copied: the kernel must not read it while the peer's port changes. */
function begin(
  worker: usize,
  session: usize,
  tunnel: u32,
  octets: u32,
  isOpen: u32,
  tos: u32,
): u32 {
  const index = read32(worker + WORKER_DOWN_MESSAGES);
  if (index >= MESSAGE_COUNT) return NO_MESSAGE;
  write32(worker + WORKER_DOWN_MESSAGES, index + 1);
  const message = messageAt(worker, index);
  write32(message + MESSAGE_SEGMENTS, 0);
  write32(message + MESSAGE_SEGMENT, octets);
  write32(message + MESSAGE_LENGTH, 0);
  write32(message + MESSAGE_IS_OPEN, isOpen);
  write32(message + MESSAGE_TUNNEL, tunnel);
  write32(message + MESSAGE_VECTOR_COUNT, 0);
  write32(message + MESSAGE_TOS, tos);
  const nameLength = min(read32(session + SESSION_NAME_LENGTH), SOCKADDR_MAX);
  write32(headerAt(worker, index) + MMSGHDR_NAME_LENGTH, nameLength);
  copyName(nameAt(worker, index), session + SESSION_NAME);
  const control = writeControl(controlAt(worker, index), session, tos);
  write32(message + MESSAGE_CONTROL_LENGTH, control);
  return index;
}

/** Frames of `octets` that fit a message; at least one when it takes any. */
export function roomOf(worker: usize, index: u32, octets: u32): u32 {
  const message = messageAt(worker, index);
  const isEnd =
    read32(message + MESSAGE_IS_OPEN) === 0 || read32(message + MESSAGE_SEGMENT) > octets;
  if (isEnd) return 1;
  const left = MESSAGE_OCTETS_MAX - read32(message + MESSAGE_LENGTH);
  return max(1, min(SEGMENTS_MAX - read32(message + MESSAGE_SEGMENTS), left / octets));
}

/** Where the vectors of the next frame go. */
export function nextVector(worker: usize, index: u32): usize {
  const message = messageAt(worker, index);
  return message + MESSAGE_VECTORS + read32(message + MESSAGE_VECTOR_COUNT) * IOVEC_SIZE;
}

/**
 * Adds `octets` at `at` to a message, within its last vector where that ends there; returns where its
 * vectors end.
 */
export function lengthen(worker: usize, index: u32, at: usize, octets: u32): usize {
  const next = nextVector(worker, index);
  const base = read64(worker + WORKER_BASE);
  const last = next - IOVEC_SIZE;
  const isFirst = next === messageAt(worker, index) + MESSAGE_VECTORS;
  if (!isFirst && read64(last + IOVEC_BASE) + read64(last + IOVEC_LENGTH) === base + <u64>at) {
    write64(last + IOVEC_LENGTH, read64(last + IOVEC_LENGTH) + octets);
    return next;
  }
  setVector(next, base, at, octets);
  return next + IOVEC_SIZE;
}

/** Notes `frames` frames of `octets` each, whose vectors end before `vectorsEnd`. */
export function addFrames(
  worker: usize,
  index: u32,
  pair: usize,
  frames: u32,
  octets: u32,
  vectorsEnd: usize,
): void {
  const message = messageAt(worker, index);
  const segments = read32(message + MESSAGE_SEGMENTS) + frames;
  const length = read32(message + MESSAGE_LENGTH) + frames * octets;
  const segment = read32(message + MESSAGE_SEGMENT);
  write32(message + MESSAGE_SEGMENTS, segments);
  write32(message + MESSAGE_LENGTH, length);
  const vectors = (<u32>(vectorsEnd - message) - MESSAGE_VECTORS) / IOVEC_SIZE;
  write32(message + MESSAGE_VECTOR_COUNT, vectors);
  const isFull = segments >= SEGMENTS_MAX || length + segment > MESSAGE_OCTETS_MAX;
  if (isFull || octets < segment) write32(message + MESSAGE_IS_OPEN, 0);
  write32(pair + PAIR_CALL, read32(worker + WORKER_DOWN_CALL));
  write32(pair + PAIR_MESSAGE, index);
}

/** Completes what the kernel reads of each message; returns how many there are. */
export function sealMessages(worker: usize): u32 {
  const count = read32(worker + WORKER_DOWN_MESSAGES);
  for (let index: u32 = 0; index < count; index++) {
    const message = messageAt(worker, index);
    const header = headerAt(worker, index);
    write64(header + MMSGHDR_VECTOR_COUNT, <u64>read32(message + MESSAGE_VECTOR_COUNT));
    let controlLength = read32(message + MESSAGE_CONTROL_LENGTH);
    if (read32(message + MESSAGE_SEGMENTS) > 1) {
      controlLength = alignedControl(controlLength);
      const control = controlAt(worker, index) + controlLength;
      write64(control, CMSG_SEGMENT_LENGTH);
      write64(control + CMSG_LEVEL_TYPE, (UDP_SEGMENT << 32) | SOL_UDP);
      write16(control + CMSG_DATA, read32(message + MESSAGE_SEGMENT));
      controlLength += CMSG_SEGMENT_SPACE;
    }
    write64(header + MMSGHDR_CONTROL_LENGTH, <u64>controlLength);
  }
  return count;
}
