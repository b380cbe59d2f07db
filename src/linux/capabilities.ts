/**
 * Gives up every capability for good, and looks whether that has happened.
 *
 * capset(2) and prctl(2) act on the thread that calls, and a runtime has threads of its own long
 * before the first line of a program runs. So a drop is followed by execv(3), which ends the other
 * threads: every thread of the new program comes from one that has nothing.
 *
 * @module
 */
import { checked, EINVAL, EPERM } from "./errno.ts";
import type { Libc } from "./libc.ts";
import { isGone, readText, statusField, threads } from "./proc.ts";

const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4n;
const LINUX_CAPABILITY_VERSION_3 = 0x20080522;
/** Capabilities are numbered from 0; a set has 64 bits. */
const CAPABILITIES_MAX = 64n;
/** effective, permitted and inheritable, each in two words of 32 bits. */
const CAPABILITY_DATA_SIZE = 24;
const SETS = ["CapInh", "CapPrm", "CapEff", "CapAmb"];

/** Drops what the calling thread may do, and what any program that it executes could gain. */
export function dropCapabilities(libc: Libc): void {
  checked(libc, "PR_SET_NO_NEW_PRIVS", libc.prctl(PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n));
  checked(libc, "PR_CAP_AMBIENT", libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0n, 0n, 0n));
  dropBoundingSet(libc);
  const header = new Uint8Array(8); // version, then 0 for the calling thread
  new DataView(header.buffer).setUint32(0, LINUX_CAPABILITY_VERSION_3, true);
  checked(libc, "capset", libc.capset(header, new Uint8Array(CAPABILITY_DATA_SIZE)));
}

/** Only who has CAP_SETPCAP may; without it the set is a bound that no-new-privileges makes moot. */
function dropBoundingSet(libc: Libc): void {
  for (let capability = 0n; capability < CAPABILITIES_MAX; capability++) {
    if (libc.prctl(PR_CAPBSET_DROP, capability, 0n, 0n, 0n) >= 0) continue;
    const errno = libc.errno();
    if (errno === EINVAL || errno === EPERM) return; // past the last one, or not allowed
    checked(libc, "PR_CAPBSET_DROP", -1);
  }
}

export interface Unprivileged {
  readonly threads: number;
  /** What a thread still may do, in words; empty when none may do anything. */
  readonly left: readonly string[];
}

/** Looks at every thread of this process. */
export function inspectThreads(libc: Libc): Unprivileged {
  const ids = threads(libc);
  const left = ids.flatMap((id) => {
    try {
      return privilegesIn(readText(libc, `/proc/self/task/${id}/status`));
    } catch (error) {
      if (isGone(error)) return []; // a thread that has ended since
      throw error;
    }
  });
  return { threads: ids.length, left: [...new Set(left)] };
}

/** What the thread of a status file (proc_pid_status(5)) still may do. */
export function privilegesIn(status: string): string[] {
  const left = SETS.filter((name) => !/^0+$/.test(statusField(status, name) ?? "?")).map(
    (name) => `${name} ${statusField(status, name) ?? "unknown"}`,
  );
  const isBarred = statusField(status, "NoNewPrivs") === "1";
  return isBarred ? left : [...left, "NoNewPrivs 0"];
}
