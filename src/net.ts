/**
 * Addresses and prefixes: IPv4 as text and 32-bit numbers, IPv6 as text and 16 octets. A leaf that
 * every room may use.
 *
 * @module
 */
import ipaddr from "ipaddr.js";

/** A prefix such as 10.64.0.0/16: its first and last address, as unsigned 32-bit numbers. */
export interface Ipv4Prefix {
  readonly first: number;
  readonly last: number;
  readonly length: number;
}

const DECIMAL = /^(?:0|[1-9]\d{0,2})$/;

/** The number of a dotted quad, or `undefined`. Leading zeros are refused: octal to some. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split(".", 5);
  if (parts.length !== 4) return undefined;
  let address = 0;
  for (const part of parts) {
    if (!DECIMAL.test(part) || Number(part) > 255) return undefined;
    address = address * 256 + Number(part);
  }
  return address;
}

/** @throws {RangeError} when `text` is not an IPv4 address: for values that were checked before. */
export function ipv4(text: string): number {
  const address = parseIpv4(text);
  if (address === undefined) throw new RangeError(`not an IPv4 address: ${text}`);
  return address;
}

export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** A prefix in CIDR notation, or `undefined`. Bits behind the prefix length must be zero. */
export function parseIpv4Prefix(text: string): Ipv4Prefix | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const first = parseIpv4(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (first === undefined || !DECIMAL.test(digits) || Number(digits) > 32) return undefined;
  const length = Number(digits);
  const size = 2 ** (32 - length);
  if (first % size !== 0) return undefined;
  return { first, last: first + size - 1, length };
}

/** @throws {RangeError} when `text` is not an IPv4 prefix: for values that were checked before. */
export function ipv4Prefix(text: string): Ipv4Prefix {
  const prefix = parseIpv4Prefix(text);
  if (prefix === undefined) throw new RangeError(`not an IPv4 prefix: ${text}`);
  return prefix;
}

export function isIpv4(text: string): boolean {
  return parseIpv4(text) !== undefined;
}

/** A prefix such as 2001:db8:64::/48; bits behind its length are zero. */
export interface Ipv6Prefix {
  readonly first: Uint8Array;
  readonly length: number;
}

/** The 16 octets of an IPv6 address, or `undefined`. A zone ("fe80::1%eth0") is refused. */
export function parseIpv6(text: string): Uint8Array | undefined {
  if (text.includes("%") || !ipaddr.IPv6.isValid(text)) return undefined;
  return Uint8Array.from(ipaddr.IPv6.parse(text).toByteArray());
}

/** @throws {RangeError} when `text` is not an IPv6 address: for values that were checked before. */
export function ipv6(text: string): Uint8Array {
  const octets = parseIpv6(text);
  if (octets === undefined) throw new RangeError(`not an IPv6 address: ${text}`);
  return octets;
}

/** The one text of 16 octets that RFC 5952 allows: the first of the longest runs of zeros goes. */
export function formatIpv6(octets: Uint8Array): string {
  let best = -1;
  let longest = 1;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && groupOf(octets, to) === 0) to++;
    if (to - from > longest) {
      best = from;
      longest = to - from;
    }
    if (to > from) from = to;
  }
  let text = "";
  for (let at = 0; at < 8; at++) {
    if (at === best) {
      text += "::";
      at += longest - 1;
    } else {
      if (text !== "" && !text.endsWith(":")) text += ":";
      text += groupOf(octets, at).toString(16);
    }
  }
  return text;
}

function groupOf(octets: Uint8Array, index: number): number {
  return ((octets[2 * index] ?? 0) << 8) | (octets[2 * index + 1] ?? 0);
}

/** An IPv6 prefix in CIDR notation, or `undefined`. Bits behind its length must be zero. */
export function parseIpv6Prefix(text: string): Ipv6Prefix | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const first = parseIpv6(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (first === undefined || !DECIMAL.test(digits) || Number(digits) > 128) return undefined;
  const length = Number(digits);
  const isClean = first.every((octet, at) => {
    const kept = Math.min(8, Math.max(0, length - at * 8));
    return (octet & (0xff >> kept)) === 0;
  });
  return isClean ? { first, length } : undefined;
}

/** @throws {RangeError} when `text` is not an IPv6 prefix: for values that were checked before. */
export function ipv6Prefix(text: string): Ipv6Prefix {
  const prefix = parseIpv6Prefix(text);
  if (prefix === undefined) throw new RangeError(`not an IPv6 prefix: ${text}`);
  return prefix;
}

/** Our own address in a network: the first of its first pool, and one. Its /64 is the LNS's own. */
export function gateway6Of(firstPool: string): string {
  const address = ipv6Prefix(firstPool).first.slice();
  address[15] = 1;
  return formatIpv6(address);
}

/** The upper 64 bits of an address. */
export function upperHalf(address: Uint8Array): bigint {
  return new DataView(address.buffer, address.byteOffset, 16).getBigUint64(0);
}

/** "10.0.0.1:1701" or "[2001:db8::1]:1701". */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
