/**
 * Octets of a file that come in chunks of any size, taken from in pieces of any other.
 *
 * @module
 */

export class Input {
  #octets: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  /** Octets to come that nobody wants. */
  #skipped = 0;

  get length(): number {
    return this.#end - this.#at;
  }

  get isSkipping(): boolean {
    return this.#skipped > 0;
  }

  /** Views that were given out stay as they are: only what is behind them is written. */
  push(chunk: Uint8Array): void {
    const skipped = Math.min(this.#skipped, chunk.length);
    this.#skipped -= skipped;
    const rest = skipped === 0 ? chunk : chunk.subarray(skipped);
    const { length } = this;
    if (length === 0) {
      this.#octets = rest;
      this.#at = 0;
      this.#end = rest.length;
      return;
    }
    if (this.#octets.length - this.#end < rest.length) {
      // Twice what is kept, so that a trickle of chunks is copied a bounded number of times.
      const larger = new Uint8Array(2 * length + rest.length);
      larger.set(this.#octets.subarray(this.#at, this.#end));
      this.#octets = larger;
      this.#at = 0;
      this.#end = length;
    }
    this.#octets.set(rest, this.#end);
    this.#end += rest.length;
  }

  /** The next octets, which stay; `undefined` when they are not there yet. */
  peek(count: number): Uint8Array | undefined {
    return count <= this.length ? this.#octets.subarray(this.#at, this.#at + count) : undefined;
  }

  take(count: number): Uint8Array | undefined {
    const octets = this.peek(count);
    if (octets !== undefined) this.#at += count;
    return octets;
  }

  /** Leaves out octets, also such as are not there yet. */
  skip(count: number): void {
    const here = Math.min(count, this.length);
    this.#at += here;
    this.#skipped += count - here;
  }
}
