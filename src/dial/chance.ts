/** A number from 0 up to, and without, 1. @module */
import type { Random } from "../sansio/machine.ts";

export function share(random: Random): number {
  const octets = random(4);
  return new DataView(octets.buffer, octets.byteOffset, 4).getUint32(0) / 2 ** 32;
}
