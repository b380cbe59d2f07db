/**
 * Tunnel and Session IDs: random, so that they cannot be guessed from outside the path, never 0
 * (RFC 2661 5.3), and not given out again soon, so that a late message of a closed tunnel or
 * session does not reach its successor.
 *
 * @module
 */
import { ID_QUARANTINE_MS } from "../limits.ts";
import type { Random } from "../sansio/machine.ts";

/** With at most three quarters taken, 64 draws all fail once in 10^8 times. */
const TAKEN_MAX = 49_152;
const DRAWS_MAX = 64;

export class Ids {
  /** When an id came back, oldest first. Made when it is first needed: most tunnels never do. */
  #released: Map<number, number> | undefined;

  /** A fresh id, or 0 when too many are taken. `used` holds those that are in use. */
  take(random: Random, used: ReadonlyMap<number, unknown> | undefined, now: number): number {
    this.#expire(now);
    const taken = (used?.size ?? 0) + (this.#released?.size ?? 0);
    if (taken > TAKEN_MAX) return 0;
    for (let draw = 0; draw < DRAWS_MAX; draw++) {
      const octets = random(2);
      const id = ((octets[0] ?? 0) << 8) | (octets[1] ?? 0);
      if (id !== 0 && used?.has(id) !== true && this.#released?.has(id) !== true) return id;
    }
    return 0;
  }

  release(id: number, now: number): void {
    this.#expire(now);
    this.#released ??= new Map();
    this.#released.delete(id);
    this.#released.set(id, now);
  }

  /** Each release is forgotten once: O(1) on average. */
  #expire(now: number): void {
    if (this.#released === undefined) return;
    for (const [id, since] of this.#released) {
      if (now - since < ID_QUARANTINE_MS) break;
      this.#released.delete(id);
    }
    if (this.#released.size === 0) this.#released = undefined;
  }
}
