// Shared memory with the kernel's records written by hand: sizes and places are those of the
// system's headers on 64 bits, told apart from what src/ knows of them.
import type { Libc } from "../../../src/linux/libc.ts";

const POLLFD_SIZE = 8;
const MMSGHDR_SIZE = 64;
const IOVEC_SIZE = 16;
const SOCKADDR_IN_SIZE = 16;

export const POLLIN = 1;
export const CANARY = 0xa5;

/** Hands out places one after the other, each between octets that nobody may write. */
export class Memory {
  readonly memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
  readonly octets = new Uint8Array(this.memory.buffer).fill(CANARY);
  readonly view = new DataView(this.memory.buffer);
  readonly base: bigint;
  readonly #taken: [number, number][] = [];
  #next = 64;

  constructor(libc: Libc) {
    this.base = libc.address(this.octets);
  }

  /** A place of `size` octets, all 0. */
  place(size: number): number {
    const at = this.#next;
    this.octets.fill(0, at, at + size);
    this.#taken.push([at, size]);
    this.#next = (at + size + 64 + 7) & ~7;
    return at;
  }

  address(at: number): bigint {
    return this.base + BigInt(at);
  }

  /** Octets outside of all places that are no longer what they were. */
  spoiled(): number[] {
    const outside = this.octets.slice();
    for (const [at, size] of this.#taken) outside.fill(CANARY, at, at + size);
    return [...outside.keys()].filter((at) => outside[at] !== CANARY);
  }

  pollfds(...fds: readonly number[]): number {
    const at = this.place(POLLFD_SIZE * fds.length);
    for (const [index, fd] of fds.entries()) {
      this.view.setInt32(at + index * POLLFD_SIZE, fd, true);
      this.view.setInt16(at + index * POLLFD_SIZE + 4, POLLIN, true);
    }
    return at;
  }

  ready(pollfds: number, index = 0): number {
    return this.view.getInt16(pollfds + index * POLLFD_SIZE + 6, true);
  }

  /** A record for each buffer of [address, octets]. */
  iovecs(buffers: readonly (readonly [number, number])[]): number {
    const at = this.place(IOVEC_SIZE * buffers.length);
    for (const [index, [base, length]] of buffers.entries()) {
      this.view.setBigUint64(at + index * IOVEC_SIZE, this.address(base), true);
      this.view.setBigUint64(at + index * IOVEC_SIZE + 8, BigInt(length), true);
    }
    return at;
  }

  /** Messages of one buffer each, with a place for the sender's name. */
  messages(buffers: readonly (readonly [number, number])[]): Messages {
    const names = buffers.map(() => this.place(SOCKADDR_IN_SIZE));
    const vectors = this.iovecs(buffers);
    const at = this.place(MMSGHDR_SIZE * buffers.length);
    for (const [index, name] of names.entries()) {
      const message = at + index * MMSGHDR_SIZE;
      this.view.setBigUint64(message, this.address(name), true);
      this.view.setUint32(message + 8, SOCKADDR_IN_SIZE, true);
      this.view.setBigUint64(message + 16, this.address(vectors + index * IOVEC_SIZE), true);
      this.view.setBigUint64(message + 24, 1n, true);
    }
    return new Messages(this, at, names);
  }
}

export class Messages {
  readonly at: number;
  readonly #memory: Memory;
  readonly #names: readonly number[];

  constructor(memory: Memory, at: number, names: readonly number[]) {
    this.at = at;
    this.#memory = memory;
    this.#names = names;
  }

  setName(index: number, name: Uint8Array): void {
    this.#memory.octets.set(name, this.#names[index] ?? 0);
  }

  name(index: number): Uint8Array {
    const at = this.#names[index] ?? 0;
    return this.#memory.octets.slice(at, at + SOCKADDR_IN_SIZE);
  }

  flags(index: number): number {
    return this.#memory.view.getInt32(this.at + index * MMSGHDR_SIZE + 48, true);
  }

  length(index: number): number {
    return this.#memory.view.getUint32(this.at + index * MMSGHDR_SIZE + 56, true);
  }
}

/** sockaddr_in of the loopback address. */
export function loopback(port: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(2, 0, port >> 8, port & 0xff, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
}
