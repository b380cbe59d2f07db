// One PPP frame of a peer, of which the record of the region tells: to the devices, into the punt
// ring, or answered here. It lies where it was received, or where it was held (sequence.ts).

import { read16, read32, readShared32, readShared64, write32 } from "../bytes";
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
import {
  COUNT_UP_ECN,
  COUNT_UP_IP_HEADER,
  COUNT_UP_NOT_OPEN,
  COUNT_UP_OTHER_NETWORK,
  COUNT_UP_OWN_SUBNET,
  COUNT_UP_SOURCE_ADDRESS,
  SESSION_ADDRESS,
  SESSION_DROPS,
  SESSION_EVERYTHING,
  SESSION_FLAGS,
  SESSION_NETWORK,
  SESSION_SUBNET,
  WORKER_FRAME,
  WORKER_NETWORKS,
  WORKER_PUNTED,
  WORKER_UP_CALL,
  WORKER_UP_ECN,
  WORKER_UP_WRITES,
} from "../layout";
import { PPP_INFORMATION_AT, PPP_INFORMATION_LENGTH, PPP_PROTOCOL, STATUS_OK } from "../records";
import { coalesce, extend } from "./coalesce";
import { countDelivered, countDrop } from "./counters";
import { answerEcho, beginEchoes } from "./echo";
import { combineEcn } from "./ecn";
import { reuseSlots } from "./hold";
import { beginMessages, sealMessages } from "./messages";
import { clampMss } from "./mss";
import { isPoliced } from "./police";
import { isPrefixElsewhere4, isPrefixElsewhere6, isRoutedTo4, isRoutedTo6 } from "./prefixes";
import { punt, puntOnLink } from "./punt";
import { isElsewhere } from "./routes";
import { sessionAt } from "./sessions";
import { isSubnetElsewhere } from "./subnets";
import { isSwitched, isSwitchFull, switchFrame } from "./switch";
import { areWritesFull, sealWrites } from "./writes";

const PPP_IPV4: u32 = 0x0021;
const PPP_IPV6: u32 = 0x0057;
const PPP_LCP: u32 = 0xc021;
const IPV6_SOURCE: u32 = 8;
const IPV6_DESTINATION: u32 = 24;

/** A new call: what the last one has made is written and sent. */
export function beginDeliveries(worker: usize): void {
  write32(worker + WORKER_UP_CALL, read32(worker + WORKER_UP_CALL) + 1);
  write32(worker + WORKER_UP_WRITES, 0);
  write32(worker + WORKER_PUNTED, 0);
  beginEchoes(worker);
  beginMessages(worker);
  reuseSlots(worker);
}

/** Whether a further datagram may find no write or no message. */
export function isOutputFull(worker: usize): bool {
  return areWritesFull(worker) || isSwitchFull(worker);
}

/** Completes what is written and sent; returns how many writes there are. */
export function sealOutput(worker: usize): u32 {
  sealMessages(worker);
  return sealWrites(worker);
}

/**
 * Hands on the frame of `length` octets at `frame`, which is described unless its session is switched;
 * `before` octets in front of it are spent.
 */
export function deliverFrame(
  worker: usize,
  index: u32,
  frame: usize,
  length: u32,
  before: u32,
): void {
  const session = sessionAt(index);
  if (isSwitched(session)) {
    switchFrame(worker, session, frame, length, before);
    return;
  }
  const record = worker + WORKER_FRAME;
  const front = read32(record + PPP_INFORMATION_AT);
  const octets = read32(record + PPP_INFORMATION_LENGTH);
  const protocol = read16(record + PPP_PROTOCOL);
  const at = frame + front;
  const room = before + front;
  if (protocol === PPP_IPV4) forwardIpv4(worker, session, at, octets, room);
  else if (protocol === PPP_IPV6) forwardIpv6(worker, index, at, octets, room, frame, length);
  else if (protocol !== PPP_LCP || !answerEcho(worker, session, at, octets)) {
    punt(worker, index, frame, length);
  }
}

function forwardIpv4(worker: usize, session: usize, at: usize, length: u32, room: u32): void {
  const address = readShared32(session + SESSION_ADDRESS);
  if (address === 0) {
    countDrop(worker, COUNT_UP_NOT_OPEN, session + SESSION_DROPS);
    return;
  }
  if (checkIpv4(at, length) !== STATUS_OK) {
    countDrop(worker, COUNT_UP_IP_HEADER, session + SESSION_DROPS);
    return;
  }
  if (!passesEcn(worker, session, at)) return;
  const octets = min(ipv4TotalLength(at), length);
  if (isPoliced(worker, session, octets)) return;
  if (extend(worker, session, at, octets, room)) {
    countDelivered(worker, session, octets);
    return;
  }
  const network = read32(session + SESSION_NETWORK);
  const source = ipv4Source(at);
  const isOwnSource = isEverything(session) || source === address;
  if (!isOwnSource && !isRoutedTo4(session, network, source)) {
    countDrop(worker, COUNT_UP_SOURCE_ADDRESS, session + SESSION_DROPS);
    return;
  }
  const destination = ipv4Destination(at);
  if (isRoutedTo4(session, network, destination)) {
    countDrop(worker, COUNT_UP_OWN_SUBNET, session + SESSION_DROPS);
    return;
  }
  const networks = read32(worker + WORKER_NETWORKS);
  if (
    isElsewhere(networks, network, destination) ||
    isPrefixElsewhere4(networks, network, destination)
  ) {
    countDrop(worker, COUNT_UP_OTHER_NETWORK, session + SESSION_DROPS);
    return;
  }
  deliver(worker, session, at, octets, network, room);
}

/** Whether we are a client: packets come from anywhere, and ours are among their destinations. */
function isEverything(session: usize): bool {
  return (read32(session + SESSION_FLAGS) & SESSION_EVERYTHING) !== 0;
}

/** Whether the packet goes on with what its carrier has met (ecn.ts); else it is counted. */
function passesEcn(worker: usize, session: usize, at: usize): bool {
  const outer = read32(worker + WORKER_UP_ECN);
  if (outer === 0 || combineEcn(session, at, outer)) return true;
  countDrop(worker, COUNT_UP_ECN, session + SESSION_DROPS);
  return false;
}

/** `frame` is the PPP frame as a whole, for what concerns the link alone. */
function forwardIpv6(
  worker: usize,
  index: u32,
  at: usize,
  length: u32,
  room: u32,
  frame: usize,
  frameLength: u32,
): void {
  const session = sessionAt(index);
  if (checkIpv6(at, length) !== STATUS_OK) {
    countDrop(worker, COUNT_UP_IP_HEADER, session + SESSION_DROPS);
    return;
  }
  if (!passesEcn(worker, session, at)) return;
  const octets = min(ipv6TotalLength(at), length);
  if (isPoliced(worker, session, octets)) return;
  if (extend(worker, session, at, octets, room)) {
    countDelivered(worker, session, octets);
    return;
  }
  if (isIpv6OnLink(at)) {
    puntOnLink(worker, index, frame, frameLength);
    return;
  }
  const subnet = readShared64(session + SESSION_SUBNET);
  if (subnet === 0) {
    countDrop(worker, COUNT_UP_NOT_OPEN, session + SESSION_DROPS);
    return;
  }
  const network = read32(session + SESSION_NETWORK);
  const isClient = isEverything(session);
  const isOwnSource = isClient || ipv6SourceSubnet(at) === subnet;
  if (!isOwnSource && !isRoutedTo6(session, network, at + IPV6_SOURCE)) {
    countDrop(worker, COUNT_UP_SOURCE_ADDRESS, session + SESSION_DROPS);
    return;
  }
  const destination = ipv6DestinationSubnet(at);
  const isBack = destination === subnet && !isClient;
  if (isBack || isRoutedTo6(session, network, at + IPV6_DESTINATION)) {
    countDrop(worker, COUNT_UP_OWN_SUBNET, session + SESSION_DROPS);
    return;
  }
  const networks = read32(worker + WORKER_NETWORKS);
  if (
    isSubnetElsewhere(networks, network, destination) ||
    isPrefixElsewhere6(networks, network, at + IPV6_DESTINATION)
  ) {
    countDrop(worker, COUNT_UP_OTHER_NETWORK, session + SESSION_DROPS);
    return;
  }
  deliver(worker, session, at, octets, network, room);
}

/** Takes a packet of `octets` at `at` to the writes; padding behind it stays here. */
function deliver(
  worker: usize,
  session: usize,
  at: usize,
  octets: u32,
  network: u32,
  room: u32,
): void {
  clampMss(session, at, octets, false);
  coalesce(worker, session, network, at, octets, room);
  countDelivered(worker, session, octets);
}
