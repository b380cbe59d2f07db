/** The clock by which the kernel stamps what arrives, in microseconds modulo 2^32. @module */
import type { Libc } from "../../src/linux/libc.ts";

const CLOCK_REALTIME = 0;

export function kernelClock(libc: Libc): () => number {
  const time = new Uint8Array(16);
  const view = new DataView(time.buffer);
  return () => {
    libc.clockGettime(CLOCK_REALTIME, time);
    return microsecondsAt(view, 0);
  };
}

/** Of a timespec. */
export function microsecondsAt(view: DataView, at: number): number {
  const seconds = view.getUint32(at, true);
  return (Math.imul(seconds, 1_000_000) + Math.floor(view.getUint32(at + 8, true) / 1_000)) >>> 0;
}
