// IPv4 (RFC 791) and IPv6 (RFC 8200) headers: checked as a whole, then read by the accessors.

import { getU8, getU16, getU32, getU64, read32, read64 } from "../bytes";
import {
  STATUS_IP_CHECKSUM,
  STATUS_IP_HEADER,
  STATUS_IP_VERSION,
  STATUS_OK,
  STATUS_SHORT,
} from "../records";
import { foldSum, partialSum } from "./checksum";

const IPV4_HEADER_MIN: u32 = 20;
export const IPV6_HEADER: u32 = 40;
const ICMPV6: u32 = 58;

/** Version, header length, total length (the rest of `length` is padding) and header checksum. */
export function checkIpv4(at: usize, length: u32): u32 {
  if (length === 0) return STATUS_SHORT;
  const first = getU8(at);
  if (first >> 4 !== 4) return STATUS_IP_VERSION;
  if (length < IPV4_HEADER_MIN) return STATUS_SHORT;
  const header = (first & 0x0f) << 2;
  const total = ipv4TotalLength(at);
  // Together these also keep the header inside `length`.
  if (header < IPV4_HEADER_MIN || total < header || total > length) return STATUS_IP_HEADER;
  return isSumZero(at, header) ? STATUS_OK : STATUS_IP_CHECKSUM;
}

/** Version and payload length (the rest of `length` is padding). Jumbograms do not fit L2TP. */
export function checkIpv6(at: usize, length: u32): u32 {
  if (length === 0) return STATUS_SHORT;
  if (getU8(at) >> 4 !== 6) return STATUS_IP_VERSION;
  if (length < IPV6_HEADER) return STATUS_SHORT;
  return ipv6PayloadLength(at) > length - IPV6_HEADER ? STATUS_IP_HEADER : STATUS_OK;
}

/** Octets of the header with its options. */
export function ipv4HeaderLength(at: usize): u32 {
  return (getU8(at) & 0x0f) << 2;
}

export function ipv4TotalLength(at: usize): u32 {
  return getU16(at + 2);
}

export function ipv4Source(at: usize): u32 {
  return getU32(at + 12);
}

export function ipv4Destination(at: usize): u32 {
  return getU32(at + 16);
}

export function ipv6TotalLength(at: usize): u32 {
  return IPV6_HEADER + ipv6PayloadLength(at);
}

/** The halves of the IPv6 address at `at`, as numbers. */
export function ipv6Upper(at: usize): u64 {
  return getU64(at);
}

export function ipv6Lower(at: usize): u64 {
  return getU64(at + 8);
}

/** The upper half of the source: its /64 as a number. */
export function ipv6SourceSubnet(at: usize): u64 {
  return getU64(at + 8);
}

export function ipv6DestinationSubnet(at: usize): u64 {
  return getU64(at + 24);
}

/** What stays on the link between a peer and us: Neighbour Discovery, DHCPv6, MLD (RFC 4291 2.5.6). */
export function isIpv6OnLink(at: usize): bool {
  const destination = ipv6DestinationSubnet(at);
  if (isLinkLocal(destination) || isLinkMulticast(destination)) return true;
  if (getU8(at + 6) !== ICMPV6) return false;
  const source = ipv6SourceSubnet(at);
  return isLinkLocal(source) || (source === 0 && read64(at + 16) === 0);
}

/** Whether a router may forward to it at all: neither multicast nor link-local. */
export function isRoutable(subnet: u64): bool {
  return subnet >> 56 !== 0xff && !isLinkLocal(subnet);
}

/** fe80::/10 */
function isLinkLocal(subnet: u64): bool {
  return subnet >> 54 === 0x3fa;
}

/** ff02::/16, and the same scope with other flags (RFC 4291 2.7). */
function isLinkMulticast(subnet: u64): bool {
  return ((subnet >> 48) & 0xff0f) === 0xff02;
}

function ipv6PayloadLength(at: usize): u32 {
  return getU16(at + 4);
}

/** A header with a right checksum sums to 0xffff, the zero of RFC 1071. */
function isSumZero(at: usize, header: u32): bool {
  if (header !== IPV4_HEADER_MIN) return foldSum(partialSum(at, header)) === 0xffff;
  const a = read64(at);
  const b = read64(at + 8);
  const halves = (a & 0xffffffff) + (a >> 32) + (b & 0xffffffff) + (b >> 32);
  return foldSum(halves + read32(at + 16)) === 0xffff;
}
