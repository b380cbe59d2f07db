// Writes: what one call of decapsulate has for TUN devices, one writev each. A write begins with one
// packet; payload of further ones may be added, and `sealWrites` makes a super-packet of those
// that got any: headers of the whole, and a virtio header that tells the kernel where to cut.

import { getU8, putU8, putU16, read8, read32, read64, write16, write32, write64 } from "../bytes";
import { foldSum, partialSum } from "../ip/checksum";
import {
  pseudoSum4,
  pseudoSum6,
  TCP,
  TCP_CHECKSUM,
  TCP_CWR,
  TCP_FLAGS,
  UDP_CHECKSUM,
  UDP_LENGTH,
} from "../ip/transport";
import {
  IOVEC_LENGTH,
  IOVEC_SIZE,
  OFFLOAD_VIRTIO,
  VIRTIO_ECN,
  VIRTIO_SIZE,
  VIRTIO_TCPV4,
  VIRTIO_TCPV6,
  VIRTIO_UDP,
  WORKER_BASE,
  WORKER_OFFLOADS,
  WORKER_UP_LAST,
  WORKER_UP_WRITES,
  WORKER_WRITES,
  WRITE_AT,
  WRITE_COUNT,
  WRITE_FLAGS,
  WRITE_HEADERS,
  WRITE_IP_HEADER,
  WRITE_IS_OPEN,
  WRITE_LENGTH,
  WRITE_NETWORK,
  WRITE_RESERVE,
  WRITE_SEGMENT,
  WRITE_SEGMENTS,
  WRITE_SESSION,
  WRITE_SIZE,
  WRITE_SPENT,
  WRITE_TAIL,
  WRITE_VECTOR_COUNT,
  WRITE_VECTORS,
  WRITE_VIRTIO,
  WRITE_VIRTIO_AT,
} from "../layout";
import { setVector } from "./vectors";
import { writePlainVirtio, writeSuperVirtio } from "./virtio";

const IPV4_HEADER: u32 = 20;
const IPV6_HEADER: u32 = 40;

export function writeAt(worker: usize, index: u32): usize {
  return worker + WORKER_WRITES + index * WRITE_SIZE;
}

export function areWritesFull(worker: usize): bool {
  return read32(worker + WORKER_UP_WRITES) > WRITE_COUNT - 1 - WRITE_RESERVE;
}

/**
 * Begins a write with the packet of `octets` at `at`; its index. `room` octets before the packet are
 * its own spent headers: the virtio header takes their place when it fits, and one vector will do.
 */
export function beginWrite(
  worker: usize,
  session: usize,
  network: u32,
  at: usize,
  octets: u32,
  room: u32,
): u32 {
  const index = read32(worker + WORKER_UP_WRITES);
  write32(worker + WORKER_UP_WRITES, index + 1);
  write32(worker + WORKER_UP_LAST, index);
  const write = writeAt(worker, index);
  write32(write + WRITE_NETWORK, network);
  write32(write + WRITE_SEGMENTS, 1);
  write32(write + WRITE_AT, <u32>at);
  write32(write + WRITE_LENGTH, octets);
  write32(write + WRITE_IS_OPEN, 0);
  write32(write + WRITE_TAIL, <u32>at + octets);
  write32(write + WRITE_SPENT, <u32>at + octets);
  write32(write + WRITE_SESSION, <u32>session);
  write32(write + WRITE_VECTOR_COUNT, 0);
  if ((read32(worker + WORKER_OFFLOADS) & OFFLOAD_VIRTIO) === 0) {
    addVector(worker, write, at, octets);
    return index;
  }
  const isInPlace = room >= VIRTIO_SIZE;
  const virtio = isInPlace ? at - VIRTIO_SIZE : write + WRITE_VIRTIO;
  write32(write + WRITE_VIRTIO_AT, <u32>virtio);
  writePlainVirtio(virtio);
  addVector(worker, write, virtio, isInPlace ? VIRTIO_SIZE + octets : VIRTIO_SIZE);
  if (!isInPlace) addVector(worker, write, at, octets);
  return index;
}

/**
 * Adds the payload of a further packet, behind `room` octets of its own spent headers. A neighbour of
 * the last one moves up to it, over the headers between them: it is in the first-level cache, and
 * a copy there takes less time than another vector in the kernel. The caller keeps to
 * WRITE_VECTORS_MAX.
 */
export function addPayload(worker: usize, write: usize, at: usize, octets: u32, room: u32): void {
  if (at - room === <usize>read32(write + WRITE_SPENT)) {
    const tail = read32(write + WRITE_TAIL);
    memory.copy(tail, at, octets);
    lengthenVector(write, octets);
    write32(write + WRITE_TAIL, tail + octets);
  } else {
    addVector(worker, write, at, octets);
    write32(write + WRITE_TAIL, <u32>at + octets);
  }
  write32(write + WRITE_SPENT, <u32>at + octets);
  write32(write + WRITE_SEGMENTS, read32(write + WRITE_SEGMENTS) + 1);
  write32(write + WRITE_LENGTH, read32(write + WRITE_LENGTH) + octets);
}

function addVector(worker: usize, write: usize, at: usize, octets: u32): void {
  const count = read32(write + WRITE_VECTOR_COUNT);
  const vector = write + WRITE_VECTORS + count * IOVEC_SIZE;
  setVector(vector, read64(worker + WORKER_BASE), at, octets);
  write32(write + WRITE_VECTOR_COUNT, count + 1);
}

function lengthenVector(write: usize, octets: u32): void {
  const last = read32(write + WRITE_VECTOR_COUNT) - 1;
  const length = write + WRITE_VECTORS + last * IOVEC_SIZE + IOVEC_LENGTH;
  write64(length, read64(length) + octets);
}

/** Completes the headers of all super-packets; returns how many writes there are. */
export function sealWrites(worker: usize): u32 {
  const count = read32(worker + WORKER_UP_WRITES);
  for (let index: u32 = 0; index < count; index++) {
    const write = writeAt(worker, index);
    if (read32(write + WRITE_SEGMENTS) > 1) seal(write);
  }
  return count;
}

function seal(write: usize): void {
  const at = <usize>read32(write + WRITE_AT);
  const length = read32(write + WRITE_LENGTH);
  const ip = read32(write + WRITE_IP_HEADER);
  const isIpv6 = ip === IPV6_HEADER;
  const protocol = read8(isIpv6 ? at + 6 : at + 9);
  const transport = at + ip;
  const isTcp = protocol === TCP;
  if (isIpv6) putU16(at + 4, length - IPV6_HEADER);
  else setLength4(at, length);
  if (isTcp) putU8(transport + TCP_FLAGS, read32(write + WRITE_FLAGS));
  else putU16(transport + UDP_LENGTH, length - ip);
  // The kernel adds header and payload to the sum of the pseudo header (CHECKSUM_PARTIAL).
  const pseudo = isIpv6
    ? pseudoSum6(at, protocol, length - ip)
    : pseudoSum4(at, protocol, length - ip);
  const offset = isTcp ? TCP_CHECKSUM : UDP_CHECKSUM;
  write16(transport + offset, foldSum(pseudo));
  writeSuperVirtio(
    read32(write + WRITE_VIRTIO_AT),
    isTcp ? tcpType(transport, isIpv6) : VIRTIO_UDP,
    read32(write + WRITE_HEADERS),
    read32(write + WRITE_SEGMENT),
    ip,
    offset,
  );
}

function tcpType(transport: usize, isIpv6: bool): u32 {
  const ecn = (getU8(transport + TCP_FLAGS) & TCP_CWR) !== 0 ? VIRTIO_ECN : 0;
  return (isIpv6 ? VIRTIO_TCPV6 : VIRTIO_TCPV4) | ecn;
}

/** Total Length and the header checksum that follows from it. */
function setLength4(at: usize, length: u32): void {
  putU16(at + 2, length);
  write16(at + 10, 0);
  write16(at + 10, ~foldSum(partialSum(at, IPV4_HEADER)));
}
