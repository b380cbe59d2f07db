/**
 * How long to wait before dialling again: doubling from one attempt to the next, bounded, and spread
 * by chance, so that those who lost an LNS together do not come back together.
 *
 * @module
 */
import { REDIAL_FIRST_MS, REDIAL_MOST_MS } from "../limits.ts";
import type { Random } from "../sansio/machine.ts";
import { share } from "./chance.ts";

export class Backoff {
  readonly #random: Random;
  #next = REDIAL_FIRST_MS;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Half of the interval, and up to all of it by chance; the next one is twice as long. */
  next(): number {
    const interval = this.#next;
    this.#next = Math.min(2 * interval, REDIAL_MOST_MS);
    return interval / 2 + share(this.#random) * (interval / 2);
  }

  /** What a sooner attempt cannot mend: from now on the longest interval. */
  slow(): void {
    this.#next = REDIAL_MOST_MS;
  }

  reset(): void {
    this.#next = REDIAL_FIRST_MS;
  }
}
