// The octets in front of each packet to a peer: L2TP and PPP header, made by the control thread, once
// without and once with Ns and Nr. Only Length, the last octet of the PPP protocol, and Ns differ from
// packet to packet.
//
// Whether messages are numbered may change at any time (RFC 2661 5.4): by the control thread where we
// are the LNS, and where we are the LAC with the last message of the LNS, which is the worker's to
// note. So it is asked once for each frame, whose prefix is longer than any without numbers then.

import { copyVector, putU8, putU16, read32, readShared32, write32 } from "../bytes";
import {
  SESSION_FLAGS,
  SESSION_FOLLOWED,
  SESSION_FOLLOWS,
  SESSION_NS,
  SESSION_PREFIX,
  SESSION_PREFIX_LENGTH,
  SESSION_PREFIX_MAX,
  SESSION_PREFIX_NUMBERED,
  SESSION_SEQUENCED,
} from "../layout";

/** The L2TP header: L is always set. */
const HEADER: u32 = 8;
export const NUMBERS: u32 = 4;
/** Without numbers: header, Address, Control, Protocol. */
const PLAIN_MAX: u32 = SESSION_PREFIX_MAX - NUMBERS;
/** Places of fields. */
const LENGTH_FIELD: u32 = 2;
const NS_FIELD: u32 = 8;
/** Last octets of the PPP protocol: 0x0021 and 0x0057 (RFC 5072 4). */
const PPP_IPV4: u32 = 0x21;
const PPP_IPV6: u32 = 0x57;
const VERSION_6: u32 = 6;

/** Whether data messages to the peer carry Ns. */
export function isNumbered(session: usize): bool {
  const flags = readShared32(session + SESSION_FLAGS);
  if ((flags & (SESSION_SEQUENCED | SESSION_FOLLOWS)) === 0) return false;
  return (flags & SESSION_SEQUENCED) !== 0 || readShared32(session + SESSION_FOLLOWED) !== 0;
}

/** A message has come from the peer, with or without Ns: where it is the LNS, ours do likewise. */
export function follow(session: usize, hasNs: bool): void {
  if ((readShared32(session + SESSION_FLAGS) & SESSION_FOLLOWS) === 0) return;
  write32(session + SESSION_FOLLOWED, hasNs ? 1 : 0);
}

/** Octets of the prefix of the next frame. */
export function prefixLength(session: usize): u32 {
  const length = min(read32(session + SESSION_PREFIX_LENGTH), PLAIN_MAX);
  return isNumbered(session) ? length + NUMBERS : length;
}

/** Writes the prefix of so many octets before `at`. */
export function writePrefix(session: usize, at: usize, prefix: u32): void {
  const made = prefix > PLAIN_MAX ? SESSION_PREFIX_NUMBERED : SESSION_PREFIX;
  // One vector that ends with the prefix; what it brings before that lies in the headroom.
  copyVector(at - SESSION_PREFIX_MAX, session + made + prefix - SESSION_PREFIX_MAX);
}

export function writeProtocol(at: usize, version: u32): void {
  putU8(at - 1, version === VERSION_6 ? PPP_IPV6 : PPP_IPV4);
}

/** What each message has of its own: its length, and its number where the session counts. */
export function numberPrefix(session: usize, at: usize, prefix: u32, octets: u32): void {
  finishHeader(session, at - prefix, prefix > PLAIN_MAX, prefix + octets);
}

/** Writes the L2TP header of a PPP frame of `octets` before it; returns its length. */
export function writeHeader(session: usize, at: usize, octets: u32): u32 {
  const hasNs = isNumbered(session);
  const header = hasNs ? HEADER + NUMBERS : HEADER;
  const made = hasNs ? SESSION_PREFIX_NUMBERED : SESSION_PREFIX;
  copyVector(at - SESSION_PREFIX_MAX, session + made + header - SESSION_PREFIX_MAX);
  finishHeader(session, at - header, hasNs, header + octets);
  return header;
}

function finishHeader(session: usize, start: usize, hasNs: bool, length: u32): void {
  putU16(start + LENGTH_FIELD, length);
  if (!hasNs) return;
  const ns = read32(session + SESSION_NS);
  putU16(start + NS_FIELD, ns);
  write32(session + SESSION_NS, ns + 1);
}
