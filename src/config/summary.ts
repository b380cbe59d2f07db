/**
 * What a configuration comes to: sizes of pools, users of networks, and what is allowed but seldom
 * meant.
 *
 * @module
 */

import { formatEndpoint, type Ipv4Prefix, ipv4, parseIpv4Prefix, parseIpv6Prefix } from "../net.ts";
import { OFFLOADS, type Offload } from "../offloads.ts";
import { formatRate } from "../rate.ts";
import { contains } from "./address.ts";
import type { ClientConfig, Config, NetworkConfig, Steer } from "./config.ts";
import { adviceToForward } from "./forwarding.ts";

/** What the host says of itself; `undefined` where it cannot be known. */
export interface Host {
  readonly forwardsIpv4?: boolean | undefined;
  readonly forwardsIpv6?: boolean | undefined;
  /** Whether users other than its owner may read the configuration. */
  readonly isFileShared?: boolean | undefined;
  readonly processors?: number | undefined;
}

export interface NetworkSummary {
  readonly name: string;
  readonly tun: string;
  readonly gateway: string;
  readonly mtu: number;
  readonly nat: boolean;
  /** Addresses that clients can get. */
  readonly addresses: number;
  /** IPv6 prefixes of 64 bits that clients can get. */
  readonly prefixes: number;
  readonly users: number;
  /** Such as "10M", bits of IP a second; "" is none. */
  readonly rateDown: string;
  readonly rateUp: string;
  readonly mssClamp: boolean;
  readonly dscp: number | "copy";
  readonly ecn: boolean;
  readonly sequencing: boolean;
  /** Seconds; 0 is never. */
  readonly idle: number;
  /** Subnets behind its users. */
  readonly routes: number;
}

/** A connection of this host. */
export interface ClientSummary {
  readonly name: string;
  readonly tun: string;
  readonly peer: string;
  /** The LNSs of that name, in the order in which they are tried. */
  readonly lnss: readonly string[];
  readonly mtu: number;
  readonly ipv6: boolean;
  readonly routes: number;
  readonly dns: boolean;
}

export interface Summary {
  readonly listen: string;
  readonly hostname: string;
  readonly hasSecret: boolean;
  readonly workers: number;
  readonly steer: Steer;
  readonly methods: readonly string[];
  readonly networks: readonly NetworkSummary[];
  readonly users: number;
  /** Where `simplon lac` listens. */
  readonly lacListen: string;
  readonly clients: readonly ClientSummary[];
  /** Rules by which calls go on to another LNS. */
  readonly forwards: number;
  /** Offloads that the configuration turns off. */
  readonly offloadsOff: readonly Offload[];
  readonly warnings: readonly string[];
}

export function summarize(config: Config, host: Host = {}): Summary {
  const { lns, auth, users } = config;
  const networks = config.networks.map((network) => summarizeNetwork(network, config));
  const clients = config.clients.map((client) => summarizeClient(client, config));
  return {
    listen: formatEndpoint(lns.address, lns.port),
    hostname: lns.hostName,
    hasSecret: lns.secret !== "",
    workers: lns.workers,
    steer: lns.steer,
    methods: auth.methods,
    networks,
    users: users.length,
    lacListen: formatEndpoint(config.lac.address, config.lac.port),
    clients,
    forwards: config.forwards.length,
    offloadsOff: OFFLOADS.filter((offload) => !lns.offloads.includes(offload)),
    warnings: [
      ...(networks.length > 0 ? serverWarnings(config, host) : []),
      ...clientWarnings(config),
      ...fileWarnings(host),
      ...networks.flatMap((network) => networkWarnings(network, host)),
    ],
  };
}

function summarizeNetwork(network: NetworkConfig, { users }: Config): NetworkSummary {
  const { name, tun, gateway, mtu, nat, pool, pool6, mssClamp, dscp, ecn, sequencing } = network;
  const addresses = pool.reduce((sum, prefix) => sum + usable(prefix, ipv4(gateway)), 0);
  const all = pool6.reduce(
    (sum, prefix) => sum + 2 ** (64 - (parseIpv6Prefix(prefix)?.length ?? 64)),
    0,
  );
  // The first /64 of the first prefix is the server's own.
  const prefixes = Math.max(0, all - 1);
  const own = users.filter((user) => user.network === name).length;
  return {
    ...{ name, tun, gateway, mtu, nat, addresses, prefixes, users: own },
    rateDown: formatRate(network.rateDown),
    rateUp: formatRate(network.rateUp),
    ...{ mssClamp, dscp, ecn, sequencing },
    idle: network.idle / 1_000,
    routes: network.routes.length,
  };
}

function summarizeClient(client: ClientConfig, { peers }: Config): ClientSummary {
  const { name, tun, peer, mtu, ipv6, routes, dns } = client;
  const lnss = peers
    .filter((each) => each.name === peer)
    .sort((a, b) => a.priority - b.priority)
    .map(({ address, port }) => formatEndpoint(address, port));
  return { name, tun, peer, lnss, mtu, ipv6, routes: routes.length, dns };
}

/** Without the first and the last address, and without the gateway if it is between them. */
function usable(text: string, gateway: number): number {
  const prefix = parseIpv4Prefix(text);
  if (prefix === undefined) return 0;
  const inner: Ipv4Prefix = { ...prefix, first: prefix.first + 1, last: prefix.last - 1 };
  return inner.last - inner.first + 1 - (contains(inner, gateway) ? 1 : 0);
}

function serverWarnings({ lns, auth, users, forwards }: Config, host: Host): string[] {
  const warnings: string[] = [];
  if (lns.secret === "") {
    warnings.push("no tunnel secret: whoever reaches the port may try users and passwords");
  }
  if (auth.methods.includes("pap")) {
    warnings.push("pap is offered: a client that wants it sends its password as clear text");
  }
  if (host.processors !== undefined && lns.workers > host.processors) {
    const { processors } = host;
    warnings.push(`${lns.workers} workers, but this host has ${processors} processors`);
  }
  if (users.length === 0 && forwards.length === 0) {
    warnings.push("no [[user]]: nobody can dial in");
  }
  return warnings;
}

function fileWarnings({ isFileShared }: Host): string[] {
  if (isFileShared !== true) return [];
  return ["other users of this host can read the passwords in this file; chmod 600 it"];
}

function clientWarnings({ clients }: Config): string[] {
  return clients.flatMap(({ name, methods, mtu }) => {
    const warnings: string[] = [];
    if (methods.includes("pap")) {
      warnings.push("pap is taken: whoever answers as the LNS may learn the password");
    }
    if (mtu > MTU_UNFRAGMENTED) {
      warnings.push(`mtu ${mtu} means fragments on an Ethernet; ${MTU_UNFRAGMENTED} avoids them`);
    }
    return warnings.map((warning) => `client ${name}: ${warning}`);
  });
}

/** Outside: IPv4 20, UDP 8, L2TP 8, PPP 4 octets on an Ethernet of 1,500. */
const MTU_UNFRAGMENTED = 1_460;

function networkWarnings(network: NetworkSummary, host: Host): string[] {
  const { name, mtu, nat, addresses, prefixes, users } = network;
  const warnings: string[] = [];
  if (users > addresses) warnings.push(`${users} users, but only ${addresses} addresses`);
  if (prefixes > 0 && addresses > prefixes) {
    warnings.push(`${addresses} IPv4 addresses, but only ${prefixes} IPv6 prefixes`);
  }
  if (mtu > MTU_UNFRAGMENTED) {
    warnings.push(`mtu ${mtu} means fragments on an Ethernet; ${MTU_UNFRAGMENTED} avoids them`);
  }
  if (nat && host.forwardsIpv4 === false) {
    warnings.push(`nat, but ${adviceToForward("IPv4")}`);
  }
  if (prefixes > 0 && host.forwardsIpv6 === false) {
    warnings.push(`pool6, but ${adviceToForward("IPv6")}`);
  }
  return warnings.map((warning) => `network ${name}: ${warning}`);
}
