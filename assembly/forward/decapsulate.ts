// From the peer to the network, one batch:
//
//   1. recvmmsg has filled `received` slots of the receive batch.
//   2. The L2TP header is checked, then the session is looked up and the sender compared.
//   3. The PPP header is checked. What is not IP goes to the punt ring (for the control thread), and
//      so do IPv6 packets that concern the link alone: half of the ring is theirs at most.
//   4. An IP packet is checked as a whole. Its source address must be the session's, its
//      destination no session's of another network: the host routes between devices, we do not.
//      A /64 belongs to a peer as a whole: nothing that it sends there itself may come back to it
//      (RFC 4443 3.1).
//   5. It gets a vector that points at it where it lies; the worker writes it to the TUN device.
//
// Every datagram ends in exactly one counter.

import { read16, read32, read64, readShared32, readShared64, write8, write32 } from "../bytes";
import {
  checkIpv4,
  checkIpv6,
  ipv4Destination,
  ipv4Source,
  ipv4TotalLength,
  ipv6DestinationSubnet,
  ipv6SourceSubnet,
  ipv6TotalLength,
  isIpv6OnLink,
} from "../ip/header";
import { parseHeader } from "../l2tp/header";
import {
  AF_INET,
  BATCH_COUNT,
  COUNT_UP_CONTROL,
  COUNT_UP_IP_HEADER,
  COUNT_UP_MALFORMED,
  COUNT_UP_NO_SESSION,
  COUNT_UP_NOT_OPEN,
  COUNT_UP_OCTETS,
  COUNT_UP_OTHER_NETWORK,
  COUNT_UP_OWN_SUBNET,
  COUNT_UP_PACKETS,
  COUNT_UP_PPP,
  COUNT_UP_PUNT_FULL,
  COUNT_UP_PUNTED,
  COUNT_UP_SOURCE_ADDRESS,
  COUNT_UP_TRUNCATED,
  COUNT_UP_VERSION,
  COUNT_UP_WRONG_PEER,
  ENTRY_FRAME,
  ENTRY_GENERATION,
  ENTRY_LENGTH,
  ENTRY_SESSION,
  IOVEC_SIZE,
  MMSGHDR_LENGTH,
  MSG_TRUNC,
  RING_COUNT,
  SESSION_ADDRESS,
  SESSION_DROPS,
  SESSION_GENERATION,
  SESSION_NAME,
  SESSION_NETWORK,
  SESSION_RX_OCTETS,
  SESSION_RX_PACKETS,
  SESSION_SUBNET,
  SLOT_CAPACITY,
  WORKER_BASE,
  WORKER_COUNTERS,
  WORKER_FRAME,
  WORKER_HEADER,
  WORKER_NETWORKS,
  WORKER_PUNT,
  WORKER_PUNTED,
  WORKER_RECEIVE,
  WORKER_TUN_NETWORKS,
  WORKER_TUN_VECTORS,
} from "../layout";
import { parseFrame } from "../ppp/frame";
import {
  BIT_TYPE,
  HEADER_BITS,
  HEADER_PAYLOAD_AT,
  HEADER_PAYLOAD_LENGTH,
  HEADER_SESSION_ID,
  HEADER_TUNNEL_ID,
  PPP_INFORMATION_AT,
  PPP_INFORMATION_LENGTH,
  PPP_PROTOCOL,
  STATUS_OK,
  STATUS_VERSION,
} from "../records";
import { add, count, countDrop } from "./counters";
import { entryAt, head, isFull, pending, publish } from "./ring";
import { isElsewhere } from "./routes";
import { findSession, sessionAt } from "./sessions";
import { isSubnetElsewhere } from "./subnets";
import { messageAt, messageFlags, nameAt, packetAt, setVector } from "./vectors";

const PPP_IPV4: u32 = 0x0021;
const PPP_IPV6: u32 = 0x0057;

/** Works on `received` datagrams; returns how many packets are to be written to TUN devices. */
export function decapsulate(worker: usize, received: u32): u32 {
  const datagrams = received < BATCH_COUNT ? received : BATCH_COUNT;
  let packets: u32 = 0;
  write32(worker + WORKER_PUNTED, 0);
  for (let i: u32 = 0; i < datagrams; i++) {
    if (decapsulateOne(worker, i, packets)) packets++;
  }
  return packets;
}

/** True when datagram `i` became packet `packet` of those to be written. */
function decapsulateOne(worker: usize, i: u32, packet: u32): bool {
  const batch = worker + WORKER_RECEIVE;
  const at = packetAt(batch, i);
  const length = read32(messageAt(batch, i) + MMSGHDR_LENGTH);
  if (length > SLOT_CAPACITY || (messageFlags(batch, i) & MSG_TRUNC) !== 0) {
    count(worker, COUNT_UP_TRUNCATED);
    return false;
  }
  const header = worker + WORKER_HEADER;
  const status = parseHeader(at, length, header);
  if (status !== STATUS_OK) {
    count(worker, status === STATUS_VERSION ? COUNT_UP_VERSION : COUNT_UP_MALFORMED);
    return false;
  }
  if ((read16(header + HEADER_BITS) & BIT_TYPE) !== 0) {
    count(worker, COUNT_UP_CONTROL);
    return false;
  }
  const index = findSession(
    (read16(header + HEADER_TUNNEL_ID) << 16) | read16(header + HEADER_SESSION_ID),
  );
  if (index === 0) {
    count(worker, COUNT_UP_NO_SESSION);
    return false;
  }
  if (!isFromPeer(nameAt(batch, i), sessionAt(index) + SESSION_NAME)) {
    countDrop(worker, COUNT_UP_WRONG_PEER, sessionAt(index) + SESSION_DROPS);
    return false;
  }
  const payload = at + read32(header + HEADER_PAYLOAD_AT);
  return frame(worker, index, payload, read32(header + HEADER_PAYLOAD_LENGTH), packet);
}

/** Compares family, port and address of two socket addresses. */
function isFromPeer(name: usize, peer: usize): bool {
  if (read64(name) !== readShared64(peer)) return false; // family, port and the IPv4 address
  if (read16(name) === AF_INET) return true;
  return (
    read64(name + 8) === read64(peer + 8) &&
    read64(name + 16) === read64(peer + 16) &&
    read32(name + 24) === read32(peer + 24) // the interface of a link-local address
  );
}

function frame(worker: usize, index: u32, at: usize, length: u32, packet: u32): bool {
  const session = sessionAt(index);
  const record = worker + WORKER_FRAME;
  if (parseFrame(at, length, record) !== STATUS_OK) {
    countDrop(worker, COUNT_UP_PPP, session + SESSION_DROPS);
    return false;
  }
  const information = at + read32(record + PPP_INFORMATION_AT);
  const octets = read32(record + PPP_INFORMATION_LENGTH);
  const protocol = read16(record + PPP_PROTOCOL);
  if (protocol === PPP_IPV4) return forwardIpv4(worker, session, information, octets, packet);
  if (protocol !== PPP_IPV6) {
    punt(worker, index, at, length);
    return false;
  }
  if (checkIpv6(information, octets) !== STATUS_OK) {
    countDrop(worker, COUNT_UP_IP_HEADER, session + SESSION_DROPS);
    return false;
  }
  if (isIpv6OnLink(information)) {
    if (pending(worker + WORKER_PUNT) < RING_COUNT / 2) punt(worker, index, at, length);
    else countDrop(worker, COUNT_UP_PUNT_FULL, session + SESSION_DROPS);
    return false;
  }
  return forwardIpv6(worker, session, information, packet);
}

function forwardIpv4(worker: usize, session: usize, at: usize, length: u32, packet: u32): bool {
  const address = readShared32(session + SESSION_ADDRESS);
  if (address === 0) {
    countDrop(worker, COUNT_UP_NOT_OPEN, session + SESSION_DROPS);
    return false;
  }
  if (checkIpv4(at, length) !== STATUS_OK) {
    countDrop(worker, COUNT_UP_IP_HEADER, session + SESSION_DROPS);
    return false;
  }
  if (ipv4Source(at) !== address) {
    countDrop(worker, COUNT_UP_SOURCE_ADDRESS, session + SESSION_DROPS);
    return false;
  }
  const network = read32(session + SESSION_NETWORK);
  if (isElsewhere(read32(worker + WORKER_NETWORKS), network, ipv4Destination(at))) {
    countDrop(worker, COUNT_UP_OTHER_NETWORK, session + SESSION_DROPS);
    return false;
  }
  deliver(worker, session, at, ipv4TotalLength(at), network, packet);
  return true;
}

/** `at` is a checked packet that is not for the link alone. */
function forwardIpv6(worker: usize, session: usize, at: usize, packet: u32): bool {
  const subnet = readShared64(session + SESSION_SUBNET);
  if (subnet === 0) {
    countDrop(worker, COUNT_UP_NOT_OPEN, session + SESSION_DROPS);
    return false;
  }
  if (ipv6SourceSubnet(at) !== subnet) {
    countDrop(worker, COUNT_UP_SOURCE_ADDRESS, session + SESSION_DROPS);
    return false;
  }
  const destination = ipv6DestinationSubnet(at);
  if (destination === subnet) {
    countDrop(worker, COUNT_UP_OWN_SUBNET, session + SESSION_DROPS);
    return false;
  }
  const network = read32(session + SESSION_NETWORK);
  if (isSubnetElsewhere(read32(worker + WORKER_NETWORKS), network, destination)) {
    countDrop(worker, COUNT_UP_OTHER_NETWORK, session + SESSION_DROPS);
    return false;
  }
  deliver(worker, session, at, ipv6TotalLength(at), network, packet);
  return true;
}

/** Makes `octets` at `at` packet `packet` of those to be written; padding behind them stays here. */
function deliver(
  worker: usize,
  session: usize,
  at: usize,
  octets: u32,
  network: u32,
  packet: u32,
): void {
  const vector = worker + WORKER_TUN_VECTORS + packet * IOVEC_SIZE;
  setVector(vector, read64(worker + WORKER_BASE), at, octets);
  write8(worker + WORKER_TUN_NETWORKS + packet, network);
  add(session + SESSION_RX_PACKETS, 1);
  add(session + SESSION_RX_OCTETS, octets);
  count(worker, COUNT_UP_PACKETS);
  add(worker + WORKER_COUNTERS + COUNT_UP_OCTETS * 8, octets);
}

/** Copies a PPP frame into the punt ring. It fits: it came out of a slot of the same size. */
function punt(worker: usize, index: u32, at: usize, length: u32): void {
  const ring = worker + WORKER_PUNT;
  const session = sessionAt(index);
  if (isFull(ring)) {
    countDrop(worker, COUNT_UP_PUNT_FULL, session + SESSION_DROPS);
    return;
  }
  const entry = entryAt(ring, head(ring));
  write32(entry + ENTRY_SESSION, index);
  write32(entry + ENTRY_GENERATION, read32(session + SESSION_GENERATION));
  write32(entry + ENTRY_LENGTH, length);
  memory.copy(entry + ENTRY_FRAME, at, length);
  publish(ring);
  write32(worker + WORKER_PUNTED, read32(worker + WORKER_PUNTED) + 1);
  count(worker, COUNT_UP_PUNTED);
}
