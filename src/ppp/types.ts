/**
 * What a link takes and gives: its options, questions, answers and events.
 *
 * @module
 */
import type { Random } from "../sansio/machine.ts";

export type AuthMethod = "mschapv2" | "chap" | "pap";

/** Of the side that authenticates the peer. */
export interface LinkOptions {
  /** Largest Information field that we want to receive. */
  readonly mru: number;
  /** Offered in this order; never empty, for no link here goes without authentication. */
  readonly authMethods: readonly AuthMethod[];
  /** Name field of a CHAP Challenge. */
  readonly hostName: string;
  readonly random: Random;
  /** Where to count; links that share one record are counted together. */
  readonly counters?: Record<string, number>;
}

/** What an authenticated peer is given. Addresses as text. */
export interface NetworkProfile {
  /** Our address. */
  readonly gateway: string;
  /** The peer's address. */
  readonly address: string;
  /** Primary and secondary; none is offered where there is none. */
  readonly dns: readonly string[];
  readonly nbns: readonly string[];
  /** The peer's /64 in CIDR notation; without one no IPv6 is spoken. */
  readonly prefix6?: string;
  /** Our global IPv6 address. */
  readonly gateway6?: string;
}

export type AuthRequest =
  | { readonly method: "pap"; readonly name: string; readonly password: Uint8Array }
  | {
      readonly method: "chap";
      readonly name: string;
      readonly identifier: number;
      readonly challenge: Uint8Array;
      readonly response: Uint8Array;
    }
  | {
      readonly method: "mschapv2";
      /** As the peer sent it, with the Windows domain if there was one. */
      readonly name: string;
      readonly identifier: number;
      readonly challenge: Uint8Array;
      readonly peerChallenge: Uint8Array;
      /** The NT-Response. */
      readonly response: Uint8Array;
    };

export type AuthReply =
  | {
      readonly ok: true;
      readonly profile: NetworkProfile;
      /** For MS-CHAPv2: "S=" and forty digits, our own proof of the password. */
      readonly proof?: string | undefined;
    }
  | {
      readonly ok: false;
      /** Whether the peer is who it says but cannot be served; the credentials are at fault else. */
      readonly reason?: "credentials" | "pool-exhausted";
      readonly message: string;
    };

/** Configuration Options that a LAC has negotiated in place of an LNS (RFC 2661 4.4.5). */
export interface ProxyLcp {
  /** Of the peer's first Configure-Request. */
  readonly initialReceived?: Uint8Array | undefined;
  /** Of the requests that were acknowledged. */
  readonly lastSent?: Uint8Array | undefined;
  readonly lastReceived?: Uint8Array | undefined;
}

/** What a LAC has heard when it asked the peer who it is (RFC 2661 4.4.5). */
export interface ProxyAuthen {
  readonly type: number;
  readonly name?: Uint8Array | undefined;
  readonly challenge?: Uint8Array | undefined;
  readonly id?: number | undefined;
  readonly response?: Uint8Array | undefined;
}

export interface ProxyState {
  readonly lcp?: ProxyLcp | undefined;
  /** Absent when the LNS has to ask anew. */
  readonly authen?: ProxyAuthen | undefined;
  /** Options that a LAC wants us to ask for, and those that the peer may (RFC 3437 2.1, 2.2). */
  readonly want?: Uint8Array | undefined;
  readonly allow?: Uint8Array | undefined;
}

/** What the peer said that it can receive, so what we may use when sending. */
export interface PeerLinkOptions {
  readonly mru: number;
  readonly acfc: boolean;
  readonly pfc: boolean;
  readonly accm: number;
}

/** Control characters that are escaped between a LAC and the peer (RFC 1662 7.1), a bit each. */
export interface CharacterMaps {
  /** In what the LAC sends. */
  readonly send: number;
  /** In what it receives. */
  readonly receive: number;
}

/** The methods of the side that is authenticated; none ever shows the password itself. */
export interface Credentials {
  readonly name: string;
  /** The Password of a PAP request. */
  pap(): Uint8Array;
  /** The Value of a CHAP Response with MD5. */
  chap(identifier: number, challenge: Uint8Array): Uint8Array;
  mschapv2(
    challenge: Uint8Array,
    peerChallenge: Uint8Array,
  ): {
    /** The NT-Response. */
    readonly response: Uint8Array;
    /** Whether the Message of a Success proves that the server has the password too. */
    accepts(success: string): boolean;
  };
}

export interface PeerLinkSettings {
  /** Largest Information field that we want to receive. */
  readonly mru: number;
  readonly credentials: Credentials;
  /** Taken in whatever order the server asks for them; the first is what we would like. */
  readonly methods: readonly AuthMethod[];
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Whether to ask for name servers. */
  readonly dns: boolean;
  readonly random: Random;
  /** Where to count; links that share one record are counted together. */
  readonly counters?: Record<string, number>;
}

export type DownReason =
  | "authentication"
  /** MS-CHAPv2: the server did not prove that it has the password. */
  | "server-authentication"
  | "pool-exhausted"
  | "no-authentication-method"
  | "peer"
  | "local"
  | "echo-timeout"
  | "idle-timeout"
  | "negotiation"
  | "loop";

export type LinkEvent =
  | { readonly type: "authenticate"; readonly request: AuthRequest }
  /** The same at both ends: `address` is the client's, `gateway` the server's if it has one. */
  | {
      readonly type: "network-up";
      readonly address: string;
      readonly gateway: string;
      /** What the client was given or may ask for. */
      readonly dns: readonly string[];
      readonly nbns: readonly string[];
      readonly peer: PeerLinkOptions;
    }
  | { readonly type: "network-down" }
  | {
      readonly type: "ipv6-up";
      /** The other end's interface identifier, zero when it has named none. */
      readonly interfaceId: Uint8Array;
      readonly ownInterfaceId: Uint8Array;
      readonly peer: PeerLinkOptions;
    }
  | { readonly type: "ipv6-down" }
  /** An IPv6 packet that the data plane left to us. */
  | { readonly type: "ipv6-packet"; readonly packet: Uint8Array }
  | {
      readonly type: "down";
      readonly reason: DownReason;
      /** What the peer said about it, as it came; empty when it said nothing. */
      readonly message: string;
    };

export type Phase = "dead" | "establish" | "authenticate" | "network" | "terminate";

/** Why a frame or packet of the peer was not taken as sent. */
export type CounterName =
  /** No PPP frame: it ends within the fields in front of the Information field. */
  | "malformed-frame"
  /** A Length field or a content that its protocol rules out. */
  | "malformed-packet"
  /** A protocol that has no place in the phase of the link. */
  | "wrong-phase"
  /** Authentication protocol other than the negotiated one. */
  | "not-negotiated"
  /** A reply to something that we did not ask last. */
  | "stale-reply"
  /** Answered with Code-Reject. */
  | "unknown-code"
  /** Answered with Protocol-Reject. */
  | "unknown-protocol"
  /** Network-layer packet that came here and not to the data plane. */
  | "network-packet"
  /** Magic-Number that is neither the peer's nor zero. */
  | "foreign-magic-number"
  /** Authentication packet while the answer to an earlier question is awaited. */
  | "authentication-busy"
  /** An answer from AAA that nobody awaits any more. */
  | "late-answer"
  /** What a LAC has negotiated in our place and we would not have agreed on. */
  | "refused-proxy-lcp"
  /** What a LAC has heard of the peer's authentication and is no answer to what we ask. */
  | "refused-proxy-authentication"
  /** A dash of the transition table: our own fault, seen by the counter. */
  | "illegal-event";
