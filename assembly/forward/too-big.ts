// What a sender is told whose packet exceeds the session's MTU: "fragmentation needed" with the MTU
// (RFC 1191 4, RFC 1812 4.3.2), "packet too big" (RFC 4443 3.2). Path MTU Discovery needs it.
//
// An error goes back to the device that the packet came from. Over IPv4 it comes from the address
// that could not be reached, as from tunnels of the kernel: a host takes no packet from an address
// of its own off a device, and that is what the gateway's is. How many are made is bounded.

import {
  copyVector,
  getU8,
  putU16,
  putU32,
  read32,
  read64,
  readFloat64,
  write16,
  write32,
  write64,
} from "../bytes";
import { foldSum, partialSum } from "../ip/checksum";
import { isReportable4, isReportable6 } from "../ip/errors";
import {
  IPV6_HEADER,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Source,
  ipv4TotalLength,
} from "../ip/header";
import { pseudoSum6 } from "../ip/transport";
import {
  COUNT_DOWN_ERRORS,
  COUNT_DOWN_ERRORS_LIMITED,
  ERROR_BURST,
  ERROR_COUNT,
  ERROR_INTERVAL,
  ERROR_MAX_4,
  ERROR_MAX_6,
  ERROR_PACKET,
  ERROR_SIZE,
  ERROR_VECTOR,
  NETWORK_GATEWAY6,
  SESSION_MTU,
  SESSION_NETWORK,
  WORKER_BASE,
  WORKER_ERROR_DUE,
  WORKER_ERRORS,
  WORKER_ERRORS_WAITING,
  WORKER_NOW,
} from "../layout";
import { count } from "./counters";
import { networkAt } from "./networks";
import { setVector } from "./vectors";
import { virtioSize, writePlainVirtio } from "./virtio";

const VERSION_6: u32 = 6;
const IPV4_HEADER: u32 = 20;
const ICMP_HEADER: u32 = 8;
const ICMP: u32 = 1;
const ICMPV6: u32 = 58;
const HOPS: u32 = 64;
/** Version, header length, and the precedence of an error (RFC 1812 4.3.2.5). */
const FRONT_4: u32 = 0x45c0_0000;
/** Never fragmented, and so without an Identification (RFC 6864 4.1). */
const WHOLE: u32 = 0x4000;
const FRONT_6: u32 = 0x6000_0000;
const FRAGMENTATION_NEEDED: u32 = 0x0304_0000;
const PACKET_TOO_BIG: u32 = 0x0200_0000;

/** A new call: the errors of the last one are written. */
export function beginErrors(worker: usize): void {
  write32(worker + WORKER_ERRORS_WAITING, 0);
}

/** Makes the error about a packet of `octets` at `at`: of a super-packet, its first segment. */
export function reportTooBig(worker: usize, session: usize, at: usize, octets: u32): void {
  const isIpv6 = getU8(at) >> 4 === VERSION_6;
  if (isIpv6 ? !isReportable6(at, octets) : !isReportable4(at, octets)) return;
  const index = read32(worker + WORKER_ERRORS_WAITING);
  if (index >= ERROR_COUNT || !isDue(worker)) {
    count(worker, COUNT_DOWN_ERRORS_LIMITED);
    return;
  }
  write32(worker + WORKER_ERRORS_WAITING, index + 1);
  const error = worker + WORKER_ERRORS + index * ERROR_SIZE;
  const packet = error + ERROR_PACKET;
  const mtu = read32(session + SESSION_MTU);
  const length = isIpv6
    ? writeError6(packet, at, octets, mtu, networkAt(read32(session + SESSION_NETWORK)))
    : writeError4(packet, at, octets, mtu);
  const virtio = virtioSize(worker);
  if (virtio !== 0) writePlainVirtio(packet - virtio);
  setVector(error + ERROR_VECTOR, read64(worker + WORKER_BASE), packet - virtio, virtio + length);
  count(worker, COUNT_DOWN_ERRORS);
}

/**
 * A bucket of ERROR_BURST that gets one more each ERROR_INTERVAL, kept as the time when all that were
 * let through are paid for. One that lies further ahead than ever is of another clock.
 */
function isDue(worker: usize): bool {
  const now = <u64>readFloat64(worker + WORKER_NOW);
  let due = read64(worker + WORKER_ERROR_DUE);
  if (due < now || due > now + ERROR_BURST * ERROR_INTERVAL) due = now;
  if (due > now + (ERROR_BURST - 1) * ERROR_INTERVAL) return false;
  write64(worker + WORKER_ERROR_DUE, due + ERROR_INTERVAL);
  return true;
}

function writeError4(to: usize, at: usize, octets: u32, mtu: u32): u32 {
  const icmp = to + IPV4_HEADER;
  const quote = icmp + ICMP_HEADER;
  const quoted = min(octets, ERROR_MAX_4 - IPV4_HEADER - ICMP_HEADER);
  const length = IPV4_HEADER + ICMP_HEADER + quoted;
  putU32(to, FRONT_4 | length);
  putU32(to + 4, WHOLE);
  putU32(to + 8, (HOPS << 24) | (ICMP << 16));
  putU32(to + 12, ipv4Destination(at));
  putU32(to + 16, ipv4Source(at));
  write16(to + 10, ~foldSum(partialSum(to, IPV4_HEADER)));
  putU32(icmp, FRAGMENTATION_NEEDED);
  putU32(icmp + 4, mtu);
  memory.copy(quote, at, quoted);
  if (ipv4TotalLength(at) !== octets) {
    putU16(quote + 2, octets);
    write16(quote + 10, 0);
    write16(quote + 10, ~foldSum(partialSum(quote, ipv4HeaderLength(at))));
  }
  write16(icmp + 2, ~foldSum(partialSum(icmp, length - IPV4_HEADER)));
  return length;
}

function writeError6(to: usize, at: usize, octets: u32, mtu: u32, network: usize): u32 {
  const icmp = to + IPV6_HEADER;
  const quote = icmp + ICMP_HEADER;
  const quoted = min(octets, ERROR_MAX_6 - IPV6_HEADER - ICMP_HEADER);
  const length = ICMP_HEADER + quoted;
  const gateway = network + NETWORK_GATEWAY6;
  const hasGateway = (read64(gateway) | read64(gateway + 8)) !== 0;
  putU32(to, FRONT_6);
  putU32(to + 4, (length << 16) | (ICMPV6 << 8) | HOPS);
  copyVector(to + 8, hasGateway ? gateway : at + 24);
  copyVector(to + 24, at + 8);
  putU32(icmp, PACKET_TOO_BIG);
  putU32(icmp + 4, mtu);
  memory.copy(quote, at, quoted);
  putU16(quote + 4, octets - IPV6_HEADER);
  const sum = pseudoSum6(to, ICMPV6, length) + partialSum(icmp, length);
  write16(icmp + 2, ~foldSum(sum));
  return IPV6_HEADER + length;
}
