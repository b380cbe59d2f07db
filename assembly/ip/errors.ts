// About which packets an ICMP error may be made: never about another error, nor about what has no
// single sender or no single receiver, so that errors neither answer errors nor multiply (RFC 1812
// 4.3.2.7, RFC 4443 2.4 e). What an extension header hides is not known: no error.

import { getU8, getU16, getU32, read64 } from "../bytes";
import { IPV6_HEADER, ipv4Destination, ipv4HeaderLength, ipv4Source } from "./header";

const ICMP: u32 = 1;
const ICMPV6: u32 = 58;
const FRAGMENT_OFFSET: u32 = 0x1fff;
const NET_ZERO: u32 = 0;
const NET_LOOPBACK: u32 = 127;
/** 224.0.0.0 and above: multicast, class E, broadcast. */
const NET_MULTICAST: u32 = 224;
/** Echo, Router Advertisement, Timestamp, Information, Address Mask: requests and replies, by bit. */
const QUERIES: u32 = (1 << 0) | (1 << 8) | (1 << 9) | (1 << 10) | (0x3f << 13);
const QUERY_MAX: u32 = 18;
/** Echo Request, the first message of ICMPv6 that is no error; Redirect. */
const FIRST_QUERY_6: u32 = 128;
const REDIRECT_6: u32 = 137;

const HOP_BY_HOP: u32 = 0;
const ROUTING: u32 = 43;
const FRAGMENT: u32 = 44;
const AUTHENTICATION: u32 = 51;
const DESTINATION: u32 = 60;
/** More extension headers than any packet has (RFC 8200 4.1 names seven). */
const EXTENSIONS_MAX: u32 = 8;

/** Whether an error may be made about a checked IPv4 packet of `octets`. */
export function isReportable4(at: usize, octets: u32): bool {
  const source = ipv4Source(at) >> 24;
  if (source === NET_ZERO || source === NET_LOOPBACK || source >= NET_MULTICAST) return false;
  if (ipv4Destination(at) >> 24 >= NET_MULTICAST) return false;
  if ((getU16(at + 6) & FRAGMENT_OFFSET) !== 0) return false;
  if (getU8(at + 9) !== ICMP) return true;
  const header = ipv4HeaderLength(at);
  if (octets <= header) return false;
  const type = getU8(at + header);
  return type <= QUERY_MAX && (QUERIES & (1 << type)) !== 0;
}

/** The same of IPv6; multicast is not forwarded to peers. */
export function isReportable6(at: usize, octets: u32): bool {
  if (getU8(at + 8) === 0xff) return false;
  if (read64(at + 8) === 0 && getU32(at + 16) === 0 && getU32(at + 20) <= 1) return false; // ::, ::1
  let next = getU8(at + 6);
  let header: u32 = IPV6_HEADER;
  for (let extensions: u32 = 0; extensions <= EXTENSIONS_MAX; extensions++) {
    if (octets - header < 8) return false;
    const extension = at + header;
    if (next === ICMPV6) {
      const type = getU8(extension);
      return type >= FIRST_QUERY_6 && type !== REDIRECT_6;
    }
    if (next === FRAGMENT) {
      if (getU16(extension + 2) >> 3 !== 0) return false;
      header += 8;
    } else if (next === AUTHENTICATION) {
      header += (getU8(extension + 1) + 2) << 2;
    } else if (next === HOP_BY_HOP || next === ROUTING || next === DESTINATION) {
      header += (getU8(extension + 1) + 1) << 3;
    } else {
      return true;
    }
    if (header > octets) return false;
    next = getU8(extension);
  }
  return false;
}
