/** A clock that all processes share, in microseconds modulo 2^32. @module */
import type { Libc } from "../../src/linux/libc.ts";

const CLOCK_MONOTONIC = 1;

export function sharedClock(libc: Libc): () => number {
  const time = new Uint8Array(16);
  const view = new DataView(time.buffer);
  return () => {
    libc.clockGettime(CLOCK_MONOTONIC, time);
    const seconds = view.getUint32(0, true);
    return (seconds * 1_000_000 + Math.floor(view.getUint32(8, true) / 1000)) >>> 0;
  };
}
