// Joins packets of a flow to super-packets (generic receive offload). A packet may join only when
// whoever cuts the super-packet again gets each packet back bit for bit, which is stricter than
// RFC 9293 or the kernel's own tcp_gro_receive:
//
//   IP         no options, extension headers, fragments; TOS or traffic class, flow label, TTL, DF as
//              in the first; IPv4 Identification one more than in the last
//   TCP        Sequence Number continues the last; Acknowledgment Number, Window, Urgent Pointer,
//              options and flags as in the first, but PSH and FIN on the last alone (they end
//              the super-packet) and CWR on the first alone; SYN, RST, URG never
//   UDP        a checksum, and the length of the first
//   both       payload; as long as the first one's, or shorter, which ends the super-packet
//   checksums  right (so that corruption is never blessed) and in the form that is computed
//
// What does not fit begins a write of its own behind all others, which keeps the order of the flow. What
// is neither TCP nor UDP in that form belongs to no flow that is known here: it closes all writes
// of its session.

import { getU8, getU16, read16, read32, read64, readVector, write32 } from "../bytes";
import {
  isChecksumRight,
  pseudoSum4,
  pseudoSum6,
  TCP,
  TCP_CHECKSUM,
  TCP_CWR,
  TCP_FIN,
  TCP_HEADER_MIN,
  TCP_PSH,
  TCP_RST,
  TCP_SYN,
  TCP_URG,
  tcpFlags,
  tcpHeaderLength,
  tcpSequence,
  UDP,
  UDP_CHECKSUM,
  UDP_HEADER,
  udpLength,
} from "../ip/transport";
import {
  OFFLOAD_TSO,
  OFFLOAD_USO,
  SEGMENTS_MAX,
  SESSION_MTU,
  WORKER_OFFLOADS,
  WORKER_UP_LAST,
  WORKER_UP_WRITES,
  WRITE_AT,
  WRITE_FLAGS,
  WRITE_HEADERS,
  WRITE_IDENTIFICATION,
  WRITE_IP_HEADER,
  WRITE_IS_OPEN,
  WRITE_LENGTH,
  WRITE_SEGMENT,
  WRITE_SEGMENTS,
  WRITE_SEQUENCE,
  WRITE_SESSION,
} from "../layout";
import { flowHash, flowSlot, flowWrite, isBarred, NO_WRITE, setBarrier, setFlow } from "./flows";
import { addPayload, beginWrite, writeAt } from "./writes";

const IPV4_HEADER: u32 = 20;
const IPV6_HEADER: u32 = 40;
const VERSION_4_NO_OPTIONS: u32 = 0x45;
const FRAGMENT: u32 = 0x3fff; // More Fragments and Fragment Offset
const LENGTH_MAX: u32 = 65535;
/** WRITE_IS_OPEN: the checksum of the first packet is looked at when a second one would join. */
const OPEN: u32 = 1;
const OPEN_CHECKED: u32 = 2;
const NEVER_JOINED: u32 = TCP_SYN | TCP_RST | TCP_URG;
const ENDING: u32 = TCP_PSH | TCP_FIN;

/**
 * Takes a checked IP packet of `octets` at `at` to the writes. `room` octets before it are its own
 * spent headers. There is room for one write more.
 */
export function coalesce(
  worker: usize,
  session: usize,
  network: u32,
  at: usize,
  octets: u32,
  room: u32,
): void {
  const offloads = read32(worker + WORKER_OFFLOADS);
  if ((offloads & (OFFLOAD_TSO | OFFLOAD_USO)) === 0) {
    beginWrite(worker, session, network, at, octets, room);
    return;
  }
  const isIpv6 = getU8(at) >> 4 === 6;
  const ip = isIpv6 ? IPV6_HEADER : IPV4_HEADER;
  const protocol = getU8(isIpv6 ? at + 6 : at + 9);
  const headers = joinableHeaders(at, octets, ip, protocol);
  if (headers === 0) {
    beginWrite(worker, session, network, at, octets, room);
    setBarrier(worker, session, read32(worker + WORKER_UP_WRITES));
    return;
  }
  const wanted = protocol === TCP ? OFFLOAD_TSO : OFFLOAD_USO;
  if ((offloads & wanted) === 0) {
    beginWrite(worker, session, network, at, octets, room);
    return;
  }
  const hash = flowHash(session, at, at + ip, isIpv6);
  const slot = flowSlot(worker, hash);
  const found = flowWrite(worker, slot, hash);
  if (found !== NO_WRITE && !isBarred(worker, session, found)) {
    const write = writeAt(worker, found);
    const isOwn = read32(write + WRITE_SESSION) === <u32>session;
    if (isOwn && join(worker, write, at, octets, ip, headers, protocol, room)) {
      write32(worker + WORKER_UP_LAST, found);
      return;
    }
  }
  const index = beginWrite(worker, session, network, at, octets, room);
  setFlow(worker, slot, hash, index);
  // A router drops a super-packet as a whole when its segments exceed the next MTU, also a shorter
  // last one that would have passed alone: what is larger than usual here stays alone.
  if (octets > read32(session + SESSION_MTU)) return;
  open(writeAt(worker, index), at, octets, ip, headers, protocol);
}

/**
 * Adds a checked IP packet to the write that the last one is in, when it continues its flow: it then
 * has source and destination of a packet that was let through.
 */
export function extend(worker: usize, session: usize, at: usize, octets: u32, room: u32): bool {
  if (read32(worker + WORKER_UP_WRITES) === 0) return false;
  const write = writeAt(worker, read32(worker + WORKER_UP_LAST));
  if (read32(write + WRITE_IS_OPEN) === 0) return false;
  if (read32(write + WRITE_SESSION) !== <u32>session) return false;
  const isIpv6 = getU8(at) >> 4 === 6;
  const ip = isIpv6 ? IPV6_HEADER : IPV4_HEADER;
  if (read32(write + WRITE_IP_HEADER) !== ip) return false;
  const protocol = getU8(isIpv6 ? at + 6 : at + 9);
  const headers = joinableHeaders(at, octets, ip, protocol);
  return headers !== 0 && join(worker, write, at, octets, ip, headers, protocol, room);
}

/** Octets of IP and transport header of TCP and UDP that may join, 0 for all else. */
function joinableHeaders(at: usize, octets: u32, ip: u32, protocol: u32): u32 {
  if (ip === IPV4_HEADER) {
    if (getU8(at) !== VERSION_4_NO_OPTIONS || (getU16(at + 6) & FRAGMENT) !== 0) return 0;
  }
  if (protocol === UDP) {
    if (octets < ip + UDP_HEADER || udpLength(at + ip) !== octets - ip) return 0;
    return ip + UDP_HEADER;
  }
  if (protocol !== TCP || octets < ip + TCP_HEADER_MIN) return 0;
  const header = tcpHeaderLength(at + ip);
  return header < TCP_HEADER_MIN || ip + header > octets ? 0 : ip + header;
}

/** Notes what may follow on the first packet of a write, when anything may. */
function open(write: usize, at: usize, octets: u32, ip: u32, headers: u32, protocol: u32): void {
  const payload = octets - headers;
  const transport = at + ip;
  if (payload === 0 || (ip === IPV4_HEADER && !isCanonical4(at))) return;
  if (protocol === TCP) {
    const flags = tcpFlags(transport);
    if ((flags & (NEVER_JOINED | ENDING)) !== 0) return;
    write32(write + WRITE_FLAGS, flags);
    write32(write + WRITE_SEQUENCE, tcpSequence(transport) + payload);
  }
  write32(write + WRITE_IP_HEADER, ip);
  write32(write + WRITE_HEADERS, headers);
  write32(write + WRITE_SEGMENT, payload);
  if (ip === IPV4_HEADER) write32(write + WRITE_IDENTIFICATION, (getU16(at + 4) + 1) & 0xffff);
  write32(write + WRITE_IS_OPEN, OPEN);
}

/** Adds the packet to an open write of its flow; false when it does not fit. */
function join(
  worker: usize,
  write: usize,
  at: usize,
  octets: u32,
  ip: u32,
  headers: u32,
  protocol: u32,
  room: u32,
): bool {
  const state = read32(write + WRITE_IS_OPEN);
  if (state === 0 || read32(write + WRITE_HEADERS) !== headers) return false;
  const first = <usize>read32(write + WRITE_AT);
  const payload = octets - headers;
  const segment = read32(write + WRITE_SEGMENT);
  if (payload === 0 || payload > segment) return false;
  if (read32(write + WRITE_SEGMENTS) >= SEGMENTS_MAX) return false;
  if (read32(write + WRITE_LENGTH) + payload > LENGTH_MAX) return false;
  const fits =
    ip === IPV4_HEADER
      ? isNext4(first, at, read32(write + WRITE_IDENTIFICATION))
      : isNext6(first, at);
  if (!fits || read32(first + ip) !== read32(at + ip)) return false; // ports
  const isTcp = protocol === TCP;
  if (isTcp && !isNextTcp(write, first + ip, at + ip, headers - ip)) return false;
  if (state === OPEN) {
    write32(write + WRITE_IS_OPEN, 0); // until it is known to be right
    if (!isWhole(first, headers + segment, ip, protocol)) return false;
    write32(write + WRITE_IS_OPEN, OPEN_CHECKED);
  }
  if (!isWhole(at, octets, ip, protocol)) return false;
  const flags = isTcp ? tcpFlags(at + ip) : 0;
  addPayload(worker, write, at + headers, payload, room + headers);
  let isLast = payload < segment;
  if (isTcp) {
    write32(write + WRITE_FLAGS, read32(write + WRITE_FLAGS) | (flags & ENDING));
    write32(write + WRITE_SEQUENCE, read32(write + WRITE_SEQUENCE) + payload);
    if ((flags & ENDING) !== 0) isLast = true;
  }
  const identification = read32(write + WRITE_IDENTIFICATION);
  write32(write + WRITE_IDENTIFICATION, (identification + 1) & 0xffff);
  if (isLast) write32(write + WRITE_IS_OPEN, 0);
  return true;
}

/** Version to TOS, flags, TTL to protocol, addresses; and the Identification that is due. */
function isNext4(first: usize, at: usize, identification: u32): bool {
  return (
    read16(first) === read16(at) &&
    getU16(at + 4) === identification &&
    read16(first + 6) === read16(at + 6) &&
    read16(first + 8) === read16(at + 8) &&
    read64(first + 12) === read64(at + 12) &&
    isCanonical4(at)
  );
}

/** A header checksum of 0xffff is as good as 0 to a receiver, but nobody computes it. */
function isCanonical4(at: usize): bool {
  return read16(at + 10) !== 0xffff;
}

/** Version to flow label, next header and hop limit, addresses. */
function isNext6(first: usize, at: usize): bool {
  return (
    read32(first) === read32(at) &&
    read16(first + 6) === read16(at + 6) &&
    isSame(first + 8, at + 8) &&
    isSame(first + 24, at + 24)
  );
}

function isSame(a: usize, b: usize): bool {
  return !v128.any_true(v128.xor(readVector(a), readVector(b)));
}

function isNextTcp(write: usize, first: usize, at: usize, header: u32): bool {
  const flags = tcpFlags(at);
  if ((flags & (NEVER_JOINED | TCP_CWR)) !== 0) return false;
  if (((flags ^ read32(write + WRITE_FLAGS)) & ~(ENDING | TCP_CWR)) !== 0) return false;
  if (tcpSequence(at) !== read32(write + WRITE_SEQUENCE)) return false;
  if (read32(first + 8) !== read32(at + 8)) return false; // Acknowledgment Number
  if (getU8(first + 12) !== getU8(at + 12)) return false; // Data Offset and what follows it
  if (read16(first + 14) !== read16(at + 14)) return false; // Window
  if (read16(first + 18) !== read16(at + 18)) return false; // Urgent Pointer
  for (let option: u32 = TCP_HEADER_MIN; option < header; option += 4) {
    if (read32(first + option) !== read32(at + option)) return false;
  }
  return true;
}

/** Whether the checksum is there, right, and in the form that a sender computes. */
function isWhole(at: usize, octets: u32, ip: u32, protocol: u32): bool {
  const transport = at + ip;
  if (protocol === UDP) {
    if (read16(transport + UDP_CHECKSUM) === 0) return false;
  } else if (read16(transport + TCP_CHECKSUM) === 0xffff) {
    return false; // as good as 0 to a receiver, but nobody would compute it again
  }
  const length = octets - ip;
  const pseudo =
    ip === IPV6_HEADER ? pseudoSum6(at, protocol, length) : pseudoSum4(at, protocol, length);
  return isChecksumRight(transport, length, pseudo);
}
