/**
 * The few requests to rtnetlink that a TUN device needs: up, MTU, addresses, routes.
 *
 * @module
 */
import type { Ipv4Prefix, Ipv6Prefix } from "../net.ts";
import { checked, EAFNOSUPPORT, SystemError } from "./errno.ts";
import type { Libc } from "./libc.ts";
import { AF_INET, AF_INET6 } from "./sockaddr.ts";

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NLM_F_REQUEST_ACK = 0x5;
const NLM_F_CREATE_EXCL = 0x600;
const NLMSG_ERROR = 2;
const RTM_NEWLINK = 16;
const RTM_NEWADDR = 20;
const RTM_NEWROUTE = 24;
const IFF_UP = 1;
const IFLA_MTU = 4;
const IFLA_TXQLEN = 13;
const IFLA_AF_SPEC = 26;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IN6_ADDR_GEN_MODE_NONE = 1;
const NLA_F_NESTED = 0x8000;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_F_NODAD = 2;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_PREFSRC = 7;
const RT_TABLE_MAIN = 254;
const RTPROT_STATIC = 4;
const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
const RTN_UNICAST = 1;
const HEADER_SIZE = 16;
const REPLY_SIZE = 4096;

/**
 * The device gets no link-local address of the kernel's, so that the kernel asks no client for
 * routers. To be called before the device is up.
 */
export function leaveLinkLocal(libc: Libc, index: number): void {
  const body = new ArrayBuffer(16); // struct ifinfomsg
  new DataView(body).setInt32(4, index, true);
  const mode = attribute(IFLA_INET6_ADDR_GEN_MODE, Uint8Array.of(IN6_ADDR_GEN_MODE_NONE));
  try {
    const families: Attribute = [IFLA_AF_SPEC | NLA_F_NESTED, attribute(AF_INET6, mode)];
    request(libc, RTM_NEWLINK, 0, body, [families]);
  } catch (error) {
    // A kernel without IPv6 gives no such address anyway.
    if (!(error instanceof SystemError && error.errno === EAFNOSUPPORT)) throw error;
  }
}

/** `queue`: how many packets wait in each queue of the device at most. */
export function linkUp(libc: Libc, index: number, mtu: number, queue: number): void {
  const body = new ArrayBuffer(16); // struct ifinfomsg
  const view = new DataView(body);
  view.setInt32(4, index, true);
  view.setUint32(8, IFF_UP, true);
  view.setUint32(12, IFF_UP, true);
  request(libc, RTM_NEWLINK, 0, body, [
    [IFLA_MTU, hostOrder(mtu)],
    [IFLA_TXQLEN, hostOrder(queue)],
  ]);
}

export function addAddress(libc: Libc, index: number, address: number): void {
  const body = new ArrayBuffer(8); // struct ifaddrmsg
  const view = new DataView(body);
  view.setUint8(0, AF_INET);
  view.setUint8(1, 32);
  view.setUint32(4, index, true);
  const local = networkOrder(address);
  request(libc, RTM_NEWADDR, NLM_F_CREATE_EXCL, body, [
    [IFA_LOCAL, local],
    [IFA_ADDRESS, local],
  ]);
}

export function addAddress6(libc: Libc, index: number, address: Uint8Array): void {
  const body = new ArrayBuffer(8); // struct ifaddrmsg
  const view = new DataView(body);
  view.setUint8(0, AF_INET6);
  view.setUint8(1, 128);
  view.setUint8(2, IFA_F_NODAD); // nobody else is on this link, and the address is wanted at once
  view.setUint32(4, index, true);
  request(libc, RTM_NEWADDR, NLM_F_CREATE_EXCL, body, [[IFA_ADDRESS, address]]);
}

/** Adds a route through the device; `source` is the address that the host itself sends from. */
export function addRoute(libc: Libc, index: number, prefix: Ipv4Prefix, source: number): void {
  const body = routeBody(AF_INET, prefix.length, RT_SCOPE_LINK);
  request(libc, RTM_NEWROUTE, NLM_F_CREATE_EXCL, body, [
    [RTA_DST, networkOrder(prefix.first)],
    [RTA_OIF, hostOrder(index)],
    [RTA_PREFSRC, networkOrder(source)],
  ]);
}

export function addRoute6(libc: Libc, index: number, prefix: Ipv6Prefix, source: Uint8Array): void {
  const body = routeBody(AF_INET6, prefix.length, RT_SCOPE_UNIVERSE);
  request(libc, RTM_NEWROUTE, NLM_F_CREATE_EXCL, body, [
    [RTA_DST, prefix.first],
    [RTA_OIF, hostOrder(index)],
    [RTA_PREFSRC, source],
  ]);
}

function routeBody(family: number, prefixLength: number, scope: number): ArrayBuffer {
  const body = new ArrayBuffer(12); // struct rtmsg
  const view = new DataView(body);
  view.setUint8(0, family);
  view.setUint8(1, prefixLength);
  view.setUint8(4, RT_TABLE_MAIN);
  view.setUint8(5, RTPROT_STATIC);
  view.setUint8(6, scope);
  view.setUint8(7, RTN_UNICAST);
  return body;
}

type Attribute = readonly [type: number, value: Uint8Array];

/** One attribute as octets, padded to a multiple of 4. */
function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + value.length + (-value.length & 3));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 4 + value.length, true);
  view.setUint16(2, type, true);
  bytes.set(value, 4);
  return bytes;
}

/** Sends one request and waits for the kernel's answer, which it gives at once. */
function request(
  libc: Libc,
  type: number,
  flags: number,
  body: ArrayBuffer,
  attributes: readonly Attribute[],
): void {
  const octets = attributes.flatMap(([type, value]) => [...attribute(type, value)]);
  const message = new Uint8Array(HEADER_SIZE + body.byteLength + octets.length);
  const view = new DataView(message.buffer);
  view.setUint32(0, message.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, NLM_F_REQUEST_ACK | flags, true);
  message.set(new Uint8Array(body), HEADER_SIZE);
  message.set(octets, HEADER_SIZE + body.byteLength);
  const fd = checked(libc, "socket", libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, 0));
  try {
    checked(libc, "send", libc.send(fd, message));
    const reply = new Uint8Array(REPLY_SIZE);
    checked(libc, "recv", libc.recv(fd, reply));
    const answer = new DataView(reply.buffer);
    const error = answer.getUint16(4, true) === NLMSG_ERROR ? answer.getInt32(16, true) : 0;
    if (error !== 0) throw new SystemError("netlink", -error);
  } finally {
    libc.close(fd);
  }
}

function hostOrder(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

function networkOrder(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
