/** Which records of a table are free. @module */
import { RECORD_REST_MS } from "../limits.ts";

/** So many are taken before those that were taken out are cut off. */
const CUT_AT = 1_024;

/** Indices 1 to `count`; one that was given back rests until no worker can be at it any more. */
export class Freelist {
  readonly #count: number;
  #unused = 1;
  #resting: { readonly index: number; readonly since: number }[] = [];
  #next = 0;

  constructor(count: number) {
    this.#count = count;
  }

  /** None when all are in use or rest. */
  take(now: number): number | undefined {
    const oldest = this.#resting[this.#next];
    if (oldest === undefined || now - oldest.since < RECORD_REST_MS) {
      return this.#unused <= this.#count ? this.#unused++ : undefined;
    }
    if (++this.#next === CUT_AT) {
      this.#resting = this.#resting.slice(CUT_AT);
      this.#next = 0;
    }
    return oldest.index;
  }

  give(index: number, now: number): void {
    this.#resting.push({ index, since: now });
  }
}
