/**
 * What a pool gives out, as numbers.
 *
 * Those that were never given out go first, then those that were given back longest ago: a packet
 * that is late for an old session so hits nobody for as long as possible. Memory grows with what
 * was given out, not with the size of the pool.
 *
 * @module
 */
export class Supply {
  readonly #fresh: () => number | undefined;
  readonly #out = new Set<number>();
  readonly #released = new Queue();

  /** @param fresh the next number that was never given out, while there is one */
  constructor(fresh: () => number | undefined) {
    this.#fresh = fresh;
  }

  grant(): number | undefined {
    const number = this.#fresh() ?? this.#released.take();
    if (number !== undefined) this.#out.add(number);
    return number;
  }

  /** Takes a number back; one that is not out is left alone. */
  release(number: number): void {
    if (this.#out.delete(number)) this.#released.put(number);
  }
}

const QUEUE_INITIAL = 16;

/** First in, first out, in a ring of eight octets a number that doubles when it is full. */
class Queue {
  #ring = new Float64Array(QUEUE_INITIAL);
  #head = 0;
  #size = 0;

  put(number: number): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) % this.#ring.length] = number;
    this.#size += 1;
  }

  take(): number | undefined {
    if (this.#size === 0) return undefined;
    const number = this.#ring[this.#head];
    this.#head = (this.#head + 1) % this.#ring.length;
    this.#size -= 1;
    return number;
  }

  #grow(): void {
    const ring = new Float64Array(this.#ring.length * 2);
    ring.set(this.#ring.subarray(this.#head));
    ring.set(this.#ring.subarray(0, this.#head), this.#ring.length - this.#head);
    this.#ring = ring;
    this.#head = 0;
  }
}
