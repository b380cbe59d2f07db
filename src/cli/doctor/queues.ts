/** Where packets wait in the kernel. @module */
import type { Config } from "../../config/config.ts";
import { advice, type Finding, type Host, ok, readNumber, unseen } from "./host.ts";
import { outerDevice } from "./network.ts";

export function queues(host: Host, config: Config): Finding[] {
  return [...buffers(host), backlog(host), ...receiveQueues(host, config)];
}

/** With CAP_NET_ADMIN a socket gets what it asks for, whatever the host's maximum is. */
function buffers({ probe }: Host): Finding[] {
  if (probe === undefined) return [];
  const { wanted, receive, send } = probe.buffers;
  return (
    [
      ["receive buffer", receive, "net.core.rmem_max"],
      ["send buffer", send, "net.core.wmem_max"],
    ] as const
  ).map(([check, octets, name]) => {
    if (octets >= wanted) return ok(check, `${octets} octets a socket`);
    const text = `this user's sockets get ${octets} of ${wanted} octets`;
    return advice(check, text, `start with CAP_NET_ADMIN, or: sysctl -w ${name}=${wanted}`);
  });
}

/** Second column of softnet_stat: packets that found netdev_max_backlog full, in hexadecimal. */
function backlog(host: Host): Finding {
  const lines = host.read("/proc/net/softnet_stat")?.trim().split("\n");
  const max = readNumber(host, "/proc/sys/net/core/netdev_max_backlog");
  if (lines === undefined || max === undefined) return unseen("backlog", "the host does not tell");
  const dropped = lines.reduce((sum, line) => {
    return sum + Number.parseInt(line.split(/\s+/)[1] ?? "0", 16);
  }, 0);
  if (dropped === 0) return ok("backlog", `netdev_max_backlog ${max}, nothing was dropped`);
  const text = `netdev_max_backlog ${max}, and ${dropped} packets found it full since the boot`;
  return advice("backlog", text, `sysctl -w net.core.netdev_max_backlog=${10 * max}`);
}

/** A device with one queue interrupts one processor. */
function receiveQueues(host: Host, config: Config): Finding[] {
  const device = outerDevice(host, config);
  if (device === undefined) return [];
  const path = `/sys/class/net/${device}`;
  const names = host.list(`${path}/queues`).filter((name) => name.startsWith("rx-"));
  if (names.length === 0) return [unseen("receive queues", `${device} does not tell`)];
  const spread = names.filter((name) => {
    return /[1-9a-f]/.test(host.read(`${path}/queues/${name}/rps_cpus`) ?? "");
  });
  const isThreaded = host.read(`${path}/threaded`)?.trim() === "1";
  const napi = `${device} has ${isThreaded ? "it" : "none"}: it makes no measurable difference`;
  return [
    count(device, names.length, config.lns.workers),
    rps(path, spread),
    ok("threaded NAPI", napi),
  ];
}

function count(device: string, queues: number, workers: number): Finding {
  const has = `${device} has ${queues}`;
  if (workers === 1 || queues > 1) return ok("receive queues", has);
  const text = `${has} for ${workers} workers: one processor receives all`;
  const mend = `where it can have more: ethtool -L ${device} combined ${workers}`;
  return advice("receive queues", text, mend);
}

/** docs/OPERATIONS.md has what it costs. */
function rps(path: string, spread: readonly string[]): Finding {
  const [first] = spread;
  if (first === undefined) return ok("RPS", "off");
  const text = "RPS is on: passing packets to other processors costs more than it brings";
  const all = spread.length > 1 ? ", and of the other queues" : "";
  return advice("RPS", text, `echo 0 > ${path}/queues/${first}/rps_cpus${all}`);
}
