// What a TCP connection is told of its path: each end names the largest segment that it takes in its
// SYN (RFC 9293 3.7.1), and one that does not fit the session's MTU is lowered, both ways. So a
// connection works where no ICMP message about its packets arrives (RFC 2923 2.1).
//
// A SYN that is not understood as a whole is left alone: a fragment, extension headers, options that
// do not add up, an option of another length.

import { getU8, getU16, putU16, read16, read32 } from "../bytes";
import { updateChecksum } from "../ip/checksum";
import { IPV6_HEADER, ipv4HeaderLength } from "../ip/header";
import {
  TCP,
  TCP_CHECKSUM,
  TCP_HEADER_MIN,
  TCP_SYN,
  tcpFlags,
  tcpHeaderLength,
} from "../ip/transport";
import { NETWORK_CLAMP, SESSION_MTU, SESSION_NETWORK } from "../layout";
import { hasFlag } from "./networks";

const FRAGMENT: u32 = 0x3fff; // More Fragments and Fragment Offset
const OPTION_END: u32 = 0;
const OPTION_NOTHING: u32 = 1;
const OPTION_MSS: u32 = 2;
const MSS_LENGTH: u32 = 4;
/** Octets of the smallest headers: what a segment size leaves out (RFC 6691). */
const HEADERS_4: u32 = 40;
const HEADERS_6: u32 = 60;

/**
 * Lowers the segment size that a checked IP packet of `octets` at `at` names. Unless the checksum is
 * yet to be computed (`isPartial`), it follows.
 */
export function clampMss(session: usize, at: usize, octets: u32, isPartial: bool): void {
  const isIpv6 = getU8(at) >> 4 === 6;
  if (getU8(isIpv6 ? at + 6 : at + 9) !== TCP) return;
  const ip = isIpv6 ? IPV6_HEADER : ipv4HeaderLength(at);
  if (octets < ip + TCP_HEADER_MIN || (tcpFlags(at + ip) & TCP_SYN) === 0) return;
  if (!hasFlag(read32(session + SESSION_NETWORK), NETWORK_CLAMP)) return;
  if (!isIpv6 && (getU16(at + 6) & FRAGMENT) !== 0) return;
  const headers = isIpv6 ? HEADERS_6 : HEADERS_4;
  const mtu = read32(session + SESSION_MTU);
  const header = tcpHeaderLength(at + ip);
  if (mtu <= headers || header > octets - ip) return;
  const value = findMss(at + ip, header);
  if (value !== 0) lower(at + ip, value, mtu - headers, isPartial);
}

/** Where the value of the option is in a TCP header of `header` octets; 0: it has none. */
function findMss(at: usize, header: u32): usize {
  let option: u32 = TCP_HEADER_MIN;
  while (option < header) {
    const kind = getU8(at + option);
    if (kind === OPTION_END) return 0;
    if (kind === OPTION_NOTHING) {
      option++;
      continue;
    }
    if (header - option < 2) return 0;
    const length = getU8(at + option + 1);
    if (length < 2 || length > header - option) return 0;
    if (kind === OPTION_MSS) return length === MSS_LENGTH ? at + option + 2 : 0;
    option += length;
  }
  return 0;
}

function lower(tcp: usize, value: usize, limit: u32, isPartial: bool): void {
  const before = read16(value);
  if (getU16(value) <= limit) return;
  putU16(value, limit);
  if (isPartial) return;
  const after = read16(value);
  // The value may lie across two words of the sum: then its octets are the other halves of them.
  const isOdd = (<u32>(value - tcp) & 1) !== 0;
  const field = tcp + TCP_CHECKSUM;
  updateChecksum(field, isOdd ? swapped(before) : before, isOdd ? swapped(after) : after);
}

function swapped(value: u32): u32 {
  return bswap<u16>(<u16>value);
}
