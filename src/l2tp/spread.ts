/**
 * Which slot a new tunnel belongs to, that is what the lowest bits of its id are.
 *
 * All tunnels of one peer address and port share a slot: the kernel may join their datagrams in one
 * buffer, which then comes to the worker of all of them, and stays in order. Otherwise workers get
 * equally many tunnels, and so do the slots of each, which may change hands later. A slot that loses
 * datagrams gets none while there are others that lose fewer.
 *
 * @module
 */

/** By slot, a power of two of them, always as it is now. */
export interface Slots {
  /** The worker that owns it. */
  readonly owners: ArrayLike<number>;
  /** Grows with the datagrams that are lost for it; 0 while none are. */
  readonly crowded?: ArrayLike<number>;
}

interface Endpoint {
  slot: number;
  tunnels: number;
}

export class Spread {
  readonly #owners: ArrayLike<number>;
  readonly #crowded: ArrayLike<number>;
  readonly #counts: number[];
  readonly #endpoints = new Map<string, Endpoint>();

  constructor({ owners, crowded = [] }: Slots) {
    this.#owners = owners;
    this.#crowded = crowded;
    this.#counts = Array.from(owners, () => 0);
  }

  /** Tunnels by slot. */
  get counts(): readonly number[] {
    return this.#counts;
  }

  /** The slot that a new tunnel of `endpoint` is to have. */
  choose(endpoint: string): number {
    return this.#endpoints.get(endpoint)?.slot ?? this.#leastUsed();
  }

  /** There is one tunnel more; its id may be of another slot than was chosen. */
  add(endpoint: string, tunnelId: number): void {
    const slot = this.#slotOf(tunnelId);
    this.#count(slot, 1);
    const known = this.#endpoints.get(endpoint);
    if (known === undefined) this.#endpoints.set(endpoint, { slot, tunnels: 1 });
    else known.tunnels += 1;
  }

  /** One that was added is gone. */
  remove(endpoint: string, tunnelId: number): void {
    const known = this.#endpoints.get(endpoint);
    if (known === undefined) return;
    this.#count(this.#slotOf(tunnelId), -1);
    known.tunnels -= 1;
    if (known.tunnels === 0) this.#endpoints.delete(endpoint);
  }

  /** The slot of the worker with the fewest tunnels that has the fewest of that worker's. */
  #leastUsed(): number {
    const ofWorkers = new Map<number, number>();
    for (const [slot, count] of this.#counts.entries()) {
      const owner = this.#owners[slot] ?? 0;
      ofWorkers.set(owner, (ofWorkers.get(owner) ?? 0) + count);
    }
    const ofOwner = (slot: number) => ofWorkers.get(this.#owners[slot] ?? 0) ?? 0;
    const crowd = (slot: number) => this.#crowded[slot] ?? 0;
    let best = 0;
    for (const [slot, count] of this.#counts.entries()) {
      const more =
        crowd(slot) - crowd(best) ||
        ofOwner(slot) - ofOwner(best) ||
        count - (this.#counts[best] ?? 0);
      if (more < 0) best = slot;
    }
    return best;
  }

  #slotOf(tunnelId: number): number {
    return tunnelId & (this.#counts.length - 1);
  }

  #count(slot: number, change: number): void {
    this.#counts[slot] = (this.#counts[slot] ?? 0) + change;
  }
}
