/**
 * Whether another thread is alive: it changes a word all the time.
 *
 * @module
 */
import { POLL_MS } from "../limits.ts";

export class Pulse {
  readonly #words: Int32Array;
  readonly #word: number;
  #last: number;
  #lookedAt: number;
  /** Time without a change, ms. */
  #silence = 0;

  /** The word is at `at`, in octets of the memory. */
  constructor(words: Int32Array, at: number, now: number) {
    this.#words = words;
    this.#word = at / 4;
    this.#last = Atomics.load(words, this.#word);
    this.#lookedAt = now;
  }

  /** False once the word has not changed for `staleMs`. */
  isFelt(now: number, staleMs: number): boolean {
    // Nobody who looks is away much longer than a poll unless the whole process was stopped, and then
    // the other thread was as well: that time does not count.
    this.#silence += Math.min(now - this.#lookedAt, POLL_MS);
    this.#lookedAt = now;
    const word = Atomics.load(this.#words, this.#word);
    if (word !== this.#last) {
      this.#last = word;
      this.#silence = 0;
    }
    return this.#silence < staleMs;
  }
}
