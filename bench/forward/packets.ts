/**
 * The packets of a measurement, as a real host sends them: IPv4 with UDP inside, checksums right,
 * Identification one more with each packet of a flow, payload that is not all alike.
 *
 * @module
 */
import { buildHeader, buildPpp } from "../../src/codec/index.ts";

export const IP_HEADER = 20;
export const UDP_HEADER = 8;
/** The discard port, and the one that packets with a time stamp go to. */
export const DISCARD = 9;
export const STAMPED = 10;
/** Where a packet's time stamp is, behind IP and UDP header. */
export const STAMP_AT = IP_HEADER + UDP_HEADER;
const PPP_IPV4 = 0x0021;
const TTL_UDP = 0x4011_0000;
const VERSION_AND_LENGTH = 0x4500_0000;
const DONT_FRAGMENT = 0x4000;
const TTL_ICMP = 0x4001_0000;
const PROTOCOL_ICMP = 1;
const ECHO_REQUEST = 8;
const ECHO_REPLY = 0;
const ECHO_SIZE = 84;
const LENGTH_BIT = 0x4000;
const ADDRESS_AND_CONTROL = 0xff03;
/** Of L2TP and PPP. */
const HEADERS_MAX = 12;

export interface UdpPacket {
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly identification: number;
  /** Octets of the IP packet as a whole. */
  readonly size: number;
}

export function udpPacket(fields: UdpPacket): Uint8Array {
  const { size } = fields;
  const packet = new Uint8Array(size);
  const view = new DataView(packet.buffer);
  view.setUint32(0, VERSION_AND_LENGTH + size);
  view.setUint16(4, fields.identification & 0xffff);
  view.setUint16(6, DONT_FRAGMENT);
  view.setUint32(8, TTL_UDP);
  view.setUint32(12, fields.source);
  view.setUint32(16, fields.destination);
  view.setUint16(10, ~fold(wordSum(view, 0, IP_HEADER)) & 0xffff);
  view.setUint16(IP_HEADER, fields.sourcePort);
  view.setUint16(IP_HEADER + 2, fields.destinationPort);
  view.setUint16(IP_HEADER + 4, size - IP_HEADER);
  for (let at = STAMP_AT; at < size; at++) packet[at] = (at * 31) & 0xff;
  view.setUint32(STAMP_AT, 0);
  const pseudo = wordSum(view, 12, IP_HEADER) + ((TTL_UDP >>> 16) & 0xff) + size - IP_HEADER;
  const sum = fold(pseudo + wordSum(view, IP_HEADER, size));
  view.setUint16(IP_HEADER + 6, ~sum & 0xffff || 0xffff);
  return packet;
}

/** An ICMP Echo as ping(8) sends it. */
export function echoRequest(fields: {
  readonly source: number;
  readonly destination: number;
  readonly sequence: number;
}): Uint8Array {
  const packet = new Uint8Array(ECHO_SIZE);
  const view = new DataView(packet.buffer);
  view.setUint32(0, VERSION_AND_LENGTH + ECHO_SIZE);
  view.setUint16(6, DONT_FRAGMENT);
  view.setUint32(8, TTL_ICMP);
  view.setUint32(12, fields.source);
  view.setUint32(16, fields.destination);
  view.setUint16(10, ~fold(wordSum(view, 0, IP_HEADER)) & 0xffff);
  view.setUint8(IP_HEADER, ECHO_REQUEST);
  view.setUint16(IP_HEADER + 6, fields.sequence & 0xffff);
  view.setUint16(IP_HEADER + 2, ~fold(wordSum(view, IP_HEADER, ECHO_SIZE)) & 0xffff);
  return packet;
}

/** Whether the data message of `length` octets at `message` has the answer to that echo. */
export function isEchoReply(
  view: DataView,
  message: number,
  length: number,
  sequence: number,
): boolean {
  const at = packetIn(view, message, length);
  if (at === undefined || at + ECHO_SIZE > message + length) return false;
  const isIcmp = view.getUint8(at + 9) === PROTOCOL_ICMP;
  const isReply = view.getUint8(at + IP_HEADER) === ECHO_REPLY;
  return isIcmp && isReply && view.getUint16(at + IP_HEADER + 6) === (sequence & 0xffff);
}

/** Where the IPv4 packet of a data message begins, if it has one. */
export function packetIn(view: DataView, message: number, length: number): number | undefined {
  if (length < HEADERS_MAX) return undefined;
  let at = message + ((view.getUint16(message) & LENGTH_BIT) === 0 ? 6 : 8);
  if (view.getUint16(at) === ADDRESS_AND_CONTROL) at += 2;
  return view.getUint16(at) === PPP_IPV4 ? at + 2 : undefined;
}

/** Writes a time stamp of 32 bits into a packet at `at` and mends the UDP checksum. */
export function stamp(view: DataView, at: number, value: number): void {
  const field = at + IP_HEADER + 6;
  const old = view.getUint32(at + STAMP_AT);
  const before = (old >>> 16) + (old & 0xffff);
  const after = (value >>> 16) + (value & 0xffff);
  // RFC 1624 3: the complement of the sum without what was there, with what is there now.
  const rest = (~view.getUint16(field) & 0xffff) + 2 * 0xffff - before + after;
  view.setUint32(at + STAMP_AT, value >>> 0);
  view.setUint16(field, ~fold(rest) & 0xffff || 0xffff);
}

/** UDP payload that makes a packet of `size` octets. */
export function udpPayload(size: number): Uint8Array {
  return Uint8Array.from({ length: size - STAMP_AT }, (_, at) => (at < 4 ? 0 : (at * 31) & 0xff));
}

/** A packet in a data message with a Length field, behind an uncompressed PPP header. */
export function dataMessage(tunnelId: number, sessionId: number, packet: Uint8Array): Uint8Array {
  const header = { control: false, priority: false, length: 0, tunnelId, sessionId };
  return buildHeader(header, buildPpp(PPP_IPV4, packet));
}

function wordSum(view: DataView, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at + 1 < to; at += 2) sum += view.getUint16(at);
  return (to - from) % 2 === 0 ? sum : sum + (view.getUint8(to - 1) << 8);
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}
