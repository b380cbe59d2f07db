/**
 * What goes into and comes out of an `Lns`.
 *
 * @module
 */

import type { Random } from "../sansio/machine.ts";
import type { CounterName } from "./counters.ts";
import type { Slots } from "./spread.ts";

/** Both ends of a control connection; addresses as text, compared as text. */
export interface Path {
  readonly peer: string;
  readonly peerPort: number;
  readonly local: string;
}

/** Result Code AVP (RFC 2661 4.4.2). */
export interface Result {
  readonly code: number;
  readonly error?: number;
  readonly message?: string;
}

export interface LnsOptions {
  /** Our Host Name AVP, at least one octet. */
  readonly hostName: string;
  /** Shared secret for tunnel authentication and hidden AVPs; "" for none. */
  readonly secret: string;
  /** Silence of the peer before a HELLO, ms; 0 for no HELLO. */
  readonly helloInterval: number;
  /** Longest interval between two retransmissions, ms. */
  readonly retransmitCap: number;
  readonly retransmitCount: number;
  readonly maxTunnels: number;
  readonly maxSessions: number;
  /** A peer's changed UDP port is followed once a control message proves it (`Tunnel.follow`). */
  readonly followPort: boolean;
  /** When a data message of a tunnel last came: that shows as well that the peer is there. */
  readonly lastHeard?: (tunnelId: number) => number;
  /** What the ids of tunnels are chosen by, so that workers get equally many (`Spread`). */
  readonly slots?: Slots;
  readonly random: Random;
}

export interface LnsInput {
  readonly datagram: Uint8Array;
  readonly path: Path;
}

export interface LnsTransmit {
  readonly datagram: Uint8Array;
  readonly path: Path;
}

export interface TunnelInfo {
  readonly tunnelId: number;
  readonly peerTunnelId: number;
  readonly path: Path;
  readonly hostName: string;
  readonly vendorName: string;
  readonly state: string;
  readonly sessions: number;
  /** `now` of its creation. */
  readonly since: number;
}

export interface SessionInfo {
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly peerTunnelId: number;
  readonly peerSessionId: number;
  readonly path: Path;
  readonly state: string;
  readonly callSerialNumber: number;
  readonly calledNumber: string;
  readonly callingNumber: string;
  /** Every data message has to carry Ns (RFC 2661 5.4); known from "session-up" on. */
  readonly sequencingRequired: boolean;
  readonly since: number;
}

/** Who ended a tunnel or session; "timeout": the peer no longer answers or took too long. */
export type EndedBy = "peer" | "local" | "timeout";

export interface Cause {
  readonly by: EndedBy;
  readonly result: Result;
  /** What it is counted as, where a Result Code has several reasons. */
  readonly reason?: CounterName;
  /** The session ended with its tunnel: `result` is that of a StopCCN. */
  readonly withTunnel?: true;
}

/**
 * "tunnel-down" comes once for each tunnel that was made, established or not ("state" is the one
 * it leaves). "session-down" comes exactly once after "session-open", and before the
 * "tunnel-down" that caused it.
 *
 * "tunnel-moved": the peer's port changed and is followed; `path` is the new one, and `tunnel` and
 * all further infos carry it. "refused": a request that got no tunnel or session, one for each
 * StopCCN or CDN that said so, never one for what is dropped in silence.
 */
export type LnsEvent =
  | { readonly type: "tunnel-up"; readonly tunnel: TunnelInfo }
  | ({ readonly type: "tunnel-down"; readonly tunnel: TunnelInfo } & Cause)
  | {
      readonly type: "tunnel-moved";
      readonly tunnel: TunnelInfo;
      readonly path: Path;
      readonly from: Path;
    }
  | { readonly type: "session-open"; readonly session: SessionInfo }
  | { readonly type: "session-up"; readonly session: SessionInfo }
  | ({ readonly type: "session-down"; readonly session: SessionInfo } & Cause)
  | Refused;

export interface Refused {
  readonly type: "refused";
  readonly what: "tunnel" | "session";
  readonly path: Path;
  /** As the peer names itself; "" when its request has no name that can be read. */
  readonly hostName: string;
  readonly result: Result;
  readonly reason: CounterName;
}
