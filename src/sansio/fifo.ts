/**
 * First in, first out, with O(1) push, shift and access by position.
 *
 * @module
 */

/** Below this a hole at the front is cheaper kept than copied away. */
const COMPACT_AT = 32;

export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#items.length) {
      // Copying what is left at most once per that many shifts keeps shift O(1) on average.
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** The item `index` places behind the front. */
  at(index: number): T | undefined {
    return this.#items[this.#head + index];
  }

  /** Keeps only the first `length` items. */
  truncate(length: number): void {
    if (length < this.length) this.#items.length = this.#head + length;
  }
}
