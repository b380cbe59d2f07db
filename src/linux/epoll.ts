/**
 * Many descriptors waited for at once: what a wait costs goes by those that are ready, where `poll`
 * looks at all of them.
 *
 * @module
 */
import process from "node:process";
import { checked } from "./errno.ts";
import type { Libc } from "./libc.ts";

const EPOLL_CLOEXEC = 0o2000000;
const ADD = 1;
const REMOVE = 2;
const EPOLLIN = 1;

/** struct epoll_event: `events`, then 64 bits of the caller's own, packed on x86-64 alone. */
const EVENT =
  process.arch === "x64" ? ({ size: 12, data: 4 } as const) : ({ size: 16, data: 8 } as const);
/** Octets of one event, at most. */
export const EVENT_SIZE_MAX = 16;

export type EpollCalls = Pick<Libc, "errno" | "epollCreate" | "epollControl" | "close">;

export class Epoll {
  readonly fd: number;
  readonly #calls: EpollCalls;

  constructor(calls: EpollCalls) {
    this.#calls = calls;
    this.fd = checked(calls, "epoll_create1", calls.epollCreate(EPOLL_CLOEXEC));
  }

  /** When `fd` has something to read, or an error, an event says `name`. */
  add(fd: number, name: number): void {
    this.#control(ADD, fd, name);
  }

  remove(fd: number): void {
    this.#control(REMOVE, fd, 0);
  }

  close(): void {
    this.#calls.close(this.fd);
  }

  #control(operation: number, fd: number, name: number): void {
    const event = new Uint8Array(EVENT.size);
    const view = new DataView(event.buffer);
    view.setUint32(0, EPOLLIN, true);
    view.setUint32(EVENT.data, name, true);
    const { fd: epoll } = this;
    const result = this.#calls.epollControl(epoll, operation, fd, event);
    checked(this.#calls, "epoll_ctl", result);
  }
}

/** The name that event `index` says, of those that begin at `at`. */
export function nameOfEvent(events: DataView, at: number, index: number): number {
  return events.getUint32(at + index * EVENT.size + EVENT.data, true);
}
