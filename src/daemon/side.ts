/**
 * What becomes of the sessions of a daemon: an LNS gives those who dial in addresses of its
 * networks, a LAC dials itself.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import type { PuntedFrame } from "../dataplane/rings.ts";
import type { InjectOf, SessionTable } from "../dataplane/session-table.ts";
import type { Recorder } from "../history/recorder.ts";
import type { Endpoint, EndpointEvent, Role } from "../l2tp/index.ts";
import type { Libc } from "../linux/libc.ts";
import type { Family } from "../linux/sockaddr.ts";
import type { Counters } from "../observe/counters.ts";
import type { Logger } from "../observe/log.ts";
import type { Random } from "../sansio/machine.ts";
import type { SessionRow } from "./api.ts";
import type {
  BusiestAnswer,
  BusyOrder,
  CallAnswer,
  CallRequest,
  ClientRow,
} from "./api-messages.ts";
import type { Devices } from "./devices.ts";

/** What a side stands on. */
export interface Ground {
  readonly libc: Libc;
  readonly devices: Devices;
  readonly config: Config;
  readonly table: SessionTable;
  readonly injectOf: InjectOf;
  readonly endpoint: Endpoint;
  /** Of the sockets that the packets of sessions pass. */
  readonly family: Family;
  readonly random: Random;
  readonly clock: () => number;
  /** Called when something outside a turn has left things to be sent. */
  readonly onProgress: () => void;
  readonly recorder: Recorder;
  readonly log: Logger;
}

export interface SideMaker {
  /** What we are in tunnels that peers open. */
  readonly role: Role;
  make(ground: Ground): Side;
}

interface SideCounters extends Readonly<Record<string, Counters | readonly Counters[]>> {
  readonly control: readonly Counters[];
}

export interface Side {
  /** Descriptors that wake the daemon when something comes. */
  readonly descriptors: readonly number[];
  /** For the operator, when the keeper has not taken away in time what it keeps. */
  readonly leftBehind: string;
  /** What an operator may not expect of this host, a line each. */
  advice(): string[];
  handleEvent(event: EndpointEvent, now: number): void;
  /** A PPP frame that a worker punted. */
  handleFrame(punted: PuntedFrame, now: number): void;
  /** In each turn: what is due, and what the descriptors have. */
  handleTimeout(now: number): void;
  /** Sends what waited for room in the inject rings; true when nothing waits any more. */
  resume(): boolean;
  pollTimeout(): number;
  /** When a data message of a tunnel last came. */
  lastHeard(tunnelId: number): number;
  rows(now: number): Iterable<SessionRow>;
  busiest(by: BusyOrder, count: number, now: number): Pick<BusiestAnswer, "busiest" | "begun">;
  /** By group; "control" is counted together with what the daemon counts there. */
  counters(): SideCounters;
  /** Of a LAC. */
  clients?(now: number): ClientRow[];
  /** Of an LNS: places an outgoing call. */
  readonly call?: (request: CallRequest) => Promise<CallAnswer>;
  /** The end has begun: nothing new is started. */
  stop(now: number): void;
}
