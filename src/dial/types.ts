/** What goes into and comes out of a `Dialler`. @module */
import type { Cause, Disconnect, Path, Result, SessionInfo } from "../l2tp/index.ts";
import type { Random } from "../sansio/machine.ts";

/** An LNS that calls may go to, or a LAC that is asked for them; those of one name are a list. */
export interface Target {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly secret: string;
  /** The lowest is tried first. */
  readonly priority: number;
  /** Share of the calls among those of one priority; at least 1. */
  readonly weight: number;
  readonly hideAvps: boolean;
}

/** What a call is placed with; the same of each LNS that is tried. */
export interface Request<Call, Connected> {
  readonly call: Call;
  readonly connected?: Connected;
  /** Address that the call itself comes from: it does not go back there. */
  readonly from?: string;
}

/** The verbs of an L2TP endpoint that placing a call needs. */
export interface Placer<Call, Connected> {
  connect(
    options: {
      readonly path: Path;
      readonly role: "lac" | "lns";
      readonly secret: string;
      readonly hideAvps: boolean;
    },
    now: number,
  ): number | undefined;
  placeCall(tunnelId: number, call: Call, now: number, connected?: Connected): number | undefined;
  closeSession(
    tunnelId: number,
    sessionId: number,
    result: Result,
    now: number,
    disconnect?: Disconnect,
  ): void;
  closeTunnel(tunnelId: number, result: Result, now: number): void;
}

export interface DiallerOptions<Call, Connected> {
  readonly targets: readonly Target[];
  readonly endpoint: Placer<Call, Connected>;
  /** What we are in the tunnels that are opened. */
  readonly role: "lac" | "lns";
  /** Our only address, where the socket listens on one; "" leaves it to the host. */
  readonly local: string;
  readonly random: Random;
}

/**
 * "trying" and "missed" come once for each LNS of a list that is tried. Then either "up" and later
 * "down", or "failed": every LNS was tried that is not locked out. None comes after `hangUp`.
 */
export type DialEvent =
  | { readonly type: "trying"; readonly dial: number; readonly target: Target }
  | {
      readonly type: "missed";
      readonly dial: number;
      readonly target: Target;
      /** "origin": the call comes from there, and it is not tried. */
      readonly why: "no-answer" | "ended" | "no-room" | "origin";
      /** With "ended": how. */
      readonly cause?: Cause;
    }
  | {
      readonly type: "up";
      readonly dial: number;
      readonly target: Target;
      readonly session: SessionInfo;
    }
  | { readonly type: "failed"; readonly dial: number }
  | {
      readonly type: "down";
      readonly dial: number;
      readonly target: Target;
      readonly session: SessionInfo;
      readonly cause: Cause;
    };
