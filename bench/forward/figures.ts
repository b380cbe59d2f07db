/**
 * Figures of a running process, as the kernel counts them.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Clock ticks in a second, as /proc counts CPU time. */
const TICKS = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** CPU time of all threads of a process, user and system, in seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [utime = 0, stime = 0] = fields.slice(11, 13).map(Number);
  return (utime + stime) / TICKS;
}

/** Resident memory of a process, in KiB. */
export function residentKib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
}

/** The machine, in one line. */
export function machine(): string {
  const cpu =
    /^model name\s*: (.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "unknown CPU";
  const cores = execFileSync("nproc", { encoding: "utf8" }).trim();
  const kernel = execFileSync("uname", ["-sr"], { encoding: "utf8" }).trim();
  return `${cores} × ${cpu}, ${kernel}`;
}
