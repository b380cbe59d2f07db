/**
 * Deadlines of many owners in one binary heap: the next one is known at once, setting, moving and
 * clearing one costs O(log n). An owner keeps one `Timer` and sets it to its earliest deadline.
 *
 * @module
 */
export class Timer<Owner> {
  readonly owner: Owner;
  at = Infinity;
  /** Place in the heap; -1 when not set. Belongs to `Timers`. */
  slot = -1;

  constructor(owner: Owner) {
    this.owner = owner;
  }
}

export class Timers<Owner> {
  #heap: Timer<Owner>[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** Time of the earliest deadline, `Infinity` when there is none. */
  next(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Sets or moves a deadline; `Infinity` clears it. */
  set(timer: Timer<Owner>, at: number): void {
    if (at === Infinity) {
      this.clear(timer);
      return;
    }
    const earlier = at < timer.at;
    timer.at = at;
    if (timer.slot < 0) {
      timer.slot = this.#heap.length;
      this.#heap.push(timer);
      this.#up(timer);
    } else if (earlier) {
      this.#up(timer);
    } else {
      this.#down(timer);
    }
  }

  clear(timer: Timer<Owner>): void {
    const slot = timer.slot;
    timer.at = Infinity;
    timer.slot = -1;
    if (slot < 0) return;
    const last = this.#heap.pop();
    if (last === undefined || last === timer) return;
    this.#put(last, slot);
    this.#up(last);
    this.#down(last);
  }

  /** Takes out the owner whose deadline is the earliest and not after `now`. */
  due(now: number): Owner | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.clear(first);
    return first.owner;
  }

  #put(timer: Timer<Owner>, slot: number): void {
    this.#heap[slot] = timer;
    timer.slot = slot;
  }

  #up(timer: Timer<Owner>): void {
    while (timer.slot > 0) {
      const slot = timer.slot;
      const above = (slot - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.at <= timer.at) return;
      this.#put(parent, slot);
      this.#put(timer, above);
    }
  }

  #down(timer: Timer<Owner>): void {
    for (;;) {
      const slot = timer.slot;
      const left = this.#heap[2 * slot + 1];
      const right = this.#heap[2 * slot + 2];
      if (left === undefined) return;
      const child = right !== undefined && right.at < left.at ? right : left;
      if (child.at >= timer.at) return;
      const below = child.slot;
      this.#put(child, slot);
      this.#put(timer, below);
    }
  }
}
