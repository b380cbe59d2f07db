/**
 * The few requests to rtnetlink that a TUN device needs: up, MTU, address, route.
 *
 * @module
 */
import type { Ipv4Prefix } from "../net.ts";
import { checked, SystemError } from "./errno.ts";
import type { Libc } from "./libc.ts";

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const AF_INET = 2;
const NLM_F_REQUEST_ACK = 0x5;
const NLM_F_CREATE_EXCL = 0x600;
const NLMSG_ERROR = 2;
const RTM_NEWLINK = 16;
const RTM_NEWADDR = 20;
const RTM_NEWROUTE = 24;
const IFF_UP = 1;
const IFLA_MTU = 4;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_PREFSRC = 7;
const RT_TABLE_MAIN = 254;
const RTPROT_STATIC = 4;
const RT_SCOPE_LINK = 253;
const RTN_UNICAST = 1;
const HEADER_SIZE = 16;
const REPLY_SIZE = 4096;

export function linkUp(libc: Libc, index: number, mtu: number): void {
  const body = new ArrayBuffer(16); // struct ifinfomsg
  const view = new DataView(body);
  view.setInt32(4, index, true);
  view.setUint32(8, IFF_UP, true);
  view.setUint32(12, IFF_UP, true);
  request(libc, RTM_NEWLINK, 0, body, [[IFLA_MTU, hostOrder(mtu)]]);
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

/** Adds a route through the device; `source` is the address that the host itself sends from. */
export function addRoute(libc: Libc, index: number, prefix: Ipv4Prefix, source: number): void {
  const body = new ArrayBuffer(12); // struct rtmsg
  const view = new DataView(body);
  view.setUint8(0, AF_INET);
  view.setUint8(1, prefix.length);
  view.setUint8(4, RT_TABLE_MAIN);
  view.setUint8(5, RTPROT_STATIC);
  view.setUint8(6, RT_SCOPE_LINK);
  view.setUint8(7, RTN_UNICAST);
  request(libc, RTM_NEWROUTE, NLM_F_CREATE_EXCL, body, [
    [RTA_DST, networkOrder(prefix.first)],
    [RTA_OIF, hostOrder(index)],
    [RTA_PREFSRC, networkOrder(source)],
  ]);
}

type Attribute = readonly [type: number, value: Uint8Array];

/** Sends one request and waits for the kernel's answer, which it gives at once. */
function request(
  libc: Libc,
  type: number,
  flags: number,
  body: ArrayBuffer,
  attributes: readonly Attribute[],
): void {
  const size = attributes.reduce((sum, [, value]) => sum + 4 + value.length, 0);
  const message = new Uint8Array(HEADER_SIZE + body.byteLength + size);
  const view = new DataView(message.buffer);
  view.setUint32(0, message.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, NLM_F_REQUEST_ACK | flags, true);
  message.set(new Uint8Array(body), HEADER_SIZE);
  let at = HEADER_SIZE + body.byteLength;
  for (const [attribute, value] of attributes) {
    view.setUint16(at, 4 + value.length, true);
    view.setUint16(at + 2, attribute, true);
    message.set(value, at + 4);
    at += 4 + value.length; // every value here has four octets: no padding
  }
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
