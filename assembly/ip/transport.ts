// TCP (RFC 9293 3.1) and UDP (RFC 768) headers, and the checksum that both share: over a pseudo
// header of the IP addresses, the protocol and the length, then over header and payload.

import { getU8, getU16, getU32, read64 } from "../bytes";
import { foldSum, partialSum } from "./checksum";

export const TCP: u32 = 6;
export const UDP: u32 = 17;
export const TCP_HEADER_MIN: u32 = 20;
export const UDP_HEADER: u32 = 8;
export const TCP_CHECKSUM: u32 = 16;
export const UDP_CHECKSUM: u32 = 6;
export const TCP_SEQUENCE: u32 = 4;
export const TCP_FLAGS: u32 = 13;
export const UDP_LENGTH: u32 = 4;

export const TCP_FIN: u32 = 0x01;
export const TCP_SYN: u32 = 0x02;
export const TCP_RST: u32 = 0x04;
export const TCP_PSH: u32 = 0x08;
export const TCP_URG: u32 = 0x20;
export const TCP_CWR: u32 = 0x80;

/** Octets of the header with its options. */
export function tcpHeaderLength(at: usize): u32 {
  return (getU8(at + 12) >> 4) << 2;
}

export function tcpFlags(at: usize): u32 {
  return getU8(at + TCP_FLAGS);
}

export function tcpSequence(at: usize): u32 {
  return getU32(at + TCP_SEQUENCE);
}

export function udpLength(at: usize): u32 {
  return getU16(at + UDP_LENGTH);
}

/** Sum of the pseudo header of an IPv4 packet (RFC 9293 3.1), in the order of the memory. */
export function pseudoSum4(at: usize, protocol: u32, length: u32): u64 {
  return halves(read64(at + 12)) + rest(protocol, length);
}

/** The same of an IPv6 packet (RFC 8200 8.1). */
export function pseudoSum6(at: usize, protocol: u32, length: u32): u64 {
  const source = halves(read64(at + 8)) + halves(read64(at + 16));
  return source + halves(read64(at + 24)) + halves(read64(at + 32)) + rest(protocol, length);
}

/** Whether `length` octets of header and payload sum up, with the pseudo header, to zero. */
export function isChecksumRight(at: usize, length: u32, pseudo: u64): bool {
  return foldSum(partialSum(at, length) + pseudo) === 0xffff;
}

function halves(word: u64): u64 {
  return (word & 0xffffffff) + (word >> 32);
}

/** Protocol and length, each in an octet pair of its own; `length` has 16 bits. */
function rest(protocol: u32, length: u32): u64 {
  return (protocol << 8) + <u32>bswap<u16>(<u16>length);
}
