/** The process as such: another program in its place, how its threads sleep. @module */
import { SystemError } from "./errno.ts";
import type { Libc } from "./libc.ts";

const ADDRESS_SIZE = 8;
const PR_SET_TIMERSLACK = 29;

/** A sleep of this thread ends when it is due, not up to 50 microseconds later (prctl(2)). */
export function sleepExactly(libc: Pick<Libc, "prctl">): void {
  libc.prctl(PR_SET_TIMERSLACK, 1n, 0n, 0n, 0n);
}

/**
 * Replaces this program by another run of `argv`, whose first element is the path of the program.
 * Descriptors stay open that are not marked to close. Returns only when it fails.
 *
 * @throws {SystemError}
 */
export function execute(libc: Libc, argv: readonly string[]): never {
  const text = new TextEncoder();
  const strings = argv.map((argument) => text.encode(`${argument}\0`));
  const size = strings.reduce((sum, { length }) => sum + length, 0);
  // One block holds the addresses, the last of them 0, and what they point at.
  let at = (argv.length + 1) * ADDRESS_SIZE;
  const block = new Uint8Array(at + size);
  const view = new DataView(block.buffer);
  const base = libc.address(block);
  for (const [index, string] of strings.entries()) {
    view.setBigUint64(index * ADDRESS_SIZE, base + BigInt(at), true);
    block.set(string, at);
    at += string.length;
  }
  throw new SystemError("execv", libc.execv(argv[0] ?? "", block) < 0 ? libc.errno() : 0);
}
