/**
 * RFC 2661 7.5.1, LAC outgoing call states.
 *
 * "Local Close request" is also what the RFC calls "Bearer line drop". Two events are not in the
 * RFC's table but in its text: a message with a fault that ends the session (4.1, 7.1) and the end
 * of the tunnel, which clears its sessions without a word (5.7).
 *
 * @module
 */
import type { Table } from "../sansio/automaton.ts";

export type LacOutgoingCallState = "idle" | "wait-cs-answer" | "established";

export type LacOutgoingCallEvent =
  | "Receive OCRQ, acceptable"
  | "Receive OCRQ, not acceptable"
  | "Receive OCRP"
  | "Receive OCCN"
  | "Receive CDN"
  | "Receive invalid message"
  | "Bearer answer, framing detected"
  | "Bearer failure"
  | "Local Close request"
  | "Tunnel closed";

/** Whoever owns the line opens the bearer: the event "session-open" tells it to. */
export type LacOutgoingCallAction =
  | "Send OCRP"
  | "Open bearer"
  | "Send OCCN"
  | "Send CDN"
  | "Clean up";

const disconnect = { actions: ["Send CDN", "Clean up"], next: "idle" } as const;
const cleanUp = { actions: ["Clean up"], next: "idle" } as const;

export const lacOutgoingCall: Table<
  LacOutgoingCallState,
  LacOutgoingCallEvent,
  LacOutgoingCallAction
> = {
  idle: {
    "Receive OCRQ, acceptable": { actions: ["Send OCRP", "Open bearer"], next: "wait-cs-answer" },
    "Receive OCRQ, not acceptable": disconnect,
    "Receive OCRP": disconnect,
    "Receive OCCN": cleanUp,
    "Receive CDN": cleanUp,
    "Receive invalid message": cleanUp,
  },
  "wait-cs-answer": {
    "Receive OCRQ, acceptable": disconnect,
    "Receive OCRQ, not acceptable": disconnect,
    "Receive OCRP": disconnect,
    "Receive OCCN": disconnect,
    "Receive CDN": cleanUp,
    "Receive invalid message": disconnect,
    "Bearer answer, framing detected": { actions: ["Send OCCN"], next: "established" },
    "Bearer failure": disconnect,
    "Tunnel closed": cleanUp,
  },
  established: {
    "Receive OCRQ, acceptable": disconnect,
    "Receive OCRQ, not acceptable": disconnect,
    "Receive OCRP": disconnect,
    "Receive OCCN": disconnect,
    "Receive CDN": cleanUp,
    "Receive invalid message": disconnect,
    "Local Close request": disconnect,
    "Tunnel closed": cleanUp,
  },
};
