/**
 * What a worker polls: its eventfd, and of each slot that it owns the two sockets of data messages and
 * a queue of every TUN device.
 *
 * @module
 */
import {
  POLLFD_EVENTS,
  POLLFD_FD,
  POLLFD_REVENTS,
  POLLFD_SIZE,
  WORKER_POLLS,
} from "../../assembly/layout.ts";

/** A descriptor and the index of its pollfd. */
export interface Polled {
  readonly fd: number;
  readonly poll: number;
}

/** By slot; and by index of the virtual network, then by slot. */
interface Descriptors {
  readonly link: readonly number[];
  readonly data: readonly number[];
  readonly tuns: readonly (readonly number[])[];
}

const POLLIN = 1;
const NONE = -1;

export class Polls {
  /** Address of the pollfds in the process. */
  readonly address: bigint;
  /** What configures links comes first, as nothing follows a link that is down. */
  sockets: readonly Polled[] = [];
  queues: readonly (readonly Polled[])[] = [];
  count = 1n;
  /** What is sent and written goes through our first ones: any would do. */
  outSocket = NONE;
  outTuns: readonly number[] = [];
  readonly #view: DataView;
  readonly #at: number;
  readonly #wake: number;
  readonly #all: Descriptors;

  constructor(
    memory: WebAssembly.Memory,
    base: bigint,
    worker: number,
    wake: number,
    all: Descriptors,
  ) {
    this.#view = new DataView(memory.buffer);
    this.#at = worker + WORKER_POLLS;
    this.address = base + BigInt(this.#at);
    this.#wake = wake;
    this.#all = all;
  }

  /** Polls what belongs to these slots, and nothing else, from now on. */
  adopt(slots: readonly number[]): void {
    const { link, data, tuns } = this.#all;
    const fds = [this.#wake];
    const ofSlots = (bySlot: readonly number[]) =>
      slots
        .flatMap((slot) => bySlot[slot] ?? [])
        .map((fd): Polled => ({ fd, poll: fds.push(fd) - 1 }));
    this.sockets = [...ofSlots(link), ...ofSlots(data)];
    this.queues = tuns.map(ofSlots);
    this.outSocket = slots.flatMap((slot) => data[slot] ?? [])[0] ?? data[0] ?? NONE;
    this.outTuns = tuns.map((queues, network) => {
      return this.queues[network]?.[0]?.fd ?? queues[0] ?? NONE;
    });
    this.count = BigInt(fds.length);
    fds.forEach((fd, index) => {
      const at = this.#at + index * POLLFD_SIZE;
      this.#view.setInt32(at + POLLFD_FD, fd, true);
      this.#view.setInt16(at + POLLFD_EVENTS, POLLIN, true);
      this.#view.setInt16(at + POLLFD_REVENTS, 0, true);
    });
  }

  get isWoken(): boolean {
    return this.#isReady(0);
  }

  isReady({ poll }: Polled): boolean {
    return this.#isReady(poll);
  }

  #isReady(index: number): boolean {
    return this.#view.getInt16(this.#at + index * POLLFD_SIZE + POLLFD_REVENTS, true) !== 0;
  }
}
