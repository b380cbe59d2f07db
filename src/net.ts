/**
 * IPv4 addresses as text and as 32-bit numbers, and prefixes. A leaf that every room may use.
 *
 * @module
 */

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
