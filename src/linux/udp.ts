/**
 * The UDP sockets of an LNS, all bound to the same address and port: one for requests for tunnels,
 * one for all other control messages, and two for the data messages of each slot: those with packets,
 * and those with what configures a link. The kernel tells them apart by the header.
 *
 * So no flood of data, nor of what is no L2TP at all, stands before a HELLO or an LCP frame, and no
 * flood of requests either; and the packets of a session always come to one socket.
 *
 * On "::" each serves both families. A datagram larger than the path takes is fragmented, not
 * refused, on a data socket: Path MTU Discovery is off there. UDP checksums over IPv6 stay as the
 * kernel has them: always sent, and a datagram without one is not received (RFC 8200 8.1; RFC 6935
 * would allow it).
 *
 * @module
 */
import type { Lacking, Offload } from "../offloads.ts";
import { checked } from "./errno.ts";
import { attachToGroup, type Instruction } from "./filter.ts";
import type { Libc } from "./libc.ts";
import { offloadSocket } from "./offloads.ts";
import {
  AF_INET6,
  encodeSockaddr,
  type Family,
  familyOf,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
} from "./sockaddr.ts";
import { type Steering, steerBy } from "./udp-steering.ts";

const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const IP_MTU_DISCOVER = 10;
const IP_PMTUDISC_DONT = 0;
const IPV6_MTU_DISCOVER = 23;
const IPV6_PMTUDISC_DONT = 0;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;
const IP_RECVTOS = 13;
const IPV6_RECVTCLASS = 66;
const IPV6_DONTFRAG = 62;
/** Bursts of a whole window of many peers must fit while a worker sleeps. */
export const DATA_BUFFER = 8 * 1024 * 1024;
const CONTROL_BUFFER = 4 * 1024 * 1024;

export interface Sockets {
  /** By slot: they get data messages, and what is no L2TP. */
  readonly data: readonly number[];
  /** By slot: they get data messages whose PPP frame is of LCP, authentication or the like. */
  readonly link: readonly number[];
  /** Gets control messages with Tunnel ID 0. */
  readonly sccrq: number;
  /** Gets all other control messages. */
  readonly control: number;
}

export interface OpenedSockets {
  readonly sockets: Sockets;
  /** Of the offloads that were wanted and that sockets have to do with. */
  readonly lacking: Lacking;
}

/** A socket of a group. */
export interface Member {
  /** Tells the address that each datagram was sent to, and lets no path cut what it sends. */
  readonly isControl: boolean;
  readonly offloads: readonly Offload[];
  /** Tells the TOS or Traffic Class of the packet that each datagram came in. */
  readonly hasEcn?: boolean;
}

/**
 * Opens all of them with what they have of the `wanted` offloads. Throws a `SystemError` of `bind`
 * when the port is used or the address is not one of this host; nothing is left open then.
 *
 * UDP_GRO is on all of them or on none: what the kernel merges it merges by a socket of the group
 * that it finds without the program.
 */
export function openSockets(
  libc: Libc,
  address: string,
  port: number,
  wanted: readonly Offload[],
  { by, slots }: Steering,
  hasEcn = false,
): OpenedSockets {
  const lacking = new Map<Offload, string>();
  if (by === "session" && wanted.includes("udp-gro")) {
    // A buffer has datagrams of one peer, and its first one's socket gets all: sessions are mixed.
    lacking.set("udp-gro", 'steer = "session" tells sessions of one peer apart');
  }
  const offloads = wanted.filter((offload) => !lacking.has(offload));
  const control = { isControl: true, offloads };
  const messages = Array.from({ length: 2 * slots }, () => ({
    ...{ isControl: false, offloads, hasEcn },
  }));
  const members = [...messages, control, control];
  const opened = openGroup(libc, address, port, members, steerBy({ by, slots }));
  for (const [offload, why] of opened.lacking) lacking.set(offload, why);
  const [sccrq = -1, other = -1] = opened.fds.slice(2 * slots);
  const data = opened.fds.slice(0, slots);
  const link = opened.fds.slice(slots, 2 * slots);
  return { sockets: { data, link, sccrq, control: other }, lacking };
}

/** Opens sockets that share an address and port; `program` answers which one gets a datagram. */
export function openGroup(
  libc: Libc,
  address: string,
  port: number,
  members: readonly Member[],
  program: readonly Instruction[],
): { readonly fds: readonly number[]; readonly lacking: Lacking } {
  const opened: number[] = [];
  const lacking = new Map<Offload, string>();
  const family = familyOf(address);
  const open = () => {
    const fd = checked(libc, "socket", libc.socket(family, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0));
    opened.push(fd);
    if (family === AF_INET6) setOption(libc, fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    return fd;
  };
  const name = encodeSockaddr(address, port);
  try {
    // SO_REUSEPORT would let a second simplon join the first one's group unseen: bind once without.
    const probe = open();
    checked(libc, "bind", libc.bind(probe, name));
    libc.close(probe);
    opened.pop();
    for (const { isControl, offloads, hasEcn = false } of members) {
      const fd = open();
      setOption(libc, fd, SOL_SOCKET, SO_REUSEPORT, 1);
      if (isControl) tellDestination(libc, fd, family);
      else allowFragments(libc, fd, family);
      if (hasEcn) tellTos(libc, fd, family);
      setBuffers(libc, fd, isControl ? CONTROL_BUFFER : DATA_BUFFER);
      const left = offloads.filter((offload) => !lacking.has(offload));
      for (const [offload, why] of offloadSocket(libc, fd, left)) lacking.set(offload, why);
      checked(libc, "bind", libc.bind(fd, name));
      // Before the next one is bound, or until then the kernel would choose by a hash.
      if (fd === opened[0]) attachToGroup(libc, fd, program);
    }
    return { fds: opened, lacking };
  } catch (error) {
    for (const fd of opened) libc.close(fd);
    throw error;
  }
}

function tellTos(libc: Libc, fd: number, family: Family): void {
  setOption(libc, fd, IPPROTO_IP, IP_RECVTOS, 1);
  if (family === AF_INET6) setOption(libc, fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
}

/** A socket of both families tells an IPv4 destination in the words of IPv6. */
function tellDestination(libc: Libc, fd: number, family: Family): void {
  if (family === AF_INET6) setOption(libc, fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  else setOption(libc, fd, IPPROTO_IP, IP_PKTINFO, 1);
}

function allowFragments(libc: Libc, fd: number, family: Family): void {
  setOption(libc, fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  if (family !== AF_INET6) return;
  setOption(libc, fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
  setOption(libc, fd, IPPROTO_IPV6, IPV6_DONTFRAG, 0);
}

function setOption(libc: Libc, fd: number, level: number, name: number, value: number): void {
  checked(libc, "setsockopt", libc.setsockopt(fd, level, name, int32(value)));
}

function int32(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Int32Array([value]).buffer);
}

/** The FORCE variants need a capability; without it the host's own maximum is what we get. */
export function setBuffers(libc: Libc, fd: number, octets: number): void {
  for (const [forced, plain] of [
    [SO_RCVBUFFORCE, SO_RCVBUF],
    [SO_SNDBUFFORCE, SO_SNDBUF],
  ] as const) {
    if (libc.setsockopt(fd, SOL_SOCKET, forced, int32(octets)) < 0) {
      setOption(libc, fd, SOL_SOCKET, plain, octets);
    }
  }
}

/** What a socket has got of them. */
export function buffersOf(libc: Libc, fd: number): { receive: number; send: number } {
  const octets = (name: number) => {
    const value = int32(0);
    checked(libc, "getsockopt", libc.getsockopt(fd, SOL_SOCKET, name, value, int32(value.length)));
    // The kernel doubles what is asked for, for what it keeps beside the octets (socket(7)).
    return new DataView(value.buffer).getInt32(0, true) / 2;
  };
  return { receive: octets(SO_RCVBUF), send: octets(SO_SNDBUF) };
}
