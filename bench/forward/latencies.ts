/**
 * Counts how long stamped packets were under way.
 *
 * @module
 */
import type { Inbox, Taker } from "./inbox.ts";
import { IP_HEADER, packetIn, STAMP_AT, STAMPED } from "./packets.ts";

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

export class Latencies {
  readonly #inbox: Inbox;
  readonly #taker: Taker;
  readonly #counts = new Uint32Array(LONGEST + 1);
  #received = 0;

  /** Of a tunnel come data messages, of any other socket payloads. */
  constructor(inbox: Inbox, isTunnel: boolean) {
    this.#inbox = inbox;
    this.#taker = isTunnel
      ? (view, at, length, time) => this.#takeMessage(view, at, length, time)
      : (view, at, _, time) => this.#count(time, view.getUint32(at));
  }

  /** All that waits. */
  take(): void {
    while (this.#inbox.take(this.#taker));
  }

  percentiles(): Percentiles {
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

  #takeMessage(view: DataView, message: number, length: number, time: number): void {
    const packet = packetIn(view, message, length);
    if (packet === undefined || packet + STAMP_AT + 4 > message + length) return;
    if (view.getUint16(packet + IP_HEADER + 2) !== STAMPED) return;
    this.#count(time, view.getUint32(packet + STAMP_AT));
  }

  #count(now: number, then: number): void {
    const time = Math.min((now - then) >>> 0, LONGEST);
    this.#counts[time] = (this.#counts[time] ?? 0) + 1;
    this.#received++;
  }
}
