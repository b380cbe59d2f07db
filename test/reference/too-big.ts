/**
 * What becomes of a packet that exceeds an MTU, as plainly as it can be said: the fragments that a
 * router makes of it (RFC 791), or the error that its sender gets (RFC 1191, RFC 4443).
 *
 * @module
 */
import { fold, sum, writeHeaderChecksum } from "./offload.ts";

const ICMP = 1;
const ICMPV6 = 58;
/** Types of ICMP that are no errors (RFC 1812 4.3.1). */
const QUERIES = [0, 8, 9, 10, 13, 14, 15, 16, 17, 18];
const EXTENSIONS = [0, 43, 44, 51, 60];
const COPIED = 0x80;

/** None when its sender forbids it, when it is IPv6, or when the MTU holds no fragment. */
export function fragments(packet: Uint8Array, mtu: number): Uint8Array[] {
  const view = viewOf(packet);
  const word = view.getUint16(6);
  const header = (view.getUint8(0) & 15) * 4;
  const size = Math.floor((mtu - header) / 8) * 8;
  const length = view.getUint16(2);
  const offset = (word & 0x1fff) * 8;
  if (view.getUint8(0) >> 4 !== 4 || (word & 0x4000) !== 0 || size <= 0) return [];
  if (offset + length > 0xffff || length - header > size * 128) return [];
  const count = Math.ceil((length - header) / size);
  return Array.from({ length: count }, (_, index) => {
    const payload = packet.slice(
      header + index * size,
      Math.min(header + (index + 1) * size, length),
    );
    const front = packet.slice(0, header);
    if (index > 0) blank(front);
    const part = Uint8Array.of(...front, ...payload);
    const more = index < count - 1 ? 0x2000 : word & 0x2000;
    viewOf(part).setUint16(2, part.length);
    viewOf(part).setUint16(6, (word & 0xc000) + more + (offset + index * size) / 8);
    writeHeaderChecksum(part);
    return part;
  });
}

/** Options without the copied flag become no operation. */
function blank(header: Uint8Array): void {
  for (let at = 20; at < header.length; ) {
    const type = header[at] ?? 0;
    if (type === 0) return;
    const length = type === 1 ? 1 : (header[at + 1] ?? 0);
    if (type !== 1 && (at + 1 >= header.length || length < 2)) return;
    if (at + length > header.length) return;
    if (type !== 1 && type < COPIED) header.fill(1, at, at + length);
    at += length;
  }
}

/** What the sender is told; `undefined` when that is nothing. */
export function errorAbout(
  packet: Uint8Array,
  mtu: number,
  gateway6?: Uint8Array,
): Uint8Array | undefined {
  return (packet[0] ?? 0) >> 4 === 6 ? error6(packet, mtu, gateway6) : error4(packet, mtu);
}

function error4(packet: Uint8Array, mtu: number): Uint8Array | undefined {
  const view = viewOf(packet);
  const length = view.getUint16(2);
  const [first = 0] = packet.subarray(12);
  if (first === 0 || first === 127 || first >= 224 || view.getUint8(16) >= 224) return undefined;
  if ((view.getUint16(6) & 0x1fff) !== 0) return undefined;
  const header = (view.getUint8(0) & 15) * 4;
  if (packet[9] === ICMP && (length === header || !QUERIES.includes(packet[header] ?? 0))) {
    return undefined;
  }
  const quote = packet.slice(0, Math.min(length, 576 - 28));
  const total = 28 + quote.length;
  const ip = [0x45, 0xc0, total >> 8, total & 0xff, 0, 0, 0x40, 0, 64, ICMP, 0, 0];
  const addresses = [...packet.subarray(16, 20), ...packet.subarray(12, 16)];
  const icmp = [3, 4, 0, 0, 0, 0, mtu >> 8, mtu & 0xff];
  const error = Uint8Array.of(...ip, ...addresses, ...icmp, ...quote);
  writeHeaderChecksum(error);
  viewOf(error).setUint16(22, 0xffff - fold(sum(error, 20, error.length)));
  return error;
}

function error6(packet: Uint8Array, mtu: number, gateway?: Uint8Array): Uint8Array | undefined {
  const length = 40 + viewOf(packet).getUint16(4);
  const source = packet.slice(8, 24);
  if (
    source[0] === 0xff ||
    source.every((octet, index) => octet === (index === 15 ? octet & 1 : 0))
  )
    return undefined;
  if (!isQuery6(packet, length)) return undefined;
  const quote = packet.slice(0, Math.min(length, 1280 - 48));
  const octets = 8 + quote.length;
  const front = [0x60, 0, 0, 0, octets >> 8, octets & 0xff, ICMPV6, 64];
  const from = gateway ?? packet.slice(24, 40);
  const icmp = [2, 0, 0, 0, 0, 0, mtu >> 8, mtu & 0xff];
  const error = Uint8Array.of(...front, ...from, ...source, ...icmp, ...quote);
  const total = sum(error, 8, error.length) + ICMPV6 + octets;
  viewOf(error).setUint16(42, 0xffff - fold(total));
  return error;
}

/** Whether it is anything but an error, a Redirect, a later fragment, or hidden. */
function isQuery6(packet: Uint8Array, length: number): boolean {
  let next = packet[6] ?? 0;
  let at = 40;
  for (let count = 0; count < 9; count++) {
    if (at + 8 > length) return false;
    const [first = 0, second = 0] = packet.subarray(at);
    if (next === ICMPV6) return first >= 128 && first !== 137;
    if (!EXTENSIONS.includes(next)) return true;
    if (next === 44 && viewOf(packet).getUint16(at + 2) >= 8) return false;
    at += next === 44 ? 8 : next === 51 ? (second + 2) * 4 : (second + 1) * 8;
    if (at > length) return false;
    next = first;
  }
  return false;
}

function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}
