/**
 * Takes datagrams from a socket, many a call, with what the kernel says about each: when it arrived,
 * and into datagrams of which length it is to be cut (UDP_GRO).
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import { checked, EAGAIN } from "../../src/linux/errno.ts";
import type { Libc } from "../../src/linux/libc.ts";
import { microsecondsAt } from "./clock.ts";

const MESSAGES = 64;
const BUFFER = 65_536;
const CONTROL = 128;
const CONTROL_HEADER = 16;
const MSG_DONTWAIT = 0x40;
const SOL_SOCKET = 1;
const SO_TIMESTAMPNS = 35;
const SOL_UDP = 17;
const UDP_GRO = 104;
const { MMSGHDR_SIZE, IOVEC_SIZE } = layout;
const VECTORS = MESSAGES * MMSGHDR_SIZE;
const CONTROLS = VECTORS + MESSAGES * IOVEC_SIZE;

/** A datagram in `view`, and when it arrived in microseconds modulo 2^32. */
export type Taker = (view: DataView, at: number, length: number, time: number) => void;

export class Inbox {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #octets = new DataView(new ArrayBuffer(MESSAGES * BUFFER));
  readonly #headers = new DataView(new ArrayBuffer(CONTROLS + MESSAGES * CONTROL));
  readonly #address: bigint;

  constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
    const octets = libc.address(new Uint8Array(this.#octets.buffer));
    this.#address = libc.address(new Uint8Array(this.#headers.buffer));
    const word = (at: number, value: bigint) => this.#headers.setBigUint64(at, value, true);
    for (let index = 0; index < MESSAGES; index++) {
      const header = index * MMSGHDR_SIZE;
      const vector = VECTORS + index * IOVEC_SIZE;
      word(header + layout.MMSGHDR_VECTOR, this.#address + BigInt(vector));
      word(header + layout.MMSGHDR_VECTOR_COUNT, 1n);
      word(header + layout.MMSGHDR_CONTROL, this.#address + BigInt(CONTROLS + index * CONTROL));
      word(vector + layout.IOVEC_BASE, octets + BigInt(index * BUFFER));
      word(vector + layout.IOVEC_LENGTH, BigInt(BUFFER));
    }
  }

  /** Whether the kernel tells when a datagram arrived. */
  stamp(isOn: boolean): void {
    const value = Uint8Array.of(isOn ? 1 : 0, 0, 0, 0);
    const set = this.#libc.setsockopt(this.#fd, SOL_SOCKET, SO_TIMESTAMPNS, value);
    checked(this.#libc, "setsockopt", set);
  }

  /** One call; false when nothing was there. */
  take(taker: Taker): boolean {
    for (let index = 0; index < MESSAGES; index++) {
      const control = index * MMSGHDR_SIZE + layout.MMSGHDR_CONTROL_LENGTH;
      this.#headers.setBigUint64(control, BigInt(CONTROL), true);
    }
    const count = this.#libc.recvmmsg(this.#fd, this.#address, MESSAGES, MSG_DONTWAIT);
    if (count < 0) {
      if (this.#libc.errno() !== EAGAIN) checked(this.#libc, "recvmmsg", count);
      return false;
    }
    for (let index = 0; index < count; index++) this.#give(index, taker);
    return count > 0;
  }

  #give(index: number, taker: Taker): void {
    const header = index * MMSGHDR_SIZE;
    const length = this.#headers.getUint32(header + layout.MMSGHDR_LENGTH, true);
    const controls = this.#headers.getUint32(header + layout.MMSGHDR_CONTROL_LENGTH, true);
    let each = length;
    let time = 0;
    const first = CONTROLS + index * CONTROL;
    for (let at = first; at + CONTROL_HEADER <= first + controls; ) {
      const size = this.#headers.getUint32(at, true);
      const level = this.#headers.getInt32(at + 8, true);
      const type = this.#headers.getInt32(at + 12, true);
      const value = at + CONTROL_HEADER;
      if (level === SOL_SOCKET && type === SO_TIMESTAMPNS) {
        time = microsecondsAt(this.#headers, value);
      } else if (level === SOL_UDP && type === UDP_GRO) {
        each = this.#headers.getInt32(value, true);
      }
      at += Math.max(CONTROL_HEADER, Math.ceil(size / 8) * 8);
    }
    for (let at = 0; at < length; at += each) {
      taker(this.#octets, index * BUFFER + at, Math.min(each, length - at), time);
    }
  }
}
