/**
 * How much goes to addresses that have not shown that they are really there: whoever sends an
 * SCCRQ may have written another's address on it. To such an address goes an SCCRP, its
 * retransmissions or the StopCCN that refuses, and each is an "answer" here.
 *
 * All answers come from one token bucket. While it is full everyone is served; the emptier it is,
 * the fewer answers a source may have had lately to be served. So those that flood take
 * what is left over, each as much as the next, and who asks for the first time is served at once
 * while more than that is to be had.
 *
 * What it costs: at most 128 octets for each SCCRQ of 53 or more, and five retransmissions over
 * 23 s for one that got a tunnel: a factor of 15 at the very most, of 4 Mbit/s in all and 13 kB/s
 * to one address, in L2TP octets. With nothing to spare retransmissions are the first to stop.
 *
 * @module
 */
import {
  UNPROVEN_ANSWERS_BURST,
  UNPROVEN_ANSWERS_PER_SECOND,
  UNPROVEN_ANSWERS_PER_SOURCE_MAX,
  UNPROVEN_MEMORY_MS,
} from "../limits.ts";
import { parseIpv6 } from "../net.ts";
import { Fifo } from "../sansio/fifo.ts";

/** From so many counting answers on a source gets no less than others that have had more. */
const STEPS = 8;
/** Tokens that must be there besides, for each answer that counts; half the bucket at most. */
const STEP = UNPROVEN_ANSWERS_BURST / (2 * STEPS);

/** An answer that was given. */
interface Answer {
  readonly source: string;
  readonly until: number;
}

export class Admission {
  #tokens = UNPROVEN_ANSWERS_BURST;
  #filledAt = -Infinity;
  /** Answers that count, by source; no entry: none. */
  readonly #sources = new Map<string, number>();
  /** Oldest first. The bucket's rate and their time bound their number. */
  readonly #answers = new Fifo<Answer>();

  /** Answers that are remembered. */
  get size(): number {
    return this.#answers.length;
  }

  /** Time at which the oldest one is forgotten. */
  get timeout(): number {
    return this.#answers.at(0)?.until ?? Infinity;
  }

  handleTimeout(now: number): void {
    for (let first = this.#answers.at(0); first !== undefined; first = this.#answers.at(0)) {
      if (first.until > now) return;
      this.#answers.shift();
      this.#forget(first);
    }
  }

  /** Whether an SCCRQ of `source` may be answered. */
  allows(source: string, now: number): boolean {
    this.#advance(now);
    const count = this.#sources.get(source) ?? 0;
    if (count >= UNPROVEN_ANSWERS_PER_SOURCE_MAX) return false;
    return this.#tokens >= 1 + Math.min(count, STEPS) * STEP;
  }

  /** Whether an answer may be sent again of our own accord: only from the upper half. */
  allowsAgain(source: string, now: number): boolean {
    this.#advance(now);
    if ((this.#sources.get(source) ?? 0) >= UNPROVEN_ANSWERS_PER_SOURCE_MAX) return false;
    return this.#tokens >= 1 + STEPS * STEP;
  }

  /**
   * An answer goes to `source`; it was allowed. It counts whatever comes of it: a tunnel costs
   * nothing, so one that is opened only to be closed must not make up for the next.
   */
  spend(source: string, now: number): void {
    this.#advance(now);
    this.#tokens -= 1;
    this.#sources.set(source, (this.#sources.get(source) ?? 0) + 1);
    this.#answers.push({ source, until: now + UNPROVEN_MEMORY_MS });
  }

  #forget({ source }: Answer): void {
    const count = (this.#sources.get(source) ?? 0) - 1;
    if (count > 0) this.#sources.set(source, count);
    else this.#sources.delete(source);
  }

  #advance(now: number): void {
    this.handleTimeout(now);
    const fresh = (Math.max(0, now - this.#filledAt) * UNPROVEN_ANSWERS_PER_SECOND) / 1_000;
    this.#tokens = Math.min(UNPROVEN_ANSWERS_BURST, this.#tokens + fresh);
    this.#filledAt = now;
  }
}

/** Who counts as one sender: an IPv4 address, or the /64 that an IPv6 host can pick from. */
export function sourceOf(peer: string): string {
  const octets = peer.includes(":") ? parseIpv6(peer) : undefined;
  return octets === undefined ? peer : octets.subarray(0, 8).join(".");
}
