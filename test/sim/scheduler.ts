/**
 * Virtual time: what happens when, in the order (time, order of being scheduled).
 *
 * @module
 */
interface Entry {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

export class Scheduler {
  /** Milliseconds since the world began. */
  now = 0;
  #heap: Entry[] = [];
  #count = 0;

  /** Time of the next action; `Infinity` when there is none. */
  next(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  after(delay: number, action: () => void): void {
    this.at(this.now + delay, action);
  }

  at(time: number, action: () => void): void {
    const entry = { at: Math.max(time, this.now), order: this.#count++, action };
    const heap = this.#heap;
    let slot = heap.length;
    while (slot > 0) {
      const above = (slot - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || isBefore(parent, entry)) break;
      heap[slot] = parent;
      slot = above;
    }
    heap[slot] = entry;
  }

  /** Takes out the next action if it is due now. */
  due(): (() => void) | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.at > this.now) return undefined;
    const last = heap.pop();
    if (last !== undefined && last !== first) this.#sink(last);
    return first.action;
  }

  #sink(entry: Entry): void {
    const heap = this.#heap;
    let slot = 0;
    for (;;) {
      const left = 2 * slot + 1;
      const a = heap[left];
      if (a === undefined) break;
      const b = heap[left + 1];
      const isRight = b !== undefined && isBefore(b, a);
      const child = isRight ? b : a;
      if (isBefore(entry, child)) break;
      heap[slot] = child;
      slot = isRight ? left + 1 : left;
    }
    heap[slot] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
