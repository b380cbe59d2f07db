/**
 * What a worker waits for: its eventfd, and of each slot that it owns the two sockets of data messages
 * and a queue of every TUN device.
 *
 * @module
 */
import { EVENT_COUNT, WORKER_EPOLL, WORKER_EVENTS } from "../../assembly/layout.ts";
import { Epoll, nameOfEvent } from "../linux/epoll.ts";
import { INTERRUPTED, type PacketCalls, tolerate } from "./calls.ts";

/** A descriptor and the name by which events tell of it. */
export interface Polled {
  readonly fd: number;
  readonly name: number;
}

/** By slot; and by index of the virtual network, then by slot. */
interface Descriptors {
  readonly link: readonly number[];
  readonly data: readonly number[];
  readonly tuns: readonly (readonly number[])[];
}

const NONE = -1;
const WAKE = 0;

export class Polls {
  /** What configures links comes first, as nothing follows a link that is down. */
  sockets: readonly Polled[] = [];
  queues: readonly (readonly Polled[])[] = [];
  /** What is sent and written goes through our first ones: any would do. */
  outSocket = NONE;
  outTuns: readonly number[] = [];
  readonly #calls: PacketCalls;
  readonly #epoll: Epoll;
  readonly #open: Int32Array;
  readonly #events: DataView;
  readonly #eventsAt: number;
  /** Address of the events in the process. */
  readonly #address: bigint;
  readonly #all: Descriptors;
  /** By name: 1 when it was ready at the last wait. */
  #ready = new Uint8Array(1);

  constructor(
    calls: PacketCalls,
    memory: WebAssembly.Memory,
    base: bigint,
    worker: number,
    wake: number,
    all: Descriptors,
  ) {
    this.#calls = calls;
    this.#events = new DataView(memory.buffer);
    this.#eventsAt = worker + WORKER_EVENTS;
    this.#address = base + BigInt(this.#eventsAt);
    this.#all = all;
    this.#epoll = new Epoll(calls);
    // Who finds the thread gone, and this still there, closes it.
    this.#open = new Int32Array(memory.buffer, worker + WORKER_EPOLL, 1);
    Atomics.store(this.#open, 0, this.#epoll.fd);
    this.#epoll.add(wake, WAKE);
  }

  /** Waits for what belongs to these slots, and for nothing else, from now on. */
  adopt(slots: readonly number[]): void {
    for (const { fd } of [...this.sockets, ...this.queues.flat()]) this.#epoll.remove(fd);
    const { link, data, tuns } = this.#all;
    let name = WAKE;
    const ofSlots = (bySlot: readonly number[]) =>
      slots.flatMap((slot) => bySlot[slot] ?? []).map((fd): Polled => ({ fd, name: ++name }));
    this.sockets = [...ofSlots(link), ...ofSlots(data)];
    this.queues = tuns.map(ofSlots);
    for (const { fd, name } of [...this.sockets, ...this.queues.flat()]) this.#epoll.add(fd, name);
    this.#ready = new Uint8Array(name + 1);
    this.outSocket = slots.flatMap((slot) => data[slot] ?? [])[0] ?? data[0] ?? NONE;
    this.outTuns = tuns.map((queues, network) => {
      return this.queues[network]?.[0]?.fd ?? queues[0] ?? NONE;
    });
  }

  /** Sleeps until something is ready, at most so long; whether anything is. */
  wait(timeoutMs: number): boolean {
    this.#ready.fill(0);
    const { fd } = this.#epoll;
    const count = this.#calls.epollWait(fd, this.#address, EVENT_COUNT, timeoutMs);
    if (count < 0) tolerate(this.#calls, "epoll_wait", INTERRUPTED);
    for (let index = 0; index < count; index++) {
      this.#ready[nameOfEvent(this.#events, this.#eventsAt, index)] = 1;
    }
    return count > 0;
  }

  get isWoken(): boolean {
    return this.#ready[WAKE] === 1;
  }

  isReady({ name }: Polled): boolean {
    return this.#ready[name] === 1;
  }

  close(): void {
    Atomics.store(this.#open, 0, 0);
    this.#epoll.close();
  }
}
