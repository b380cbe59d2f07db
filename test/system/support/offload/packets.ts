/**
 * IPv4 and IPv6 packets with TCP, UDP and else inside, built from the RFCs alone: nothing here
 * comes from the program under test.
 */
export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
export const ICMP6 = 58;
export const IP4_HEADER = 20;
export const IP6_HEADER = 40;

export interface IpFields {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** TOS or traffic class. */
  readonly tos: number;
  readonly ttl: number;
  readonly id: number;
  /** Of IPv4: flags and fragment offset. */
  readonly fragment: number;
  readonly flowLabel: number;
  /** Of IPv4, a multiple of four octets; of IPv6, headers in front of the payload. */
  readonly options: Uint8Array;
  readonly protocol: number;
}

export interface TcpFields {
  readonly ports: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly window: number;
  readonly urgent: number;
  readonly options: Uint8Array;
}

/** Ones' complement sum of octets, not inverted (RFC 1071). */
export function sum(octets: Uint8Array, start = 0): number {
  let total = start;
  for (let at = 0; at < octets.length; at += 2) {
    total += ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
  }
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x1_0000);
  return total;
}

export function pseudoHeader(ip: IpFields, length: number): number {
  return sum(ip.destination, sum(ip.source, ip.protocol + length));
}

export function ipPacket(ip: IpFields, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return ip.source.length === 4 ? ip4(ip, payload) : ip6(ip, payload);
}

function ip4(ip: IpFields, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = IP4_HEADER + ip.options.length;
  const packet = new Uint8Array(header + payload.length);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x40 | (header >> 2));
  view.setUint8(1, ip.tos);
  view.setUint16(2, packet.length);
  view.setUint16(4, ip.id);
  view.setUint16(6, ip.fragment);
  view.setUint8(8, ip.ttl);
  view.setUint8(9, ip.protocol);
  packet.set(ip.source, 12);
  packet.set(ip.destination, 16);
  packet.set(ip.options, IP4_HEADER);
  view.setUint16(10, 0xffff - sum(packet.subarray(0, header)));
  packet.set(payload, header);
  return packet;
}

/** The first octet of `options` is the Next Header of IPv6, the rest the headers in between. */
function ip6(ip: IpFields, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const [first = ip.protocol] = ip.options;
  const headers = ip.options.subarray(1);
  const packet = new Uint8Array(IP6_HEADER + headers.length + payload.length);
  const view = new DataView(packet.buffer);
  view.setUint32(0, ((0x60 << 24) | (ip.tos << 20) | ip.flowLabel) >>> 0);
  view.setUint16(4, headers.length + payload.length);
  view.setUint8(6, first);
  view.setUint8(7, ip.ttl);
  packet.set(ip.source, 8);
  packet.set(ip.destination, 24);
  packet.set(headers, IP6_HEADER);
  packet.set(payload, IP6_HEADER + headers.length);
  return packet;
}

/** A TCP segment with its checksum. */
export function tcpSegment(
  ip: IpFields,
  tcp: TcpFields,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const header = 20 + tcp.options.length;
  const segment = new Uint8Array(header + payload.length);
  const view = new DataView(segment.buffer);
  view.setUint32(0, tcp.ports);
  view.setUint32(4, tcp.sequence);
  view.setUint32(8, tcp.acknowledgement);
  view.setUint8(12, header << 2);
  view.setUint8(13, tcp.flags);
  view.setUint16(14, tcp.window);
  view.setUint16(18, tcp.urgent);
  segment.set(tcp.options, 20);
  segment.set(payload, header);
  view.setUint16(16, 0xffff - sum(segment, pseudoHeader(ip, segment.length)));
  return segment;
}

/** A UDP datagram with its checksum, which is 0xffff where it would be 0 (RFC 768). */
export function udpDatagram(
  ip: IpFields,
  ports: number,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const datagram = new Uint8Array(8 + payload.length);
  const view = new DataView(datagram.buffer);
  view.setUint32(0, ports);
  view.setUint16(4, datagram.length);
  datagram.set(payload, 8);
  view.setUint16(6, 0xffff - sum(datagram, pseudoHeader(ip, datagram.length)) || 0xffff);
  return datagram;
}

/** What belongs to one flow has the same name. */
export function flowOf(packet: Uint8Array): string {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const hex = (from: number, to: number) => Buffer.from(packet.subarray(from, to)).toString("hex");
  const version = (packet[0] ?? 0) >> 4;
  if (version === 4 && packet.length >= IP4_HEADER) {
    const header = (view.getUint8(0) & 15) * 4;
    const isWhole = (view.getUint16(6) & 0x3fff) === 0 && header === IP4_HEADER;
    return named(hex(12, 16), hex(16, 20), view.getUint8(9), isWhole, hex(20, 24));
  }
  if (version === 6 && packet.length >= IP6_HEADER) {
    return named(hex(8, 24), hex(24, 40), view.getUint8(6), true, hex(40, 44));
  }
  return `no IP ${hex(0, 4)}`;
}

function named(
  source: string,
  destination: string,
  protocol: number,
  isWhole: boolean,
  ports: string,
): string {
  const hasPorts = isWhole && (protocol === TCP || protocol === UDP);
  return `${source} ${destination} ${protocol} ${hasPorts ? ports : isWhole ? "" : "apart"}`;
}
