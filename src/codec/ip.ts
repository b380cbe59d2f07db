/**
 * The Internet checksum (RFC 1071), and the check of an IP packet's header.
 *
 * @module
 */
import { codec, PACKET_AT, statusOf } from "./load.ts";
import type { Status } from "./types.ts";

/** Even, so that the sums of the pieces add up. */
const PIECE = 65_534;
/** The longest IPv4 header; the fixed header of IPv6 is shorter. */
const HEADER_MAX = 60;

/** The checksum as a number: the octets that go on the wire, high octet first. */
export function checksum(bytes: Uint8Array): number {
  const instance = codec();
  let sum = 0;
  for (let from = 0; from < bytes.length; from += PIECE) {
    const isAll = bytes.length <= PIECE;
    const piece = isAll ? bytes : bytes.subarray(from, from + PIECE);
    instance.bytes.set(piece, PACKET_AT);
    sum += ~instance.exports.checksum(PACKET_AT, piece.length) & 0xffff;
    if (sum > 0xffff) sum -= 0xffff;
  }
  return ~sum & 0xffff;
}

/** Version, header length, total length (what follows is padding) and header checksum. */
export function checkIpv4(packet: Uint8Array): Status {
  return statusOf(codec().exports.checkIpv4(copyHeader(packet), packet.length));
}

/** Version and payload length (what follows is padding). */
export function checkIpv6(packet: Uint8Array): Status {
  return statusOf(codec().exports.checkIpv6(copyHeader(packet), packet.length));
}

/** The checks read no octet behind the header. */
function copyHeader(packet: Uint8Array): number {
  const { bytes } = codec();
  const length = Math.min(packet.length, HEADER_MAX);
  for (let i = 0; i < length; i++) bytes[PACKET_AT + i] = packet[i] ?? 0;
  return PACKET_AT;
}
