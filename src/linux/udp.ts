/**
 * The two UDP sockets of an LNS: both bound to the same address and port, one for control
 * messages, one for data, told apart in the kernel by the T bit.
 *
 * So no flood of data stands before a HELLO, and no worker ever reads a control message.
 *
 * @module
 */
import { checked } from "./errno.ts";
import type { Libc } from "./libc.ts";
import { AF_INET, encodeSockaddr } from "./sockaddr.ts";

const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_ATTACH_REUSEPORT_CBPF = 51;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IP_MTU_DISCOVER = 10;
const IP_PMTUDISC_DONT = 0;

/** Bursts of a whole window of many peers must fit while a worker sleeps. */
const DATA_BUFFER = 8 * 1024 * 1024;
const CONTROL_BUFFER = 4 * 1024 * 1024;

export interface UdpPair {
  readonly control: number;
  readonly data: number;
}

/**
 * Opens both sockets. Throws a `SystemError` of `bind` when the port is used or the address is not
 * one of this host; nothing is left open then.
 */
export function openUdpPair(libc: Libc, address: string, port: number): UdpPair {
  const opened: number[] = [];
  const open = () => {
    const fd = checked(libc, "socket", libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0));
    opened.push(fd);
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
    setOption(libc, control, IPPROTO_IP, IP_PKTINFO, 1);
    setBuffers(libc, control, CONTROL_BUFFER);
    checked(libc, "bind", libc.bind(control, name));
    steerByType(libc, control);

    const data = open();
    setOption(libc, data, SOL_SOCKET, SO_REUSEPORT, 1);
    setOption(libc, data, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    setBuffers(libc, data, DATA_BUFFER);
    checked(libc, "bind", libc.bind(data, name));
    return { control, data };
  } catch (error) {
    for (const fd of opened) libc.close(fd);
    throw error;
  }
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
 * bound. A datagram too short to load from ends the program with 0: the control socket counts it.
 */
function steerByType(libc: Libc, fd: number): void {
  const program = new Uint8Array(4 * 8);
  const view = new DataView(program.buffer);
  const instruction = (index: number, code: number, jt: number, jf: number, k: number) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, true);
  };
  instruction(0, 0x28, 0, 0, 0); // ldh [0]
  instruction(1, 0x45, 0, 1, 0x8000); // jset T, next, skip one
  instruction(2, 0x06, 0, 0, 0); // ret 0: control
  instruction(3, 0x06, 0, 0, 1); // ret 1: data
  const fprog = new DataView(new ArrayBuffer(16));
  fprog.setUint16(0, 4, true);
  fprog.setBigUint64(8, libc.address(program), true);
  const value = new Uint8Array(fprog.buffer);
  checked(libc, "setsockopt", libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, value));
}
