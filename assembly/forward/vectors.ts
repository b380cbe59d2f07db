// Lays out the structures through which the kernel reads and writes this memory. Here, and only
// here, an address of the process is computed from an address in the memory: `base` is where the
// memory begins. Every vector stays inside its slot.

import { copyVector, read8, read32, read64, readShared64, write32, write64 } from "../bytes";
import {
  BATCH_CONTROL_SIZE,
  BATCH_CONTROLS,
  BATCH_COUNT,
  BATCH_HEADERS,
  BATCH_NAMES,
  BATCH_SLOTS,
  BATCH_VECTORS,
  BUFFER_CAPACITY,
  BUFFER_COUNT,
  BUFFER_SIZE,
  IOVEC_BASE,
  IOVEC_LENGTH,
  IOVEC_SIZE,
  MMSGHDR_CONTROL,
  MMSGHDR_CONTROL_LENGTH,
  MMSGHDR_FLAGS,
  MMSGHDR_LENGTH,
  MMSGHDR_NAME,
  MMSGHDR_NAME_LENGTH,
  MMSGHDR_SIZE,
  MMSGHDR_VECTOR,
  MMSGHDR_VECTOR_COUNT,
  RECEIVE_BUFFERS,
  RECEIVE_CONTROL_SIZE,
  RECEIVE_CONTROLS,
  RECEIVE_HEADERS,
  RECEIVE_NAMES,
  RECEIVE_VECTORS,
  SLOT_CAPACITY,
  SLOT_HEADROOM,
  SLOT_SIZE,
  SOCKADDR_MAX,
  WORKER_BASE,
  WORKER_RECEIVE,
} from "../layout";

const CMSG_LEVEL: u32 = 8;
const CMSG_DATA: u32 = 16;
const CMSG_ALIGNMENT: u64 = 8;
const CMSG_OCTET_LENGTH: u64 = 17; // header and an octet
const CMSG_INT_LENGTH: u64 = 20;
const CMSG_SPACE: u64 = 24;
// Level and type, as they are loaded together.
const SOL_IP: u64 = 0;
const SOL_UDP: u64 = 17;
const SOL_IPV6: u64 = 41;
const IP_TOS: u64 = 1;
const IPV6_TCLASS: u64 = 67;
const UDP_GRO: u64 = 104;
const ECN: u32 = 0x03;

export function messageAt(batch: usize, index: u32): usize {
  return batch + BATCH_HEADERS + index * MMSGHDR_SIZE;
}

/** Address of the packet in a slot of the batch, behind its headroom. */
export function packetAt(batch: usize, index: u32): usize {
  return batch + BATCH_SLOTS + index * SLOT_SIZE + SLOT_HEADROOM;
}

/** Prepares a batch: each message has one vector, its own name and its own control buffer. */
export function layoutBatch(batch: usize, base: u64): void {
  for (let i: u32 = 0; i < BATCH_COUNT; i++) {
    const message = messageAt(batch, i);
    const vector = batch + BATCH_VECTORS + i * IOVEC_SIZE;
    write64(message + MMSGHDR_NAME, base + <u64>(batch + BATCH_NAMES + i * SOCKADDR_MAX));
    write64(message + MMSGHDR_VECTOR, base + <u64>vector);
    write64(message + MMSGHDR_VECTOR_COUNT, 1);
    const control = batch + BATCH_CONTROLS + i * BATCH_CONTROL_SIZE;
    write64(message + MMSGHDR_CONTROL, base + <u64>control);
    setVector(vector, base, packetAt(batch, i), SLOT_CAPACITY);
  }
  resetReceive(batch, BATCH_COUNT);
}

/** The kernel overwrites these fields at each recvmmsg: set them back for the first `count`. */
export function resetReceive(batch: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const message = messageAt(batch, i);
    write32(message + MMSGHDR_NAME_LENGTH, SOCKADDR_MAX);
    write64(message + MMSGHDR_CONTROL_LENGTH, BATCH_CONTROL_SIZE);
    write32(message + MMSGHDR_FLAGS, 0);
  }
}

/** Points a vector at `length` octets at `at`. */
export function setVector(vector: usize, base: u64, at: usize, length: u32): void {
  write64(vector + IOVEC_BASE, base + <u64>at);
  write64(vector + IOVEC_LENGTH, <u64>length);
}

/**
 * Points message `index` of a send batch at `length` octets, with control elsewhere. The name is
 * copied: the kernel must not read it while the peer's port changes.
 */
export function setMessage(
  batch: usize,
  index: u32,
  base: u64,
  at: usize,
  length: u32,
  name: usize,
  nameLength: u32,
  control: usize,
  controlLength: u32,
): void {
  const message = messageAt(batch, index);
  setVector(batch + BATCH_VECTORS + index * IOVEC_SIZE, base, at, length);
  copyName(nameAt(batch, index), name);
  write32(message + MMSGHDR_NAME_LENGTH, nameLength);
  write64(message + MMSGHDR_CONTROL, base + <u64>control);
  write64(message + MMSGHDR_CONTROL_LENGTH, <u64>controlLength);
}

/** Family and port are in the first eight octets: those are read as a whole. */
export function copyName(to: usize, from: usize): void {
  write64(to, readShared64(from));
  write64(to + 8, read64(from + 8));
  copyVector(to + 16, from + 16);
}

export function controlAt(batch: usize, index: u32): usize {
  return batch + BATCH_CONTROLS + index * BATCH_CONTROL_SIZE;
}

export function nameAt(batch: usize, index: u32): usize {
  return batch + BATCH_NAMES + index * SOCKADDR_MAX;
}

/** Prepares the messages that recvmmsg of a worker fills. */
export function layoutReceive(worker: usize): void {
  layoutBuffers(worker + WORKER_RECEIVE, read64(worker + WORKER_BASE));
}

/** `resetBuffers` for the messages of a worker. */
export function resetReceived(worker: usize, count: u32): void {
  resetBuffers(worker + WORKER_RECEIVE, count);
}

/** Prepares a region of messages that recvmmsg fills, each a buffer of its own. */
export function layoutBuffers(receive: usize, base: u64): void {
  for (let i: u32 = 0; i < BUFFER_COUNT; i++) {
    const message = receive + RECEIVE_HEADERS + i * MMSGHDR_SIZE;
    const vector = receive + RECEIVE_VECTORS + i * IOVEC_SIZE;
    const name = receive + RECEIVE_NAMES + i * SOCKADDR_MAX;
    const control = receive + RECEIVE_CONTROLS + i * RECEIVE_CONTROL_SIZE;
    write64(message + MMSGHDR_NAME, base + <u64>name);
    write64(message + MMSGHDR_VECTOR, base + <u64>vector);
    write64(message + MMSGHDR_VECTOR_COUNT, 1);
    write64(message + MMSGHDR_CONTROL, base + <u64>control);
    setVector(vector, base, receive + RECEIVE_BUFFERS + i * BUFFER_SIZE, BUFFER_CAPACITY);
  }
  resetBuffers(receive, BUFFER_COUNT);
}

/** `resetReceive` for messages with buffers. */
export function resetBuffers(receive: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const message = receive + RECEIVE_HEADERS + i * MMSGHDR_SIZE;
    write32(message + MMSGHDR_NAME_LENGTH, SOCKADDR_MAX);
    write64(message + MMSGHDR_CONTROL_LENGTH, RECEIVE_CONTROL_SIZE);
    write32(message + MMSGHDR_FLAGS, 0);
  }
}

/** Makes message `index` one of a single datagram of `octets`, which lies in its buffer. */
export function setReceived(worker: usize, index: u32, octets: u32, ecn: u32): void {
  const message = receivedAt(worker, index);
  write32(message + MMSGHDR_LENGTH, octets);
  write64(message + MMSGHDR_CONTROL_LENGTH, ecn === 0 ? 0 : CMSG_SPACE);
  const control = receivedControlAt(worker, index);
  write64(control, CMSG_INT_LENGTH);
  write64(control + CMSG_LEVEL, (IP_TOS << 32) | SOL_IP);
  write32(control + CMSG_DATA, ecn);
  write32(message + MMSGHDR_FLAGS, 0);
}

function receivedAt(worker: usize, index: u32): usize {
  return worker + WORKER_RECEIVE + RECEIVE_HEADERS + index * MMSGHDR_SIZE;
}

export function receivedNameAt(worker: usize, index: u32): usize {
  return worker + WORKER_RECEIVE + RECEIVE_NAMES + index * SOCKADDR_MAX;
}

export function receiveBufferAt(worker: usize, index: u32): usize {
  return worker + WORKER_RECEIVE + RECEIVE_BUFFERS + index * BUFFER_SIZE;
}

export function receivedLength(worker: usize, index: u32): u32 {
  return read32(receivedAt(worker, index) + MMSGHDR_LENGTH);
}

export function receivedFlags(worker: usize, index: u32): u32 {
  return read32(receivedAt(worker, index) + MMSGHDR_FLAGS);
}

function receivedControlAt(worker: usize, index: u32): usize {
  return worker + WORKER_RECEIVE + RECEIVE_CONTROLS + index * RECEIVE_CONTROL_SIZE;
}

/** Octets of each datagram in a message but the last: what UDP_GRO tells, or all of them. */
export function receivedSegment(worker: usize, index: u32): u32 {
  const whole = max(1, receivedLength(worker, index));
  if (isUntold(worker, index)) return whole;
  const data = findControl(worker, index, (UDP_GRO << 32) | SOL_UDP, CMSG_INT_LENGTH);
  const segment = data === 0 ? 0 : read32(data);
  return segment === 0 ? whole : min(segment, whole);
}

/** A datagram by itself comes without control messages, unless sockets tell its TOS. */
function isUntold(worker: usize, index: u32): bool {
  return read64(receivedAt(worker, index) + MMSGHDR_CONTROL_LENGTH) === 0;
}

/** ECN of the packets that a message came in; 0 unless it is told. */
export function receivedEcn(worker: usize, index: u32): u32 {
  if (isUntold(worker, index)) return 0;
  let data = findControl(worker, index, (IP_TOS << 32) | SOL_IP, CMSG_OCTET_LENGTH);
  if (data === 0) {
    data = findControl(worker, index, (IPV6_TCLASS << 32) | SOL_IPV6, CMSG_INT_LENGTH);
  }
  return data === 0 ? 0 : read8(data) & ECN;
}

/** Where the data of a control message is that has `octets` at least, header and data; 0: nowhere. */
function findControl(worker: usize, index: u32, levelType: u64, octets: u64): usize {
  const told = read64(receivedAt(worker, index) + MMSGHDR_CONTROL_LENGTH);
  let left: u64 = min(told, <u64>RECEIVE_CONTROL_SIZE);
  let control = receivedControlAt(worker, index);
  while (left >= CMSG_DATA) {
    const length = read64(control);
    if (length < CMSG_DATA || length > left) return 0;
    if (read64(control + CMSG_LEVEL) === levelType && length >= octets) return control + CMSG_DATA;
    const space = (length + CMSG_ALIGNMENT - 1) & ~(CMSG_ALIGNMENT - 1);
    if (space >= left) return 0;
    control += <usize>space;
    left -= space;
  }
  return 0;
}
