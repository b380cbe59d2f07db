/** A kernel of arrays behind a socket of the control thread: what recvmmsg would write. */
import assert from "node:assert/strict";
import * as layout from "../../../assembly/layout.ts";
import { ControlSocket } from "../../../src/daemon/control-socket.ts";
import { createMemory, instantiate } from "../../../src/dataplane/memory.ts";
import { EAGAIN } from "../../../src/linux/errno.ts";
import type { Libc } from "../../../src/linux/libc.ts";
import { AF_INET, encodePktinfo, encodeSockaddr } from "../../../src/linux/sockaddr.ts";

export const PATH = { peer: "192.0.2.9", peerPort: 40_000, local: "192.0.2.1" };
const BASE = 0x7000_0000_0000n;
const FD = 5;

/** One message of recvmmsg: a datagram, or a GRO buffer of datagrams of `segment` octets. */
export interface Arrival {
  readonly octets: Uint8Array;
  readonly segment?: number;
  readonly flags?: number;
  readonly path?: typeof PATH;
  /** The kernel told no address of ours, or this one. */
  readonly told?: { readonly local?: string };
}

export class SocketKernel {
  readonly memory = createMemory();
  readonly octets = new Uint8Array(this.memory.buffer);
  readonly view = new DataView(this.memory.buffer);
  readonly arrivals: Arrival[] = [];
  readonly sent: { datagram: Uint8Array; control: Uint8Array }[] = [];
  /** Not 0: what the next calls fail with. */
  errno = 0;
  calls = 0;
  readonly socket: ControlSocket;

  constructor(receive: number = layout.CONTROL_RECEIVE) {
    const calls: Partial<Libc> = {
      errno: () => this.errno || EAGAIN,
      recvmmsg: (_, messages, count) => this.#receive(Number(messages - BASE), count),
      sendmmsg: (_, messages) => this.#send(Number(messages - BASE)),
    };
    const forwarding = instantiate(this.memory);
    const { memory } = this;
    const libc = calls as Libc;
    const io = { libc, forwarding, memory, base: BASE, fd: FD, family: AF_INET } as const;
    this.socket = new ControlSocket({ ...io, receive });
  }

  /** What the socket gives until it has nothing. */
  take(): Uint8Array[] {
    const datagrams: Uint8Array[] = [];
    for (let one = this.socket.take(); one !== undefined; one = this.socket.take()) {
      datagrams.push(one.datagram);
    }
    return datagrams;
  }

  #receive(messages: number, count: number): number {
    this.calls++;
    if (this.errno !== 0 || this.arrivals.length === 0) return -1;
    const taken = this.arrivals.splice(0, count);
    taken.forEach((arrival, index) => {
      this.#put(arrival, messages + index * layout.MMSGHDR_SIZE);
    });
    return taken.length;
  }

  /** As recvmmsg of a socket does with UDP_GRO and IP_PKTINFO. */
  #put(arrival: Arrival, message: number): void {
    const { octets, segment, flags = 0, path = PATH, told = path } = arrival;
    const vector = this.#pointer(message + layout.MMSGHDR_VECTOR);
    const room = this.#u64(vector + layout.IOVEC_LENGTH);
    this.octets.set(octets.subarray(0, room), this.#pointer(vector));
    this.view.setUint32(message + layout.MMSGHDR_LENGTH, Math.min(octets.length, room), true);
    this.view.setInt32(message + layout.MMSGHDR_FLAGS, flags, true);
    const name = encodeSockaddr(path.peer, path.peerPort);
    assert.ok(this.view.getUint32(message + layout.MMSGHDR_NAME_LENGTH, true) >= name.length);
    this.view.setUint32(message + layout.MMSGHDR_NAME_LENGTH, name.length, true);
    this.octets.set(name, this.#pointer(message + layout.MMSGHDR_NAME));
    const info = told.local === undefined ? [] : encodePktinfo(told.local).copyWithin(24, 20, 24);
    const controls = [...(segment === undefined ? [] : gro(segment)), ...info];
    assert.ok(this.#u64(message + layout.MMSGHDR_CONTROL_LENGTH) >= controls.length);
    this.octets.set(controls, this.#pointer(message + layout.MMSGHDR_CONTROL));
    const length = BigInt(controls.length);
    this.view.setBigUint64(message + layout.MMSGHDR_CONTROL_LENGTH, length, true);
  }

  #send(message: number): number {
    const vector = this.#pointer(message + layout.MMSGHDR_VECTOR);
    const controlLength = this.#u64(message + layout.MMSGHDR_CONTROL_LENGTH);
    this.sent.push({
      datagram: this.#copy(this.#pointer(vector), this.#u64(vector + layout.IOVEC_LENGTH)),
      control: this.#copy(this.#pointer(message + layout.MMSGHDR_CONTROL), controlLength),
    });
    return 1;
  }

  #copy(at: number, length: number): Uint8Array {
    return this.octets.slice(at, at + length);
  }

  #pointer(at: number): number {
    return Number(this.view.getBigUint64(at, true) - BASE);
  }

  #u64(at: number): number {
    return Number(this.view.getBigUint64(at, true));
  }
}

function gro(segment: number): Uint8Array {
  const octets = new Uint8Array(24);
  const view = new DataView(octets.buffer);
  view.setBigUint64(0, 20n, true);
  view.setInt32(8, 17, true);
  view.setInt32(12, 104, true);
  view.setInt32(16, segment, true);
  return octets;
}

export function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}
