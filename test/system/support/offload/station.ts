/** Sockets of this process in other network namespaces: what is sent there and what arrives. */

import { closeSync, openSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { checked } from "../../../../src/linux/errno.ts";
import { openLibc } from "../../../../src/linux/ffi.ts";
import { encodeSockaddr } from "../../../../src/linux/sockaddr.ts";
import type { Segmentation } from "./flow.ts";
import { sum } from "./packets.ts";

const CLONE_NEWNET = 0x4000_0000;
const AF_INET = 2;
const AF_PACKET = 17;
const SOCK_NONBLOCK = 0o4000;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_PACKET = 263;
const PACKET_VNET_HDR = 15;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const IP_MTU_DISCOVER = 10;
const ETH_P_ALL = 3;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const ETHERNET = 14;
const VIRTIO = 10;
const NEEDS_CHECKSUM = 1;
const UDP_CHECKSUM = 6;
const BUFFER = 256 * 1024 * 1024;
const OCTETS_MAX = 70_000;

const libc = openLibc();
const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
const setns = koffi.load("libc.so.6").func("setns", "int32_t", ["int32_t", "int32_t"]);
const received = new Uint8Array(OCTETS_MAX);

/** Does what makes sockets with this thread in another network namespace. */
function within<T>(namespace: string, make: () => T): T {
  const own = openSync("/proc/thread-self/ns/net", "r");
  const other = openSync(`/run/netns/${namespace}`, "r");
  try {
    checked(libc, "setns", setns(other, CLONE_NEWNET));
    return make();
  } finally {
    checked(libc, "setns", setns(own, CLONE_NEWNET));
    closeSync(own);
    closeSync(other);
  }
}

function setOption(fd: number, level: number, name: number, value: number): void {
  const octets = new Uint8Array(new Int32Array([value]).buffer);
  checked(libc, "setsockopt", libc.setsockopt(fd, level, name, octets));
}

function setBuffers(fd: number): void {
  setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER);
  setOption(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER);
}

/** The next of what has arrived; `undefined` when there is nothing. */
function receive(fd: number): Uint8Array<ArrayBuffer> | undefined {
  const length = libc.recv(fd, received);
  return length < 0 ? undefined : received.slice(0, length);
}

/** A client's UDP socket, which sends to one LNS. */
export class UdpEnd {
  readonly #fd: number;

  constructor(namespace: string, port: number, lns: string) {
    this.#fd = within(namespace, () => {
      const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
      return checked(libc, "socket", fd);
    });
    setBuffers(this.#fd);
    // No DF: what is larger than the path takes is fragmented.
    setOption(this.#fd, 0, IP_MTU_DISCOVER, 0);
    checked(libc, "bind", libc.bind(this.#fd, encodeSockaddr("0.0.0.0", port)));
    checked(libc, "connect", libc.connect(this.#fd, encodeSockaddr(lns, 1701)));
  }

  close(): void {
    libc.close(this.#fd);
  }

  send(datagram: Uint8Array): void {
    checked(libc, "send", libc.send(this.#fd, Uint8Array.from(datagram)));
  }

  /** Many of one length, the last may be shorter, by one call; one by one if the path is too narrow. */
  sendTogether(datagrams: readonly Uint8Array[]): void {
    setOption(this.#fd, SOL_UDP, UDP_SEGMENT, datagrams[0]?.length ?? 0);
    const isSent = libc.send(this.#fd, Uint8Array.from(Buffer.concat(datagrams))) >= 0;
    setOption(this.#fd, SOL_UDP, UDP_SEGMENT, 0);
    if (!isSent) for (const datagram of datagrams) this.send(datagram);
  }

  receive(): Uint8Array<ArrayBuffer> | undefined {
    return receive(this.#fd);
  }
}

export interface Link {
  readonly namespace: string;
  readonly device: string;
  /** Ethernet address of the other end. */
  readonly peer: Uint8Array;
}

/** The end of a wire: sends packets as a host's device would, and sees all that arrives. */
export class WireEnd {
  readonly #fd: number;
  readonly #peer: Uint8Array;

  constructor({ namespace, device, peer }: Link) {
    this.#peer = peer;
    this.#fd = within(namespace, () => {
      const protocol = ETH_P_ALL << 8;
      const fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, protocol);
      checked(libc, "socket", fd);
      const name = new Uint8Array(20);
      const view = new DataView(name.buffer);
      view.setUint16(0, AF_PACKET, true);
      view.setUint16(2, ETH_P_ALL);
      view.setInt32(4, indexOf(device), true);
      checked(libc, "bind", libc.bind(fd, name));
      return fd;
    });
    setBuffers(this.#fd);
    setOption(this.#fd, SOL_PACKET, PACKET_VNET_HDR, 1);
    while (receive(this.#fd) !== undefined); // came before it was bound to the device
  }

  close(): void {
    libc.close(this.#fd);
  }

  /** False when the kernel does not take such a packet. */
  send(packet: Uint8Array, segmentation?: Segmentation): boolean {
    const octets = new Uint8Array(VIRTIO + ETHERNET + packet.length);
    const view = new DataView(octets.buffer);
    if (segmentation !== undefined) {
      const { flags, type, headers, size, start, offset } = segmentation;
      octets.set([flags, type]);
      view.setUint16(2, ETHERNET + headers, true);
      view.setUint16(4, size, true);
      view.setUint16(6, ETHERNET + start, true);
      view.setUint16(8, offset, true);
    }
    octets.set(this.#peer, VIRTIO);
    octets.set([2, 0, 0, 0, 0, 1], VIRTIO + 6);
    const isInet6 = (packet[0] ?? 0) >> 4 === 6;
    view.setUint16(VIRTIO + 12, isInet6 ? ETH_P_IPV6 : ETH_P_IP);
    octets.set(packet, VIRTIO + ETHERNET);
    return libc.send(this.#fd, octets) >= 0;
  }

  /** The next IP packet that came from the other end. */
  receive(): Uint8Array<ArrayBuffer> | undefined {
    for (let frame = receive(this.#fd); frame !== undefined; frame = receive(this.#fd)) {
      const from = frame.subarray(VIRTIO + 6, VIRTIO + 12);
      if (!from.every((octet, index) => octet === this.#peer[index])) continue;
      const type = ((frame[VIRTIO + 12] ?? 0) << 8) | (frame[VIRTIO + 13] ?? 0);
      if (type !== ETH_P_IP && type !== ETH_P_IPV6) continue;
      if (frame[1] !== 0) throw new Error("a packet that has yet to be cut");
      if (((frame[0] ?? 0) & NEEDS_CHECKSUM) !== 0) complete(frame);
      return frame.slice(VIRTIO + ETHERNET);
    }
    return undefined;
  }
}

/** Fills in the checksum, as the device behind a driver that asks for it: 0 stands in UDP as 0xffff. */
function complete(frame: Uint8Array<ArrayBuffer>): void {
  const view = new DataView(frame.buffer);
  const start = VIRTIO + view.getUint16(6, true);
  const offset = view.getUint16(8, true);
  const checksum = 0xffff - sum(frame.subarray(start));
  view.setUint16(start + offset, offset === UDP_CHECKSUM ? checksum || 0xffff : checksum);
}

/** Index of a device in this thread's namespace. */
function indexOf(device: string): number {
  const lines = readFileSync("/proc/thread-self/net/igmp", "utf8");
  const [, index = ""] = new RegExp(`^(\\d+)\\s+${device}\\s`, "m").exec(lines) ?? [];
  if (index === "") throw new Error(`no device ${device}`);
  return Number(index);
}
