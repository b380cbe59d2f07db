/**
 * RFC 2661 7.2.1, control connection establishment, whole: the originator of an SCCRQ and its
 * receiver run the same table.
 *
 * Three events are not in the RFC's table but in its text: a message that is invalid or malformed
 * (7.1: the control connection is cleared), a peer that acknowledges nothing any more (5.8:
 * cleared, and nothing can be said to it) and Admin Tunnel Close before a control connection is
 * established, which is also what ends a set-up that takes too long (7.3 leaves timers to 5.8,
 * which does not see a peer that acknowledges and never goes on).
 *
 * In wait-ctl-reply an SCCRQ that names our Tunnel ID in its header is out of place, as in every
 * state but idle. One that meets ours on its way has Tunnel ID 0: where it wins the tie, ours is
 * cleaned up, and the peer's has been taken up in idle already (`Ties`).
 *
 * @module
 */
import type { Table } from "../sansio/automaton.ts";

export type ControlConnectionState = "idle" | "wait-ctl-reply" | "wait-ctl-conn" | "established";

export type ControlConnectionEvent =
  | "Local Open request"
  | "Receive SCCRQ, acceptable"
  | "Receive SCCRQ, not acceptable"
  | "Receive SCCRQ, lose tie-breaker"
  | "Receive SCCRP, acceptable"
  | "Receive SCCRP, not acceptable"
  | "Receive SCCCN, acceptable"
  | "Receive SCCCN, not acceptable"
  | "Receive StopCCN"
  | "Receive invalid message"
  | "Admin Tunnel Close"
  | "No peer response";

export type ControlConnectionAction =
  | "Send SCCRQ"
  | "Send SCCRP"
  | "Send SCCCN"
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
    "Local Open request": { actions: ["Send SCCRQ"], next: "wait-ctl-reply" },
    "Receive SCCRQ, acceptable": { actions: ["Send SCCRP"], next: "wait-ctl-conn" },
    "Receive SCCRQ, not acceptable": refuse,
    "Receive SCCRP, acceptable": refuse,
    "Receive SCCRP, not acceptable": refuse,
    "Receive SCCCN, acceptable": cleanUp,
    "Receive SCCCN, not acceptable": cleanUp,
    "Receive StopCCN": cleanUp,
    "Receive invalid message": cleanUp,
  },
  "wait-ctl-reply": {
    "Receive SCCRQ, acceptable": refuse,
    "Receive SCCRQ, not acceptable": refuse,
    "Receive SCCRQ, lose tie-breaker": cleanUp,
    "Receive SCCRP, acceptable": {
      actions: ["Send SCCCN", "Send tunnel-open event to waiting sessions"],
      next: "established",
    },
    "Receive SCCRP, not acceptable": refuse,
    "Receive SCCCN, acceptable": refuse,
    "Receive SCCCN, not acceptable": refuse,
    "Receive StopCCN": cleanUp,
    "Receive invalid message": refuse,
    "Admin Tunnel Close": refuse,
    "No peer response": cleanUp,
  },
  "wait-ctl-conn": {
    "Receive SCCRQ, acceptable": refuse,
    "Receive SCCRQ, not acceptable": refuse,
    "Receive SCCRP, acceptable": refuse,
    "Receive SCCRP, not acceptable": refuse,
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
    "Local Open request": {
      actions: ["Send tunnel-open event to waiting sessions"],
      next: "established",
    },
    "Receive SCCRQ, acceptable": refuse,
    "Receive SCCRQ, not acceptable": refuse,
    "Receive SCCRP, acceptable": refuse,
    "Receive SCCRP, not acceptable": refuse,
    "Receive SCCCN, acceptable": refuse,
    "Receive SCCCN, not acceptable": refuse,
    "Receive StopCCN": cleanUp,
    "Receive invalid message": refuse,
    "Admin Tunnel Close": refuse,
    "No peer response": cleanUp,
  },
};
