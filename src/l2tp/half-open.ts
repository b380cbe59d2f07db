/**
 * The tunnels that are not established: found at random, in all and by their source, so that one
 * of them gives way when there are too many. All that is done here takes the same time however
 * many there are.
 *
 * @module
 */
import {
  HALF_OPEN_DRAWS_MAX,
  HALF_OPEN_MAX,
  HALF_OPEN_PER_SOURCE_MAX,
  HALF_OPEN_YOUNG_MS,
} from "../limits.ts";
import type { Random } from "../sansio/machine.ts";

export interface HalfOpenItem {
  readonly source: string;
  /** `now` of its creation. */
  readonly since: number;
}

export class HalfOpen<Item extends HalfOpenItem> {
  readonly #random: Random;
  readonly #all = new Bag<Item>();
  readonly #bySource = new Map<string, Bag<Item>>();

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Sources that have any. */
  get sources(): number {
    return this.#bySource.size;
  }

  has(item: Item): boolean {
    return this.#all.has(item);
  }

  add(item: Item): void {
    this.#all.add(item);
    let own = this.#bySource.get(item.source);
    if (own === undefined) {
      own = new Bag();
      this.#bySource.set(item.source, own);
    }
    own.add(item);
  }

  /** Harmless when it is not there. */
  delete(item: Item): void {
    this.#all.delete(item);
    const own = this.#bySource.get(item.source);
    own?.delete(item);
    if (own?.size === 0) this.#bySource.delete(item.source);
  }

  /**
   * Who has to give way to one more of `source`: "none" when there is room, `undefined` when all
   * are so young that their peer may be answering this moment.
   */
  inTheWay(source: string, now: number): Item | "none" | undefined {
    const own = this.#bySource.get(source);
    if (own !== undefined && own.size >= HALF_OPEN_PER_SOURCE_MAX) return this.#old(own, now);
    return this.size >= HALF_OPEN_MAX ? this.#old(this.#all, now) : "none";
  }

  #old(bag: Bag<Item>, now: number): Item | undefined {
    for (let draw = 0; draw < HALF_OPEN_DRAWS_MAX; draw++) {
      const octets = this.#random(2);
      const item = bag.at((((octets[0] ?? 0) << 8) | (octets[1] ?? 0)) % bag.size);
      if (item !== undefined && now - item.since >= HALF_OPEN_YOUNG_MS) return item;
    }
    return undefined;
  }
}

/** A set whose members also have a number, from 0 up, so that one can be drawn. */
class Bag<Item> {
  readonly #items: Item[] = [];
  readonly #places = new Map<Item, number>();

  get size(): number {
    return this.#items.length;
  }

  has(item: Item): boolean {
    return this.#places.has(item);
  }

  at(place: number): Item | undefined {
    return this.#items[place];
  }

  add(item: Item): void {
    if (this.#places.has(item)) return;
    this.#places.set(item, this.#items.length);
    this.#items.push(item);
  }

  /** The last one takes the place of the one that leaves. */
  delete(item: Item): void {
    const place = this.#places.get(item);
    if (place === undefined) return;
    this.#places.delete(item);
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#items[place] = last;
    this.#places.set(last, place);
  }
}
