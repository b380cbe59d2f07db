/**
 * What a worker gives to the kernel: packets to TUN devices, messages to the data socket. What the
 * kernel refuses is counted and passed over.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import { EIO } from "../linux/errno.ts";
import { isFull, type PacketCalls, UNSEGMENTABLE } from "./calls.ts";
import type { Forwarding } from "./memory.ts";
import type { Polls } from "./polls.ts";

const U32_MAX = 0xffff_ffff;

export class Output {
  readonly #calls: PacketCalls;
  readonly #forwarding: Forwarding;
  readonly #worker: number;
  readonly #polls: Polls;
  readonly #words: Int32Array;
  readonly #counters: Uint32Array;
  // Places of fields, in words of the memory.
  readonly #writes: number;
  readonly #messages: number;
  // Addresses of the process, computed once: arithmetic on BigInt per packet would allocate.
  readonly #sends: readonly bigint[];
  readonly #injected: readonly bigint[];
  readonly #echoes: readonly bigint[];
  readonly #plain: readonly bigint[];
  readonly #writeVectors: readonly bigint[];
  readonly #errorVectors: readonly bigint[];

  constructor(
    calls: PacketCalls,
    forwarding: Forwarding,
    memory: WebAssembly.Memory,
    base: bigint,
    worker: number,
    polls: Polls,
  ) {
    this.#calls = calls;
    this.#forwarding = forwarding;
    this.#worker = worker;
    this.#polls = polls;
    this.#words = new Int32Array(memory.buffer);
    const { WORKER_COUNTERS, COUNTER_COUNT } = layout;
    this.#counters = new Uint32Array(memory.buffer, worker + WORKER_COUNTERS, 2 * COUNTER_COUNT);
    this.#writes = (worker + layout.WORKER_WRITES) / 4;
    this.#messages = (worker + layout.WORKER_SEND + layout.SEND_MESSAGES) / 4;
    const addresses = (at: number, size: number, length: number) =>
      Array.from({ length }, (_, index) => base + BigInt(worker + at + index * size));
    const { MMSGHDR_SIZE, WRITE_SIZE, WORKER_SEND, SEND_HEADERS } = layout;
    this.#sends = addresses(WORKER_SEND + SEND_HEADERS, MMSGHDR_SIZE, layout.MESSAGE_COUNT);
    this.#plain = addresses(layout.WORKER_PLAIN, MMSGHDR_SIZE, layout.SEGMENTS_MAX);
    this.#injected = addresses(layout.WORKER_INJECT_SEND, MMSGHDR_SIZE, layout.BATCH_COUNT);
    this.#echoes = addresses(layout.WORKER_ECHO_SEND, MMSGHDR_SIZE, layout.BATCH_COUNT);
    const vectors = layout.WORKER_WRITES + layout.WRITE_VECTORS;
    this.#writeVectors = addresses(vectors, WRITE_SIZE, layout.WRITE_COUNT);
    const errors = layout.WORKER_ERRORS + layout.ERROR_VECTOR;
    this.#errorVectors = addresses(errors, layout.ERROR_SIZE, layout.ERROR_COUNT);
  }

  /** The first `count` writes of `decapsulate`. */
  write(count: number): void {
    for (let index = 0; index < count; index++) this.#write(index);
  }

  #write(index: number): void {
    const at = this.#writes + (index * layout.WRITE_SIZE) / 4;
    const tun = this.#polls.outTuns[this.#words[at + layout.WRITE_NETWORK / 4] ?? 0] ?? -1;
    const count = this.#words[at + layout.WRITE_VECTOR_COUNT / 4] ?? 0;
    if (this.#calls.writev(tun, this.#writeVectors[index] ?? 0n, count) >= 0) return;
    isFull(this.#calls, "writev");
    this.#count(layout.COUNT_UP_TUN_WRITE, this.#words[at + layout.WRITE_SEGMENTS / 4] ?? 1);
  }

  /** The first `count` errors of `encapsulate`, for the device of the network that it worked on. */
  writeErrors(network: number, count: number): void {
    const tun = this.#polls.outTuns[network] ?? -1;
    for (let index = 0; index < count; index++) {
      if (this.#calls.writev(tun, this.#errorVectors[index] ?? 0n, 1) >= 0) continue;
      isFull(this.#calls, "writev");
      this.#count(layout.COUNT_UP_TUN_WRITE, 1);
    }
  }

  /** The first `count` messages of `encapsulate`. */
  send(count: number): void {
    let next = 0;
    while (next < count) {
      const first = this.#sends[next] ?? 0n;
      const sent = this.#calls.sendmmsg(this.#polls.outSocket, first, count - next, 0);
      next += sent > 0 ? sent : this.#passOver(next, count);
    }
  }

  /** The first `count` messages of `inject`. */
  sendInjected(count: number): void {
    this.#sendSingle(this.#injected, count);
  }

  /** The first `count` Echo-Replies of `decapsulate`. */
  sendEchoes(count: number): void {
    this.#sendSingle(this.#echoes, count);
  }

  /** The kernel refuses message `next`: how many messages are dealt with by that. */
  #passOver(next: number, count: number): number {
    const errno = this.#calls.errno();
    if (UNSEGMENTABLE.includes(errno) && this.#segments(next) > 1) {
      const frames = this.#forwarding.plain(this.#worker, next, errno === EIO ? 1 : 0);
      this.#sendSingle(this.#plain, frames);
      return 1;
    }
    // A full buffer takes none of the others either.
    const lost = isFull(this.#calls, "sendmmsg") ? count - next : 1;
    for (let index = next; index < next + lost; index++) {
      this.#count(layout.COUNT_DOWN_SEND, this.#segments(index));
    }
    return lost;
  }

  #segments(message: number): number {
    const at = this.#messages + (message * layout.MESSAGE_SIZE + layout.MESSAGE_SEGMENTS) / 4;
    return this.#words[at] ?? 1;
  }

  /** Sends `count` single frames. */
  #sendSingle(messages: readonly bigint[], count: number): void {
    let next = 0;
    while (next < count) {
      const first = messages[next] ?? 0n;
      const sent = this.#calls.sendmmsg(this.#polls.outSocket, first, count - next, 0);
      if (sent > 0) {
        next += sent;
        continue;
      }
      const lost = isFull(this.#calls, "sendmmsg") ? count - next : 1;
      this.#count(layout.COUNT_DOWN_SEND, lost);
      next += lost;
    }
  }

  /** A counter has 64 bits; in halves, as a BigInt for each loss would be an allocation. */
  #count(counter: number, amount: number): void {
    const low = this.#counters[2 * counter] ?? 0;
    const sum = low + amount;
    this.#counters[2 * counter] = sum;
    if (sum > U32_MAX) this.#counters[2 * counter + 1] = (this.#counters[2 * counter + 1] ?? 0) + 1;
  }
}
