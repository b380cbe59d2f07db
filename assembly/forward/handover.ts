// What lands at the wrong worker goes to the owner of its session, whole and as it came: a datagram
// that was merged with those of another tunnel, a packet from a queue that the kernel has chosen.
// The owner takes it as if it had been received or read: `takeHanded` fills the same buffers.

import { copyVector, read32, readShared32, write32, writeShared32 } from "../bytes";
import {
  BUFFER_CAPACITY,
  BUFFER_COUNT,
  BUFFER_HEADROOM,
  BUFFER_SIZE,
  COUNT_DOWN_HANDED,
  COUNT_DOWN_HANDED_FULL,
  COUNT_UP_HANDED,
  COUNT_UP_HANDED_FULL,
  HANDED_DATAGRAM,
  HANDED_ECN,
  HANDED_ENTRY,
  HANDED_KIND,
  HANDED_LENGTH,
  HANDED_NAME,
  HANDED_NETWORK,
  HANDED_PACKET,
  HANDED_SKIP,
  HANDOVER_CAPACITY,
  HANDOVER_HEAD,
  HANDOVER_LINE,
  HANDOVER_OCTETS,
  HANDOVER_SIZE,
  HANDOVER_TAIL,
  PRODUCER_COUNT,
  WORKER_HANDOVERS,
  WORKER_INDEX,
  WORKER_PRODUCER,
  WORKER_READ,
  WORKER_READ_LENGTHS,
  WORKER_SIZE,
  WORKER_TAKEN_KIND,
  WORKER_TAKEN_NETWORK,
  WORKER_TO_WAKE,
  WORKER_UP_ECN,
  WORKERS,
  WORKERS_MAX,
} from "../layout";
import { count, countDrops } from "./counters";
import { receiveBufferAt, receivedNameAt, setReceived } from "./vectors";
import { virtioSize } from "./virtio";

/** No ring takes it. */
const NO_ENTRY: usize = 0;

/** Hands the datagram of `length` octets at `at`, of the sender at `name`, to worker `owner`. */
export function handDatagram(worker: usize, owner: u32, name: usize, at: usize, length: u32): void {
  const entry = begin(worker, owner, length);
  if (entry === NO_ENTRY) {
    count(worker, COUNT_UP_HANDED_FULL);
    return;
  }
  write32(entry + HANDED_NETWORK, 0);
  write32(entry + HANDED_ECN, read32(worker + WORKER_UP_ECN));
  copyVector(entry + HANDED_NAME, name);
  copyVector(entry + HANDED_NAME + 16, name + 16);
  memory.copy(entry + HANDED_ENTRY, at, length);
  publish(worker, owner, entry, HANDED_DATAGRAM, length);
  count(worker, COUNT_UP_HANDED);
}

/** Hands the packet of `octets` at `at`, and `virtio` octets in front of it, to worker `owner`. */
export function handPacket(
  worker: usize,
  owner: u32,
  network: u32,
  at: usize,
  octets: u32,
  virtio: u32,
  packets: u32,
): void {
  const entry = begin(worker, owner, octets);
  if (entry === NO_ENTRY) {
    countDrops(worker, COUNT_DOWN_HANDED_FULL, 0, packets);
    return;
  }
  write32(entry + HANDED_NETWORK, network);
  memory.copy(entry + HANDED_NAME, at - virtio, virtio);
  memory.copy(entry + HANDED_ENTRY, at, octets);
  publish(worker, owner, entry, HANDED_PACKET, octets);
  count(worker, COUNT_DOWN_HANDED);
}

function regionAt(index: u32): usize {
  return WORKERS + index * WORKER_SIZE;
}

function ringAt(worker: usize, producer: u32): usize {
  return worker + WORKER_HANDOVERS + producer * HANDOVER_SIZE;
}

function entryAt(ring: usize, position: u32): usize {
  return ring + HANDOVER_OCTETS + (position & (HANDOVER_CAPACITY - 1));
}

function sizeOf(octets: u32): u32 {
  return HANDED_ENTRY + ((octets + HANDOVER_LINE - 1) & ~(HANDOVER_LINE - 1));
}

/** Where an entry of so many octets goes, NO_ENTRY when there is no room. */
function begin(worker: usize, owner: u32, octets: u32): usize {
  if (owner >= WORKERS_MAX || octets > BUFFER_CAPACITY) return NO_ENTRY;
  const ring = ringAt(regionAt(owner), read32(worker + WORKER_INDEX));
  const size = sizeOf(octets);
  let head = readShared32(ring + HANDOVER_HEAD);
  const room = HANDOVER_CAPACITY - (head - readShared32(ring + HANDOVER_TAIL));
  const left = HANDOVER_CAPACITY - (head & (HANDOVER_CAPACITY - 1));
  if (room > HANDOVER_CAPACITY || room < size) return NO_ENTRY;
  if (left >= size) return entryAt(ring, head);
  if (room < left + size) return NO_ENTRY;
  write32(entryAt(ring, head) + HANDED_KIND, HANDED_SKIP);
  head += left;
  writeShared32(ring + HANDOVER_HEAD, head);
  return entryAt(ring, head);
}

function publish(worker: usize, owner: u32, entry: usize, kind: u32, octets: u32): void {
  write32(entry + HANDED_LENGTH, octets);
  write32(entry + HANDED_KIND, kind);
  const ring = ringAt(regionAt(owner), read32(worker + WORKER_INDEX));
  writeShared32(ring + HANDOVER_HEAD, readShared32(ring + HANDOVER_HEAD) + sizeOf(octets));
  write32(worker + WORKER_TO_WAKE, read32(worker + WORKER_TO_WAKE) | (1 << owner));
}

/**
 * Takes what others have handed over into the receive or read buffers, as far as it is of one kind
 * and one network, of each producer in turn; returns how many there are. WORKER_TAKEN_KIND says for which function. To be
 * called until it answers 0.
 */
export function takeHanded(worker: usize): u32 {
  const first = read32(worker + WORKER_PRODUCER);
  for (let step: u32 = 0; step < PRODUCER_COUNT; step++) {
    const producer = (first + step) % PRODUCER_COUNT;
    const taken = takeFrom(worker, ringAt(worker, producer));
    if (taken === 0) continue;
    write32(worker + WORKER_PRODUCER, (producer + 1) % PRODUCER_COUNT);
    return taken;
  }
  return 0;
}

function takeFrom(worker: usize, ring: usize): u32 {
  const head = readShared32(ring + HANDOVER_HEAD);
  let tail = readShared32(ring + HANDOVER_TAIL);
  if (head - tail > HANDOVER_CAPACITY) tail = head; // more than there can be is nothing
  let kind = HANDED_SKIP;
  let network: u32 = 0;
  let taken: u32 = 0;
  while (tail !== head && taken < BUFFER_COUNT) {
    const waiting = head - tail;
    const left = HANDOVER_CAPACITY - (tail & (HANDOVER_CAPACITY - 1));
    const entry = entryAt(ring, tail);
    const octets = read32(entry + HANDED_LENGTH);
    const next = read32(entry + HANDED_KIND);
    const isSkip = next === HANDED_SKIP;
    const size = isSkip ? left : sizeOf(octets);
    // Whatever the memory says, nothing is read outside of the ring, and there is an end to it.
    if ((!isSkip && octets > BUFFER_CAPACITY) || size > min(left, waiting)) {
      tail = head;
      break;
    }
    if (isSkip) {
      tail += left;
      continue;
    }
    const networkNow = read32(entry + HANDED_NETWORK);
    if (taken !== 0 && (next !== kind || networkNow !== network)) break;
    kind = next;
    network = networkNow;
    if (kind === HANDED_DATAGRAM) putDatagram(worker, taken, entry, octets);
    else putPacket(worker, taken, entry, octets);
    tail += size;
    taken++;
  }
  write32(worker + WORKER_TAKEN_KIND, kind);
  write32(worker + WORKER_TAKEN_NETWORK, network);
  writeShared32(ring + HANDOVER_TAIL, tail);
  return taken;
}

/** As recvmmsg does. */
function putDatagram(worker: usize, index: u32, entry: usize, octets: u32): void {
  memory.copy(receiveBufferAt(worker, index), entry + HANDED_ENTRY, octets);
  copyVector(receivedNameAt(worker, index), entry + HANDED_NAME);
  copyVector(receivedNameAt(worker, index) + 16, entry + HANDED_NAME + 16);
  setReceived(worker, index, octets, read32(entry + HANDED_ECN));
}

/** As readv does. */
function putPacket(worker: usize, index: u32, entry: usize, octets: u32): void {
  const at = worker + WORKER_READ + index * BUFFER_SIZE + BUFFER_HEADROOM;
  memory.copy(at, entry + HANDED_ENTRY, octets);
  const virtio = virtioSize(worker);
  memory.copy(at - virtio, entry + HANDED_NAME, virtio);
  write32(worker + WORKER_READ_LENGTHS + index * 4, virtio + octets);
}
