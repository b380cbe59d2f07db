// Two copies of as many octets as another thread says: one looks twice, as nobody should.

import { read32, write32 } from "../../../../assembly/bytes";

const CAPACITY: u32 = 64;

/** A fault: what is checked is not what is used. The store between them is as any other work. */
export function twice(length: usize, from: usize, to: usize, count: usize): void {
  if (read32(length) > CAPACITY) return;
  write32(count, read32(count) + 1);
  memory.copy(to, from, read32(length));
}

export function once(length: usize, from: usize, to: usize, count: usize): void {
  const octets = read32(length);
  if (octets > CAPACITY) return;
  write32(count, read32(count) + 1);
  memory.copy(to, from, octets);
}
