/**
 * All chance of a world: one seed, split by name, so that what one component draws does not change
 * what another one does.
 *
 * @module
 */
export class Random {
  #state: number;

  constructor(seed: number, name = "") {
    let state = Math.imul(seed | 0, 0x9e3779b1) ^ 0x85ebca6b;
    for (let i = 0; i < name.length; i++) {
      state = Math.imul(state ^ name.charCodeAt(i), 0x01000193);
    }
    this.#state = state;
    this.#word();
  }

  /** From 0 up to, not including, 1. */
  fraction(): number {
    return this.#word() / 0x1_0000_0000;
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.between(0, list.length - 1)] as T;
  }

  octets(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#word() & 0xff);
  }

  /** mulberry32 */
  #word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
