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

import {
  copyVector,
  getU8,
  getU16,
  getU32,
  putU16,
  putU32,
  read8,
  read16,
  read32,
  read64,
  write8,
  write16,
  write32,
  write64,
} from "../bytes";
import { foldSum, partialSum } from "../ip/checksum";
import {
  pseudoSum4,
  pseudoSum6,
  TCP,
  TCP_CHECKSUM,
  TCP_CWR,
  TCP_FIN,
  TCP_FLAGS,
  TCP_HEADER_MIN,
  TCP_PSH,
  TCP_SEQUENCE,
  tcpHeaderLength,
  UDP,
  UDP_CHECKSUM,
  UDP_HEADER,
  UDP_LENGTH,
} from "../ip/transport";
import {
  COUNT_DOWN_NOT_OPEN,
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
  IOVEC_SIZE,
  SEGMENTS_MAX,
  SESSION_GENERATION,
  SESSION_MTU,
  SESSION_NS,
  SESSION_PREFIX_MAX,
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
  WORKER_BASE,
  WORKER_CUT,
  WORKER_DOWN_HEADERS,
  WORKER_DOWN_OFFSET,
  WORKER_KEPT_VECTORS,
  WORKER_SEND_HEADERS,
} from "../layout";
import { countDrops, countSent, countTooBig } from "./counters";
import { addFrames, messageFor, NO_MESSAGE, nextVector, pairOf, roomOf } from "./messages";
import { numberPrefix, prefixLength, writePrefix, writeProtocol } from "./prefix";
import { allowed, charge, copyPieces, enqueue, isShaped } from "./shape";
import { setVector } from "./vectors";

const IPV6_HEADER: u32 = 40;
const VERSION_6: u32 = 6;
const VECTOR: u32 = 16;
/** Zero of one's complement arithmetic: what a 16-bit word is taken from. */
const ALL_ONES: u32 = 0xffff;
const LAST_ONLY: u32 = TCP_PSH | TCP_FIN;
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
    if (octets > mtu) {
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
    const frame = read32(cut + CUT_PREFIX) + octets;
    const message = messageFor(worker, session, pair, frame, <usize>read32(cut + CUT_AT));
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
  if (room === 0) return;
  const arena = read32(worker + WORKER_DOWN_HEADERS);
  const ns = read32(session + SESSION_NS);
  const vectors = worker + WORKER_KEPT_VECTORS;
  const end = cutRun(worker, vectors, index, index + 1, payload);
  copyPieces(worker, room - read32(cut + CUT_PREFIX), vectors, end);
  write32(worker + WORKER_DOWN_HEADERS, arena);
  write32(session + SESSION_NS, ns); // it is numbered when it goes
}

/** Lays segments `first` to `end`, of `payload` octets each; returns where their vectors end. */
function cutRun(worker: usize, vectors: usize, first: u32, end: u32, payload: u32): usize {
  const cut = worker + WORKER_CUT;
  const base = read64(worker + WORKER_BASE);
  const at = <usize>read32(cut + CUT_AT);
  const session = <usize>read32(cut + CUT_SESSION);
  const prefix = read32(cut + CUT_PREFIX);
  const headers = read32(cut + CUT_HEADERS);
  const size = read32(cut + CUT_SIZE);
  const start = read32(cut + CUT_START);
  const last = read32(cut + CUT_COUNT) - 1;
  const isTcp = read32(cut + CUT_IS_TCP) !== 0;
  const isIpv6 = getU8(at) >> 4 === VERSION_6;
  const octets = headers + payload;
  const ipSum = read64(cut + CUT_IP_SUM) + swapped(octets);
  const transportLength = <u64>swapped(octets - start);
  // UDP has its length in both headers.
  const sum = read64(cut + CUT_SUM) + (isTcp ? transportLength : transportLength * 2);
  const arena = worker + WORKER_SEND_HEADERS;
  let head: usize = arena + read32(worker + WORKER_DOWN_HEADERS) + SESSION_PREFIX_MAX;
  const stride = SESSION_PREFIX_MAX + ((headers + VECTOR - 1) & ~(VECTOR - 1));
  let vector = vectors;
  for (let index = first; index < end; index++) {
    const data = at + headers + index * size;
    let packet = at;
    if (index === 0) {
      setVector(vector, base, at - prefix, prefix + octets);
    } else {
      packet = head;
      head += stride;
      copyHeaders(packet - SESSION_PREFIX_MAX, at - SESSION_PREFIX_MAX, stride);
      setVector(vector, base, packet - prefix, prefix + headers);
      vector += IOVEC_SIZE;
      setVector(vector, base, data, payload);
    }
    vector += IOVEC_SIZE;
    numberPrefix(session, packet, prefix, octets);
    if (isIpv6) putU16(packet + 4, octets - IPV6_HEADER);
    else finishIpv4(packet, octets, read32(cut + CUT_IDENTIFICATION) + index, ipSum);
    const total = sum + partialSum(data, payload);
    if (isTcp) {
      const flags = flagsOf(read32(cut + CUT_FLAGS), index, last);
      finishTcp(packet + start, read32(cut + CUT_SEQUENCE) + index * size, flags, total);
    } else {
      finishUdp(packet + start, octets - start, total);
    }
  }
  write32(worker + WORKER_DOWN_HEADERS, <u32>(head - SESSION_PREFIX_MAX - arena));
  return vector;
}

function copyHeaders(to: usize, from: usize, octets: u32): void {
  for (let i: u32 = 0; i < octets; i += VECTOR) copyVector(to + i, from + i);
}

function flagsOf(flags: u32, index: u32, last: u32): u32 {
  const kept = index === 0 ? flags : flags & ~TCP_CWR;
  return index === last ? kept : kept & ~LAST_ONLY;
}

/** `sum` is that of the header without Identification and checksum. */
function finishIpv4(at: usize, octets: u32, identification: u32, sum: u64): void {
  putU16(at + 2, octets);
  putU16(at + 4, identification);
  write16(at + 10, ~foldSum(sum + swapped(identification)));
}

/** `sum` is that of all that is summed, without Sequence Number, flags and checksum. */
function finishTcp(at: usize, sequence: u32, flags: u32, sum: u64): void {
  putU32(at + TCP_SEQUENCE, sequence);
  write8(at + TCP_FLAGS, flags);
  const total = sum + read32(at + TCP_SEQUENCE) + (flags << FLAGS_SHIFT);
  write16(at + TCP_CHECKSUM, ~foldSum(total));
}

function finishUdp(at: usize, length: u32, sum: u64): void {
  putU16(at + UDP_LENGTH, length);
  const checksum = ~foldSum(sum) & ALL_ONES;
  write16(at + UDP_CHECKSUM, checksum === 0 ? ALL_ONES : checksum);
}

/** The lower 16 bits as they lie in memory, where high octets come first. */
function swapped(value: u32): u32 {
  return bswap<u16>(<u16>value);
}
