// What is left when the kernel refuses a message with UDP_SEGMENT: a frame with its headers exceeds
// the path MTU (EINVAL, since Linux 6.13 EMSGSIZE), or the path encrypts (EIO). The same frames go
// one by one, fragmented where they have to be, and such frames are not packed again for a while.

import { read16, read32, read64, write16, write32, write64 } from "../bytes";
import {
  IOVEC_BASE,
  IOVEC_LENGTH,
  IOVEC_SIZE,
  MESSAGE_CONTROL_LENGTH,
  MESSAGE_SEGMENT,
  MESSAGE_SEGMENTS,
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
  SEGMENTS_MAX,
  WORKER_BASE,
  WORKER_DOWN_MESSAGES,
  WORKER_LIMITS,
  WORKER_PLAIN,
  WORKER_PLAIN_VECTORS,
} from "../layout";
import { headerAt, messageAt } from "./messages";

/** No frame is as short: nothing is packed. */
const LIMIT_NEVER: u32 = 1;

/**
 * Lays the frames of message `index` as messages of their own at WORKER_PLAIN; returns how many.
 * Frames as long are not packed for that tunnel any more; none at all when `isNever` is not 0.
 */
export function plain(worker: usize, index: u32, isNever: u32): u32 {
  if (index >= read32(worker + WORKER_DOWN_MESSAGES)) return 0;
  const message = messageAt(worker, index);
  const segment = read32(message + MESSAGE_SEGMENT);
  limit(worker, read32(message + MESSAGE_TUNNEL), isNever !== 0 ? LIMIT_NEVER : segment - 1);
  const frames = min(read32(message + MESSAGE_SEGMENTS), SEGMENTS_MAX);
  const controlLength = <u64>read32(message + MESSAGE_CONTROL_LENGTH);
  const vectors = worker + WORKER_PLAIN_VECTORS;
  const end = message + MESSAGE_VECTORS + read32(message + MESSAGE_VECTOR_COUNT) * IOVEC_SIZE;
  let vector = message + MESSAGE_VECTORS;
  let to = vectors;
  let taken: u64 = 0; // of the octets of the vector
  for (let i: u32 = 0; i < frames; i++) {
    const first = to;
    // A frame is within a vector, or has vectors of its own; the last frame has what is left.
    for (let left: u64 = segment; left !== 0 && vector < end; to += IOVEC_SIZE) {
      const octets = min(left, read64(vector + IOVEC_LENGTH) - taken);
      write64(to + IOVEC_BASE, read64(vector + IOVEC_BASE) + taken);
      write64(to + IOVEC_LENGTH, octets);
      left -= octets;
      taken += octets;
      if (taken !== read64(vector + IOVEC_LENGTH)) continue;
      vector += IOVEC_SIZE;
      taken = 0;
    }
    const header = worker + WORKER_PLAIN + i * MMSGHDR_SIZE;
    layFrame(worker, header, headerAt(worker, index), first, <u32>(to - first) / IOVEC_SIZE);
    write64(header + MMSGHDR_CONTROL_LENGTH, controlLength);
  }
  return frames;
}

/** Name and control are those of the whole message. */
function layFrame(worker: usize, to: usize, from: usize, vector: usize, vectors: u32): void {
  write64(to + MMSGHDR_NAME, read64(from + MMSGHDR_NAME));
  write32(to + MMSGHDR_NAME_LENGTH, read32(from + MMSGHDR_NAME_LENGTH));
  write64(to + MMSGHDR_VECTOR, read64(worker + WORKER_BASE) + <u64>vector);
  write64(to + MMSGHDR_VECTOR_COUNT, <u64>vectors);
  write64(to + MMSGHDR_CONTROL, read64(from + MMSGHDR_CONTROL));
  write32(to + MMSGHDR_FLAGS, 0);
}

/** A limit only ever falls, until all are cleared; 0 is none. */
function limit(worker: usize, tunnel: u32, octets: u32): void {
  const at = worker + WORKER_LIMITS + tunnel * 2;
  const current = read16(at);
  if (current === 0 || octets < current) write16(at, max(octets, LIMIT_NEVER));
}
