/**
 * ICMPv6 packets as octets (RFC 8200 3, RFC 4443): an input is checked as a whole before anything
 * is read from it, an output carries its checksum.
 *
 * @module
 */

export const IcmpType = {
  EchoRequest: 128,
  EchoReply: 129,
  RouterSolicitation: 133,
  RouterAdvertisement: 134,
  NeighbourSolicitation: 135,
  NeighbourAdvertisement: 136,
} as const;

export const ADDRESS_SIZE = 16;
export const HEADER_SIZE = 40;
const ICMP_HEADER_SIZE = 4;
const NEXT_HEADER_ICMP = 58;
const VERSION_OCTET = 0x60;

/** The fields of a packet with nothing but an ICMPv6 message behind its IPv6 header. */
export interface IcmpPacket {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly hopLimit: number;
  readonly type: number;
  readonly code: number;
  /** What follows Type, Code and Checksum. */
  readonly body: Uint8Array;
}

export type Fault = "malformed" | "not-icmpv6" | "checksum";

/**
 * The packet, or what is wrong with it. One with extension headers is none of ours: Neighbour
 * Discovery does without them and must not be fragmented (RFC 6980).
 */
export function parseIcmp(packet: Uint8Array): IcmpPacket | Fault {
  if (packet.length < HEADER_SIZE || ((packet[0] ?? 0) & 0xf0) !== VERSION_OCTET) {
    return "malformed";
  }
  const length = ((packet[4] ?? 0) << 8) | (packet[5] ?? 0);
  if (length > packet.length - HEADER_SIZE) return "malformed";
  if (packet[6] !== NEXT_HEADER_ICMP) return "not-icmpv6";
  if (length < ICMP_HEADER_SIZE) return "malformed";
  const whole = packet.subarray(0, HEADER_SIZE + length);
  if (checksumOf(whole) !== 0) return "checksum";
  const message = whole.subarray(HEADER_SIZE);
  return {
    source: whole.subarray(8, 8 + ADDRESS_SIZE),
    destination: whole.subarray(24, 24 + ADDRESS_SIZE),
    hopLimit: whole[7] ?? 0,
    type: message[0] ?? 0,
    code: message[1] ?? 0,
    body: message.subarray(ICMP_HEADER_SIZE),
  };
}

export function buildIcmp(fields: IcmpPacket): Uint8Array {
  const { source, destination, hopLimit, type, code, body } = fields;
  const length = ICMP_HEADER_SIZE + body.length;
  const packet = new Uint8Array(HEADER_SIZE + length);
  packet[0] = VERSION_OCTET;
  packet[4] = length >> 8;
  packet[5] = length;
  packet[6] = NEXT_HEADER_ICMP;
  packet[7] = hopLimit;
  packet.set(source, 8);
  packet.set(destination, 24);
  packet[HEADER_SIZE] = type;
  packet[HEADER_SIZE + 1] = code;
  packet.set(body, HEADER_SIZE + ICMP_HEADER_SIZE);
  const checksum = checksumOf(packet);
  packet[HEADER_SIZE + 2] = checksum >> 8;
  packet[HEADER_SIZE + 3] = checksum;
  return packet;
}

/** Over pseudo-header and message (RFC 8200 8.1); zero when the checksum in the packet is right. */
function checksumOf(packet: Uint8Array): number {
  // The addresses lie in front of the message, and what else the pseudo-header has is short.
  let sum = packet.length - HEADER_SIZE + NEXT_HEADER_ICMP;
  for (let at = 8; at < packet.length; at += 2) {
    sum += ((packet[at] ?? 0) << 8) | (packet[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
