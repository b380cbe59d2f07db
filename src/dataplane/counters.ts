/**
 * Names of the data plane's counters. Each datagram or packet that a worker drops is in exactly
 * one of them.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import { workerAt } from "./memory.ts";

/** `up` is from the peer to the network, `down` the other way. */
const NAMES: readonly (readonly [index: number, name: string])[] = [
  [layout.COUNT_UP_PACKETS, "up.packets"],
  [layout.COUNT_UP_OCTETS, "up.octets"],
  [layout.COUNT_UP_PUNTED, "up.punted"],
  [layout.COUNT_UP_ECHO, "up.echo-answered"],
  [layout.COUNT_UP_ECHO_SHARE, "up.echo-share-full"],
  [layout.COUNT_UP_ECN, "up.congestion"],
  [layout.COUNT_UP_SWITCHED, "up.switched"],
  [layout.COUNT_UP_SWITCHED_OCTETS, "up.switched-octets"],
  [layout.COUNT_UP_TRUNCATED, "up.truncated"],
  [layout.COUNT_UP_MALFORMED, "up.malformed"],
  [layout.COUNT_UP_VERSION, "up.version"],
  [layout.COUNT_UP_CONTROL, "up.control-message"],
  [layout.COUNT_UP_CONTROL_FULL, "up.control-ring-full"],
  [layout.COUNT_UP_HANDED, "up.handed-over"],
  [layout.COUNT_UP_HANDED_FULL, "up.handover-ring-full"],
  [layout.COUNT_UP_NO_SESSION, "up.no-session"],
  [layout.COUNT_UP_WRONG_PEER, "up.wrong-peer"],
  [layout.COUNT_UP_PPP, "up.ppp-header"],
  [layout.COUNT_UP_NO_PARTNER, "up.no-partner"],
  [layout.COUNT_UP_NOT_OPEN, "up.not-open"],
  [layout.COUNT_UP_IP_HEADER, "up.ip-header"],
  [layout.COUNT_UP_SOURCE_ADDRESS, "up.source-address"],
  [layout.COUNT_UP_OWN_SUBNET, "up.own-subnet"],
  [layout.COUNT_UP_OTHER_NETWORK, "up.other-network"],
  [layout.COUNT_UP_PUNT_FULL, "up.punt-ring-full"],
  [layout.COUNT_UP_PUNT_SHARE, "up.punt-share-full"],
  [layout.COUNT_UP_POLICED, "up.policed"],
  [layout.COUNT_UP_LATE, "up.late"],
  [layout.COUNT_UP_HELD, "up.held"],
  [layout.COUNT_UP_TUN_WRITE, "up.tun-write"],
  [layout.COUNT_DOWN_PACKETS, "down.packets"],
  [layout.COUNT_DOWN_OCTETS, "down.octets"],
  [layout.COUNT_DOWN_INJECTED, "down.injected"],
  [layout.COUNT_DOWN_NOT_IP, "down.not-ip"],
  [layout.COUNT_DOWN_IP_HEADER, "down.ip-header"],
  [layout.COUNT_DOWN_NOT_ROUTABLE, "down.not-routable"],
  [layout.COUNT_DOWN_NO_ROUTE, "down.no-route"],
  [layout.COUNT_DOWN_NOT_OPEN, "down.not-open"],
  [layout.COUNT_DOWN_TOO_BIG, "down.too-big"],
  [layout.COUNT_DOWN_ERRORS, "down.icmp-errors"],
  [layout.COUNT_DOWN_ERRORS_LIMITED, "down.icmp-errors-limited"],
  [layout.COUNT_DOWN_FRAGMENTED, "down.fragmented"],
  [layout.COUNT_DOWN_SHAPED, "down.shaped"],
  [layout.COUNT_DOWN_POOL_FULL, "down.shaper-pool-full"],
  [layout.COUNT_DOWN_SEND, "down.send"],
  [layout.COUNT_DOWN_INJECT_STALE, "down.inject-stale"],
  [layout.COUNT_DOWN_HANDED, "down.handed-over"],
  [layout.COUNT_DOWN_HANDED_FULL, "down.handover-ring-full"],
];

/** Reads the counters of a worker's region. */
export function readCounters(memory: WebAssembly.Memory, worker: number): Record<string, number> {
  const at = worker + layout.WORKER_COUNTERS;
  const values = new BigUint64Array(memory.buffer, at, layout.COUNTER_COUNT);
  return Object.fromEntries(NAMES.map(([index, name]) => [name, Number(values[index])]));
}

/** Drops of the session whose counters begin at `at`, by reason; only those that there were. */
export function readReasons(memory: WebAssembly.Memory, at: number): Record<string, number> {
  const values = new Uint32Array(memory.buffer, at, layout.SESSION_REASON_COUNT);
  const reasons = NAMES.map(([index, name]) => [name, values[index] ?? 0] as const);
  return Object.fromEntries(reasons.filter(([, count]) => count > 0));
}

/** What is no drop. */
const PASSED: readonly string[] = [
  ...[
    "up.packets",
    "up.octets",
    "up.switched",
    "up.switched-octets",
    "up.punted",
    "up.echo-answered",
    "up.held",
    "up.control-message",
    "up.handed-over",
  ],
  ...["down.packets", "down.octets", "down.injected", "down.handed-over"],
  ...["down.icmp-errors", "down.icmp-errors-limited", "down.fragmented"],
];

/** Datagrams and packets that were dropped, by reason; only those that there were. */
export function reasonsOf(counters: Readonly<Record<string, number>>): Record<string, number> {
  const isDrop = ([name, count]: [string, number]) => count > 0 && !PASSED.includes(name);
  return Object.fromEntries(Object.entries(counters).filter(isDrop));
}

/** The same, for whatever reason. */
export function dropsOf(counters: Readonly<Record<string, number>>): number {
  return Object.values(reasonsOf(counters)).reduce((sum, count) => sum + count, 0);
}

/** The counters of all workers, also of those that have been: they belong to the regions. */
export function sumCounters(memory: WebAssembly.Memory): Record<string, number> {
  const sums: Record<string, number> = {};
  for (let index = 0; index < layout.WORKERS_MAX; index++) {
    const counters = readCounters(memory, workerAt(index));
    for (const [name, value] of Object.entries(counters)) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}
