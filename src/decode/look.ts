/**
 * What octets look like whose kind nobody has said: L2TP on another port, a packet in hex.
 *
 * @module
 */
import { checkIpv4, parseHeader } from "../codec/index.ts";
import { UDP } from "./ip.ts";
import { Link } from "./link.ts";
import { u16 } from "./octets.ts";

/** T, L and S, Ver 2, and no other bit: every control message begins so (RFC 2661 3.1). */
const CONTROL = 0xc802;
const CONTROL_HEADER = 12;
const RESERVED = 0x34f0;
const LENGTH_BIT = 0x4000;
/** Flags, Length, Tunnel ID, Session ID. */
const SHORTEST_WITH_LENGTH = 8;
const ETHERNET_HEADER = 14;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
/** A Message Type AVP: M, 8 octets, vendor 0, type 0. */
const MESSAGE_TYPE = [0x8008, 0, 0];

/** What a control message begins with that no other protocol does by chance. */
export function looksLikeControl(payload: Uint8Array): boolean {
  const length = u16(payload, 2);
  if (payload.length < CONTROL_HEADER || u16(payload, 0) !== CONTROL) return false;
  if (length < CONTROL_HEADER || length > payload.length) return false;
  return (
    length === CONTROL_HEADER ||
    MESSAGE_TYPE.every((word, index) => u16(payload, CONTROL_HEADER + 2 * index) === word)
  );
}

/** Ver 2, and none of the reserved bits (RFC 2661 3.1). */
export function beginsAsL2tp(octets: Uint8Array): boolean {
  return (u16(octets, 0) & (RESERVED | 0xf)) === 2;
}

/** Bits of the header that are sent as 0 and ignored (RFC 2661 3.1). */
export function reservedBits(octets: Uint8Array): number {
  return u16(octets, 0) & RESERVED;
}

/**
 * The datagrams of a packet that was captured where the kernel had many in one (UDP GSO or GRO):
 * all of one length, but the last, which may be shorter. Anything else is one datagram.
 */
export function unmerge(payload: Uint8Array): readonly Uint8Array[] {
  const size = u16(payload, 2);
  if (size >= payload.length || size < SHORTEST_WITH_LENGTH) return [payload];
  const parts: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += size) {
    const part = payload.subarray(at, at + size);
    const hasLength = (u16(part, 0) & LENGTH_BIT) !== 0 && u16(part, 2) === part.length;
    if (!hasLength || !beginsAsL2tp(part)) return [payload];
    parts.push(part);
  }
  return parts;
}

/** A datagram or an IP packet that is as long as it says. */
export function isWhole(octets: Uint8Array): boolean {
  const { length } = octets;
  if (isIpv4(octets)) return u16(octets, 2) === length;
  if (isIpv6(octets)) return IPV6_HEADER + u16(octets, 4) === length;
  const header = parseHeader(octets);
  return typeof header !== "string" && header.length === length;
}

/** What begins as one of those that `linkOf` tells apart. */
export function isPacket(octets: Uint8Array): boolean {
  return beginsAsL2tp(octets) || linkOf(octets) !== Link.Datagram;
}

/** What hex begins with: an IP packet, an Ethernet frame, or else a datagram of L2TP. */
export function linkOf(octets: Uint8Array): number {
  if (isIpv4(octets) || isIpv6(octets)) return Link.Raw;
  const behind = octets.subarray(ETHERNET_HEADER);
  switch (u16(octets, ETHERNET_HEADER - 2)) {
    case 0x0800:
      return isIpv4(behind) ? Link.Ethernet : Link.Datagram;
    case 0x86dd:
      return isIpv6(behind) ? Link.Ethernet : Link.Datagram;
    case 0x8100:
      return Link.Ethernet;
    default:
      return Link.Datagram;
  }
}

/**
 * By its lengths, since checksum and length may be left to the device that sends it. What was cut is
 * UDP, at least. Only with options it may be a data message, which the checksum tells apart.
 */
function isIpv4(octets: Uint8Array): boolean {
  if (beginsAsL2tp(octets)) return checkIpv4(octets) === "ok";
  const [first = 0] = octets;
  const header = (first & 0xf) * 4;
  if (first >> 4 !== 4 || header < IPV4_HEADER || octets.length < header) return false;
  const total = u16(octets, 2) || octets.length;
  return total >= header && (total <= octets.length || octets[9] === UDP);
}

function isIpv6(octets: Uint8Array): boolean {
  if ((octets[0] ?? 0) >> 4 !== 6 || octets.length < IPV6_HEADER) return false;
  return IPV6_HEADER + u16(octets, 4) <= octets.length || octets[6] === UDP;
}
