/**
 * IPv4 and IPv6 around a tunnel: addresses, fragments, the UDP datagram.
 *
 * @module
 */
import { HEADERS_MAX } from "../limits.ts";
import { formatIpv4, formatIpv6 } from "../net.ts";
import { u16, u32 } from "./octets.ts";

export const UDP = 17;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION = 60;

/** An IP packet up to its transport header, which may be cut short by the capture. */
export interface IpPacket {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly payload: Uint8Array;
  /** Octets of the payload that its headers claim. */
  readonly length: number;
  /** Octets of the whole packet that its headers claim. */
  readonly total: number;
  readonly fragment: Fragment | undefined;
}

export interface Fragment {
  readonly id: number;
  /** Where its payload lies in that of the whole. */
  readonly at: number;
  readonly hasMore: boolean;
}

/** `undefined` when its header is none or is not there as a whole. */
export function readIp(packet: Uint8Array): IpPacket | undefined {
  return (packet[0] ?? 0) >> 4 === 4 ? readIpv4(packet) : readIpv6(packet);
}

function readIpv4(packet: Uint8Array): IpPacket | undefined {
  const header = ((packet[0] ?? 0) & 0xf) * 4;
  if (header < IPV4_HEADER || packet.length < header) return undefined;
  // A sender that leaves cutting to its device may leave the length to it, too.
  const total = u16(packet, 2) || packet.length;
  if (total < header) return undefined;
  const word = u16(packet, 6);
  const at = (word & 0x1fff) * 8;
  const hasMore = (word & 0x2000) !== 0;
  return {
    source: formatIpv4(u32(packet, 12)),
    destination: formatIpv4(u32(packet, 16)),
    protocol: packet[9] ?? 0,
    payload: packet.subarray(header, total),
    length: total - header,
    total,
    fragment: at > 0 || hasMore ? { id: u16(packet, 4), at, hasMore } : undefined,
  };
}

function readIpv6(packet: Uint8Array): IpPacket | undefined {
  if (packet.length < IPV6_HEADER || (packet[0] ?? 0) >> 4 !== 6) return undefined;
  const total = IPV6_HEADER + (u16(packet, 4) || packet.length - IPV6_HEADER);
  let protocol = packet[6] ?? 0;
  let at = IPV6_HEADER;
  let fragment: Fragment | undefined;
  for (let count = 0; count < HEADERS_MAX && at + 8 <= packet.length; count++) {
    if (protocol === FRAGMENT) {
      const word = u16(packet, at + 2);
      fragment = { id: u32(packet, at + 4), at: word & 0xfff8, hasMore: (word & 1) !== 0 };
    } else if (!isExtension(protocol)) break;
    const unit = protocol === AUTHENTICATION ? 4 : 8;
    const size = protocol === FRAGMENT ? 8 : extensionSize(packet[at + 1] ?? 0, unit);
    protocol = packet[at] ?? 0;
    at += size;
    // What follows the header of a later fragment is no header.
    if (fragment !== undefined && fragment.at > 0) break;
  }
  if (at > total) return undefined;
  const isWhole = fragment === undefined || (fragment.at === 0 && !fragment.hasMore);
  return {
    source: formatIpv6(packet.subarray(8, 24)),
    destination: formatIpv6(packet.subarray(24, 40)),
    protocol,
    payload: packet.subarray(at, total),
    length: total - at,
    total,
    fragment: isWhole ? undefined : fragment,
  };
}

function isExtension(protocol: number): boolean {
  return (
    protocol === HOP_BY_HOP ||
    protocol === ROUTING ||
    protocol === AUTHENTICATION ||
    protocol === DESTINATION
  );
}

/** In units of 8 octets, the first not counted (RFC 8200 4); AH in units of 4, two not counted. */
function extensionSize(units: number, unit: number): number {
  return unit === 4 ? (units + 2) * 4 : (units + 1) * 8;
}
