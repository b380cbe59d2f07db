/**
 * IPv4 addresses and prefixes as text and as numbers (unsigned, first octet highest).
 *
 * @module
 */

export interface Ipv4Prefix {
  readonly address: number;
  readonly length: number;
}

/** Strict dotted decimal, four octets without leading zeros; `undefined` for anything else. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let address = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    address = address * 256 + Number(part);
  }
  return address;
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

/** `a.b.c.d/length` with no bit set behind the prefix; `undefined` for anything else. */
export function parsePrefix(text: string): Ipv4Prefix | undefined {
  const [host = "", bits = "", rest] = text.split("/");
  const address = parseIpv4(host);
  if (address === undefined || rest !== undefined || !/^\d{1,2}$/.test(bits)) return undefined;
  const length = Number(bits);
  if (length > 32 || address % 2 ** (32 - length) !== 0) return undefined;
  return { address, length };
}

export function formatPrefix(prefix: Ipv4Prefix): string {
  return `${formatIpv4(prefix.address)}/${prefix.length}`;
}
