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
  /** File that keeps how tunnels and sessions ended; "" keeps it in memory only. */
  readonly history: string;
  /** Offloads that are used where the kernel has them. */
  readonly offloads: readonly Offload[];
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
  readonly users: readonly UserConfig[];
  readonly log: { readonly level: LogLevel };
}

/** Where `simplon show` asks when no configuration names another socket. */
export const DEFAULT_SOCKET = "/run/simplon.sock";
/** The configuration that is read, or written at the first start, when no other is named. */
export const DEFAULT_FILE = "simplon.toml";
/** Where the history is kept when no configuration names another file. */
export const DEFAULT_HISTORY = "/var/lib/simplon/history";
