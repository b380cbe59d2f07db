/**
 * The wire formats once more, as plainly as the RFCs tell them: what codec.wasm is compared with.
 * It shares nothing with the codec but the words for faults. Its DataView accessors make it the
 * yardstick of the micro benchmarks, too.
 *
 * @module
 */
import type { Status } from "../../src/codec/index.ts";

export interface HeaderFields {
  bits: number;
  length: number;
  tunnelId: number;
  sessionId: number;
  ns: number;
  nr: number;
  offsetSize: number;
}

export interface HeaderResult extends HeaderFields {
  payloadAt: number;
  payloadLength: number;
}

export interface AvpResult {
  flags: number;
  vendor: number;
  type: number;
  /** Octets from the start of the first AVP. */
  valueAt: number;
  valueLength: number;
}

export interface FrameResult {
  protocol: number;
  informationAt: number;
  informationLength: number;
}

export const HAS = { T: 0x8000, L: 0x4000, S: 0x0800, O: 0x0200, P: 0x0100 } as const;

/** RFC 2661 3.1. */
export function parseHeader(datagram: Uint8Array): HeaderResult | Status {
  if (datagram.length < 2) return "short";
  const view = viewOf(datagram);
  const bits = view.getUint16(0);
  if (bits % 16 !== 2) return "version";
  const has = (bit: number) => (bits & bit) !== 0;
  if (has(HAS.T) && !(has(HAS.L) && has(HAS.S) && !has(HAS.O) && !has(HAS.P))) {
    return "control-bits";
  }
  const optional = (has(HAS.L) ? 2 : 0) + (has(HAS.S) ? 4 : 0) + (has(HAS.O) ? 2 : 0);
  const fields = 6 + optional;
  if (datagram.length < fields) return "short";
  let at = 2;
  const next = () => {
    const value = view.getUint16(at);
    at += 2;
    return value;
  };
  const length = has(HAS.L) ? next() : 0;
  const tunnelId = next();
  const sessionId = next();
  const ns = has(HAS.S) ? next() : 0;
  const nr = has(HAS.S) ? next() : 0;
  const offsetSize = has(HAS.O) ? next() : 0;
  const end = has(HAS.L) ? length : datagram.length;
  if (end > datagram.length || end < fields) return "length";
  if (fields + offsetSize > end) return "offset";
  const payloadAt = fields + offsetSize;
  const payloadLength = end - payloadAt;
  return { bits, length, tunnelId, sessionId, ns, nr, offsetSize, payloadAt, payloadLength };
}

/** The header alone; reserved bits are zero, the version is 2. */
export function buildHeader(header: HeaderFields): Uint8Array {
  const words: number[] = [];
  const has = (bit: number) => (header.bits & bit) !== 0;
  words.push((header.bits & (HAS.T | HAS.L | HAS.S | HAS.O | HAS.P)) + 2);
  if (has(HAS.L)) words.push(header.length);
  words.push(header.tunnelId, header.sessionId);
  if (has(HAS.S)) words.push(header.ns, header.nr);
  if (has(HAS.O)) words.push(header.offsetSize);
  const pad = has(HAS.O) ? header.offsetSize : 0;
  const octets = new Uint8Array(words.length * 2 + pad);
  const view = viewOf(octets);
  for (const [i, word] of words.entries()) view.setUint16(i * 2, word);
  return octets;
}

/** RFC 2661 4.1. */
export function walkAvps(octets: Uint8Array, capacity: number): AvpResult[] | Status {
  const view = viewOf(octets);
  const avps: AvpResult[] = [];
  for (let at = 0; at < octets.length; ) {
    if (octets.length - at < 6) return "avp-length";
    const word = view.getUint16(at);
    const length = word % 1024;
    if (length < 6 || at + length > octets.length) return "avp-length";
    if (avps.length >= capacity) return "too-many";
    avps.push({
      flags: word - length,
      vendor: view.getUint16(at + 2),
      type: view.getUint16(at + 4),
      valueAt: at + 6,
      valueLength: length - 6,
    });
    at += length;
  }
  return avps;
}

/** Undefined when the value is too long for an AVP. */
export function buildAvp(
  flags: number,
  vendor: number,
  type: number,
  value: Uint8Array,
): Uint8Array | undefined {
  const length = value.length + 6;
  if (length > 1023) return undefined;
  const octets = new Uint8Array(length);
  const view = viewOf(octets);
  view.setUint16(0, (flags & 0xc000) + length);
  view.setUint16(2, vendor);
  view.setUint16(4, type);
  octets.set(value, 6);
  return octets;
}

/** RFC 1661 2, 6.5 and 6.6. */
export function parseFrame(frame: Uint8Array): FrameResult | Status {
  let rest = [...frame.subarray(0, 4)];
  if (rest[0] === 0xff && rest[1] === 0x03) rest = rest.slice(2);
  const [first, second] = rest;
  const skipped = Math.min(frame.length, 4) - rest.length;
  if (first === undefined) return "short";
  if (first % 2 === 1) return frameResult(frame, first, skipped + 1);
  if (second === undefined) return "short";
  return frameResult(frame, first * 256 + second, skipped + 2);
}

function frameResult(frame: Uint8Array, protocol: number, informationAt: number): FrameResult {
  return { protocol, informationAt, informationLength: frame.length - informationAt };
}

/** What stands before the Information field; nothing when `protocol` is none. */
export function buildFrameHeader(protocol: number, acfc: boolean, pfc: boolean): number[] {
  const high = Math.floor(protocol / 256);
  const low = protocol % 256;
  if (high > 255 || high % 2 === 1 || low % 2 === 0) return [];
  const address = acfc && protocol !== 0xc021 ? [] : [0xff, 0x03];
  const isShort = pfc && high === 0 && low !== 0xff;
  return [...address, ...(isShort ? [low] : [high, low])];
}

/** RFC 791 3.1. */
export function checkIpv4(packet: Uint8Array): Status {
  const [first] = packet;
  if (first === undefined) return "short";
  if (Math.floor(first / 16) !== 4) return "ip-version";
  if (packet.length < 20) return "short";
  const header = (first % 16) * 4;
  const total = viewOf(packet).getUint16(2);
  if (header < 20 || header > packet.length) return "ip-header";
  if (total < header || total > packet.length) return "ip-header";
  return checksum(packet.subarray(0, header)) === 0 ? "ok" : "ip-checksum";
}

/** RFC 8200 3. */
export function checkIpv6(packet: Uint8Array): Status {
  const [first] = packet;
  if (first === undefined) return "short";
  if (Math.floor(first / 16) !== 6) return "ip-version";
  if (packet.length < 40) return "short";
  return 40 + viewOf(packet).getUint16(4) > packet.length ? "ip-header" : "ok";
}

/** RFC 1071 4.1. */
export function checksum(octets: Uint8Array): number {
  const view = viewOf(octets);
  let sum = 0;
  let at = 0;
  for (; at + 1 < octets.length; at += 2) sum += view.getUint16(at);
  if (at < octets.length) sum += view.getUint8(at) * 256;
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return 0xffff - sum;
}

function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}
