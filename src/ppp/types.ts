/**
 * What a link takes and gives: its options, questions, answers and events.
 *
 * @module
 */
import type { Random } from "../sansio/machine.ts";

export type AuthMethod = "chap" | "pap";

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
}

export type AuthRequest =
  | { readonly method: "pap"; readonly name: string; readonly password: Uint8Array }
  | {
      readonly method: "chap";
      readonly name: string;
      readonly identifier: number;
      readonly challenge: Uint8Array;
      readonly response: Uint8Array;
    };

export type AuthReply =
  | { readonly ok: true; readonly profile: NetworkProfile }
  | { readonly ok: false; readonly message: string };

/** What the peer said that it can receive, so what we may use when sending. */
export interface PeerLinkOptions {
  readonly mru: number;
  readonly acfc: boolean;
  readonly pfc: boolean;
  readonly accm: number;
}

export type DownReason =
  | "authentication"
  | "no-authentication-method"
  | "peer"
  | "local"
  | "echo-timeout"
  | "negotiation"
  | "loop";

export type LinkEvent =
  | { readonly type: "authenticate"; readonly request: AuthRequest }
  | { readonly type: "network-up"; readonly address: string; readonly peer: PeerLinkOptions }
  | { readonly type: "network-down" }
  | { readonly type: "down"; readonly reason: DownReason };

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
  /** A dash of the transition table: our own fault, seen by the counter. */
  | "illegal-event";
