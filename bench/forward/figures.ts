/**
 * Figures of a running process, as the kernel counts them.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";

/** CPU time of all threads of a process in seconds: user, system, and what the kernel did for it. */
export function cpuSeconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.reduce((sum, thread) => sum + runtimeOf(pid, thread), 0);
  return nanoseconds / 1e9;
}

function runtimeOf(pid: number, thread: string): number {
  try {
    const [time = "0"] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
    return Number(time);
  } catch {
    return 0; // it has ended since
  }
}

/** Resident memory of a process, in KiB. */
export function residentKib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
}
