// A kernel made of arrays, for the worker's loop: what is refused, partial or full.
import assert from "node:assert/strict";
import * as layout from "../../../assembly/layout.ts";
import type { PacketCalls } from "../../../src/dataplane/calls.ts";
import { Loop } from "../../../src/dataplane/loop.ts";
import { EAGAIN } from "../../../src/linux/errno.ts";
import { encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { BASE, NO_OFFLOADS, Plane } from "./plane.ts";

export const [SOCKET, TUN, WAKE, WAKE_CONTROL] = [10, 11, 12, 13];
const EPOLL = 14;
const EPOLL_CTL_ADD = 1;
const UDP_SEGMENT = 103;

/** Sockets and devices as queues; `refuse` says what a call answers instead, by errno. */
export class Kernel implements PacketCalls {
  readonly plane: Plane;
  readonly datagrams: Uint8Array[] = [];
  readonly packets: Uint8Array[] = [];
  readonly sent: Uint8Array[] = [];
  readonly written: Uint8Array[] = [];
  readonly woken: number[] = [];
  readonly slept: number[] = [];
  readonly refusals: Partial<Record<keyof PacketCalls, number[]>> = {};
  /** Octets of UDP_SEGMENT of each message that was sent, 0 without. */
  readonly segments: number[] = [];
  /** The most messages that one sendmmsg takes. */
  sendAtMost = 1024;
  /** With UDP_SEGMENT no longer frame is taken; the error that says so. */
  segmentAtMost = 65_535;
  segmentError = 0;
  #errno = 0;
  /** As they were registered, by descriptor. */
  readonly #events = new Map<number, Uint8Array>();

  constructor(plane: Plane) {
    this.plane = plane;
  }

  errno() {
    return this.#errno;
  }

  epollCreate() {
    return EPOLL;
  }

  epollControl(_epoll: number, operation: number, fd: number, event: Uint8Array) {
    if (operation === EPOLL_CTL_ADD) this.#events.set(fd, event.slice());
    else this.#events.delete(fd);
    return 0;
  }

  epollWait(_epoll: number, events: bigint, count: number) {
    const isReady: Record<number, boolean> = {
      [WAKE]: this.woken.includes(WAKE),
      [SOCKET]: this.datagrams.length > 0,
      [TUN]: this.packets.length > 0,
    };
    const ready = [...this.#events].filter(([fd]) => isReady[fd]).slice(0, count);
    for (const [index, [, event]] of ready.entries()) {
      this.plane.octets.set(event, Number(events - BASE) + index * event.length);
    }
    return ready.length;
  }

  close() {
    return 0;
  }

  recvmmsg(fd: number, messages: bigint, count: number) {
    assert.equal(fd, SOCKET);
    if (this.#refuses("recvmmsg")) return -1;
    const { view, octets } = this.plane;
    const taken = this.datagrams.splice(0, count);
    taken.forEach((datagram, index) => {
      const message = Number(messages - BASE) + index * layout.MMSGHDR_SIZE;
      octets.set(datagram, this.#vector(this.#pointer(message + layout.MMSGHDR_VECTOR)).at);
      const name = this.#pointer(message + layout.MMSGHDR_NAME);
      octets.set(encodeSockaddr("192.0.2.9", 1701), name);
      view.setUint32(message + layout.MMSGHDR_LENGTH, datagram.length, true);
      view.setBigUint64(message + layout.MMSGHDR_CONTROL_LENGTH, 0n, true);
    });
    return taken.length;
  }

  sendmmsg(fd: number, messages: bigint, count: number) {
    assert.equal(fd, SOCKET);
    if (this.#refuses("sendmmsg")) return -1;
    const { view } = this.plane;
    const taken = Math.min(count, this.sendAtMost);
    for (let index = 0; index < taken; index++) {
      const message = Number(messages - BASE) + index * layout.MMSGHDR_SIZE;
      const segment = this.#segment(message);
      if (segment > this.segmentAtMost) {
        this.#errno = this.segmentError;
        return index === 0 ? -1 : index;
      }
      this.segments.push(segment);
      const count = Number(view.getBigUint64(message + layout.MMSGHDR_VECTOR_COUNT, true));
      this.sent.push(this.#gather(this.#pointer(message + layout.MMSGHDR_VECTOR), count));
    }
    return taken;
  }

  readv(fd: number, vectors: bigint) {
    assert.equal(fd, TUN);
    if (this.#refuses("readv")) return -1;
    const next = this.packets.shift();
    if (next === undefined) {
      this.#errno = EAGAIN;
      return -1;
    }
    this.plane.octets.set(next, this.#vector(Number(vectors - BASE)).at);
    return next.length;
  }

  writev(fd: number, vectors: bigint, count: number) {
    assert.equal(fd, TUN);
    if (this.#refuses("writev")) return -1;
    const octets = this.#gather(Number(vectors - BASE), count);
    this.written.push(octets);
    return octets.length;
  }

  usleep(microseconds: number) {
    this.slept.push(microseconds);
    return 0;
  }

  eventfdWrite(fd: number) {
    this.woken.push(fd);
    return 0;
  }

  eventfdRead(fd: number) {
    this.woken.splice(0, this.woken.length, ...this.woken.filter((woken) => woken !== fd));
    return 0;
  }

  /** What the last control message says, when it is UDP_SEGMENT. */
  #segment(message: number): number {
    const { view } = this.plane;
    const length = Number(view.getBigUint64(message + layout.MMSGHDR_CONTROL_LENGTH, true));
    const last = this.#pointer(message + layout.MMSGHDR_CONTROL) + length - 24;
    const isSegment = length >= 24 && view.getInt32(last + 12, true) === UDP_SEGMENT;
    return isSegment ? view.getUint16(last + 16, true) : 0;
  }

  #refuses(call: keyof PacketCalls): boolean {
    const errno = this.refusals[call]?.shift() ?? 0;
    this.#errno = errno;
    return errno !== 0;
  }

  #pointer(at: number): number {
    return Number(this.plane.view.getBigUint64(at, true) - BASE);
  }

  #vector(at: number): { at: number; length: number } {
    const length = Number(this.plane.view.getBigUint64(at + layout.IOVEC_LENGTH, true));
    return { at: this.#pointer(at + layout.IOVEC_BASE), length };
  }

  #gather(vectors: number, count: number): Uint8Array {
    const parts = Array.from({ length: count }, (_, index) => {
      const { at, length } = this.#vector(vectors + index * layout.IOVEC_SIZE);
      return [...this.plane.octets.subarray(at, at + length)];
    });
    return Uint8Array.from(parts.flat());
  }
}

/** A worker whose network is index 0; `clock` is what it knows of the time; `others` are not its slots. */
export function start(clock = () => 0, offloads = NO_OFFLOADS, others: readonly number[] = []) {
  const plane = new Plane(0, offloads);
  const kernel = new Kernel(plane);
  for (const slot of others) plane.view.setUint32(layout.CONTROL_OWNERS + slot * 4, 1, true);
  const loop = new Loop(kernel, plane.forwarding, {
    memory: plane.memory,
    base: BASE,
    worker: plane.worker,
    ...{ link: [], data: [SOCKET] },
    tuns: [[TUN]],
    wakes: [WAKE],
    wakeControl: WAKE_CONTROL,
    clock,
  });
  return { plane, kernel, loop };
}
