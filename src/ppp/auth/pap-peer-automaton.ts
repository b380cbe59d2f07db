/**
 * PAP on the side that is authenticated (RFC 1334 section 2), cell by cell. A cell that is absent
 * means that the event changes nothing: a reply is counted and dropped, no timer runs.
 *
 * @module
 */
import type { Table } from "../../sansio/automaton.ts";

export type State = "Req-Sent" | "Passed" | "Failed";
/** Receive-Authenticate-Ack and -Nak; the timer with time left and without. */
export type Event = "RAA" | "RAN" | "TO+" | "TO-";
/** Send-Authenticate-Request. */
export type Action = "sar";

export const automaton: Table<State, Event, Action> = {
  "Req-Sent": {
    RAA: { actions: [], next: "Passed" },
    RAN: { actions: [], next: "Failed" },
    "TO+": { actions: ["sar"], next: "Req-Sent" },
    "TO-": { actions: [], next: "Failed" },
  },
  Passed: {},
  Failed: {},
};
