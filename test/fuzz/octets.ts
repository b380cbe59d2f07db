/**
 * An input as a source of choices: it drives a generator octet by octet, and says no more when it is
 * spent. A change to an octet changes a choice, so what is found is found in the shape of messages.
 *
 * @module
 */
export class Octets {
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  get left(): number {
    return this.#octets.length - this.#at;
  }

  /** 0 when it is spent. */
  next(): number {
    return this.#octets[this.#at++] ?? 0;
  }

  u16(): number {
    return (this.next() << 8) | this.next();
  }

  u32(): number {
    return ((this.u16() << 16) | this.u16()) >>> 0;
  }

  below(bound: number): number {
    return this.next() % bound;
  }

  /** `true` once in `bound` times, and never when it is spent. */
  seldom(bound: number): boolean {
    return this.next() % bound === bound - 1;
  }

  of<Values extends readonly [unknown, ...unknown[]]>(values: Values): Values[number] {
    return values[this.below(values.length)] ?? values[0];
  }

  /** At most `length`, as many as are left. */
  take(length: number): Uint8Array {
    const from = Math.min(this.#at, this.#octets.length);
    this.#at = from + length;
    return this.#octets.slice(from, this.#at);
  }

  rest(): Uint8Array {
    return this.take(Math.max(this.left, 0));
  }
}

/** Ends the run of an input with what it did wrong. */
export function must(condition: boolean, text: string): asserts condition {
  if (!condition) throw new Error(text);
}
