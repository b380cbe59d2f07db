/**
 * RFC 2661 7.2.1, control connection establishment, as the receiver of an SCCRQ runs it. The
 * originator's state, wait-ctl-reply, is not here: an LNS waits to be called.
 *
 * Three events are not in the RFC's table but in its text: a message that is invalid or malformed
 * (7.1: the control connection is cleared), a peer that acknowledges nothing any more (5.8:
 * cleared, and nothing can be said to it) and Admin Tunnel Close in wait-ctl-conn, which is also
 * what ends a set-up that takes too long (7.3 leaves timers to 5.8, which does not see a peer that
 * acknowledges SCCRP and never sends SCCCN).
 *
 * @module
 */
import type { Table } from "../sansio/automaton.ts";

export type ControlConnectionState = "idle" | "wait-ctl-conn" | "established";

export type ControlConnectionEvent =
  | "Receive SCCRQ, acceptable"
  | "Receive SCCRQ, not acceptable"
  | "Receive SCCRP"
  | "Receive SCCCN, acceptable"
  | "Receive SCCCN, not acceptable"
  | "Receive StopCCN"
  | "Receive invalid message"
  | "Admin Tunnel Close"
  | "No peer response";

export type ControlConnectionAction =
  | "Send SCCRP"
  | "Send StopCCN"
  | "Clean up"
  | "Send tunnel-open event to waiting sessions";

const refuse = { actions: ["Send StopCCN", "Clean up"], next: "idle" } as const;
const cleanUp = { actions: ["Clean up"], next: "idle" } as const;

export const controlConnection: Table<
  ControlConnectionState,
  ControlConnectionEvent,
  ControlConnectionAction
> = {
  idle: {
    "Receive SCCRQ, acceptable": { actions: ["Send SCCRP"], next: "wait-ctl-conn" },
    "Receive SCCRQ, not acceptable": refuse,
    "Receive SCCRP": refuse,
    "Receive SCCCN, acceptable": cleanUp,
    "Receive SCCCN, not acceptable": cleanUp,
    "Receive StopCCN": cleanUp,
    "Receive invalid message": cleanUp,
  },
  "wait-ctl-conn": {
    "Receive SCCRQ, acceptable": refuse,
    "Receive SCCRQ, not acceptable": refuse,
    "Receive SCCRP": refuse,
    "Receive SCCCN, acceptable": {
      actions: ["Send tunnel-open event to waiting sessions"],
      next: "established",
    },
    "Receive SCCCN, not acceptable": refuse,
    "Receive StopCCN": cleanUp,
    "Receive invalid message": refuse,
    "Admin Tunnel Close": refuse,
    "No peer response": cleanUp,
  },
  established: {
    "Receive SCCRQ, acceptable": refuse,
    "Receive SCCRQ, not acceptable": refuse,
    "Receive SCCRP": refuse,
    "Receive SCCCN, acceptable": refuse,
    "Receive SCCCN, not acceptable": refuse,
    "Receive StopCCN": cleanUp,
    "Receive invalid message": refuse,
    "Admin Tunnel Close": refuse,
    "No peer response": cleanUp,
  },
};
