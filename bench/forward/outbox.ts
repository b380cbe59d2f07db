/** Sends datagrams to one address, many a call. @module */
import * as layout from "../../assembly/layout.ts";
import { checked, EAGAIN, ECONNREFUSED, ENOBUFS } from "../../src/linux/errno.ts";
import type { Libc } from "../../src/linux/libc.ts";

const MESSAGES = 64;
const CAPACITY = 2_048;
/** Of a control message that names the address to send from. */
const CONTROL = 32;
const { MMSGHDR_SIZE, IOVEC_SIZE, SOCKADDR_MAX } = layout;
const VECTORS = MESSAGES * MMSGHDR_SIZE;
const NAME = VECTORS + MESSAGES * IOVEC_SIZE;
const CONTROLS = NAME + SOCKADDR_MAX;
const OCTETS = CONTROLS + MESSAGES * CONTROL;

export class Outbox {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #block = new Uint8Array(OCTETS + MESSAGES * CAPACITY);
  readonly #view = new DataView(this.#block.buffer);
  readonly #base: bigint;
  #count = 0;

  /** `name` is the socket address that all goes to. */
  constructor(libc: Libc, fd: number, name: Uint8Array) {
    this.#libc = libc;
    this.#fd = fd;
    this.#base = libc.address(this.#block);
    this.#block.set(name, NAME);
    const pointer = (at: number, to: number) =>
      this.#view.setBigUint64(at, this.#base + BigInt(to), true);
    for (let index = 0; index < MESSAGES; index++) {
      const header = index * MMSGHDR_SIZE;
      const vector = VECTORS + index * IOVEC_SIZE;
      pointer(header + layout.MMSGHDR_NAME, NAME);
      this.#view.setUint32(header + layout.MMSGHDR_NAME_LENGTH, name.length, true);
      pointer(header + layout.MMSGHDR_VECTOR, vector);
      this.#view.setBigUint64(header + layout.MMSGHDR_VECTOR_COUNT, 1n, true);
      pointer(header + layout.MMSGHDR_CONTROL, CONTROLS + index * CONTROL);
      pointer(vector + layout.IOVEC_BASE, OCTETS + index * CAPACITY);
    }
  }

  /** `control` names the address that it is sent from (`encodePktinfo`). */
  put(datagram: Uint8Array, control?: Uint8Array): void {
    const index = this.#count++;
    const length = BigInt(control?.length ?? 0);
    const vector = VECTORS + index * IOVEC_SIZE;
    this.#block.set(datagram, OCTETS + index * CAPACITY);
    this.#view.setBigUint64(vector + layout.IOVEC_LENGTH, BigInt(datagram.length), true);
    if (control !== undefined) this.#block.set(control, CONTROLS + index * CONTROL);
    const at = index * MMSGHDR_SIZE + layout.MMSGHDR_CONTROL_LENGTH;
    this.#view.setBigUint64(at, length, true);
    if (this.#count === MESSAGES) this.flush();
  }

  /** What the kernel has no room for is lost, and sent again by whoever misses it. */
  flush(): void {
    for (let done = 0; done < this.#count; ) {
      const messages = this.#base + BigInt(done * MMSGHDR_SIZE);
      const sent = this.#libc.sendmmsg(this.#fd, messages, this.#count - done, 0);
      if (sent > 0) done += sent;
      else if ([EAGAIN, ENOBUFS, ECONNREFUSED].includes(this.#libc.errno())) done++;
      else checked(this.#libc, "sendmmsg", sent);
    }
    this.#count = 0;
  }
}
