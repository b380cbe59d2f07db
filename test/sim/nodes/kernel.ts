/**
 * The kernel under a node: sockets and TUN queues are arrays that all workers share, and each one
 * makes its calls by a `SimKernel` of its own. It writes to and reads from the workers' memory, as
 * recvmmsg(2) and its like do.
 *
 * @module
 */
import * as layout from "../../../assembly/layout.ts";
import type { PacketCalls } from "../../../src/dataplane/calls.ts";
import { EAGAIN, ENOBUFS } from "../../../src/linux/errno.ts";
import { decodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { BASE } from "../../unit/dataplane/plane.ts";
import type { Faults } from "../faults.ts";
import type { Random } from "../random.ts";

export const WAKE_CONTROL = 9;
const [WAKE, EPOLL, DATA, TUN] = [10, 90, 100, 200];
const EPOLL_CTL_ADD = 1;
/** Datagrams and packets that wait in one queue at most. */
const QUEUE_MAX = 300;

export const wakeOf = (worker: number) => WAKE + worker;
/** The socket of data messages of a slot. */
export const dataSocket = (slot: number) => DATA + slot;
/** A queue of the TUN device of a network. */
export const tunQueue = (network: number, slot: number) => TUN + network * layout.SLOT_COUNT + slot;

interface Waiting {
  readonly octets: Uint8Array;
  /** Socket address of the sender. */
  readonly name?: Uint8Array;
}

export interface KernelOptions {
  readonly random: Random;
  readonly faults: Faults;
  /** Whether the network card keeps up. */
  readonly isCongested: () => boolean;
  readonly onSent: (datagram: Uint8Array, address: string, port: number) => void;
  /** A packet was written to the TUN device of a network. */
  readonly onWritten: (network: number, packet: Uint8Array) => void;
}

/** What all workers of a node share. */
export class Queues {
  readonly options: KernelOptions;
  readonly #waiting = new Map<number, Waiting[]>();
  readonly woken = new Set<number>();
  #total = 0;

  constructor(options: KernelOptions) {
    this.options = options;
  }

  put(fd: number, waiting: Waiting): void {
    let queue = this.#waiting.get(fd);
    if (queue === undefined) {
      queue = [];
      this.#waiting.set(fd, queue);
    }
    if (queue.length >= QUEUE_MAX) {
      this.options.faults.add("no room in a socket or device");
      return;
    }
    queue.push(waiting);
    this.#total++;
  }

  take(fd: number, most: number): Waiting[] {
    const taken = this.#waiting.get(fd)?.splice(0, most) ?? [];
    this.#total -= taken.length;
    return taken;
  }

  isReady(fd: number): boolean {
    return this.woken.has(fd) || (this.#waiting.get(fd)?.length ?? 0) > 0;
  }

  get isEmpty(): boolean {
    return this.#total === 0;
  }

  /** Nothing waits for anybody. */
  get isQuiet(): boolean {
    return this.#total === 0 && this.woken.size === 0;
  }
}

export class SimKernel implements PacketCalls {
  readonly #queues: Queues;
  readonly #octets: Uint8Array;
  readonly #view: DataView;
  /** As they were registered, by descriptor. */
  readonly #events = new Map<number, Uint8Array>();
  #errno = 0;

  constructor(memory: WebAssembly.Memory, queues: Queues) {
    this.#octets = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    this.#queues = queues;
  }

  /** Whether epoll_wait would return at once. */
  get isReady(): boolean {
    if (this.#queues.isQuiet) return false;
    for (const fd of this.#events.keys()) if (this.#queues.isReady(fd)) return true;
    return false;
  }

  errno(): number {
    return this.#errno;
  }

  epollCreate(): number {
    return EPOLL;
  }

  epollControl(_epoll: number, operation: number, fd: number, event: Uint8Array): number {
    if (operation === EPOLL_CTL_ADD) this.#events.set(fd, event.slice());
    else this.#events.delete(fd);
    return 0;
  }

  epollWait(_epoll: number, events: bigint, count: number): number {
    let ready = 0;
    for (const [fd, event] of this.#events) {
      if (ready === count || !this.#queues.isReady(fd)) continue;
      this.#octets.set(event, Number(events - BASE) + ready++ * event.length);
    }
    return ready;
  }

  close(): number {
    return 0;
  }

  recvmmsg(fd: number, messages: bigint, count: number): number {
    const taken = this.#queues.take(fd, count);
    taken.forEach(({ octets, name = new Uint8Array() }, index) => {
      const message = Number(messages - BASE) + index * layout.MMSGHDR_SIZE;
      const vector = this.#pointer(message + layout.MMSGHDR_VECTOR);
      this.#octets.set(octets, this.#pointer(vector + layout.IOVEC_BASE));
      this.#octets.set(name, this.#pointer(message + layout.MMSGHDR_NAME));
      this.#view.setUint32(message + layout.MMSGHDR_LENGTH, octets.length, true);
      this.#view.setInt32(message + layout.MMSGHDR_FLAGS, 0, true);
      this.#view.setBigUint64(message + layout.MMSGHDR_CONTROL_LENGTH, 0n, true);
    });
    return taken.length > 0 ? taken.length : this.#fail(EAGAIN);
  }

  /** A card that does not keep up takes some of the messages, or none. */
  sendmmsg(_fd: number, messages: bigint, count: number): number {
    const { random, faults, isCongested } = this.#queues.options;
    let taken = count;
    if (isCongested()) {
      taken = random.between(0, count);
      if (taken === 0) {
        const [name, errno] = random.pick([
          ["ENOBUFS", ENOBUFS] as const,
          ["EAGAIN", EAGAIN] as const,
        ]);
        faults.add(`sendmmsg: ${name}`);
        return this.#fail(errno);
      }
      if (taken < count) faults.add("sendmmsg took a part");
    }
    for (let index = 0; index < taken; index++) {
      this.#send(Number(messages - BASE) + index * layout.MMSGHDR_SIZE);
    }
    return taken;
  }

  #send(message: number): void {
    const name = this.#pointer(message + layout.MMSGHDR_NAME);
    const to = decodeSockaddr(this.#view, name);
    const vectors = this.#view.getUint32(message + layout.MMSGHDR_VECTOR_COUNT, true);
    const datagram = this.#gather(this.#pointer(message + layout.MMSGHDR_VECTOR), vectors);
    if (to === undefined) throw new Error("a message for no address");
    this.#queues.options.onSent(datagram, to.address, to.port);
  }

  readv(fd: number, vectors: bigint): number {
    const [next] = this.#queues.take(fd, 1);
    if (next === undefined) return this.#fail(EAGAIN);
    this.#octets.set(next.octets, this.#pointer(Number(vectors - BASE) + layout.IOVEC_BASE));
    return next.octets.length;
  }

  writev(fd: number, vectors: bigint, count: number): number {
    const packet = this.#gather(Number(vectors - BASE), count);
    this.#queues.options.onWritten(Math.floor((fd - TUN) / layout.SLOT_COUNT), packet);
    return packet.length;
  }

  /** In no time: what would gather meanwhile comes at another one. */
  usleep(): number {
    return 0;
  }

  eventfdWrite(fd: number): number {
    this.#queues.woken.add(fd);
    return 0;
  }

  eventfdRead(fd: number): number {
    this.#queues.woken.delete(fd);
    return 0;
  }

  #fail(errno: number): number {
    this.#errno = errno;
    return -1;
  }

  #pointer(at: number): number {
    return Number(this.#view.getBigUint64(at, true) - BASE);
  }

  #gather(vectors: number, count: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let vector = vectors; parts.length < count; vector += layout.IOVEC_SIZE) {
      const at = this.#pointer(vector + layout.IOVEC_BASE);
      const octets = this.#view.getUint32(vector + layout.IOVEC_LENGTH, true);
      parts.push(this.#octets.subarray(at, at + octets));
      length += octets;
    }
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}
