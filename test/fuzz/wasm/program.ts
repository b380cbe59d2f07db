/**
 * An input as a program: octets that are read one after the other, zeros when there are no more.
 *
 * @module
 */
export class Program {
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  get isDone(): boolean {
    return this.#at >= this.#octets.length;
  }

  u8(): number {
    return this.#octets[this.#at++] ?? 0;
  }

  u16(): number {
    return (this.u8() << 8) | this.u8();
  }

  /** So many octets, or what is left. */
  take(count: number): Uint8Array {
    const taken = this.#octets.subarray(this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }
}
