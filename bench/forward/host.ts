/**
 * The host behind the LNS, a process of its own: told on standard input, it sends UDP to the
 * clients' addresses.
 *
 * @module
 */
import { openLibc } from "../../src/linux/ffi.ts";
import { answerLines } from "./lines.ts";
import { downward } from "./loads.ts";
import type { Ring } from "./ring.ts";
import type { HostQuestion } from "./settings.ts";
import { openSender } from "./sockets.ts";

/** Runs until standard input ends. */
export async function host(): Promise<void> {
  const libc = openLibc();
  const sender = openSender(libc);
  const rings = new Map<string, Ring>();
  console.log("ready");
  await answerLines<HostQuestion>(async ({ load, addresses, seconds }) => {
    const key = JSON.stringify(load);
    const ring = rings.get(key) ?? downward(libc, load, addresses);
    rings.set(key, ring);
    return { sent: ring.blast(sender, seconds) };
  });
}
