/**
 * Link types of captures (https://www.tcpdump.org/linktypes.html): down to the IP packet.
 *
 * @module
 */
import { parsePpp } from "../codec/index.ts";
import { HEADERS_MAX } from "../limits.ts";
import { IP, IPV6 } from "../ppp/protocols.ts";
import { u16 } from "./octets.ts";

/** LINKTYPE_ values; and one of our own for hex that has no headers in front. */
export const Link = {
  Null: 0,
  Ethernet: 1,
  Ppp: 9,
  RawBsd: 12,
  RawOpenBsd: 14,
  PppHdlc: 50,
  Pppoe: 51,
  Raw: 101,
  Loop: 108,
  LinuxCooked: 113,
  Ipv4: 228,
  Ipv6: 229,
  LinuxCooked2: 276,
  /** No LINKTYPE_: the payload of a UDP datagram. */
  Datagram: -1,
} as const;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_PPPOE = 0x8864;
const VLAN_TAGS: readonly number[] = [0x8100, 0x88a8, 0x9100];
const PPPOE_HEADER = 6;

interface Layout {
  /** Octets in front. */
  readonly size: number;
  /** Where the Ethertype is, if there is one. */
  readonly typeAt?: number;
  /** A PPP frame follows, with Address and Control or without. */
  readonly isPpp?: boolean;
}

const LINKS: Readonly<Record<number, Layout>> = {
  [Link.Null]: { size: 4 },
  [Link.Loop]: { size: 4 },
  [Link.Ethernet]: { size: 14, typeAt: 12 },
  [Link.Ppp]: { size: 0, isPpp: true },
  [Link.PppHdlc]: { size: 0, isPpp: true },
  [Link.Pppoe]: { size: PPPOE_HEADER, isPpp: true },
  [Link.RawBsd]: { size: 0 },
  [Link.RawOpenBsd]: { size: 0 },
  [Link.Raw]: { size: 0 },
  [Link.Ipv4]: { size: 0 },
  [Link.Ipv6]: { size: 0 },
  [Link.LinuxCooked]: { size: 16, typeAt: 14 },
  [Link.LinuxCooked2]: { size: 20, typeAt: 0 },
};

export function isKnownLink(link: number): boolean {
  return link === Link.Datagram || link in LINKS;
}

/** The IPv4 or IPv6 packet in a frame; `undefined` when it carries something else. */
export function packetOf(link: number, octets: Uint8Array): Uint8Array | undefined {
  const layout = LINKS[link];
  if (layout === undefined || octets.length <= layout.size) return undefined;
  const behind = octets.subarray(layout.size);
  const packet = inside(layout, octets, behind);
  const version = (packet?.[0] ?? 0) >> 4;
  return version === 4 || version === 6 ? packet : undefined;
}

function inside(
  { typeAt, isPpp }: Layout,
  octets: Uint8Array,
  behind: Uint8Array,
): Uint8Array | undefined {
  if (isPpp === true) return inPpp(behind);
  return typeAt === undefined ? behind : behindTags(u16(octets, typeAt), behind);
}

/** A tag is two octets and the Ethertype of what follows (IEEE 802.1Q). */
function behindTags(first: number, octets: Uint8Array): Uint8Array | undefined {
  let type = first;
  let rest = octets;
  for (let tags = 0; VLAN_TAGS.includes(type) && tags < HEADERS_MAX; tags++) {
    type = u16(rest, 2);
    rest = rest.subarray(4);
  }
  if (type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6) return rest;
  return type === ETHERTYPE_PPPOE ? inPpp(rest.subarray(PPPOE_HEADER)) : undefined;
}

function inPpp(octets: Uint8Array): Uint8Array | undefined {
  const frame = parsePpp(octets);
  if (typeof frame === "string") return undefined;
  return frame.protocol === IP || frame.protocol === IPV6 ? frame.information : undefined;
}
