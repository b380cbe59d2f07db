/**
 * Socket addresses and the control messages that name the local address of a datagram, as octets.
 *
 * Addresses are canonical text everywhere else: "10.0.0.1", "2001:db8::1", and for a link-local
 * one the index of its interface behind it, "fe80::1%2". Only here is it known that a socket of
 * both families speaks of "::ffff:10.0.0.1".
 *
 * @module
 */
import { formatIpv4, formatIpv6, ipv4, ipv6, isIpv4 } from "../net.ts";
import { CMSG_HEADER_SIZE, findControlMessage } from "./cmsg.ts";

export const AF_INET = 2;
export const AF_INET6 = 10;
/** The family of a socket, which is not always that of an address that it speaks to. */
export type Family = typeof AF_INET | typeof AF_INET6;

export const IPPROTO_IP = 0;
export const IPPROTO_IPV6 = 41;
export const IP_PKTINFO = 8;
const IPV6_PKTINFO = 50;
const SOCKADDR_IN_SIZE = 16;
const SOCKADDR_IN6_SIZE = 28;
const SOCKADDR_IN6_ADDRESS = 8;
const SOCKADDR_IN6_SCOPE = 24;
/** in_pktinfo: interface index, then the address to send from, then the header's destination. */
const PKTINFO_SIZE = 12;
const PKTINFO_SPECIFIC = CMSG_HEADER_SIZE + 4;
const PKTINFO_DESTINATION = CMSG_HEADER_SIZE + 8;
/** in6_pktinfo: address, then interface index. */
const PKTINFO6_SIZE = 20;
const PKTINFO6_INDEX = CMSG_HEADER_SIZE + 16;
const MAPPED_PREFIX = 12;
const MAPPED = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

/** The family of a socket that listens on `address`; one on "::" serves both. */
export function familyOf(address: string): Family {
  return isIpv4(address) ? AF_INET : AF_INET6;
}

/** Whether a socket that listens on `address` listens on every address of the host. */
export function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

/** Whether a socket of that family can send to `address`. */
export function isReached(address: string, family: Family): boolean {
  return family === AF_INET6 || isIpv4(address);
}

/** `family` is that of the socket that the address is for. */
export function encodeSockaddr(
  address: string,
  port: number,
  family = familyOf(address),
): Uint8Array<ArrayBuffer> {
  const isInet = family === AF_INET;
  const bytes = new Uint8Array(isInet ? SOCKADDR_IN_SIZE : SOCKADDR_IN6_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  if (isInet) {
    view.setUint32(4, ipv4(address));
    return bytes;
  }
  const { octets, index } = parseIn6(address);
  bytes.set(octets, SOCKADDR_IN6_ADDRESS);
  view.setUint32(SOCKADDR_IN6_SCOPE, index, true);
  return bytes;
}

/** Reads what recvmmsg wrote; `undefined` for a family that we do not serve. */
export function decodeSockaddr(
  view: DataView,
  at: number,
): { address: string; port: number } | undefined {
  const family = view.getUint16(at, true);
  const port = view.getUint16(at + 2);
  if (family === AF_INET) return { address: formatIpv4(view.getUint32(at + 4)), port };
  if (family !== AF_INET6) return undefined;
  const index = view.getUint32(at + SOCKADDR_IN6_SCOPE, true);
  return { address: formatIn6(view, at + SOCKADDR_IN6_ADDRESS, index), port };
}

/** A control message that makes a datagram leave from `local`, whatever the route prefers. */
export function encodePktinfo(local: string, family = familyOf(local)): Uint8Array<ArrayBuffer> {
  const isInet = family === AF_INET;
  const size = CMSG_HEADER_SIZE + (isInet ? PKTINFO_SIZE : PKTINFO6_SIZE);
  const bytes = new Uint8Array(size + 4); // padded to a multiple of 8
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(size), true);
  view.setInt32(8, isInet ? IPPROTO_IP : IPPROTO_IPV6, true);
  view.setInt32(12, isInet ? IP_PKTINFO : IPV6_PKTINFO, true);
  if (isInet) {
    view.setUint32(PKTINFO_SPECIFIC, ipv4(local));
    return bytes;
  }
  const { octets, index } = parseIn6(local);
  bytes.set(octets, CMSG_HEADER_SIZE);
  view.setUint32(PKTINFO6_INDEX, index, true);
  return bytes;
}

/**
 * The address that a received datagram was sent to; `undefined` when the kernel gave none, and for
 * multicast and broadcast: nobody answers as such.
 */
export function decodePktinfo(view: DataView, at: number, length: number): string | undefined {
  const kind4 = { level: IPPROTO_IP, type: IP_PKTINFO, size: PKTINFO_SIZE };
  const info = findControlMessage(view, at, length, kind4);
  if (info !== undefined) {
    return isGroup(view, info + PKTINFO_DESTINATION)
      ? undefined
      : formatIpv4(view.getUint32(info + PKTINFO_DESTINATION));
  }
  const kind6 = { level: IPPROTO_IPV6, type: IPV6_PKTINFO, size: PKTINFO6_SIZE };
  const info6 = findControlMessage(view, at, length, kind6);
  return info6 === undefined ? undefined : decodePktinfo6(view, info6);
}

function decodePktinfo6(view: DataView, at: number): string | undefined {
  if (view.getUint8(at + CMSG_HEADER_SIZE) === 0xff) return undefined;
  const isMapped = MAPPED.every((octet, i) => octet === view.getUint8(at + CMSG_HEADER_SIZE + i));
  if (isMapped && isGroup(view, at + CMSG_HEADER_SIZE + MAPPED_PREFIX)) return undefined;
  const index = view.getUint32(at + PKTINFO6_INDEX, true);
  return formatIn6(view, at + CMSG_HEADER_SIZE, index);
}

/** IPv4 multicast, reserved or the limited broadcast: 224.0.0.0/3. */
function isGroup(view: DataView, at: number): boolean {
  return view.getUint8(at) >= 224;
}

function parseIn6(text: string): { octets: Uint8Array; index: number } {
  if (isIpv4(text)) {
    const octets = new Uint8Array(16);
    octets.set(MAPPED);
    new DataView(octets.buffer).setUint32(MAPPED_PREFIX, ipv4(text));
    return { octets, index: 0 };
  }
  const [address = "", zone = "0"] = text.split("%", 2);
  return { octets: ipv6(address), index: Number(zone) };
}

/** The interface is told for a link-local address only: any other means the same on each. */
function formatIn6(view: DataView, at: number, index: number): string {
  const octets = Uint8Array.from({ length: 16 }, (_, octet) => view.getUint8(at + octet));
  if (MAPPED.every((octet, place) => octet === octets[place])) {
    return formatIpv4(view.getUint32(at + MAPPED_PREFIX));
  }
  const isLinkLocal = view.getUint16(at) >> 6 === 0x3fa; // fe80::/10
  return isLinkLocal && index !== 0 ? `${formatIpv6(octets)}%${index}` : formatIpv6(octets);
}
