/**
 * Huge pages for the memory of the data plane. Its buffers and tables lie far apart: of pages of 4
 * KiB it needs more than the processor remembers, and on a virtual machine to look one up costs as
 * much as the work on a packet.
 *
 * @module
 */
import type { Libc } from "./libc.ts";

const HUGE_PAGE = 2_097_152n;
const MADV_HUGEPAGE = 14;

/**
 * Asks for them for what is touched of so many octets at `base` from now on. A kernel that has none
 * refuses, and all works as before.
 */
export function wantHugePages(libc: Pick<Libc, "madvise">, base: bigint, octets: number): void {
  const first = ((base + HUGE_PAGE - 1n) / HUGE_PAGE) * HUGE_PAGE;
  const end = ((base + BigInt(octets)) / HUGE_PAGE) * HUGE_PAGE;
  if (end > first) libc.madvise(first, end - first, MADV_HUGEPAGE);
}
