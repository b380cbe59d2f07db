/**
 * Tunnel and Session IDs: random, so that one guess from outside the path seldom hits, never 0
 * (RFC 2661 5.3), and not given out again soon, so that a late message of a closed tunnel or
 * session does not reach its successor.
 *
 * @module
 */
import { ID_DRAWS_MAX, ID_QUARANTINE_MS, IDS_TAKEN_MAX } from "../limits.ts";
import { Fifo } from "../sansio/fifo.ts";
import type { Random } from "../sansio/machine.ts";

const ID_MASK = 0xffff;

interface Resting {
  readonly ids: Set<number>;
  /** In the order of their release. */
  readonly releases: Fifo<{ readonly id: number; readonly until: number }>;
}

/** Lowest bits that an id is to have: those of `value` under `mask`, which has no gaps. */
export interface LowBits {
  readonly mask: number;
  readonly value: number;
}

const ANY: LowBits = { mask: 0, value: 0 };

export class Ids {
  /** Made when it is first needed: most tunnels never close a session. */
  #resting: Resting | undefined;

  /**
   * A fresh id, or 0 when too many are taken. `used` holds those that are in use. When none with the
   * `wanted` bits is free it is any other one.
   */
  take(
    random: Random,
    used: ReadonlyMap<number, unknown>,
    now: number,
    { mask, value }: LowBits = ANY,
  ): number {
    this.#expire(now);
    const resting = this.#resting?.ids;
    if (used.size + (resting?.size ?? 0) > IDS_TAKEN_MAX) return 0;
    const isFree = (id: number) => id !== 0 && !used.has(id) && resting?.has(id) !== true;
    let id = 0;
    for (let draw = 0; draw < ID_DRAWS_MAX; draw++) {
      const octets = random(2);
      id = ((((octets[0] ?? 0) << 8) | (octets[1] ?? 0)) & ~mask) | value;
      if (isFree(id)) return id;
    }
    for (let tried = 0; tried <= ID_MASK && !isFree(id); tried += mask + 1) {
      id = (id + mask + 1) & ID_MASK;
    }
    while (!isFree(id)) id = (id + 1) & ID_MASK; // not all are taken
    return id;
  }

  /** Takes back an id that `take` gave. */
  release(id: number, now: number): void {
    this.#expire(now);
    this.#resting ??= { ids: new Set(), releases: new Fifo() };
    this.#resting.ids.add(id);
    this.#resting.releases.push({ id, until: now + ID_QUARANTINE_MS });
  }

  #expire(now: number): void {
    if (this.#resting === undefined) return;
    const { ids, releases } = this.#resting;
    for (let first = releases.at(0); first !== undefined; first = releases.at(0)) {
      if (first.until > now) return;
      ids.delete(first.id);
      releases.shift();
    }
    this.#resting = undefined;
  }
}
