/** What the daemon is told. Times are in milliseconds. @module */
import type { Offload } from "../offloads.ts";

/** In the default order: the ones that show the password to nobody first. */
export const AUTH_METHODS = ["mschapv2", "chap", "pap"] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** By what packets are spread over workers: the id of their tunnel or that of their session. */
export const STEERS = ["tunnel", "session"] as const;
export type Steer = (typeof STEERS)[number];

export interface LnsConfig {
  /** Local address and port; "0.0.0.0" takes every IPv4 address of the host, "::" every address. */
  readonly address: string;
  readonly port: number;
  readonly hostName: string;
  /** Shared tunnel secret; "" means no tunnel authentication. */
  readonly secret: string;
  /** Of tunnels that peers open. */
  readonly hideAvps: boolean;
  readonly workers: number;
  readonly steer: Steer;
  readonly helloInterval: number;
  readonly retransmitCap: number;
  readonly retransmitCount: number;
  readonly maxTunnels: number;
  readonly maxSessions: number;
  /** Path of the control socket that `simplon show` asks. */
  readonly socket: string;
  /** Whether a tunnel goes on when the peer's port changes (NAT). */
  readonly followPort: boolean;
  /** Whether a LAC that knows the secret may authenticate users in our place. */
  readonly proxyAuthentication: boolean;
  /** File that keeps how tunnels and sessions ended; "" keeps it in memory only. */
  readonly history: string;
  /** Offloads that are used where the kernel has them. */
  readonly offloads: readonly Offload[];
}

export interface LacConfig {
  readonly address: string;
  readonly port: number;
  readonly hostName: string;
  /** Of tunnels that an LNS opens to us; those that we open have that of their peer. */
  readonly secret: string;
  /** Likewise. */
  readonly hideAvps: boolean;
  readonly workers: number;
  readonly helloInterval: number;
  readonly retransmitCap: number;
  readonly retransmitCount: number;
  readonly socket: string;
  readonly history: string;
  readonly offloads: readonly Offload[];
}

/** An LNS that calls go to; those of one name are a list. */
export interface PeerConfig {
  readonly name: string;
  /** In canonical text; as the file has it maybe a name, which `resolvePeers` puts addresses for. */
  readonly address: string;
  readonly port: number;
  /** "" means no tunnel authentication. */
  readonly secret: string;
  /** The lowest first. */
  readonly priority: number;
  readonly weight: number;
  readonly hideAvps: boolean;
}

/** A connection of this host to an LNS, with a device of its own. */
export interface ClientConfig {
  readonly name: string;
  /** Name of peers that exist. */
  readonly peer: string;
  readonly tun: string;
  readonly user: string;
  readonly password: string;
  readonly methods: readonly AuthMethod[];
  readonly ipv6: boolean;
  readonly mtu: number;
  /** Prefixes of either family, host bits zero. */
  readonly routes: readonly string[];
  readonly dns: boolean;
  /** What an LNS is told of the call; "" is nothing. `number` is the Called Number. */
  readonly number: string;
  readonly callingNumber: string;
  readonly subAddress: string;
}

/** Which calls of an LNS go on to another one. */
export interface ForwardConfig {
  readonly by: "realm" | "called" | "user";
  /** A realm in lower case, a Called Number, the name of a user. */
  readonly value: string;
  /** Name of peers that exist. */
  readonly peer: string;
}

/** Octets of IP a second that a session gets at most; 0: as many as there are. */
export interface Rates {
  /** To the client. */
  readonly rateDown: number;
  /** From the client. */
  readonly rateUp: number;
}

export interface NetworkConfig extends Rates {
  readonly name: string;
  readonly tun: string;
  readonly gateway: string;
  /** Prefixes such as "10.64.0.0/16", host bits zero, none overlapping another of any network. */
  readonly pool: readonly string[];
  /** Prefixes such as "2001:db8:64::/48" from which each session gets a /64. */
  readonly pool6: readonly string[];
  readonly dns: readonly string[];
  readonly nbns: readonly string[];
  readonly mtu: number;
  readonly nat: boolean;
  /** Whether the MSS of TCP is lowered to what the MTU holds. */
  readonly mssClamp: boolean;
  /** DSCP of outer headers; "copy" is that of the packet inside. */
  readonly dscp: number | "copy";
  /** Whether ECN passes between inner and outer header. */
  readonly ecn: boolean;
  /** Whether data messages to clients are numbered, so that their LACs number too (RFC 2661 5.4). */
  readonly sequencing: boolean;
  /** Time without a packet after which a session is ended; 0: never. */
  readonly idle: number;
  /** Subnets behind the clients of its users. */
  readonly routes: readonly string[];
}

/** What of the network's is not set here holds for the user too. */
export interface UserConfig extends Partial<Rates> {
  readonly name: string;
  readonly password: string;
  /** Name of a network that exists. */
  readonly network: string;
  /** Subnets behind its client, of either family. */
  readonly routes: readonly string[];
}

export interface Config {
  readonly lns: LnsConfig;
  readonly networks: readonly NetworkConfig[];
  readonly auth: { readonly methods: readonly AuthMethod[] };
  /** Those who may come in here; whose calls go on is in `forwards`. */
  readonly users: readonly UserConfig[];
  readonly lac: LacConfig;
  readonly peers: readonly PeerConfig[];
  readonly clients: readonly ClientConfig[];
  readonly forwards: readonly ForwardConfig[];
  readonly log: { readonly level: LogLevel };
}

/** Where `simplon show` asks when no configuration names another socket. */
export const DEFAULT_SOCKET = "/run/simplon.sock";
/** The same of `simplon lac`. */
export const DEFAULT_LAC_SOCKET = "/run/simplon-lac.sock";
export const DEFAULT_LAC_HISTORY = "/var/lib/simplon/lac-history";
/** The configuration that is read, or written at the first start, when no other is named. */
export const DEFAULT_FILE = "simplon.toml";
/** Where the history is kept when no configuration names another file. */
export const DEFAULT_HISTORY = "/var/lib/simplon/history";
