/**
 * RFC 2661 7.4.2, LNS incoming call states.
 *
 * Two events are not in the RFC's table but in its text: a message with a fault that ends the
 * session (4.1, 7.1) and the end of the tunnel, which clears its sessions without a word (5.7).
 *
 * @module
 */
import type { Table } from "../sansio/automaton.ts";

export type LnsIncomingCallState = "idle" | "wait-connect" | "established";

export type LnsIncomingCallEvent =
  | "Receive ICRQ, acceptable"
  | "Receive ICRQ, not acceptable"
  | "Receive ICRP"
  | "Receive ICCN, acceptable"
  | "Receive ICCN, not acceptable"
  | "Receive CDN"
  | "Receive invalid message"
  | "Local Close request"
  | "Tunnel closed";

export type LnsIncomingCallAction = "Send ICRP" | "Send CDN" | "Clean up" | "Prepare for data";

const disconnect = { actions: ["Send CDN", "Clean up"], next: "idle" } as const;
const cleanUp = { actions: ["Clean up"], next: "idle" } as const;

export const lnsIncomingCall: Table<
  LnsIncomingCallState,
  LnsIncomingCallEvent,
  LnsIncomingCallAction
> = {
  idle: {
    "Receive ICRQ, acceptable": { actions: ["Send ICRP"], next: "wait-connect" },
    "Receive ICRQ, not acceptable": disconnect,
    "Receive ICRP": disconnect,
    "Receive ICCN, acceptable": cleanUp,
    "Receive ICCN, not acceptable": cleanUp,
    "Receive CDN": cleanUp,
    "Receive invalid message": cleanUp,
  },
  "wait-connect": {
    "Receive ICRQ, acceptable": disconnect,
    "Receive ICRQ, not acceptable": disconnect,
    "Receive ICRP": disconnect,
    "Receive ICCN, acceptable": { actions: ["Prepare for data"], next: "established" },
    "Receive ICCN, not acceptable": disconnect,
    "Receive CDN": cleanUp,
    "Receive invalid message": disconnect,
    "Local Close request": disconnect,
    "Tunnel closed": cleanUp,
  },
  established: {
    "Receive ICRQ, acceptable": disconnect,
    "Receive ICRQ, not acceptable": disconnect,
    "Receive ICRP": disconnect,
    "Receive ICCN, acceptable": disconnect,
    "Receive ICCN, not acceptable": disconnect,
    "Receive CDN": cleanUp,
    "Receive invalid message": disconnect,
    "Local Close request": disconnect,
    "Tunnel closed": cleanUp,
  },
};
