// An IPv4 packet that exceeds the session's MTU, and whose sender lets routers cut it (DF is not set),
// goes as fragments (RFC 791 3.2): each a frame. The first stays where it was read; each other one gets
// prefix and header in the arena of headers, and its payload stays where it was read.

import { getU8, getU16, putU8, putU16, read32, read64, write16, write32 } from "../bytes";
import { foldSum, partialSum } from "../ip/checksum";
import { ipv4HeaderLength } from "../ip/header";
import {
  HEADER_SIZE,
  HEADERS_SIZE,
  IOVEC_SIZE,
  MESSAGE_COUNT,
  SESSION_PREFIX_MAX,
  WORKER_BASE,
  WORKER_DOWN_HEADERS,
  WORKER_DOWN_MESSAGES,
  WORKER_SEND_HEADERS,
} from "../layout";
import { countSent } from "./counters";
import { outerTos } from "./ecn";
import { addFrames, messageFor, nextVector, pairOf } from "./messages";
import { numberPrefix, prefixLength, writePrefix, writeProtocol } from "./prefix";
import { setVector } from "./vectors";

const VERSION_4: u32 = 4;
const IPV4_HEADER: u32 = 20;
const DONT_FRAGMENT: u32 = 0x4000;
const MORE_FRAGMENTS: u32 = 0x2000;
const FLAGS: u32 = 0xe000;
const UNIT: u32 = 8; // what Fragment Offset counts
const PACKET_MAX: u32 = 65535;
/** Fragments of one packet: a call can always hold them. */
const FRAGMENTS_MAX: u32 = MESSAGE_COUNT / 2;
const OPTION_END: u32 = 0;
const OPTION_NOTHING: u32 = 1;
const OPTION_COPIED: u32 = 0x80;

/**
 * Into how many fragments a checked packet that is too large for `mtu` goes; 0 when it may not be cut.
 * The session's MTU may change meanwhile: who asks reads it once, for this and for `sendFragments`.
 */
export function countFragments(mtu: u32, at: usize, octets: u32): u32 {
  if (getU8(at) >> 4 !== VERSION_4 || (getU16(at + 6) & DONT_FRAGMENT) !== 0) return 0;
  const header = ipv4HeaderLength(at);
  const size = payloadOf(mtu, header);
  const end = (getU16(at + 6) & ~FLAGS) * UNIT + octets;
  if (size === 0 || end > PACKET_MAX) return 0;
  const fragments = (octets - header + size - 1) / size;
  return fragments > FRAGMENTS_MAX ? 0 : fragments;
}

/** Octets of payload of each fragment but the last. */
function payloadOf(mtu: u32, header: u32): u32 {
  return mtu < header ? 0 : (mtu - header) & ~(UNIT - 1);
}

/** Makes frames of all fragments, or none: false when there is not enough left for them. */
export function sendFragments(
  worker: usize,
  session: usize,
  mtu: u32,
  at: usize,
  octets: u32,
  fragments: u32,
): bool {
  if (read32(worker + WORKER_DOWN_MESSAGES) + fragments > MESSAGE_COUNT) return false;
  if (read32(worker + WORKER_DOWN_HEADERS) > HEADERS_SIZE - fragments * HEADER_SIZE) return false;
  const base = read64(worker + WORKER_BASE);
  const header = ipv4HeaderLength(at);
  const size = payloadOf(mtu, header);
  // Another packet by now, where somebody writes here: none of it goes.
  if (header + (fragments - 1) * size >= octets) return true;
  const front = getU16(at + 6);
  const prefix = prefixLength(session);
  const pair = pairOf(worker, session, at, VERSION_4);
  const tos = outerTos(session, at);
  for (let index: u32 = 0; index < fragments; index++) {
    const isLast = index === fragments - 1;
    const offset = index * size;
    const payload = isLast ? octets - header - offset : size;
    const more = isLast ? front & MORE_FRAGMENTS : MORE_FRAGMENTS;
    const place = (front & FLAGS & ~MORE_FRAGMENTS) | more | ((front & ~FLAGS) + offset / UNIT);
    const packet = index === 0 ? at : copyHeader(worker, at, header);
    finishHeader(packet, header, header + payload, place);
    writePrefix(session, packet, prefix);
    writeProtocol(packet, VERSION_4);
    numberPrefix(session, packet, prefix, header + payload);
    const frame = prefix + header + payload;
    const message = messageFor(worker, session, pair, frame, tos);
    let vector = nextVector(worker, message);
    setVector(vector, base, packet - prefix, index === 0 ? frame : prefix + header);
    vector += IOVEC_SIZE;
    if (index !== 0) {
      setVector(vector, base, at + header + offset, payload);
      vector += IOVEC_SIZE;
    }
    addFrames(worker, message, pair, 1, frame, vector);
    countSent(worker, session, 1, header + payload);
  }
  return true;
}

/** A header of its own for a later fragment, with the options that go with each. */
function copyHeader(worker: usize, at: usize, header: u32): usize {
  const taken = read32(worker + WORKER_DOWN_HEADERS);
  write32(worker + WORKER_DOWN_HEADERS, taken + HEADER_SIZE);
  const packet: usize = worker + WORKER_SEND_HEADERS + taken + SESSION_PREFIX_MAX;
  memory.copy(packet, at, header);
  if (header !== IPV4_HEADER) blankOptions(packet, header);
  return packet;
}

/** Options that are not to be copied become no operation (RFC 791 3.1). */
function blankOptions(packet: usize, header: u32): void {
  let option: u32 = IPV4_HEADER;
  while (option < header) {
    const type = getU8(packet + option);
    if (type === OPTION_END) return;
    if (type === OPTION_NOTHING) {
      option++;
      continue;
    }
    if (header - option < 2) return;
    const length = getU8(packet + option + 1);
    if (length < 2 || length > header - option) return;
    if ((type & OPTION_COPIED) === 0) {
      for (let i: u32 = 0; i < length; i++) putU8(packet + option + i, OPTION_NOTHING);
    }
    option += length;
  }
}

function finishHeader(packet: usize, header: u32, octets: u32, place: u32): void {
  putU16(packet + 2, octets);
  putU16(packet + 6, place);
  write16(packet + 10, 0);
  write16(packet + 10, ~foldSum(partialSum(packet, header)));
}
