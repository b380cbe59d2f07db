// The octets in front of each packet to a peer: L2TP and PPP header, made by the control thread. Only
// Length, the last octet of the PPP protocol, and Ns where it is asked for, differ from packet to
// packet.

import { copyVector, putU8, putU16, read32, write32 } from "../bytes";
import {
  SESSION_FLAGS,
  SESSION_NS,
  SESSION_PREFIX,
  SESSION_PREFIX_LENGTH,
  SESSION_PREFIX_MAX,
  SESSION_SEQUENCED,
} from "../layout";

/** Places of fields in the L2TP header of what we send: L is always set. */
const LENGTH_FIELD: u32 = 2;
const NS_FIELD: u32 = 8;
/** Last octets of the PPP protocol: 0x0021 and 0x0057 (RFC 5072 4). */
const PPP_IPV4: u32 = 0x21;
const PPP_IPV6: u32 = 0x57;
const VERSION_6: u32 = 6;

export function prefixLength(session: usize): u32 {
  return min(read32(session + SESSION_PREFIX_LENGTH), SESSION_PREFIX_MAX);
}

/** Writes the first `prefix` octets of the session's prefix before `at`. */
export function writePrefix(session: usize, at: usize, prefix: u32): void {
  // One vector that ends with the prefix; what it brings before that lies in the headroom.
  copyVector(at - SESSION_PREFIX_MAX, session + SESSION_PREFIX + prefix - SESSION_PREFIX_MAX);
}

export function writeProtocol(at: usize, version: u32): void {
  putU8(at - 1, version === VERSION_6 ? PPP_IPV6 : PPP_IPV4);
}

/** What each message has of its own: its length, and its number where the session counts. */
export function numberPrefix(session: usize, at: usize, prefix: u32, octets: u32): void {
  const start = at - prefix;
  putU16(start + LENGTH_FIELD, prefix + octets);
  if ((read32(session + SESSION_FLAGS) & SESSION_SEQUENCED) === 0) return;
  const ns = read32(session + SESSION_NS);
  putU16(start + NS_FIELD, ns);
  write32(session + SESSION_NS, ns + 1);
}
