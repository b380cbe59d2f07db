/**
 * What somebody asks about: the name of a user or of a LAC, an address or prefix inside or outside,
 * a tunnel.
 *
 * @module
 */
import {
  formatIpv4,
  formatIpv6,
  parseIpv4,
  parseIpv4Prefix,
  parseIpv6,
  parseIpv6Prefix,
} from "../net.ts";

export interface Subject {
  readonly text: string;
  readonly kind: "name" | "address" | "tunnel";
  readonly address?: Address;
  readonly tunnelId?: number;
}

interface Address {
  /** 4 or 16 of them. */
  readonly octets: Uint8Array;
  /** The one way in which rows and entries write it. */
  readonly canonical: string;
}

/** What rows and entries have in common; addresses in their canonical form. */
export interface Facts {
  readonly user: string;
  readonly hostName: string;
  readonly peer: string;
  readonly addresses: readonly string[];
  readonly tunnelId: number;
}

const TUNNEL_ID_MAX = 65_535;

/** Nothing is wrong as a subject: what is neither an address nor a number is a name. */
export function parseSubject(text: string): Subject {
  const address = addressOf(text);
  if (address !== undefined) return { text, kind: "address", address };
  const isNumber = /^[1-9]\d{0,4}$/.test(text) && Number(text) <= TUNNEL_ID_MAX;
  if (isNumber) return { text, kind: "tunnel", tunnelId: Number(text) };
  return { text, kind: "name" };
}

export function isAbout(subject: Subject, facts: Facts): boolean {
  const { text, kind, address, tunnelId } = subject;
  if (kind === "address" && address !== undefined) {
    return isAt(facts.peer, address) || facts.addresses.some((own) => covers(own, address));
  }
  if (kind === "tunnel" && facts.tunnelId === tunnelId) return true;
  return isUser(facts.user, text) || (facts.user === "" && facts.hostName === text);
}

/** Whether a peer that called itself `given` is the user `name`: Windows sends DOMAIN\name. */
export function isUser(given: string, name: string): boolean {
  return given === name || given.endsWith(`\\${name}`);
}

/** "10.0.0.1", "10.0.0.1:1701", "2001:db8::1", "[2001:db8::1]:1701", "2001:db8:64:1::/64". */
function addressOf(text: string): Address | undefined {
  const [, host = text] = /^\[([^\]]*)\](?::\d+)?$/.exec(text) ?? /^([\d.]+):\d+$/.exec(text) ?? [];
  const plain = host.replace(/\/\d+$/, "");
  const number = parseIpv4(plain);
  if (number !== undefined) return { octets: octetsOf(number), canonical: formatIpv4(number) };
  const octets = parseIpv6(plain);
  return octets === undefined ? undefined : { octets, canonical: formatIpv6(octets) };
}

function octetsOf(ipv4: number): Uint8Array {
  return Uint8Array.of(ipv4 >>> 24, ipv4 >>> 16, ipv4 >>> 8, ipv4);
}

/** Whether "10.0.0.1:1701" or "[2001:db8::1]:1701" is at `address`. */
function isAt(peer: string, { octets, canonical }: Address): boolean {
  return peer.startsWith(octets.length === 4 ? `${canonical}:` : `[${canonical}]:`);
}

/**
 * Whether `text`, an address or a prefix, is or holds `address`. Asked of every row and entry
 * there is: parsed is only what is a prefix and of the same family.
 */
function covers(text: string, { octets, canonical }: Address): boolean {
  if (!text.includes("/")) return text === canonical;
  if (text.includes(":") !== (octets.length === 16)) return false;
  const prefix = text.includes(":") ? parseIpv6Prefix(text) : ipv4PrefixOf(text);
  if (prefix === undefined) return false;
  const { first, length } = prefix;
  return first.every((octet, at) => {
    const unused = 8 - Math.min(8, Math.max(0, length - at * 8));
    return octet >> unused === (octets[at] ?? 0) >> unused;
  });
}

function ipv4PrefixOf(text: string): { first: Uint8Array; length: number } | undefined {
  const prefix = parseIpv4Prefix(text);
  return prefix && { first: octetsOf(prefix.first), length: prefix.length };
}
