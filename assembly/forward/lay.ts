// Lays the segments of a super-packet: headers of their own, payload where it was read.

import {
  copyVector,
  getU8,
  putU16,
  putU32,
  read32,
  read64,
  write8,
  write16,
  write32,
} from "../bytes";
import { foldSum, partialSum } from "../ip/checksum";
import {
  TCP_CHECKSUM,
  TCP_CWR,
  TCP_FIN,
  TCP_FLAGS,
  TCP_PSH,
  TCP_SEQUENCE,
  UDP_CHECKSUM,
  UDP_LENGTH,
} from "../ip/transport";
import {
  CUT_AT,
  CUT_COUNT,
  CUT_FLAGS,
  CUT_HEADERS,
  CUT_IDENTIFICATION,
  CUT_IP_SUM,
  CUT_IS_TCP,
  CUT_PREFIX,
  CUT_SEQUENCE,
  CUT_SESSION,
  CUT_SIZE,
  CUT_START,
  CUT_SUM,
  IOVEC_SIZE,
  SESSION_NS,
  SESSION_PREFIX_MAX,
  WORKER_BASE,
  WORKER_CUT,
  WORKER_DOWN_HEADERS,
  WORKER_KEPT_VECTORS,
  WORKER_SEND_HEADERS,
} from "../layout";
import { numberPrefix } from "./prefix";
import { copyPieces } from "./shape";
import { setVector } from "./vectors";

const IPV6_HEADER: u32 = 40;
const VERSION_6: u32 = 6;
const VECTOR: u32 = 16;
/** Zero of one's complement arithmetic: what a 16-bit word is taken from. */
const ALL_ONES: u32 = 0xffff;
const LAST_ONLY: u32 = TCP_PSH | TCP_FIN;
const FLAGS_SHIFT: u32 = 8; // of the second octet of a word, in the order of the memory

/** Writes the packet of segment `index` at `room`, without taking from the arena or a number. */
export function layPacket(
  worker: usize,
  session: usize,
  index: u32,
  payload: u32,
  room: usize,
): void {
  const cut = worker + WORKER_CUT;
  const arena = read32(worker + WORKER_DOWN_HEADERS);
  const ns = read32(session + SESSION_NS);
  const vectors = worker + WORKER_KEPT_VECTORS;
  const end = cutRun(worker, vectors, index, index + 1, payload);
  copyPieces(worker, room - read32(cut + CUT_PREFIX), vectors, end);
  write32(worker + WORKER_DOWN_HEADERS, arena);
  write32(session + SESSION_NS, ns);
}

/** Lays segments `first` to `end`, of `payload` octets each; returns where their vectors end. */
export function cutRun(worker: usize, vectors: usize, first: u32, end: u32, payload: u32): usize {
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
export function swapped(value: u32): u32 {
  return bswap<u16>(<u16>value);
}
