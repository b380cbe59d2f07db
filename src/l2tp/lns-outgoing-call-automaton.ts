/**
 * RFC 2661 7.5.2, LNS outgoing call states.
 *
 * Three events are not in the RFC's table but in its text: an OCCN that is not acceptable and any
 * other message with a fault that ends the session (4.1, 7.1), and the end of the tunnel, which
 * clears its sessions without a word (5.7).
 *
 * @module
 */
import type { Table } from "../sansio/automaton.ts";

export type LnsOutgoingCallState =
  | "idle"
  | "wait-tunnel"
  | "wait-reply"
  | "wait-connect"
  | "established";

export type LnsOutgoingCallEvent =
  | "Local open request"
  | "tunnel-open"
  | "Receive OCRQ"
  | "Receive OCRP, acceptable"
  | "Receive OCRP, not acceptable"
  | "Receive OCCN, acceptable"
  | "Receive OCCN, not acceptable"
  | "Receive CDN"
  | "Receive invalid message"
  | "Local Close request"
  | "Tunnel closed";

export type LnsOutgoingCallAction =
  | "Initiate local tunnel open"
  | "Send OCRQ"
  | "Send CDN"
  | "Clean up";

const disconnect = { actions: ["Send CDN", "Clean up"], next: "idle" } as const;
const cleanUp = { actions: ["Clean up"], next: "idle" } as const;

export const lnsOutgoingCall: Table<
  LnsOutgoingCallState,
  LnsOutgoingCallEvent,
  LnsOutgoingCallAction
> = {
  idle: {
    "Local open request": { actions: ["Initiate local tunnel open"], next: "wait-tunnel" },
    "Receive OCRP, acceptable": cleanUp,
    "Receive OCRP, not acceptable": cleanUp,
    "Receive OCCN, acceptable": cleanUp,
    "Receive OCCN, not acceptable": cleanUp,
    "Receive CDN": cleanUp,
    "Receive invalid message": cleanUp,
  },
  "wait-tunnel": {
    "tunnel-open": { actions: ["Send OCRQ"], next: "wait-reply" },
    "Local Close request": cleanUp,
    "Tunnel closed": cleanUp,
  },
  "wait-reply": {
    "Receive OCRQ": disconnect,
    "Receive OCRP, acceptable": { actions: [], next: "wait-connect" },
    "Receive OCRP, not acceptable": disconnect,
    "Receive OCCN, acceptable": disconnect,
    "Receive OCCN, not acceptable": disconnect,
    "Receive CDN": cleanUp,
    "Receive invalid message": disconnect,
    "Local Close request": disconnect,
    "Tunnel closed": cleanUp,
  },
  "wait-connect": {
    "Receive OCRQ": disconnect,
    "Receive OCRP, acceptable": disconnect,
    "Receive OCRP, not acceptable": disconnect,
    "Receive OCCN, acceptable": { actions: [], next: "established" },
    "Receive OCCN, not acceptable": disconnect,
    "Receive CDN": cleanUp,
    "Receive invalid message": disconnect,
    "Local Close request": disconnect,
    "Tunnel closed": cleanUp,
  },
  established: {
    "Receive OCRQ": disconnect,
    "Receive OCRP, acceptable": disconnect,
    "Receive OCRP, not acceptable": disconnect,
    "Receive OCCN, acceptable": disconnect,
    "Receive OCCN, not acceptable": disconnect,
    "Receive CDN": cleanUp,
    "Receive invalid message": disconnect,
    "Local Close request": disconnect,
    "Tunnel closed": cleanUp,
  },
};
