/** What the configuration asks of IPv4 addresses and prefixes. @module */
import { type Ipv4Prefix, parseIpv4, parseIpv4Prefix } from "../net.ts";

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
