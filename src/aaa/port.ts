/**
 * The port: who may come in and what they are given.
 *
 * @module
 */
import type { AuthRequest, NetworkProfile } from "../ppp/index.ts";

/** What holds for the packets of a user; one object for all of whom the same holds. */
export interface Service {
  /** Octets of IP a second to the client and from it; 0: no bound. */
  readonly rateDown: number;
  readonly rateUp: number;
  /** Time without a packet after which its session is ended, ms; 0: never. */
  readonly idle: number;
  /** Subnets behind the client, as prefixes of either family. */
  readonly routes: readonly string[];
}

/** What an authenticated user holds until it is released. */
export interface Grant {
  readonly user: string;
  /** Name of the virtual network. */
  readonly network: string;
  readonly profile: NetworkProfile;
  readonly service: Service;
}

export type AaaResult =
  | {
      readonly ok: true;
      readonly grant: Grant;
      /** For MS-CHAPv2: "S=" and forty digits, our own proof of the password. */
      readonly proof?: string | undefined;
      /** The network has IPv6, but no /64 is free: the session goes on with IPv4 alone. */
      readonly isPrefixMissing?: boolean;
    }
  | {
      readonly ok: false;
      /** Not here: the call goes on to an LNS of the list `peer`, which authenticates the user. */
      readonly reason: "forward";
      readonly peer: string;
    }
  | Refusal;

export interface Refusal {
  readonly ok: false;
  readonly reason: "credentials" | "pool-exhausted";
  /** Which of the two it was: for the operator, never for the peer. */
  readonly detail?: "unknown-user" | "wrong-password";
  /** For the peer to read. */
  readonly message: string;
}

/** What is known of a session beside the request. */
export interface Caller {
  /**
   * What the session has already: who authenticates anew after LCP was renegotiated and is entitled
   * to the same keeps it, so that even the only address of a pool is not in its way.
   */
  readonly held?: Grant | undefined;
  /** As the LAC told it (RFC 2661 4.4.4); "" or nothing when it did not, as of all below. */
  readonly calledNumber?: string | undefined;
  readonly callingNumber?: string | undefined;
  readonly subAddress?: string | undefined;
  /** The private group that the call belongs to at the LAC. */
  readonly privateGroupId?: string | undefined;
}

/** The port. An implementation answers every request and never rejects. */
export interface Aaa {
  authenticate(request: AuthRequest, caller?: Caller): Promise<AaaResult>;
  /** Gives back what was granted; a second time does nothing. */
  release(grant: Grant): void;
}
