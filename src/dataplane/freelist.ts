/** Which records of a table are free. @module */
import { RECORDS_RESTING } from "../limits.ts";

/** Indices 1 to `count`; one that was given back rests until many others were. */
export class Freelist {
  readonly #count: number;
  #unused = 1;
  #resting: number[] = [];
  #next = 0;

  constructor(count: number) {
    this.#count = count;
  }

  take(): number | undefined {
    const rested = this.#resting.length - this.#next > RECORDS_RESTING;
    if (!rested && this.#unused <= this.#count) return this.#unused++;
    const index = this.#resting[this.#next];
    if (index === undefined) return undefined;
    if (++this.#next === RECORDS_RESTING) {
      this.#resting = this.#resting.slice(this.#next);
      this.#next = 0;
    }
    return index;
  }

  give(index: number): void {
    this.#resting.push(index);
  }
}
