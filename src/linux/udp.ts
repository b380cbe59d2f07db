/**
 * The two UDP sockets of an LNS: both bound to the same address and port, one for control
 * messages, one for data, told apart in the kernel by the header.
 *
 * So no flood of data, nor of what is no L2TP at all, stands before a HELLO.
 *
 * On "::" each serves both families. A datagram larger than the path takes is fragmented, not
 * refused, on the data socket: Path MTU Discovery is off there. UDP checksums over IPv6 stay as the
 * kernel has them: always sent, and a datagram without one is not received (RFC 8200 8.1; RFC 6935
 * would allow it).
 *
 * @module
 */
import type { Lacking, Offload } from "../offloads.ts";
import { checked } from "./errno.ts";
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

const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_ATTACH_REUSEPORT_CBPF = 51;
const IP_MTU_DISCOVER = 10;
const IP_PMTUDISC_DONT = 0;
const IPV6_MTU_DISCOVER = 23;
const IPV6_PMTUDISC_DONT = 0;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;
const IPV6_DONTFRAG = 62;
const FPROG_SIZE = 16;
/** Bits of the first two octets that a control message has to have so: T, L, S, O, P, Ver. */
const CONTROL_MASK = 0xcb0f;
/** T, L and S are set, O and P are not, version 2 (RFC 2661 3.1). */
const CONTROL_FRONT = 0xc802;
/** Octets of its header. */
const CONTROL_LENGTH = 12;

/** Bursts of a whole window of many peers must fit while a worker sleeps. */
const DATA_BUFFER = 8 * 1024 * 1024;
const CONTROL_BUFFER = 4 * 1024 * 1024;

export interface UdpPair {
  readonly control: number;
  readonly data: number;
}

export interface OpenedPair {
  readonly sockets: UdpPair;
  /** Of the offloads that were wanted and that sockets have to do with. */
  readonly lacking: Lacking;
}

/**
 * Opens both sockets, the data socket with what it has of the `wanted` offloads. Throws a
 * `SystemError` of `bind` when the port is used or the address is not one of this host; nothing is
 * left open then.
 */
export function openUdpPair(
  libc: Libc,
  address: string,
  port: number,
  wanted: readonly Offload[],
): OpenedPair {
  const opened: number[] = [];
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

    const control = open();
    setOption(libc, control, SOL_SOCKET, SO_REUSEPORT, 1);
    tellDestination(libc, control, family);
    setBuffers(libc, control, CONTROL_BUFFER);
    checked(libc, "bind", libc.bind(control, name));
    steerByHeader(libc, control);

    const data = open();
    setOption(libc, data, SOL_SOCKET, SO_REUSEPORT, 1);
    allowFragments(libc, data, family);
    setBuffers(libc, data, DATA_BUFFER);
    const lacking = offloadSocket(libc, data, wanted);
    checked(libc, "bind", libc.bind(data, name));
    return { sockets: { control, data }, lacking };
  } catch (error) {
    for (const fd of opened) libc.close(fd);
    throw error;
  }
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
function setBuffers(libc: Libc, fd: number, octets: number): void {
  for (const [forced, plain] of [
    [SO_RCVBUFFORCE, SO_RCVBUF],
    [SO_SNDBUFFORCE, SO_SNDBUF],
  ] as const) {
    if (libc.setsockopt(fd, SOL_SOCKET, forced, int32(octets)) < 0) {
      setOption(libc, fd, SOL_SOCKET, plain, octets);
    }
  }
}

/**
 * Classic BPF over the UDP payload; the result is an index in the order in which the sockets were
 * bound.
 *
 * What has the T bit and yet no header of a control message goes to the data socket: a worker drops
 * and counts it for a fraction of what it costs the control thread. Random octets would fill the
 * control socket otherwise, and one lost message costs a peer a second and more.
 */
function steerByHeader(libc: Libc, fd: number): void {
  // One block holds sock_fprog (length, address of the program) and the program behind it.
  const block = new Uint8Array(FPROG_SIZE + 7 * 8);
  const view = new DataView(block.buffer);
  const instruction = (index: number, code: number, jt: number, jf: number, k: number) => {
    const at = FPROG_SIZE + index * 8;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, jt);
    view.setUint8(at + 3, jf);
    view.setUint32(at + 4, k, true);
  };
  instruction(0, 0x80, 0, 0, 0); // ld len
  instruction(1, 0x35, 0, 4, CONTROL_LENGTH); // jge, next, skip four
  instruction(2, 0x28, 0, 0, 0); // ldh [0]
  instruction(3, 0x54, 0, 0, CONTROL_MASK); // and
  instruction(4, 0x15, 0, 1, CONTROL_FRONT); // jeq, next, skip one
  instruction(5, 0x06, 0, 0, 0); // ret 0: control
  instruction(6, 0x06, 0, 0, 1); // ret 1: data
  view.setUint16(0, 7, true);
  view.setBigUint64(8, libc.address(block) + BigInt(FPROG_SIZE), true);
  const value = block.subarray(0, FPROG_SIZE);
  checked(libc, "setsockopt", libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, value));
}
