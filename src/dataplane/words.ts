/**
 * Places in the shared memory, and counters of 64 bits that another thread writes, as numbers.
 *
 * @module
 */
import { SESSION_RECORDS, SESSION_SIZE } from "../../assembly/layout.ts";

/** Where the record of a session is. */
export function recordAt(index: number): number {
  return SESSION_RECORDS + index * SESSION_SIZE;
}

/** In halves, as a BigInt would be garbage; again when the writer has carried over in between. */
export function readLong(words: Uint32Array, word: number): number {
  for (;;) {
    const high = words[word + 1] ?? 0;
    const low = words[word] ?? 0;
    if (words[word + 1] === high) return high * 2 ** 32 + low;
  }
}
