/** The bounds of what is kept of a capture while it is decoded. @module */

/** Octets of a packet in a capture, as in libpcap; more is a damaged file. */
export const CAPTURE_PACKET_MAX = 262_144;
/** Octets of a pcapng block that is kept; options of a packet are few, other blocks are skipped. */
export const CAPTURE_BLOCK_MAX = 524_288;
/** Interfaces of a pcapng section: a capture on any interface of a large host. */
export const CAPTURE_INTERFACES_MAX = 4_096;
/** Characters of a line of hex text: the largest datagram, with separators. */
export const HEX_LINE_MAX = 262_144;
/** IP datagrams whose fragments wait for the rest, and fragments of each (IPv4 over MTU 576). */
export const FRAGMENTED_MAX = 64;
export const FRAGMENTS_MAX = 128;
/** Tunnels and sessions, and pairs of endpoints, that are remembered; the oldest goes. */
export const DECODE_TUNNELS_MAX = 4_096;
export const DECODE_SESSIONS_MAX = 65_536;
/** IPv6 extension headers, VLAN tags in front of a packet. */
export const HEADERS_MAX = 8;
