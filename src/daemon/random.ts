/** Unpredictable octets, drawn from the system many at a time: a session asks for a few, often. @module */
import { randomFillSync } from "node:crypto";
import type { Random } from "../sansio/machine.ts";

const POOL = 4_096;

/** Each octet is given out once, and none stays behind that was. */
export function pooledRandom(fill: (octets: Uint8Array) => void = randomFillSync): Random {
  const pool = new Uint8Array(POOL);
  let next = POOL;
  return (length) => {
    if (length > POOL) {
      const octets = new Uint8Array(length);
      fill(octets);
      return octets;
    }
    if (length > POOL - next) {
      fill(pool);
      next = 0;
    }
    const octets = pool.slice(next, next + length);
    pool.fill(0, next, next + length);
    next += length;
    return octets;
  };
}
