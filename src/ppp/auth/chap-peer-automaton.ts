/**
 * CHAP of any algorithm on the side that is authenticated (RFC 1994 section 4), cell by cell. A cell
 * that is absent means that the event changes nothing: a packet is counted and dropped.
 *
 * A Success is no event before its proof is judged: RS+ has the right one, or needs none as with
 * MD5; RS- has not.
 *
 * @module
 */
import type { Table } from "../../sansio/automaton.ts";

/** Renewing: challenged again while the link is up, as a server may at any time. */
export type State = "Listening" | "Response-Sent" | "Passed" | "Renewing" | "Failed";
/** Receive-Challenge, -Success, -Failure; the timer with time left and without. */
export type Event = "RCH" | "RS+" | "RS-" | "RFL" | "TO+" | "TO-";
/** Send-Response: to the Challenge that came, or the last one again. */
export type Action = "srs";

export const automaton: Table<State, Event, Action> = {
  Listening: {
    RCH: { actions: ["srs"], next: "Response-Sent" },
    "TO-": { actions: [], next: "Failed" },
  },
  "Response-Sent": {
    RCH: { actions: ["srs"], next: "Response-Sent" },
    "RS+": { actions: [], next: "Passed" },
    "RS-": { actions: [], next: "Failed" },
    RFL: { actions: [], next: "Failed" },
    "TO+": { actions: ["srs"], next: "Response-Sent" },
    "TO-": { actions: [], next: "Failed" },
  },
  Passed: {
    RCH: { actions: ["srs"], next: "Renewing" },
  },
  Renewing: {
    RCH: { actions: ["srs"], next: "Renewing" },
    "RS+": { actions: [], next: "Passed" },
    "RS-": { actions: [], next: "Failed" },
    RFL: { actions: [], next: "Failed" },
  },
  Failed: {},
};
