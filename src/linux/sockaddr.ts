/**
 * Socket addresses and the control messages that name the local address of a datagram, as octets.
 *
 * @module
 */
import { formatIpv4, ipv4 } from "../net.ts";

export const AF_INET = 2;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const SOCKADDR_IN_SIZE = 16;
const CMSG_HEADER_SIZE = 16;
const PKTINFO_SIZE = 12;
/** in_pktinfo: interface index, then the address to send from, then the header's destination. */
const PKTINFO_SPECIFIC = CMSG_HEADER_SIZE + 4;
const PKTINFO_DESTINATION = CMSG_HEADER_SIZE + 8;

export function encodeSockaddr(address: string, port: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SOCKADDR_IN_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  view.setUint32(4, ipv4(address));
  return bytes;
}

/** Reads what recvmmsg wrote; `undefined` for a family that we do not serve. */
export function decodeSockaddr(
  view: DataView,
  at: number,
): { address: string; port: number } | undefined {
  if (view.getUint16(at, true) !== AF_INET) return undefined;
  return { address: formatIpv4(view.getUint32(at + 4)), port: view.getUint16(at + 2) };
}

/** A control message that makes a datagram leave from `local`, whatever the route prefers. */
export function encodePktinfo(local: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(CMSG_HEADER_SIZE + PKTINFO_SIZE + 4); // padded to a multiple of 8
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(CMSG_HEADER_SIZE + PKTINFO_SIZE), true);
  view.setInt32(8, IPPROTO_IP, true);
  view.setInt32(12, IP_PKTINFO, true);
  view.setUint32(PKTINFO_SPECIFIC, ipv4(local));
  return bytes;
}

/** The address that a received datagram was sent to; `undefined` when the kernel gave none. */
export function decodePktinfo(view: DataView, at: number, length: number): string | undefined {
  if (length < CMSG_HEADER_SIZE + PKTINFO_SIZE) return undefined;
  const isPktinfo =
    view.getInt32(at + 8, true) === IPPROTO_IP && view.getInt32(at + 12, true) === IP_PKTINFO;
  return isPktinfo ? formatIpv4(view.getUint32(at + PKTINFO_DESTINATION)) : undefined;
}
