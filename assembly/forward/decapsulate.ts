// From the peer to the network, one batch:
//
//   1. recvmmsg has filled `received` buffers: a datagram each, or a GRO buffer of many datagrams of
//      one sender, all but the last of one length, of any session.
//   2. The L2TP header is checked, then the session is looked up and the sender compared, then the PPP
//      header is checked. A datagram that begins with the same octets as the one before it needs
//      none of this again. A session that is switched ends here: its frames go on unopened (switch.ts).
//   3. Frames of a session whose peer numbers them go in the order of Ns (sequence.ts). An LCP
//      Echo-Request is answered (echo.ts). What else is not IP goes to the punt ring (for the
//      control thread), and so do IPv6 packets that concern the link alone. Each session has a
//      share of the ring.
//   4. An IP packet is checked as a whole. Its source address must be the session's, its
//      destination no session's of another network: the host routes between devices, we do not.
//      A /64, or a subnet behind the peer, is the peer's as a whole: nothing that it sends there
//      itself may come back to it (RFC 4443 3.1).
//   5. A SYN is told what the path holds (mss.ts). The packet joins the last packets of its flow,
//      or begins a write of its own (coalesce.ts); vectors point at it where it lies.
//
// Every datagram ends in exactly one counter.

import { getU16, getU32, read16, read32, read64, readShared64, write32 } from "../bytes";
import { parseHeader } from "../l2tp/header";
import {
  AF_INET,
  BUFFER_CAPACITY,
  BUFFER_COUNT,
  COUNT_UP_MALFORMED,
  COUNT_UP_NO_SESSION,
  COUNT_UP_PPP,
  COUNT_UP_TRUNCATED,
  COUNT_UP_VERSION,
  COUNT_UP_WRONG_PEER,
  MSG_TRUNC,
  SESSION_DROPS,
  SESSION_NAME,
  WORKER_FRAME,
  WORKER_HEADER,
  WORKER_SCRATCH,
  WORKER_UP_ECN,
  WORKER_UP_MESSAGE,
  WORKER_UP_OFFSET,
  WORKER_UP_REST,
} from "../layout";
import { parseFrame } from "../ppp/frame";
import {
  BIT_LENGTH,
  BIT_SEQUENCE,
  BIT_TYPE,
  HEADER_BITS,
  HEADER_NS,
  HEADER_PAYLOAD_AT,
  HEADER_PAYLOAD_LENGTH,
  HEADER_SESSION_ID,
  HEADER_TUNNEL_ID,
  PPP_INFORMATION_AT,
  STATUS_OK,
  STATUS_VERSION,
} from "../records";
import { count, countDrop } from "./counters";
import { beginDeliveries, deliverFrame, isOutputFull, sealOutput } from "./deliver";
import { handDatagram } from "./handover";
import { isAnyHeld } from "./hold";
import { isOwn, ownerOf } from "./owners";
import { follow } from "./prefix";
import { handOver } from "./punt";
import { deliverHeld, deliverInOrder, isOrdered } from "./sequence";
import { findSession, sessionAt, touchSession } from "./sessions";
import { isSwitched, switchDatagrams } from "./switch";
import {
  receiveBufferAt,
  receivedEcn,
  receivedFlags,
  receivedLength,
  receivedNameAt,
  receivedSegment,
} from "./vectors";

/** Octets of a datagram that are compared with the one before it: L2TP with Length, and PPP. */
const ALIKE: u32 = 12;

/**
 * Works on `received` messages; returns how many writes there are for TUN devices, and
 * WORKER_DOWN_MESSAGES tells how many messages for peers. When one or the other were too few,
 * WORKER_UP_REST is not 0: call again with the same arguments once they are written and sent.
 */
export function decapsulate(worker: usize, received: u32): u32 {
  const messages = received < BUFFER_COUNT ? received : BUFFER_COUNT;
  let message = read32(worker + WORKER_UP_MESSAGE);
  let offset = read32(worker + WORKER_UP_OFFSET);
  beginDeliveries(worker);
  if (message === 0 && offset === 0) write32(worker + WORKER_SCRATCH, touch(worker, messages));
  while (message < messages && !isOutputFull(worker)) {
    offset = unpack(worker, message, offset);
    if (offset === 0) message++;
  }
  const isDone = message >= messages;
  write32(worker + WORKER_UP_MESSAGE, isDone ? 0 : message);
  write32(worker + WORKER_UP_OFFSET, isDone ? 0 : offset);
  write32(worker + WORKER_UP_REST, isDone ? 0 : 1);
  return sealOutput(worker);
}

/**
 * Reads what the batch will need of the session table, and does nothing with it: these loads do not
 * wait for one another, so the processor has many misses of its caches under way at once. The sum
 * is stored so that no load is left out.
 */
function touch(worker: usize, messages: u32): u32 {
  let sum: u32 = 0;
  for (let message: u32 = 0; message < messages; message++) {
    const at = receiveBufferAt(worker, message);
    const ids = at + 2 + ((getU16(at) & BIT_LENGTH) >> 13);
    sum += touchSession(getU32(ids));
  }
  return sum;
}

/** Works on the datagrams of a message from `offset` on; where it stopped, 0 when all are done. */
function unpack(worker: usize, message: u32, offset: u32): u32 {
  const buffer = receiveBufferAt(worker, message);
  const length = receivedLength(worker, message);
  if (length > BUFFER_CAPACITY || (receivedFlags(worker, message) & MSG_TRUNC) !== 0) {
    count(worker, COUNT_UP_TRUNCATED);
    return 0;
  }
  const segment = receivedSegment(worker, message);
  write32(worker + WORKER_UP_ECN, receivedEcn(worker, message));
  // Session of the datagram before, which the records of the region describe, and how it began: its
  // own first octets may have become a virtio header.
  let index: u32 = 0;
  let octets: u32 = 0;
  let front: u64 = 0;
  let back: u32 = 0;
  let at = offset;
  do {
    const datagram = buffer + at;
    const size = min(segment, length - at);
    const isAlike =
      index !== 0 && size === octets && read64(datagram) === front && read32(datagram + 8) === back;
    if (!isAlike) {
      octets = size;
      front = read64(datagram);
      back = read32(datagram + 8);
      index = identify(worker, message, datagram, size);
    }
    if (index !== 0 && isSwitched(sessionAt(index)) && !isInOrder(worker, index)) {
      at += switchDatagrams(worker, sessionAt(index), datagram, size, length - at);
      if (read32(worker + WORKER_HEADER + HEADER_PAYLOAD_AT) > ALIKE) index = 0;
      continue;
    }
    if (index !== 0 && !forward(worker, index, datagram)) index = 0;
    at += size;
  } while (at < length && !isOutputFull(worker));
  return at < length ? at : 0;
}

/** Checks the headers before the packet; its session, 0 when the datagram was dropped. */
function identify(worker: usize, message: u32, at: usize, length: u32): u32 {
  const header = worker + WORKER_HEADER;
  const status = parseHeader(at, length, header);
  if (status !== STATUS_OK) {
    count(worker, status === STATUS_VERSION ? COUNT_UP_VERSION : COUNT_UP_MALFORMED);
    return 0;
  }
  if ((read16(header + HEADER_BITS) & BIT_TYPE) !== 0) {
    handOver(worker, message, at, length);
    return 0;
  }
  const index = findSession(
    (read16(header + HEADER_TUNNEL_ID) << 16) | read16(header + HEADER_SESSION_ID),
  );
  if (index === 0) {
    count(worker, COUNT_UP_NO_SESSION);
    return 0;
  }
  const session = sessionAt(index);
  if (!isOwn(worker, session)) {
    handDatagram(worker, ownerOf(session), receivedNameAt(worker, message), at, length);
    return 0;
  }
  if (!isFromPeer(receivedNameAt(worker, message), session + SESSION_NAME)) {
    countDrop(worker, COUNT_UP_WRONG_PEER, session + SESSION_DROPS);
    return 0;
  }
  follow(session, isNumbered(worker));
  // What a peer sends without Ns follows what it has sent with one.
  if (!isNumbered(worker) && isAnyHeld(worker)) deliverHeld(worker, index);
  if (isSwitched(session)) return index;
  const frame = at + read32(header + HEADER_PAYLOAD_AT);
  const octets = read32(header + HEADER_PAYLOAD_LENGTH);
  if (parseFrame(frame, octets, worker + WORKER_FRAME) !== STATUS_OK) {
    countDrop(worker, COUNT_UP_PPP, session + SESSION_DROPS);
    return 0;
  }
  return index;
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

/** Whether the datagram that the record describes has Ns. */
function isNumbered(worker: usize): bool {
  return (read16(worker + WORKER_HEADER + HEADER_BITS) & BIT_SEQUENCE) !== 0;
}

/** Whether it goes by its Ns. */
function isInOrder(worker: usize, index: u32): bool {
  return isNumbered(worker) && isOrdered(sessionAt(index));
}

/** Hands a datagram on that the records describe; whether they describe one that begins alike. */
function forward(worker: usize, index: u32, datagram: usize): bool {
  const header = worker + WORKER_HEADER;
  const room = read32(header + HEADER_PAYLOAD_AT);
  const length = read32(header + HEADER_PAYLOAD_LENGTH);
  if (isInOrder(worker, index)) {
    deliverInOrder(worker, index, read16(header + HEADER_NS), datagram + room, length, room);
    return false;
  }
  deliverFrame(worker, index, datagram + room, length, room);
  return room + read32(worker + WORKER_FRAME + PPP_INFORMATION_AT) <= ALIKE;
}
