/**
 * RFC 2661 7.4.1, LAC incoming call states.
 *
 * "Local Close request" is also what the RFC calls "Bearer line drop": both are told to us by
 * whoever owns the line. Two events are not in the RFC's table but in its text: a message with a
 * fault that ends the session (4.1, 7.1) and the end of the tunnel, which clears its sessions
 * without a word (5.7).
 *
 * @module
 */
import type { Table } from "../sansio/automaton.ts";

export type LacIncomingCallState = "idle" | "wait-tunnel" | "wait-reply" | "established";

export type LacIncomingCallEvent =
  | "Bearer Ring or Ready to indicate incoming conn."
  | "tunnel-open"
  | "Receive ICRQ"
  | "Receive ICRP, acceptable"
  | "Receive ICRP, not acceptable"
  | "Receive ICCN"
  | "Receive CDN"
  | "Receive invalid message"
  | "Local Close request"
  | "Tunnel closed";

export type LacIncomingCallAction =
  | "Initiate local tunnel open"
  | "Send ICRQ"
  | "Send ICCN"
  | "Send CDN"
  | "Clean up";

const disconnect = { actions: ["Send CDN", "Clean up"], next: "idle" } as const;
const cleanUp = { actions: ["Clean up"], next: "idle" } as const;

export const lacIncomingCall: Table<
  LacIncomingCallState,
  LacIncomingCallEvent,
  LacIncomingCallAction
> = {
  idle: {
    "Bearer Ring or Ready to indicate incoming conn.": {
      actions: ["Initiate local tunnel open"],
      next: "wait-tunnel",
    },
    "Receive ICRP, acceptable": cleanUp,
    "Receive ICRP, not acceptable": cleanUp,
    "Receive ICCN": cleanUp,
    "Receive CDN": cleanUp,
    "Receive invalid message": cleanUp,
  },
  "wait-tunnel": {
    "tunnel-open": { actions: ["Send ICRQ"], next: "wait-reply" },
    "Local Close request": cleanUp,
    "Tunnel closed": cleanUp,
  },
  "wait-reply": {
    "Receive ICRQ": disconnect,
    "Receive ICRP, acceptable": { actions: ["Send ICCN"], next: "established" },
    "Receive ICRP, not acceptable": disconnect,
    "Receive ICCN": cleanUp,
    "Receive CDN": cleanUp,
    "Receive invalid message": disconnect,
    "Local Close request": disconnect,
    "Tunnel closed": cleanUp,
  },
  established: {
    "Receive ICRQ": disconnect,
    "Receive ICRP, acceptable": disconnect,
    "Receive ICRP, not acceptable": disconnect,
    "Receive ICCN": disconnect,
    "Receive CDN": cleanUp,
    "Receive invalid message": disconnect,
    "Local Close request": disconnect,
    "Tunnel closed": cleanUp,
  },
};
