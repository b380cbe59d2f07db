/** What a process gets of the host: files, memory, processors. @module */

import type { Config } from "../../config/config.ts";
import { SLOT_COUNT, WORKERS_MAX } from "../../daemon/sizes.ts";
import { advice, type Finding, type Host, ok, problem, readNumber, unseen } from "./host.ts";

/** Of the runtime, its threads and control connections. */
const OTHER_FILES = 128;
/** Octets of a session, and of all that is there without one: tables, rings, runtime. */
const SESSION_OCTETS = 4_096;
const BASE_OCTETS = 256 * 1_048_576;
const MIB = 1_048_576;

export function resources(host: Host, config: Config): Finding[] {
  return [files(host, config), memory(host, config), processors(host, config)];
}

function files(host: Host, { networks }: Config): Finding {
  const line = /^Max open files\s+(\S+)/m.exec(host.read("/proc/self/limits") ?? "");
  if (line === null) return unseen("open files", "the host does not tell");
  const limit = line[1] === "unlimited" ? Number.POSITIVE_INFINITY : Number(line[1]);
  const needed = OTHER_FILES + WORKERS_MAX + (SLOT_COUNT + 2) * (networks.length + 1);
  const fact = `at most ${line[1]}, and about ${needed} are needed`;
  if (limit >= needed) return ok("open files", fact);
  return problem("open files", fact, `ulimit -n ${needed}, or LimitNOFILE=${needed} in the unit`);
}

function memory(host: Host, { lns }: Config): Finding {
  const total = /^MemTotal:\s+(\d+) kB/m.exec(host.read("/proc/meminfo") ?? "");
  if (total === null) return unseen("memory", "the host does not tell");
  const needed = BASE_OCTETS + lns.maxSessions * SESSION_OCTETS;
  const limit = Math.min(Number(total[1]) * 1_024, groupLimit(host));
  const fact = `${mib(limit)} for this process, ${mib(needed)} are enough for max-sessions`;
  if (limit >= needed) return ok("memory", fact);
  const room = Math.max(1, Math.floor((limit - BASE_OCTETS) / SESSION_OCTETS));
  return problem("memory", fact, `give it more (MemoryMax=), or set max-sessions = ${room}`);
}

/** Of the control group and all above it (cgroups(7)), in either version. */
function groupLimit(host: Host): number {
  const groups = (host.read("/proc/self/cgroup") ?? "").trim().split("\n");
  const limits = groups.flatMap((line) => {
    const [, controllers = "", path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const isFirst = controllers.split(",").includes("memory");
    if (controllers !== "" && !isFirst) return [];
    const top = isFirst ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
    const file = isFirst ? "memory.limit_in_bytes" : "memory.max";
    const parts = path.split("/").filter((part) => part !== "");
    const places = [[], ...parts.map((_, index) => parts.slice(0, index + 1))];
    return places.map((place) => readNumber(host, [top, ...place, file].join("/")));
  });
  return Math.min(...limits.map((limit) => limit ?? Number.POSITIVE_INFINITY), Infinity);
}

function mib(octets: number): string {
  return `${Math.round(octets / MIB)} MiB`;
}

function processors({ processors: count }: Host, { lns: { workers } }: Config): Finding {
  const fact = `${count} for ${workers} ${workers === 1 ? "worker" : "workers"}`;
  if (workers <= count) return ok("processors", fact);
  return advice(
    "processors",
    `${fact}: they take them from each other`,
    `[lns] workers = ${count}`,
  );
}
