/**
 * Opens what an LNS needs of the host: sockets, a TUN device per network, masquerading. Each
 * failure is said in one line with what to do about it, and leaves nothing behind.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { SESSION_COUNT, SLOT_COUNT } from "../../assembly/layout.ts";
import type { Config, NetworkConfig } from "../config/config.ts";
import { adviceToForward, forwards } from "../config/forwarding.ts";
import { openPair } from "../linux/descriptor.ts";
import {
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EBUSY,
  EEXIST,
  ENODEV,
  ENOENT,
  EPERM,
  SystemError,
} from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import { ofDevices } from "../linux/offloads.ts";
import { readText } from "../linux/proc.ts";
import { refusal, type SteeringMaps, steer, whyNotSteered } from "../linux/steering.ts";
import { type OpenedTun, openTun, type TunOptions } from "../linux/tun.ts";
import { type OpenedSockets, openSockets, type Sockets } from "../linux/udp.ts";
import { gateway6Of, ipv4, ipv4Prefix, ipv6, ipv6Prefix } from "../net.ts";
import { OFFLOADS, type Offload, type Offloads, offloadsWithout, STEERING } from "../offloads.ts";
import { startHostKeeper } from "./host-keeper.ts";
import { addMasquerade, endKeeper, type Keeper, startKeeper, tableName } from "./nat.ts";
import { StartError } from "./start-error.ts";

/** Where the packets of clients go: to network devices, or to a host inside this program. */
export const TUN_KINDS = ["device", "none"] as const;
export type TunKind = (typeof TUN_KINDS)[number];

const WITHOUT_DEVICES =
  "without a device (--tun none) clients reach the gateway's address, by ping, and nothing else";
const NO_NAT = "nat = true has no effect without a device";
const ONE_QUEUE = "TUN devices of this kernel have one queue (Linux 3.8 has more)";

/** What the keys at fault are called. */
interface Words {
  readonly server: string;
  readonly table: string;
  /** How to go without a device, where that is possible. */
  readonly without: string;
}

const LNS_WORDS: Words = {
  server: "[lns]",
  table: "[[network]]",
  without: ", or do without a device: --tun none",
};
const LAC_WORDS: Words = { server: "[lac]", table: "[[client]]", without: "" };

/** Plain data, so that another run of the program can take it over. */
export interface Devices {
  readonly sockets: Sockets;
  /**
   * In the order of the configured networks, then by slot: queues of TUN devices. One only where the
   * kernel has no more, or where something else stands in for the device.
   */
  readonly tuns: readonly (readonly number[])[];
  /** Without devices: the other ends of `tuns`, which the control thread answers. */
  readonly hosts: readonly number[];
  /** What runs of the offloads: a fact of the sockets and devices that are open. */
  readonly offloads: Offloads;
  readonly steering: DeviceSteering;
  /** Takes masquerading away at the end; of a LAC it sets addresses and routes, and takes those. */
  readonly keeper?: Keeper;
}

export interface DeviceSteering {
  /** Which queues packets come to, in the order of the networks; none where the kernel chooses. */
  readonly maps: readonly SteeringMaps[];
  /** Why there are none: one clause for the operator. */
  readonly why: string;
}

/** @throws {StartError} */
export async function openDevices(libc: Libc, config: Config, kind: TunKind): Promise<Devices> {
  const opened: number[] = [];
  let keeper: Keeper | undefined;
  try {
    const devices = openAll(libc, config, kind, LNS_WORDS, opened);
    const masqueraded = config.networks.filter(({ nat }) => nat && kind === "device");
    if (masqueraded.length === 0) return devices;
    const run = randomBytes(4).toString("hex");
    const tables = masqueraded.map(({ tun }) => tableName(tun, run));
    keeper = startKeeper(libc, tables);
    for (const network of masqueraded) addMasquerade(network, run);
    return { ...devices, keeper };
  } catch (error) {
    for (const fd of opened.reverse()) libc.close(fd);
    if (keeper !== undefined) await endKeeper(libc, keeper);
    throw error;
  }
}

/** The devices of a LAC, and who sets addresses and routes on them. @throws {StartError} */
export async function openLacDevices(libc: Libc, config: Config): Promise<Devices> {
  const opened: number[] = [];
  try {
    const devices = openAll(libc, config, "device", LAC_WORDS, opened);
    return { ...devices, keeper: startHostKeeper(libc, config.clients, config.peers) };
  } catch (error) {
    for (const fd of opened.reverse()) libc.close(fd);
    throw error;
  }
}

function openAll(
  libc: Libc,
  config: Config,
  kind: TunKind,
  words: Words,
  opened: number[],
): Devices {
  const lacking = unwanted(config, kind);
  const { sockets, ...udp } = openListening(libc, config, without(lacking), words);
  opened.push(...socketsOf(sockets));
  for (const [offload, why] of udp.lacking) lacking.set(offload, why);
  const { tuns, hosts, steering } =
    kind === "none"
      ? openPairs(libc, config.networks, opened)
      : openSteered(libc, config, lacking, opened, words);
  return { sockets, tuns, hosts, offloads: offloadsWithout(lacking), steering };
}

export function descriptors({ sockets, tuns, hosts, steering, keeper }: Devices): number[] {
  const pipe = keeper === undefined ? [] : [keeper.pipe];
  const maps = steering.maps.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
  return [...socketsOf(sockets), ...tuns.flat(), ...hosts, ...maps, ...pipe];
}

function socketsOf({ sccrq, control, data, link }: Sockets): number[] {
  return [sccrq, control, ...data, ...link];
}

/** Closes all. False when what the keeper keeps may have been left behind. */
export async function closeDevices(libc: Libc, devices: Devices): Promise<boolean> {
  const { keeper, ...others } = devices;
  for (const fd of descriptors(others)) libc.close(fd);
  return keeper === undefined || endKeeper(libc, keeper);
}

/** What an operator may not expect of the network that clients get, a line each. */
export function adviceOf(
  libc: Libc,
  { hosts }: Devices,
  networks: readonly NetworkConfig[],
): string[] {
  if (hosts.length === 0) return forwardingAdvice(libc, networks);
  return [WITHOUT_DEVICES, ...(networks.some(({ nat }) => nat) ? [NO_NAT] : [])];
}

/** A line for each family that the host does not forward. */
function forwardingAdvice(libc: Libc, networks: readonly NetworkConfig[]): string[] {
  const hasIpv6 = networks.some(({ pool6 }) => pool6.length > 0);
  const families = hasIpv6 ? (["IPv4", "IPv6"] as const) : (["IPv4"] as const);
  return families
    .filter((family) => forwards(family, (path) => readText(libc, path)) === false)
    .map(adviceToForward);
}

/** Why offloads do not run whatever the kernel has. */
function unwanted({ lns }: Config, kind: TunKind): Map<Offload, string> {
  const lacking = new Map<Offload, string>();
  for (const offload of OFFLOADS) {
    if (!lns.offloads.includes(offload)) lacking.set(offload, "turned off in the configuration");
    else if (kind === "none" && ofDevices([offload]).length > 0) {
      lacking.set(offload, "no device (--tun none)");
    }
  }
  return lacking;
}

function without(lacking: ReadonlyMap<Offload, string>): Offload[] {
  return OFFLOADS.filter((offload) => !lacking.has(offload));
}

type Ends = Pick<Devices, "tuns" | "hosts" | "steering">;

function openPairs(libc: Libc, networks: readonly NetworkConfig[], opened: number[]): Ends {
  const pairs = networks.map(() => {
    const pair = openPair(libc);
    opened.push(...pair);
    return pair;
  });
  const steering = { maps: [], why: "no device (--tun none)" };
  return { tuns: pairs.map(([tun]) => [tun]), hosts: pairs.map(([, host]) => host), steering };
}

/**
 * Where packets cannot be steered the kernel spreads those of a session over all queues: then a single
 * worker has one queue, so that they stay in order.
 */
function openSteered(
  libc: Libc,
  { networks, lns }: Config,
  lacking: Map<Offload, string>,
  opened: number[],
  words: Words,
): Ends {
  const unsteered = whyNotSteered(libc);
  const queues = unsteered === "" || lns.workers > 1 ? SLOT_COUNT : 1;
  const tuns = openNetworks(libc, networks, lacking, opened, queues, words);
  const hasQueues = tuns.every(({ length }) => length > 1);
  const why = unsteered === "" && !hasQueues ? ONE_QUEUE : unsteered;
  return {
    tuns,
    hosts: [],
    steering: why === "" ? steerAll(libc, tuns, opened) : { maps: [], why },
  };
}

function steerAll(libc: Libc, tuns: Devices["tuns"], opened: number[]): DeviceSteering {
  const maps: SteeringMaps[] = [];
  try {
    for (const [queue = -1] of tuns) maps.push(steer(libc, queue, SESSION_COUNT));
    opened.push(...maps.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]));
    return { maps, why: "" };
  } catch (error) {
    // Devices that are steered stay so: what no map has comes to the first queue.
    for (const { ipv4, ipv6 } of maps) for (const fd of [ipv4, ipv6]) libc.close(fd);
    return { maps: [], why: refusal(error) };
  }
}

/**
 * A worker treats all devices alike, so an offload runs on each or on none: where one lacks an
 * offload, all are made again without it. The kernel cannot take a virtio header away from a
 * device that it has made.
 */
export function openNetworks(
  libc: Libc,
  networks: readonly NetworkConfig[],
  lacking: Map<Offload, string>,
  opened: number[],
  queues: number,
  words: Words = LNS_WORDS,
): Devices["tuns"] {
  const tuns: (readonly number[])[] = [];
  for (const network of networks) {
    const tun = openNetwork(libc, network, without(lacking), queues, words);
    tuns.push(tun.queues);
    opened.push(...tun.queues);
    if (tun.lacking.size === 0) continue;
    for (const fd of opened.splice(-tuns.flat().length)) libc.close(fd);
    const where = networks.length > 1 ? `${network.tun}: ` : "";
    for (const [offload, why] of tun.lacking) lacking.set(offload, `${where}${why}`);
    return openNetworks(libc, networks, lacking, opened, queues, words);
  }
  return tuns;
}

/** What runs, for people: the offloads and steering. */
export function runningOf({ offloads, steering }: Devices): Offloads {
  const { why } = steering;
  return [...offloads, { offload: STEERING, runs: why === "", why }];
}

/** What runs and what does not, for the log. */
export function offloadFields(offloads: Offloads): Record<string, unknown> {
  const running = offloads.filter(({ runs }) => runs).map(({ offload }) => offload);
  const off = offloads.filter(({ runs }) => !runs).map(({ offload, why }) => ({ offload, why }));
  return { runs: running, off };
}

function openListening(
  libc: Libc,
  { lns, networks }: Config,
  wanted: readonly Offload[],
  { server }: Words,
): OpenedSockets {
  try {
    const steering = { by: lns.steer, slots: SLOT_COUNT };
    const hasEcn = networks.some(({ ecn }) => ecn);
    return openSockets(libc, lns.address, lns.port, wanted, steering, hasEcn);
  } catch (error) {
    throw toLine(error, {
      [EADDRINUSE]:
        `UDP port ${lns.port} of ${lns.address} is used by another program; ` +
        `see it with: ss -lunp 'sport = :${lns.port}'`,
      [EADDRNOTAVAIL]:
        `this host does not have the address ${lns.address}; ` +
        `set ${server} listen to one that "ip address" shows, or to "0.0.0.0:1701" for all`,
      [EAFNOSUPPORT]: `this host has no IPv6; set ${server} listen to "0.0.0.0:${lns.port}"`,
      [EACCES]:
        `port ${lns.port} needs the capability CAP_NET_BIND_SERVICE; ` +
        "run as root or choose a port above 1023",
    });
  }
}

function openNetwork(
  libc: Libc,
  network: NetworkConfig,
  wanted: readonly Offload[],
  queues: number,
  { table, without: otherwise }: Words,
): OpenedTun {
  const noDriver = "/dev/net/tun is missing or has no driver; load it with: modprobe tun";
  const noAccess =
    `/dev/net/tun may not be opened by this user; run as root, ${otherwise === "" ? "or " : ""}` +
    `let the user open it with: chmod 0666 /dev/net/tun${otherwise}`;
  const noRight =
    `making the TUN device ${network.tun} needs the capability CAP_NET_ADMIN; ` +
    `run as root, ${otherwise === "" ? "or " : ""}` +
    `in a systemd unit with AmbientCapabilities=CAP_NET_ADMIN${otherwise}`;
  const noIpv6 =
    `IPv6 is turned off for new devices on this host, and ${table} "${network.name}" has pool6; ` +
    "turn it on with: sysctl -w net.ipv6.conf.default.disable_ipv6=0";
  const pools = [...network.pool, ...network.pool6, ...network.routes].join(", ");
  try {
    const options = {
      name: network.tun,
      ...(isGiven(network.gateway) && { gateway: ipv4(network.gateway) }),
      pool: [...network.pool, ...routesOf(network, "IPv4")].map(ipv4Prefix),
      mtu: network.mtu,
      ...ipv6Of(network),
    };
    return openTun(libc, options, wanted, queues);
  } catch (error) {
    throw toLine(error, {
      [ENOENT]: noDriver,
      [ENODEV]: noDriver,
      [EPERM]: isOpening(error) ? noAccess : noRight,
      [EACCES]: isOpening(error) ? noAccess : noIpv6,
      [EBUSY]:
        `the device ${network.tun} exists already; ` +
        `choose another tun in ${table} "${network.name}" or remove it`,
      [EEXIST]:
        `the host has a route for one of ${pools} already; ` +
        `choose other pools or routes of [[network]] "${network.name}", or remove that route`,
    });
  }
}

/** Of a client the LNS says later which address it has. */
function isGiven(gateway: string): boolean {
  return gateway !== "0.0.0.0";
}

function isOpening(error: unknown): boolean {
  return error instanceof SystemError && error.call === "open";
}

/** What the device gets of IPv6. */
function ipv6Of(network: NetworkConfig): Pick<TunOptions, "gateway6" | "pool6"> {
  const { pool6 } = network;
  const [first] = pool6;
  if (first === undefined) return {};
  const routed = [...pool6, ...routesOf(network, "IPv6")].map(ipv6Prefix);
  return { gateway6: ipv6(gateway6Of(first)), pool6: routed };
}

/** Subnets behind clients are routed to the device for good: its sessions know whether they are up. */
function routesOf({ routes }: NetworkConfig, family: "IPv4" | "IPv6"): string[] {
  return routes.filter((route) => route.includes(":") === (family === "IPv6"));
}

/** An error that an operator can mend becomes a line; any other stays what it is: our bug. */
function toLine(error: unknown, lines: Readonly<Record<number, string>>): unknown {
  const line = error instanceof SystemError ? lines[error.errno] : undefined;
  return line === undefined ? error : new StartError(line);
}
