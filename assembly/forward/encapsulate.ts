// From the network to the peer, one batch, and PPP frames of the control thread:
//
//   1. readv has filled slots of the send batch with IP packets from one TUN device.
//   2. Each packet is checked, its destination looked up among the routes of that network: an IPv4
//      address, or the /64 of an IPv6 address.
//   3. The session's prefix (L2TP and PPP header, made by the control thread) goes in front of it,
//      into the headroom; only Length, the last octet of the PPP protocol, and Ns where it is asked
//      for, differ from packet to packet.
//   4. The message's name is copied, its control points into the session record; sendmmsg takes
//      them there.
//
// An injected frame is sent from its ring entry in the same way, with the L2TP header alone.

import {
  copyVector,
  putU8,
  putU16,
  read32,
  read64,
  readShared32,
  readShared64,
  write32,
} from "../bytes";
import {
  checkIpv4,
  checkIpv6,
  ipv4Destination,
  ipv4TotalLength,
  ipv6DestinationSubnet,
  ipv6TotalLength,
  isRoutable,
} from "../ip/header";
import {
  BATCH_COUNT,
  COUNT_DOWN_INJECT_STALE,
  COUNT_DOWN_INJECTED,
  COUNT_DOWN_IP_HEADER,
  COUNT_DOWN_NO_ROUTE,
  COUNT_DOWN_NOT_IP,
  COUNT_DOWN_NOT_OPEN,
  COUNT_DOWN_NOT_ROUTABLE,
  COUNT_DOWN_OCTETS,
  COUNT_DOWN_PACKETS,
  COUNT_DOWN_TOO_BIG,
  ENTRY_FRAME,
  ENTRY_LENGTH,
  IOVEC_SIZE,
  SESSION_ADDRESS,
  SESSION_CONTROL,
  SESSION_CONTROL_LENGTH,
  SESSION_CONTROL_MAX,
  SESSION_DROPS,
  SESSION_HEADER_LENGTH,
  SESSION_MTU,
  SESSION_NAME,
  SESSION_NAME_LENGTH,
  SESSION_NS,
  SESSION_PREFIX,
  SESSION_PREFIX_LENGTH,
  SESSION_PREFIX_MAX,
  SESSION_SEQUENCED,
  SESSION_SUBNET,
  SESSION_TX_OCTETS,
  SESSION_TX_PACKETS,
  SLOT_CAPACITY,
  SOCKADDR_MAX,
  WORKER_BASE,
  WORKER_COUNTERS,
  WORKER_INJECT,
  WORKER_INJECT_SEND,
  WORKER_INJECTED,
  WORKER_READ_LENGTHS,
  WORKER_READ_VECTORS,
  WORKER_SEND,
} from "../layout";
import { STATUS_IP_VERSION, STATUS_OK } from "../records";
import { add, count, countDrop } from "./counters";
import { entryAt, entrySession, pending, release, tail } from "./ring";
import { findRoute } from "./routes";
import { sessionAt, sessionState } from "./sessions";
import { findSubnet } from "./subnets";
import { packetAt, setMessage, setVector } from "./vectors";

/** Places of fields in the L2TP header of what we send: L is always set. */
const LENGTH_FIELD: u32 = 2;
const NS_FIELD: u32 = 8;
/** Last octets of the PPP protocol: 0x0021 and 0x0057 (RFC 5072 4). */
const PPP_IPV4: u32 = 0x21;
const PPP_IPV6: u32 = 0x57;

/** Points the read vectors at the slots of the send batch; they stay so. */
export function layoutReadVectors(worker: usize): void {
  const base = read64(worker + WORKER_BASE);
  for (let i: u32 = 0; i < BATCH_COUNT; i++) {
    const vector = worker + WORKER_READ_VECTORS + i * IOVEC_SIZE;
    setVector(vector, base, packetAt(worker + WORKER_SEND, i), SLOT_CAPACITY);
  }
}

/** Works on packets in the first `packets` slots; returns how many messages are to be sent. */
export function encapsulate(worker: usize, network: u32, packets: u32): u32 {
  const filled = packets < BATCH_COUNT ? packets : BATCH_COUNT;
  let messages: u32 = 0;
  for (let i: u32 = 0; i < filled; i++) {
    if (encapsulateOne(worker, network, i, messages)) messages++;
  }
  return messages;
}

/** True when packet `i` became message `message` of those to be sent. */
function encapsulateOne(worker: usize, network: u32, i: u32, message: u32): bool {
  const at = packetAt(worker + WORKER_SEND, i);
  const length = read32(worker + WORKER_READ_LENGTHS + i * 4);
  if (length > SLOT_CAPACITY) {
    count(worker, COUNT_DOWN_NOT_IP);
    return false;
  }
  const status = checkIpv4(at, length);
  if (status === STATUS_IP_VERSION) return encapsulateIpv6(worker, network, at, length, message);
  if (status !== STATUS_OK) {
    count(worker, COUNT_DOWN_IP_HEADER);
    return false;
  }
  const index = findRoute(network, ipv4Destination(at));
  if (index === 0) {
    count(worker, COUNT_DOWN_NO_ROUTE);
    return false;
  }
  const session = sessionAt(index);
  if (readShared32(session + SESSION_ADDRESS) === 0) {
    countDrop(worker, COUNT_DOWN_NOT_OPEN, session + SESSION_DROPS);
    return false;
  }
  return send(worker, session, at, ipv4TotalLength(at), PPP_IPV4, message);
}

function encapsulateIpv6(worker: usize, network: u32, at: usize, length: u32, message: u32): bool {
  const status = checkIpv6(at, length);
  if (status !== STATUS_OK) {
    count(worker, status === STATUS_IP_VERSION ? COUNT_DOWN_NOT_IP : COUNT_DOWN_IP_HEADER);
    return false;
  }
  const subnet = ipv6DestinationSubnet(at);
  if (!isRoutable(subnet)) {
    count(worker, COUNT_DOWN_NOT_ROUTABLE);
    return false;
  }
  const index = findSubnet(network, subnet);
  if (index === 0) {
    count(worker, COUNT_DOWN_NO_ROUTE);
    return false;
  }
  const session = sessionAt(index);
  if (readShared64(session + SESSION_SUBNET) === 0) {
    countDrop(worker, COUNT_DOWN_NOT_OPEN, session + SESSION_DROPS);
    return false;
  }
  return send(worker, session, at, ipv6TotalLength(at), PPP_IPV6, message);
}

/** Makes message `message` of a packet, when the peer takes so many octets. */
function send(
  worker: usize,
  session: usize,
  at: usize,
  octets: u32,
  protocol: u32,
  message: u32,
): bool {
  if (octets > read32(session + SESSION_MTU)) {
    countDrop(worker, COUNT_DOWN_TOO_BIG, session + SESSION_DROPS);
    return false;
  }
  const prefix = min(read32(session + SESSION_PREFIX_LENGTH), SESSION_PREFIX_MAX);
  address(worker, worker + WORKER_SEND, message, session, at, octets, prefix);
  putU8(at - 1, protocol);
  add(session + SESSION_TX_PACKETS, 1);
  add(session + SESSION_TX_OCTETS, octets);
  count(worker, COUNT_DOWN_PACKETS);
  add(worker + WORKER_COUNTERS + COUNT_DOWN_OCTETS * 8, octets);
  return true;
}

/** Writes the first `prefix` octets of the session's prefix before `at` and fills the message. */
function address(
  worker: usize,
  batch: usize,
  message: u32,
  session: usize,
  at: usize,
  octets: u32,
  prefix: u32,
): void {
  const start = at - prefix;
  // One vector that ends with the prefix; what it brings before `start` lies in the headroom.
  copyVector(at - SESSION_PREFIX_MAX, session + SESSION_PREFIX + prefix - SESSION_PREFIX_MAX);
  putU16(start + LENGTH_FIELD, prefix + octets);
  if (read32(session + SESSION_SEQUENCED) !== 0) {
    const ns = read32(session + SESSION_NS);
    putU16(start + NS_FIELD, ns);
    write32(session + SESSION_NS, ns + 1);
  }
  setMessage(
    batch,
    message,
    read64(worker + WORKER_BASE),
    start,
    prefix + octets,
    session + SESSION_NAME,
    min(read32(session + SESSION_NAME_LENGTH), SOCKADDR_MAX),
    session + SESSION_CONTROL,
    min(read32(session + SESSION_CONTROL_LENGTH), SESSION_CONTROL_MAX),
  );
}

/** Makes messages of the frames that wait in the inject ring; returns how many are to be sent. */
export function inject(worker: usize): u32 {
  const ring = worker + WORKER_INJECT;
  const waiting = min(pending(ring), <u32>BATCH_COUNT);
  write32(worker + WORKER_INJECTED, waiting);
  let messages: u32 = 0;
  for (let i: u32 = 0; i < waiting; i++) {
    const entry = entryAt(ring, tail(ring) + i);
    const session = entrySession(entry);
    const length = read32(entry + ENTRY_LENGTH);
    if (session === 0 || length > SLOT_CAPACITY || sessionState(session) === 0) {
      count(worker, COUNT_DOWN_INJECT_STALE);
      continue;
    }
    const header = min(read32(session + SESSION_HEADER_LENGTH), SESSION_PREFIX_MAX);
    const batch = worker + WORKER_INJECT_SEND;
    address(worker, batch, messages++, session, entry + ENTRY_FRAME, length, header);
    count(worker, COUNT_DOWN_INJECTED);
  }
  return messages;
}

/**
 * Gives the entries that the last `inject` saw back to the control thread, once they are sent;
 * returns how many others wait.
 */
export function releaseInjected(worker: usize): u32 {
  const ring = worker + WORKER_INJECT;
  release(ring, read32(worker + WORKER_INJECTED));
  write32(worker + WORKER_INJECTED, 0);
  return pending(ring);
}
