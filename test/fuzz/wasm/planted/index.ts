// A parser with a fault behind two conditions, for a test of the fuzzer.

import { getU8 } from "../../../../assembly/bytes";

/** Traps for inputs that no chance alone finds. */
export function parse(at: usize, length: u32): void {
  if (length < 12) return;
  if (getU8(at + 3) !== 0x5a) return;
  if (getU8(at + 9) === 0xa7) unreachable();
}
