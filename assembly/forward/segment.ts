// Super-packets of a TUN device: many TCP or UDP packets behind one set of headers. They are cut as
// the kernel would cut them (tcp_gso_segment, __udp_gso_segment, inet_gso_segment,
// ipv6_gso_segment):
//
//   IPv4       Total Length; Identification grows by one; header checksum
//   IPv6       Payload Length; extension headers stay
//   TCP        Sequence Number; PSH and FIN on the last alone, CWR on the first alone
//   UDP        Length; a checksum of 0 goes as 0xffff (RFC 768)
//   both       checksum over pseudo header, header and payload
//
// The first segment stays where it was read. Each other one gets prefix and headers in the arena,
// and its payload stays where it was read: none is copied. What all segments of a packet share
// is worked out once and stands in the record of the cut, so that cutting can go on in a further
// call when messages or arena are used up.

import { getU8, getU16, getU32, read8, read16, read32, write32, write64 } from "../bytes";
import { partialSum } from "../ip/checksum";
import {
  pseudoSum4,
  pseudoSum6,
  TCP,
  TCP_CHECKSUM,
  TCP_FLAGS,
  TCP_HEADER_MIN,
  TCP_SEQUENCE,
  tcpHeaderLength,
  UDP,
  UDP_CHECKSUM,
  UDP_HEADER,
  UDP_LENGTH,
} from "../ip/transport";
import {
  COUNT_DOWN_FRAGMENTED,
  COUNT_DOWN_NOT_OPEN,
  COUNT_DOWN_POOL_FULL,
  CUT_AT,
  CUT_COUNT,
  CUT_FLAGS,
  CUT_GENERATION,
  CUT_HEADERS,
  CUT_IDENTIFICATION,
  CUT_IP_SUM,
  CUT_IS_TCP,
  CUT_LAST,
  CUT_PAIR,
  CUT_PREFIX,
  CUT_SEQUENCE,
  CUT_SESSION,
  CUT_SIZE,
  CUT_START,
  CUT_SUM,
  HEADER_SIZE,
  HEADERS_SIZE,
  POOL_PACKET,
  SEGMENTS_MAX,
  SESSION_GENERATION,
  SESSION_MTU,
  SESSION_PREFIX_MAX,
  SLOT_CAPACITY,
  VIRTIO_CHECKSUM_START,
  VIRTIO_ECN,
  VIRTIO_FLAGS,
  VIRTIO_NEEDS_CHECKSUM,
  VIRTIO_SEGMENT,
  VIRTIO_SIZE,
  VIRTIO_TCPV4,
  VIRTIO_TCPV6,
  VIRTIO_TYPE,
  VIRTIO_UDP,
  WORKER_CUT,
  WORKER_DOWN_HEADERS,
  WORKER_DOWN_OFFSET,
} from "../layout";
import { count, countDrops, countSent, countTooBig } from "./counters";
import { outerTos } from "./ecn";
import { countFragments, sendFragments } from "./fragment";
import { cutRun, layPacket, swapped } from "./lay";
import { addFrames, messageFor, NO_MESSAGE, nextVector, pairOf, roomOf } from "./messages";
import { giveSlot, slotAt, takeSlot } from "./pool";
import { prefixLength, writePrefix, writeProtocol } from "./prefix";
import { allowed, charge, enqueue, isShaped } from "./shape";

const IPV6_HEADER: u32 = 40;
const VERSION_6: u32 = 6;
/** Zero of one's complement arithmetic: what a 16-bit word is taken from. */
const ALL_ONES: u32 = 0xffff;
const FLAGS_SHIFT: u32 = 8; // of the second octet of a word, in the order of the memory

/**
 * Reads the virtio header and the headers of the super-packet of `octets` at `at`, whose IP header
 * is checked; returns how many segments it has, 0 when it cannot be cut.
 */
export function openCut(worker: usize, at: usize, octets: u32): u32 {
  const virtio = at - VIRTIO_SIZE;
  const type = read8(virtio + VIRTIO_TYPE) & ~VIRTIO_ECN;
  const isIpv6 = getU8(at) >> 4 === VERSION_6;
  const isTcp = type === (isIpv6 ? VIRTIO_TCPV6 : VIRTIO_TCPV4);
  if (!isTcp && type !== VIRTIO_UDP) return 0;
  const ip = isIpv6 ? IPV6_HEADER : (getU8(at) & 0x0f) << 2;
  const needs = (read8(virtio + VIRTIO_FLAGS) & VIRTIO_NEEDS_CHECKSUM) !== 0;
  // Without a checksum to complete nothing says where the transport header is.
  const start = needs ? read16(virtio + VIRTIO_CHECKSUM_START) : ip;
  const protocol = isTcp ? TCP : UDP;
  if (isIpv6 ? start < ip : start !== ip) return 0;
  if (start === ip && getU8(isIpv6 ? at + 6 : at + 9) !== protocol) return 0;
  const header = transportHeader(at + start, octets - min(start, octets), isTcp);
  const size = read16(virtio + VIRTIO_SEGMENT);
  const headers = start + header;
  if (header === 0 || headers > HEADER_SIZE - SESSION_PREFIX_MAX || size === 0) return 0;

  const payload = octets - headers;
  const whole = payload / size;
  const rest = payload - whole * size;
  const count = rest !== 0 || payload === 0 ? whole + 1 : whole;
  const cut = worker + WORKER_CUT;
  write32(cut + CUT_AT, <u32>at);
  write32(cut + CUT_HEADERS, headers);
  write32(cut + CUT_SIZE, size);
  write32(cut + CUT_LAST, rest !== 0 || payload === 0 ? rest : size);
  write32(cut + CUT_COUNT, count);
  write32(cut + CUT_START, start);
  write32(cut + CUT_IS_TCP, isTcp ? 1 : 0);
  write64(cut + CUT_SUM, transportSum(at, start, header, isTcp, needs, octets - start));
  if (isTcp) {
    write32(cut + CUT_SEQUENCE, getU32(at + start + TCP_SEQUENCE));
    write32(cut + CUT_FLAGS, getU8(at + start + TCP_FLAGS));
  }
  if (!isIpv6) {
    write32(cut + CUT_IDENTIFICATION, getU16(at + 4));
    write64(
      cut + CUT_IP_SUM,
      partialSum(at, ip) + without(at + 2) + without(at + 4) + without(at + 10),
    );
  }
  return count;
}

/** Octets of the transport header, 0 when it is not within `octets`. */
function transportHeader(at: usize, octets: u32, isTcp: bool): u32 {
  if (!isTcp) return octets < UDP_HEADER ? 0 : UDP_HEADER;
  if (octets < TCP_HEADER_MIN) return 0;
  const header = tcpHeaderLength(at);
  return header < TCP_HEADER_MIN || header > octets ? 0 : header;
}

/** Takes the word at `at` out of a sum that it is in. */
function without(at: usize): u64 {
  return ALL_ONES - read16(at);
}

/**
 * Sum of the pseudo header but for its length, and of the transport header but for what differs from
 * segment to segment. `length` octets are the whole's.
 */
function transportSum(
  at: usize,
  start: u32,
  header: u32,
  isTcp: bool,
  needs: bool,
  length: u32,
): u64 {
  const transport = at + start;
  const field = transport + (isTcp ? TCP_CHECKSUM : UDP_CHECKSUM);
  let sum = partialSum(transport, header);
  if (isTcp) {
    sum += without(transport + TCP_SEQUENCE) + without(transport + TCP_SEQUENCE + 2);
    sum += ALL_ONES - (getU8(transport + TCP_FLAGS) << FLAGS_SHIFT);
  } else {
    sum += without(transport + UDP_LENGTH);
  }
  // The field has the sum of the pseudo header, which with a routing header is not that of the
  // addresses in sight (RFC 8200 8.1).
  if (needs) return sum + ALL_ONES - swapped(length);
  const protocol = isTcp ? TCP : UDP;
  const isIpv6 = getU8(at) >> 4 === VERSION_6;
  const pseudo = isIpv6 ? pseudoSum6(at, protocol, 0) : pseudoSum4(at, protocol, 0);
  return sum + without(field) + pseudo;
}

/** Gives the opened cut its session; what it is cut into follows with `cutOn`. */
export function beginCut(worker: usize, session: usize): void {
  const cut = worker + WORKER_CUT;
  const at = <usize>read32(cut + CUT_AT);
  const version = getU8(at) >> 4;
  const prefix = prefixLength(session);
  writePrefix(session, at, prefix);
  writeProtocol(at, version);
  write32(cut + CUT_SESSION, <u32>session);
  write32(cut + CUT_GENERATION, read32(session + SESSION_GENERATION));
  write32(cut + CUT_PREFIX, prefix);
  write32(cut + CUT_PAIR, <u32>pairOf(worker, session, at, version));
  write32(worker + WORKER_DOWN_OFFSET, 0);
}

/** Octets of the first segment of what is being cut. */
export function firstSegment(worker: usize): u32 {
  const cut = worker + WORKER_CUT;
  const payload = read32(cut + CUT_COUNT) === 1 ? CUT_LAST : CUT_SIZE;
  return read32(cut + CUT_HEADERS) + read32(cut + payload);
}

/** Makes frames of the segments that are left; false when messages or arena are used up. */
export function cutOn(worker: usize): bool {
  const cut = worker + WORKER_CUT;
  const session = <usize>read32(cut + CUT_SESSION);
  const pair = <usize>read32(cut + CUT_PAIR);
  const headers = read32(cut + CUT_HEADERS);
  const count = read32(cut + CUT_COUNT);
  const last = read32(cut + CUT_LAST);
  const size = read32(cut + CUT_SIZE);
  const whole = last === size ? count : count - 1; // segments of one length
  const mtu = read32(session + SESSION_MTU);
  const isCharged = isShaped(session);
  const at = <usize>read32(cut + CUT_AT);
  const tos = outerTos(session, at);
  let next = read32(worker + WORKER_DOWN_OFFSET);
  // The record may have become another session's since the call that began the cut.
  if (read32(session + SESSION_GENERATION) !== read32(cut + CUT_GENERATION)) {
    countDrops(worker, COUNT_DOWN_NOT_OPEN, 0, count - next);
    return true;
  }
  while (next < count) {
    const payload = next < whole ? size : last;
    const run = next < whole ? whole - next : 1;
    const octets = headers + payload;
    const isTooBig = octets > mtu;
    const fragments = isTooBig ? countFragments(mtu, at, octets) : 0;
    if (isTooBig && fragments === 0) {
      countTooBig(worker, session, run);
      next += run;
      continue;
    }
    write32(worker + WORKER_DOWN_OFFSET, next);
    if (read32(worker + WORKER_DOWN_HEADERS) > HEADERS_SIZE - SEGMENTS_MAX * HEADER_SIZE)
      return false;
    const due = isCharged ? allowed(worker, session, octets, run) : run;
    if (due === 0) {
      keep(worker, session, next, payload);
      next++;
      continue;
    }
    if (isTooBig) {
      if (fragment(worker, session, mtu, next, payload, fragments)) next++;
      write32(worker + WORKER_DOWN_OFFSET, next);
      return false; // what was cut lies in a slot that is free again once it was sent
    }
    const frame = read32(cut + CUT_PREFIX) + octets;
    const message = messageFor(worker, session, pair, frame, tos);
    if (message === NO_MESSAGE) return false;
    const frames = min(due, roomOf(worker, message, frame));
    if (isCharged) charge(session, octets, frames);
    const vectors = cutRun(worker, nextVector(worker, message), next, next + frames, payload);
    addFrames(worker, message, pair, frames, frame, vectors);
    countSent(worker, session, frames, octets);
    next += frames;
  }
  return true;
}

/** Makes the packet of segment `index` where it waits for its time. */
function keep(worker: usize, session: usize, index: u32, payload: u32): void {
  const cut = worker + WORKER_CUT;
  const at = <usize>read32(cut + CUT_AT);
  const room = enqueue(worker, session, at, read32(cut + CUT_HEADERS) + payload);
  if (room !== 0) layPacket(worker, session, index, payload, room);
}

/** Makes fragments of segment `index`, which exceeds the MTU; false when there is no room for them. */
function fragment(
  worker: usize,
  session: usize,
  mtu: u32,
  index: u32,
  payload: u32,
  fragments: u32,
): bool {
  const octets = read32(worker + WORKER_CUT + CUT_HEADERS) + payload;
  const slot = octets > SLOT_CAPACITY ? 0 : takeSlot(worker);
  if (slot === 0) {
    countDrops(worker, COUNT_DOWN_POOL_FULL, session, 1);
    return true;
  }
  const packet = slotAt(worker, slot) + POOL_PACKET;
  layPacket(worker, session, index, payload, packet);
  giveSlot(worker, slot);
  if (!sendFragments(worker, session, mtu, packet, octets, fragments)) return false;
  if (isShaped(session)) charge(session, octets, 1);
  count(worker, COUNT_DOWN_FRAGMENTED);
  return true;
}
