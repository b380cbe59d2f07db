/**
 * What the kernel does with a packet behind a virtio header, and with a message that has a
 * UDP_SEGMENT, as plainly as it can be said: lengths, numbers and checksums of each segment are made
 * from scratch.
 *
 * @module
 */

/** virtio_net_hdr of the Linux UAPI; its fields are in host order. */
export interface Virtio {
  readonly flags: number;
  readonly type: number;
  readonly headerLength: number;
  readonly size: number;
  readonly checksumStart: number;
  readonly checksumOffset: number;
}

export const VIRTIO = 10;
export const NEEDS_CHECKSUM = 1;
/** On what is read: the checksum was right. Nothing is to be done about it. */
export const DATA_VALID = 2;
export const TYPE = { none: 0, tcp4: 1, tcp6: 4, udp: 5, ecn: 0x80 } as const;
export const TCP = 6;
export const UDP = 17;
export const FLAG = {
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 16,
  urg: 32,
  ece: 64,
  cwr: 128,
} as const;

const TCP_HEADER = 20;
const UDP_HEADER = 8;
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
/** UDP_MAX_SEGMENTS of kernels before 6.9; GSO_BY_FRAGS. */
const SEGMENTS_MAX = 64;
const BY_FRAGMENTS = 0xffff;

export function parseVirtio(octets: Uint8Array): Virtio {
  const view = viewOf(octets);
  return {
    flags: view.getUint8(0),
    type: view.getUint8(1),
    headerLength: view.getUint16(2, true),
    size: view.getUint16(4, true),
    checksumStart: view.getUint16(6, true),
    checksumOffset: view.getUint16(8, true),
  };
}

export function buildVirtio(fields: Partial<Virtio> = {}): Uint8Array {
  const octets = new Uint8Array(VIRTIO);
  const view = viewOf(octets);
  view.setUint8(0, fields.flags ?? 0);
  view.setUint8(1, fields.type ?? TYPE.none);
  view.setUint16(2, fields.headerLength ?? 0, true);
  view.setUint16(4, fields.size ?? 0, true);
  view.setUint16(6, fields.checksumStart ?? 0, true);
  view.setUint16(8, fields.checksumOffset ?? 0, true);
  return octets;
}

/** tcp_gso_segment, __udp_gso_segment, inet_gso_segment; skb_checksum_help for what is no super-packet. */
export function cut(virtio: Virtio, packet: Uint8Array): Uint8Array[] {
  const { checksumStart: start, checksumOffset, size } = virtio;
  if (virtio.type === TYPE.none) {
    const isPartial = (virtio.flags & NEEDS_CHECKSUM) !== 0;
    return [isPartial ? completed(packet, start, checksumOffset) : packet];
  }
  const isTcp = virtio.type !== TYPE.udp;
  const headers = start + (isTcp ? ((packet[start + 12] ?? 0) >> 4) * 4 : UDP_HEADER);
  const payload = packet.subarray(headers);
  const count = Math.max(1, Math.ceil(payload.length / size));
  return Array.from({ length: count }, (_, index) => {
    const part = payload.subarray(index * size, (index + 1) * size);
    const segment = new Uint8Array(headers + part.length);
    segment.set(packet.subarray(0, headers));
    segment.set(part, headers);
    numberIp(segment, index);
    if (isTcp) numberTcp(segment, start, index * size, index === 0, index === count - 1);
    else viewOf(segment).setUint16(start + 4, UDP_HEADER + part.length);
    writeChecksum(segment, start, isTcp ? TCP : UDP);
    return segment;
  });
}

/** Lengths, the Identification that counts, and the header checksum. */
function numberIp(segment: Uint8Array, index: number): void {
  const view = viewOf(segment);
  if (isVersion6(segment)) {
    view.setUint16(4, segment.length - 40);
    return;
  }
  view.setUint16(2, segment.length);
  view.setUint16(4, view.getUint16(4) + index);
  writeHeaderChecksum(segment);
}

function numberTcp(
  segment: Uint8Array,
  start: number,
  octetsBefore: number,
  isFirst: boolean,
  isLast: boolean,
): void {
  const view = viewOf(segment);
  view.setUint32(start + 4, view.getUint32(start + 4) + octetsBefore);
  let flags = view.getUint8(start + 13);
  if (!isLast) flags &= ~(FLAG.fin | FLAG.psh);
  if (!isFirst) flags &= ~FLAG.cwr;
  view.setUint8(start + 13, flags);
}

/** The IPv4 header checksum (RFC 791). */
export function writeHeaderChecksum(packet: Uint8Array): void {
  const view = viewOf(packet);
  const header = ((packet[0] ?? 0) & 15) * 4;
  view.setUint16(10, 0);
  view.setUint16(10, 0xffff - fold(sum(packet, 0, header)));
}

/** The checksum of a TCP or UDP packet whose transport header is at `start`. */
export function writeChecksum(packet: Uint8Array, start: number, protocol: number): void {
  const at = start + (protocol === TCP ? TCP_CHECKSUM : UDP_CHECKSUM);
  const view = viewOf(packet);
  view.setUint16(at, 0);
  const total = pseudoSum(packet, protocol, packet.length - start);
  const value = 0xffff - fold(total + sum(packet, start, packet.length));
  view.setUint16(at, value === 0 && protocol === UDP ? 0xffff : value);
}

/** What stands in the checksum field of a packet that needs one: the sum of the pseudo header. */
export function writePartial(packet: Uint8Array, start: number, protocol: number): void {
  const at = start + (protocol === TCP ? TCP_CHECKSUM : UDP_CHECKSUM);
  viewOf(packet).setUint16(at, fold(pseudoSum(packet, protocol, packet.length - start)));
}

function completed(packet: Uint8Array, start: number, offset: number): Uint8Array {
  const copy = packet.slice();
  const value = 0xffff - fold(sum(packet, start, packet.length));
  viewOf(copy).setUint16(start + offset, value === 0 ? 0xffff : value);
  return copy;
}

function pseudoSum(packet: Uint8Array, protocol: number, length: number): number {
  const [from, to] = isVersion6(packet) ? [8, 40] : [12, 20];
  return sum(packet, from, to) + protocol + length;
}

/** Sum of 16-bit words in network order. */
export function sum(octets: Uint8Array, from: number, to: number): number {
  let total = 0;
  let at = from;
  for (; at + 1 < to; at += 2) total += ((octets[at] ?? 0) << 8) + (octets[at + 1] ?? 0);
  return at < to ? total + ((octets[at] ?? 0) << 8) : total;
}

export function fold(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return folded;
}

/**
 * Why the kernel would refuse what is written to a TUN device, or cut it otherwise than it is meant
 * (virtio_net_hdr_to_skb, tcp_gso_segment, __udp_gso_segment); `undefined` when it is right.
 */
export function refusal(octets: Uint8Array, packet: Uint8Array): string | undefined {
  if (octets.length !== VIRTIO) return `${octets.length} octets of virtio header`;
  const virtio = parseVirtio(octets);
  if (virtio.type === TYPE.none) {
    return octets.every((octet) => octet === 0) ? undefined : "a single is not plain";
  }
  const { checksumStart: start, size } = virtio;
  const isV6 = isVersion6(packet);
  const kind = virtio.type & ~TYPE.ecn;
  const isTcp = kind === (isV6 ? TYPE.tcp6 : TYPE.tcp4);
  if (!isTcp && virtio.type !== TYPE.udp) return `type ${virtio.type}`;
  if (virtio.flags !== NEEDS_CHECKSUM) return `flags ${virtio.flags}`;
  if (start !== (isV6 ? 40 : 20)) return `checksum start ${start}`;
  if (virtio.checksumOffset !== (isTcp ? TCP_CHECKSUM : UDP_CHECKSUM)) return "checksum offset";
  if (packet.length < start + (isTcp ? TCP_HEADER : UDP_HEADER)) return "no transport header";
  if (packet[isV6 ? 6 : 9] !== (isTcp ? TCP : UDP)) return "protocol";
  const view = viewOf(packet);
  const headers = start + (isTcp ? (view.getUint8(start + 12) >> 4) * 4 : UDP_HEADER);
  if (virtio.headerLength !== headers) return `header length ${virtio.headerLength}`;
  const payload = packet.length - headers;
  if (size === 0 || size === BY_FRAGMENTS || payload <= size) return `size ${size} of ${payload}`;
  if (payload > size * SEGMENTS_MAX) return "too many segments";
  if (packet.length > 0xffff) return "too long";
  return refusedFields(packet, start, virtio, isV6, isTcp);
}

function refusedFields(
  packet: Uint8Array,
  start: number,
  virtio: Virtio,
  isV6: boolean,
  isTcp: boolean,
): string | undefined {
  const view = viewOf(packet);
  if (isV6 && view.getUint16(4) !== packet.length - 40) return "payload length";
  if (!isV6 && view.getUint16(2) !== packet.length) return "total length";
  if (!isV6 && fold(sum(packet, 0, 20)) !== 0xffff) return "IPv4 header checksum";
  if (!isTcp && view.getUint16(start + 4) !== packet.length - start) return "UDP length";
  const flags = isTcp ? view.getUint8(start + 13) : 0;
  if ((flags & (FLAG.syn | FLAG.rst | FLAG.urg)) !== 0) return `TCP flags ${flags}`;
  const hasCwr = (flags & FLAG.cwr) !== 0;
  if ((virtio.type & TYPE.ecn) !== (hasCwr ? TYPE.ecn : 0)) return "ECN";
  const partial = view.getUint16(start + virtio.checksumOffset);
  const pseudo = pseudoSum(packet, isTcp ? TCP : UDP, packet.length - start);
  return partial % 0xffff === pseudo % 0xffff ? undefined : "sum of the pseudo header";
}

/** What UDP_SEGMENT makes of a message; one datagram when `size` is 0. */
export function split(octets: Uint8Array, size: number): Uint8Array[] {
  if (size === 0 || octets.length === 0) return [octets];
  const count = Math.ceil(octets.length / size);
  return Array.from({ length: count }, (_, index) =>
    octets.slice(index * size, (index + 1) * size),
  );
}

function isVersion6(packet: Uint8Array): boolean {
  return (packet[0] ?? 0) >> 4 === 6;
}

function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}
