/**
 * What goes into and comes out of an `Endpoint`.
 *
 * @module
 */

import type { CallErrors, CauseCode, PppDisconnectCause } from "../codec/index.ts";
import type { Random } from "../sansio/machine.ts";
import type { CounterName } from "./counters.ts";
import type { Slots } from "./spread.ts";

/** What we are in a tunnel. */
export type Role = "lac" | "lns";

/** Of a call, as the LAC sees it: an incoming one is offered by ICRQ, an outgoing one by OCRQ. */
export type Direction = "incoming" | "outgoing";

/** Both ends of a control connection; addresses as text, compared as text. */
export interface Path {
  readonly peer: string;
  readonly peerPort: number;
  /** "" until the peer has answered a tunnel that we open: whoever sends chooses. */
  readonly local: string;
}

/** Result Code AVP (RFC 2661 4.4.2). */
export interface Result {
  readonly code: number;
  readonly error?: number;
  readonly message?: string;
}

export interface EndpointOptions {
  /** What we are in tunnels that peers open. */
  readonly role: Role;
  /** Our Host Name AVP, at least one octet. */
  readonly hostName: string;
  /** Shared secret for tunnel authentication and hidden AVPs; "" for none. */
  readonly secret: string;
  /** What may be hidden is sent hidden in tunnels that peers open (RFC 2661 4.3); needs a secret. */
  readonly hideAvps?: boolean;
  /** Silence of the peer before a HELLO, ms; 0 for no HELLO. */
  readonly helloInterval: number;
  /** Longest interval between two retransmissions, ms. */
  readonly retransmitCap: number;
  readonly retransmitCount: number;
  readonly maxTunnels: number;
  readonly maxSessions: number;
  /** Control messages that a peer may have on their way to us; `RECEIVE_WINDOW` when absent. */
  readonly receiveWindow?: number;
  /** A peer's changed UDP port is followed once a control message proves it (`Endpoint`). */
  readonly followPort: boolean;
  /** When a data message of a tunnel last came: that shows as well that the peer is there. */
  readonly lastHeard?: (tunnelId: number) => number;
  /** What the ids of tunnels are chosen by, so that workers get equally many (`Spread`). */
  readonly slots?: Slots;
  /** Octets of the largest control message that its owner can send; no bound when absent. */
  readonly messageMax?: number;
  readonly random: Random;
}

export interface ConnectOptions {
  readonly path: Path;
  readonly role: Role;
  /** Of this tunnel; that of the endpoint when absent. */
  readonly secret?: string;
  /** What may be hidden is sent hidden (RFC 2661 4.3); needs a secret. */
  readonly hideAvps?: boolean;
  /** That control messages ask to be sent with, both ways (RFC 3308). */
  readonly dscp?: number;
}

/** Texts as they came, in place of those of the same names, where these do not tell them exactly. */
export interface CallOctets {
  readonly calledNumber?: Uint8Array;
  readonly callingNumber?: Uint8Array;
  readonly subAddress?: Uint8Array;
}

/** What ICRQ or OCRQ say of a call (RFC 2661 6.6, 6.9). */
export interface Call {
  readonly calledNumber?: string;
  readonly callingNumber?: string;
  readonly subAddress?: string;
  readonly octets?: CallOctets;
  readonly bearerType?: number;
  readonly framingType?: number;
  readonly physicalChannelId?: number;
  /** Bits a second, as all speeds. */
  readonly minimumBps?: number;
  readonly maximumBps?: number;
  /** That both sides send data messages with; absent when one of them does not know of it (RFC 3308). */
  readonly dscp?: number;
}

/** Configuration Options of LCP as the LAC met them (RFC 2661 4.4.5). */
export interface ProxyLcp {
  readonly initialReceived?: Uint8Array | undefined;
  readonly lastSent?: Uint8Array | undefined;
  readonly lastReceived?: Uint8Array | undefined;
}

/** How the LAC has authenticated the remote system (RFC 2661 4.4.5). */
export interface ProxyAuthen {
  readonly type: number;
  readonly name?: Uint8Array | undefined;
  readonly challenge?: Uint8Array | undefined;
  readonly id?: number | undefined;
  readonly response?: Uint8Array | undefined;
}

/** What ICCN or OCCN say (RFC 2661 6.8, 6.11). */
export interface Connected {
  readonly txConnectSpeed?: number;
  readonly rxConnectSpeed?: number;
  readonly framingType?: number;
  /** Every data message has to carry Ns (RFC 2661 5.4). */
  readonly sequencingRequired?: boolean;
  readonly privateGroupId?: string;
  /** As it came, in place of `privateGroupId`, where that does not tell it exactly. */
  readonly privateGroupOctets?: Uint8Array;
  readonly proxyLcp?: ProxyLcp;
  readonly proxyAuthen?: ProxyAuthen;
  /** LCP options that the line needs or allows (RFC 3437 2.1, 2.2). */
  readonly lcpWantOptions?: Uint8Array;
  readonly lcpAllowOptions?: Uint8Array;
}

/** What a CDN says beside its Result Code. */
export interface Disconnect {
  /** RFC 3145. */
  readonly ppp?: PppDisconnectCause;
  /** RFC 2661 4.4.4. */
  readonly q931?: CauseCode;
}

export interface EndpointInput {
  readonly datagram: Uint8Array;
  readonly path: Path;
}

export interface EndpointTransmit {
  readonly datagram: Uint8Array;
  readonly path: Path;
  /** That it is to be sent with, where both sides have agreed on one (RFC 3308). */
  readonly dscp?: number;
}

export interface TunnelInfo {
  readonly tunnelId: number;
  /** 0 while the peer has not answered a tunnel that we open. */
  readonly peerTunnelId: number;
  readonly role: Role;
  readonly path: Path;
  readonly hostName: string;
  readonly vendorName: string;
  readonly state: string;
  readonly sessions: number;
  /** That both sides have agreed to send control messages with (RFC 3308). */
  readonly dscp?: number;
  /** `now` of its creation. */
  readonly since: number;
}

export interface SessionInfo {
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly peerTunnelId: number;
  /** 0 while the peer has not answered a call that we place. */
  readonly peerSessionId: number;
  readonly path: Path;
  readonly role: Role;
  readonly direction: Direction;
  readonly state: string;
  readonly callSerialNumber: number;
  readonly call: Call;
  /** From "session-up" on. */
  readonly connected?: Connected;
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
  /** What the CDN said beside `result`. */
  readonly disconnect?: Disconnect;
}

/**
 * "tunnel-down" comes once for each tunnel that was made, established or not ("state" is the one
 * it leaves).
 *
 * "session-open": both Session IDs are known. At a LAC in an outgoing call `connectCall` or
 * `closeSession` has to follow. "session-down" comes exactly once after "session-open" or
 * `placeCall`, and before the "tunnel-down" that caused it.
 *
 * "tunnel-moved": the peer's port changed and is followed, or the tunnel that we opened is answered
 * from elsewhere; `path` is the new one, and `tunnel` and all further infos carry it. "refused": a
 * request that got no tunnel or session, one for each StopCCN or CDN that said so, never one for
 * what is dropped in silence.
 *
 * "call-errors" is what a WEN tells an LNS, "accm" what an SLI tells a LAC.
 */
export type EndpointEvent =
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
  | { readonly type: "call-errors"; readonly session: SessionInfo; readonly errors: CallErrors }
  | ({ readonly type: "accm"; readonly session: SessionInfo } & Accm)
  | Refused;

/** Async-Control-Character-Maps that the LAC is to use on the line (RFC 2661 4.4.6). */
export interface Accm {
  readonly send: number;
  readonly receive: number;
  /** Options of the LNS's last CONFREQ, and of the last that it received (RFC 3437 2.3). */
  readonly lastSent?: Uint8Array;
  readonly lastReceived?: Uint8Array;
}

export interface Refused {
  readonly type: "refused";
  readonly what: "tunnel" | "session";
  readonly path: Path;
  /** As the peer names itself; "" when its request has no name that can be read. */
  readonly hostName: string;
  readonly result: Result;
  readonly reason: CounterName;
}
