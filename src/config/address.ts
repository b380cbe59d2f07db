/** What the configuration asks of addresses and prefixes. @module */
import {
  formatIpv6,
  type Ipv4Prefix,
  type Ipv6Prefix,
  parseIpv4,
  parseIpv4Prefix,
  parseIpv6,
  parseIpv6Prefix,
} from "../net.ts";

/** A host name, which no IPv4 address looks like: its last label begins with a letter. */
export const HOST =
  "([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)*[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const IS_HOST = new RegExp(`^${HOST}$`);

/** An address that a host can have: not "this network", loopback, multicast or reserved. */
export function isHostAddress(text: string): boolean {
  const address = parseIpv4(text);
  return address !== undefined && isUnicast(address);
}

/** A prefix of which every address is one that a host can have. */
export function parseHostPrefix(text: string): Ipv4Prefix | undefined {
  const prefix = parseIpv4Prefix(text);
  if (prefix === undefined || !isUnicast(prefix.first) || !isUnicast(prefix.last)) return undefined;
  return prefix;
}

export function overlaps(a: Ipv4Prefix, b: Ipv4Prefix): boolean {
  return a.first <= b.last && b.first <= a.last;
}

export function contains(prefix: Ipv4Prefix, address: number): boolean {
  return prefix.first <= address && address <= prefix.last;
}

function isUnicast(address: number): boolean {
  const net = address >>> 24;
  return net !== 0 && net !== 127 && net < 224;
}

/** A prefix of global unicast (2000::/3, RFC 4291) or unique local addresses (RFC 4193). */
export function parseHostPrefix6(text: string): Ipv6Prefix | undefined {
  const prefix = parseIpv6Prefix(text);
  const first = prefix?.first[0] ?? 0;
  return first >> 5 === 1 || first >> 1 === 0x7e ? prefix : undefined;
}

export function overlaps6(a: Ipv6Prefix, b: Ipv6Prefix): boolean {
  const common = Math.min(a.length, b.length);
  return a.first.every((octet, at) => {
    const compared = Math.min(8, Math.max(0, common - at * 8));
    return (octet ^ (b.first[at] ?? 0)) >> (8 - compared) === 0;
  });
}

/** "0.0.0.0:1701" or "[::]:1701"; the address in its canonical text. */
export function parseListen(text: string): { address: string; port: number } | undefined {
  const [, inBrackets, plain = "", digits = ""] =
    /^(?:\[(.*)\]|([^:]*)):([1-9]\d{0,4})$/.exec(text) ?? [];
  const octets = inBrackets === undefined ? undefined : parseIpv6(inBrackets);
  const isMulticast = octets?.[0] === 0xff;
  if (inBrackets === undefined ? parseIpv4(plain) === undefined : octets === undefined)
    return undefined;
  const port = Number(digits);
  if (isMulticast || port > 65_535) return undefined;
  return { address: octets === undefined ? plain : formatIpv6(octets), port };
}

/** As `parseListen`, or with the name of a host, which is resolved at the start. */
export function parsePeer(text: string): { address: string; port: number } | undefined {
  const [, name = "", digits = ""] = /^([A-Za-z0-9.-]{1,253}):([1-9]\d{0,4})$/.exec(text) ?? [];
  const isName = isHostName(name) && Number(digits) <= 65_535;
  return isName ? { address: name.toLowerCase(), port: Number(digits) } : parseListen(text);
}

export function isHostName(text: string): boolean {
  return IS_HOST.test(text);
}
