/**
 * What somebody asks about: the name of a user or of a LAC, an address or prefix inside or outside,
 * a tunnel.
 *
 * @module
 */
import { parseIpv4, parseIpv4Prefix, parseIpv6, parseIpv6Prefix } from "../net.ts";

export interface Subject {
  readonly text: string;
  readonly kind: "name" | "address" | "tunnel";
  /** Octets of an address, 4 or 16 of them. */
  readonly address?: Uint8Array;
  readonly tunnelId?: number;
}

/** What rows and entries have in common. */
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
    const own = [hostOf(facts.peer), ...facts.addresses];
    return own.some((candidate) => candidate !== "" && covers(candidate, address));
  }
  if (kind === "tunnel" && facts.tunnelId === tunnelId) return true;
  // Windows puts a domain in front: DOMAIN\user.
  const isUser = facts.user === text || facts.user.endsWith(`\\${text}`);
  return isUser || (facts.user === "" && facts.hostName === text);
}

/** "10.0.0.1", "10.0.0.1:1701", "2001:db8::1", "[2001:db8::1]:1701", "2001:db8:64:1::/64". */
function addressOf(text: string): Uint8Array | undefined {
  const [, host = text] = /^\[([^\]]*)\](?::\d+)?$/.exec(text) ?? /^([\d.]+):\d+$/.exec(text) ?? [];
  return octetsOf(host.replace(/\/\d+$/, ""));
}

function octetsOf(text: string): Uint8Array | undefined {
  const number = parseIpv4(text);
  if (number === undefined) return parseIpv6(text);
  return Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number);
}

/** The address of "10.0.0.1:1701" or "[2001:db8::1]:1701". */
export function hostOf(peer: string): string {
  return peer.slice(0, peer.lastIndexOf(":")).replaceAll(/[[\]]/g, "");
}

/** Whether `text`, an address or a prefix, is or holds `address`. */
function covers(text: string, address: Uint8Array): boolean {
  const ipv4 = parseIpv4Prefix(text);
  const prefix = ipv4 === undefined ? parseIpv6Prefix(text) : undefined;
  const length = ipv4?.length ?? prefix?.length ?? 128;
  const first = octetsOf(text.replace(/\/\d+$/, ""));
  if (first === undefined || first.length !== address.length) return false;
  return first.every((octet, at) => {
    const unused = 8 - Math.min(8, Math.max(0, length - at * 8));
    return octet >> unused === (address[at] ?? 0) >> unused;
  });
}
