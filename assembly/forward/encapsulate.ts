// From the network to the peer, one batch:
//
//   1. readv has filled read buffers with what one TUN device has: IP packets, and super-packets of
//      many segments behind a virtio header.
//   2. Each one's IP header is checked, its destination looked up among the routes of that network: an
//      IPv4 address, or the /64 of an IPv6 address.
//   3. A SYN is told what the path holds (mss.ts). A packet gets the session's prefix (L2TP and PPP
//      header, made by the control thread) in front of it, into the headroom; a super-packet is cut
//      into such packets (segment.ts).
//      What exceeds the session's MTU goes as fragments (fragment.ts) or back as an error (too-big.ts).
//   4. Frames of one length to one tunnel become one message (messages.ts), for sendmmsg.
//
// When messages or the room for headers are used up, the place is kept (WORKER_DOWN_REST) and the
// next call goes on there.

import {
  getU8,
  read8,
  read16,
  read32,
  read64,
  readShared32,
  readShared64,
  write8,
  write16,
  write32,
} from "../bytes";
import { foldSum, partialSum } from "../ip/checksum";
import {
  checkIpv4,
  checkIpv6,
  IPV6_HEADER,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4TotalLength,
  ipv6DestinationSubnet,
  ipv6TotalLength,
  isRoutable,
} from "../ip/header";
import {
  BUFFER_CAPACITY,
  BUFFER_COUNT,
  BUFFER_HEADROOM,
  BUFFER_SIZE,
  COUNT_DOWN_FRAGMENTED,
  COUNT_DOWN_IP_HEADER,
  COUNT_DOWN_NO_ROUTE,
  COUNT_DOWN_NOT_IP,
  COUNT_DOWN_NOT_OPEN,
  COUNT_DOWN_NOT_ROUTABLE,
  IOVEC_SIZE,
  REST_CUT,
  REST_NONE,
  REST_PACKET,
  SESSION_ADDRESS,
  SESSION_MTU,
  SESSION_SUBNET,
  VIRTIO_CHECKSUM_OFFSET,
  VIRTIO_CHECKSUM_START,
  VIRTIO_FLAGS,
  VIRTIO_NEEDS_CHECKSUM,
  VIRTIO_NONE,
  VIRTIO_SIZE,
  VIRTIO_TYPE,
  WORKER_BASE,
  WORKER_DOWN_PACKET,
  WORKER_DOWN_REST,
  WORKER_READ,
  WORKER_READ_LENGTHS,
  WORKER_READ_VECTORS,
  WORKER_SCRATCH,
} from "../layout";
import { STATUS_IP_VERSION, STATUS_OK } from "../records";
import { count, countDrops, countSent, countTooBig } from "./counters";
import { outerTos } from "./ecn";
import { countFragments, sendFragments } from "./fragment";
import { handPacket } from "./handover";
import {
  addFrames,
  beginMessages,
  messageFor,
  NO_MESSAGE,
  nextVector,
  pairOf,
  sealMessages,
} from "./messages";
import { clampMss } from "./mss";
import { everythingOf } from "./networks";
import { isOwn, ownerOf } from "./owners";
import { numberPrefix, prefixLength, writePrefix, writeProtocol } from "./prefix";
import { findPrefix4, findPrefix6 } from "./prefixes";
import { findRoute, touchRoute } from "./routes";
import { beginCut, cutOn, firstSegment, openCut } from "./segment";
import { sessionAt } from "./sessions";
import { allowed, charge, enqueue, isShaped } from "./shape";
import { findSubnet, touchSubnet } from "./subnets";
import { beginErrors, reportTooBig } from "./too-big";
import { setVector } from "./vectors";
import { virtioSize } from "./virtio";

const VERSION_6: u32 = 6;
const IPV6_DESTINATION: u32 = 24;
const CHECKSUM_SIZE: u32 = 2;
const START_SHIFT: u32 = 16;
const PLACE_MASK: u32 = 0xffff;

/**
 * Points the read vectors at the read buffers, with room for a virtio header before the packet where
 * the devices have one: WORKER_OFFLOADS is written before. They stay so.
 */
export function layoutReadVectors(worker: usize): void {
  const base = read64(worker + WORKER_BASE);
  const virtio = virtioSize(worker);
  for (let i: u32 = 0; i < BUFFER_COUNT; i++) {
    const vector = worker + WORKER_READ_VECTORS + i * IOVEC_SIZE;
    setVector(vector, base, packetAt(worker, i) - virtio, virtio + BUFFER_CAPACITY);
  }
}

function packetAt(worker: usize, index: u32): usize {
  return worker + WORKER_READ + index * BUFFER_SIZE + BUFFER_HEADROOM;
}

/**
 * Works on what was read into the first `packets` buffers; returns how many messages are to be
 * sent. While WORKER_DOWN_REST is not 0 there is more: to be called again, with the same arguments,
 * after they were.
 */
export function encapsulate(worker: usize, network: u32, packets: u32): u32 {
  const rest = read32(worker + WORKER_DOWN_REST);
  let i: u32 = rest === REST_NONE ? 0 : read32(worker + WORKER_DOWN_PACKET);
  const filled = min(packets, BUFFER_COUNT);
  let state = REST_NONE;
  beginMessages(worker);
  beginErrors(worker);
  if (rest === REST_NONE) write32(worker + WORKER_SCRATCH, touch(worker, network, filled));
  if (rest === REST_CUT) {
    if (cutOn(worker)) i++;
    else state = REST_CUT;
  }
  while (i < filled && state === REST_NONE) {
    state = encapsulateOne(worker, network, i);
    if (state === REST_NONE) i++;
  }
  write32(worker + WORKER_DOWN_PACKET, i);
  write32(worker + WORKER_DOWN_REST, state);
  return sealMessages(worker);
}

/** As in decapsulate: reads what the batch will need of the tables, and does nothing with it. */
function touch(worker: usize, network: u32, packets: u32): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < packets; i++) {
    const at = packetAt(worker, i);
    sum +=
      getU8(at) >> 4 === VERSION_6
        ? touchSubnet(network, ipv6DestinationSubnet(at))
        : touchRoute(network, ipv4Destination(at));
  }
  return sum;
}

/** Takes what is in buffer `i` to the messages; a REST_ value says what of it is left. */
function encapsulateOne(worker: usize, network: u32, i: u32): u32 {
  const at = packetAt(worker, i);
  const virtio = virtioSize(worker);
  const read = read32(worker + WORKER_READ_LENGTHS + i * 4);
  const octets = checkedOctets(worker, at, read < virtio ? 0 : read - virtio);
  if (octets === 0) return REST_NONE;
  const isSuper = virtio !== 0 && read8(at - VIRTIO_SIZE + VIRTIO_TYPE) !== VIRTIO_NONE;
  const packets = isSuper ? openCut(worker, at, octets) : 1;
  if (packets === 0) {
    count(worker, COUNT_DOWN_IP_HEADER);
    return REST_NONE;
  }
  const session = findReceiver(worker, network, at, packets);
  if (session === 0) return REST_NONE;
  if (!isOwn(worker, session)) {
    handPacket(worker, ownerOf(session), network, at, octets, virtio, packets);
    return REST_NONE;
  }
  if (!isOpen(session, at)) {
    countDrops(worker, COUNT_DOWN_NOT_OPEN, session, packets);
    return REST_NONE;
  }
  if (!isSuper) return send(worker, session, at, octets, virtio !== 0) ? REST_NONE : REST_PACKET;
  beginCut(worker, session);
  const first = firstSegment(worker);
  const mtu = read32(session + SESSION_MTU);
  if (first > mtu && countFragments(mtu, at, first) === 0) {
    reportTooBig(worker, session, at, first);
  }
  return cutOn(worker) ? REST_NONE : REST_CUT;
}

/** Octets of the IP packet in a buffer of `length` octets; 0 when it is none, which is counted. */
function checkedOctets(worker: usize, at: usize, length: u32): u32 {
  if (length > BUFFER_CAPACITY) {
    count(worker, COUNT_DOWN_NOT_IP);
    return 0;
  }
  // What was checked may be another packet by now, where somebody writes here: `length` stays.
  let status = checkIpv4(at, length);
  if (status === STATUS_OK) return min(ipv4TotalLength(at), length);
  if (status === STATUS_IP_VERSION) {
    status = checkIpv6(at, length);
    if (status === STATUS_OK) return min(ipv6TotalLength(at), length);
  }
  count(worker, status === STATUS_IP_VERSION ? COUNT_DOWN_NOT_IP : COUNT_DOWN_IP_HEADER);
  return 0;
}

/** The session that a checked packet is for; 0 when there is none, counted for `packets` packets. */
function findReceiver(worker: usize, network: u32, at: usize, packets: u32): usize {
  if (getU8(at) >> 4 === VERSION_6) return findReceiver6(worker, network, at, packets);
  const address = ipv4Destination(at);
  const index = findRoute(network, address);
  return receiverAt(worker, network, index !== 0 ? index : findPrefix4(network, address), packets);
}

function findReceiver6(worker: usize, network: u32, at: usize, packets: u32): usize {
  const subnet = ipv6DestinationSubnet(at);
  if (!isRoutable(subnet)) {
    countDrops(worker, COUNT_DOWN_NOT_ROUTABLE, 0, packets);
    return 0;
  }
  const index = findSubnet(network, subnet);
  const destination = at + IPV6_DESTINATION;
  const found = index !== 0 ? index : findPrefix6(network, destination);
  return receiverAt(worker, network, found, packets);
}

/** What no session has is for the one that everything is for. */
function receiverAt(worker: usize, network: u32, found: u32, packets: u32): usize {
  const index = found !== 0 ? found : everythingOf(network);
  if (index !== 0) return sessionAt(index);
  countDrops(worker, COUNT_DOWN_NO_ROUTE, 0, packets);
  return 0;
}

/** Whether packets of the family of the one at `at` may pass. */
function isOpen(session: usize, at: usize): bool {
  if (getU8(at) >> 4 === VERSION_6) return readShared64(session + SESSION_SUBNET) !== 0;
  return readShared32(session + SESSION_ADDRESS) !== 0;
}

/** Makes a frame of a packet, when the peer takes so many octets; false when messages are used up. */
function send(worker: usize, session: usize, at: usize, octets: u32, hasVirtio: bool): bool {
  const mtu = read32(session + SESSION_MTU);
  if (octets > mtu) return sendLarge(worker, session, mtu, at, octets, hasVirtio);
  const isPartial = hasVirtio && needsChecksum(at);
  const place = isPartial ? checksumPlace(at, octets) : 0;
  if (isPartial && place === 0) {
    count(worker, COUNT_DOWN_IP_HEADER);
    return true;
  }
  const isCharged = isShaped(session);
  if (isCharged && allowed(worker, session, octets, 1) === 0) {
    clampMss(session, at, octets, isPartial);
    if (isPartial) completeChecksum(at, octets, place);
    keep(worker, session, at, octets);
    return true;
  }
  const version = getU8(at) >> 4;
  const prefix = prefixLength(session);
  const pair = pairOf(worker, session, at, version);
  const message = messageFor(worker, session, pair, prefix + octets, outerTos(session, at));
  if (message === NO_MESSAGE) return false;
  if (isCharged) charge(session, octets, 1);
  clampMss(session, at, octets, isPartial);
  if (isPartial) completeChecksum(at, octets, place);
  writePrefix(session, at, prefix);
  writeProtocol(at, version);
  numberPrefix(session, at, prefix, octets);
  const vector = nextVector(worker, message);
  setVector(vector, read64(worker + WORKER_BASE), at - prefix, prefix + octets);
  addFrames(worker, message, pair, 1, prefix + octets, vector + IOVEC_SIZE);
  countSent(worker, session, 1, octets);
  return true;
}

/** What exceeds the MTU goes as fragments where its sender lets it, and is reported otherwise. */
function sendLarge(
  worker: usize,
  session: usize,
  mtu: u32,
  at: usize,
  octets: u32,
  hasVirtio: bool,
): bool {
  const fragments = countFragments(mtu, at, octets);
  if (fragments === 0) {
    countTooBig(worker, session, 1);
    reportTooBig(worker, session, at, octets);
    return true;
  }
  if (hasVirtio && needsChecksum(at)) {
    const place = checksumPlace(at, octets);
    if (place === 0) {
      count(worker, COUNT_DOWN_IP_HEADER);
      return true;
    }
    completeChecksum(at, octets, place);
    write8(at - VIRTIO_SIZE + VIRTIO_FLAGS, 0); // once, also when there is no room yet
  }
  const isCharged = isShaped(session);
  if (isCharged && allowed(worker, session, octets, 1) === 0) {
    keep(worker, session, at, octets); // whole, and cut when it goes
    return true;
  }
  if (!sendFragments(worker, session, mtu, at, octets, fragments)) return false;
  if (isCharged) charge(session, octets, 1);
  count(worker, COUNT_DOWN_FRAGMENTED);
  return true;
}

/** Copies the packet to where it waits for its time. */
function keep(worker: usize, session: usize, at: usize, octets: u32): void {
  const room = enqueue(worker, session, at, octets);
  if (room !== 0) memory.copy(room, at, octets);
}

function needsChecksum(at: usize): bool {
  return (read8(at - VIRTIO_SIZE + VIRTIO_FLAGS) & VIRTIO_NEEDS_CHECKSUM) !== 0;
}

/**
 * Where the checksum is that the virtio header names, and in the upper half from where it is summed;
 * 0 unless that lies within the packet, behind its IP header.
 */
function checksumPlace(at: usize, octets: u32): u32 {
  const virtio = at - VIRTIO_SIZE;
  const start = read16(virtio + VIRTIO_CHECKSUM_START);
  const header = getU8(at) >> 4 === VERSION_6 ? IPV6_HEADER : ipv4HeaderLength(at);
  const place = start + read16(virtio + VIRTIO_CHECKSUM_OFFSET);
  return start < header || place + CHECKSUM_SIZE > octets ? 0 : (start << START_SHIFT) | place;
}

/** As skb_checksum_help does: the field holds the sum of the pseudo header; 0 goes as 0xffff. */
function completeChecksum(at: usize, octets: u32, place: u32): void {
  const start = place >> START_SHIFT;
  const field = at + (place & PLACE_MASK);
  const sum = foldSum(partialSum(at + start, octets - start));
  write16(field, sum === 0xffff ? 0xffff : ~sum);
}
