/**
 * Takes stamped packets from a socket and counts how long each was under way.
 *
 * @module
 */
import type { Libc } from "../../src/linux/libc.ts";
import { sharedClock } from "./clock.ts";
import { pause } from "./lines.ts";
import { STAMP_AT, STAMPED } from "./packets.ts";

/** Microseconds. */
export interface Percentiles {
  readonly received: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
}

/** Times up to that many microseconds have a place each; what is longer counts there. */
const LONGEST = 100_000;
const BUFFER = 65_536;
const TURN_MS = 20;
const LENGTH_BIT = 0x4000;
const PPP_HEADER = 4;

export class Latencies {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #isTunnel: boolean;
  readonly #clock: () => number;
  readonly #counts = new Uint32Array(LONGEST + 1);
  readonly #octets = new Uint8Array(BUFFER);
  readonly #view = new DataView(this.#octets.buffer);
  #received = 0;

  /** Of a tunnel come data messages, one or a buffer of many; of any other socket payloads. */
  constructor(libc: Libc, fd: number, isTunnel: boolean) {
    this.#libc = libc;
    this.#fd = fd;
    this.#isTunnel = isTunnel;
    this.#clock = sharedClock(libc);
  }

  async listen(seconds: number): Promise<Percentiles> {
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      const turn = performance.now() + TURN_MS;
      while (performance.now() < turn) this.#take();
      await pause();
    }
    return this.#percentiles();
  }

  /** All that waits. */
  #take(): void {
    for (;;) {
      const length = this.#libc.recv(this.#fd, this.#octets);
      if (length <= 0) return;
      const now = this.#clock();
      if (this.#isTunnel) this.#takeMessages(length, now);
      else this.#count(now, this.#view.getUint32(0));
    }
  }

  #takeMessages(length: number, now: number): void {
    const hasLength = (this.#view.getUint16(0) & LENGTH_BIT) !== 0;
    const each = hasLength ? this.#view.getUint16(2) : length;
    const packet = (hasLength ? 8 : 6) + PPP_HEADER;
    for (let at = 0; at + each <= length; at += each) {
      if (this.#view.getUint16(at + packet + STAMP_AT - 6) !== STAMPED) continue;
      this.#count(now, this.#view.getUint32(at + packet + STAMP_AT));
    }
  }

  #count(now: number, then: number): void {
    const time = Math.min((now - then) >>> 0, LONGEST);
    this.#counts[time] = (this.#counts[time] ?? 0) + 1;
    this.#received++;
  }

  #percentiles(): Percentiles {
    const at = (part: number) => {
      if (this.#received === 0) return Number.NaN;
      let left = this.#received * part;
      return this.#counts.findIndex((count) => {
        left -= count;
        return left <= 0;
      });
    };
    const received = this.#received;
    return { received, p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999) };
  }
}
