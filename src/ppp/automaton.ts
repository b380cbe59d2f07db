/**
 * The option negotiation automaton of RFC 1661 section 4.1, cell by cell. LCP and every NCP run it.
 *
 * A cell that is absent is the dash of the RFC: the event cannot happen in that state. Footnotes:
 *
 * - `p`: the passive option would leave out tlf; it is for dedicated circuits and is not taken.
 * - `r`: the restart option would issue Down and Up. A link here is opened once: it is not taken.
 * - `x`: crossed connection. A second reply to one Configure-Request is discarded by Identifier, so
 *   these cells are here for the table to be whole.
 *
 * @module
 */
import type { Cell } from "../sansio/automaton.ts";

export type State =
  | "Initial"
  | "Starting"
  | "Closed"
  | "Stopped"
  | "Closing"
  | "Stopping"
  | "Req-Sent"
  | "Ack-Rcvd"
  | "Ack-Sent"
  | "Opened";

export type Event =
  | "Up"
  | "Down"
  | "Open"
  | "Close"
  | "TO+"
  | "TO-"
  | "RCR+"
  | "RCR-"
  | "RCA"
  | "RCN"
  | "RTR"
  | "RTA"
  | "RUC"
  | "RXJ+"
  | "RXJ-"
  | "RXR";

export type Action =
  | "tlu"
  | "tld"
  | "tls"
  | "tlf"
  | "irc"
  | "zrc"
  | "scr"
  | "sca"
  | "scn"
  | "str"
  | "sta"
  | "scj"
  | "ser";

export interface NotedCell extends Cell<State, Action> {
  readonly note?: "p" | "r" | "x";
}

export const automaton: {
  readonly [S in State]: { readonly [E in Event]?: NotedCell };
} = {
  Initial: {
    Up: { actions: [], next: "Closed" },
    Open: { actions: ["tls"], next: "Starting" },
    Close: { actions: [], next: "Initial" },
  },
  Starting: {
    Up: { actions: ["irc", "scr"], next: "Req-Sent" },
    Open: { actions: [], next: "Starting" },
    Close: { actions: ["tlf"], next: "Initial" },
  },
  Closed: {
    Down: { actions: [], next: "Initial" },
    Open: { actions: ["irc", "scr"], next: "Req-Sent" },
    Close: { actions: [], next: "Closed" },
    "RCR+": { actions: ["sta"], next: "Closed" },
    "RCR-": { actions: ["sta"], next: "Closed" },
    RCA: { actions: ["sta"], next: "Closed" },
    RCN: { actions: ["sta"], next: "Closed" },
    RTR: { actions: ["sta"], next: "Closed" },
    RTA: { actions: [], next: "Closed" },
    RUC: { actions: ["scj"], next: "Closed" },
    "RXJ+": { actions: [], next: "Closed" },
    "RXJ-": { actions: ["tlf"], next: "Closed" },
    RXR: { actions: [], next: "Closed" },
  },
  Stopped: {
    Down: { actions: ["tls"], next: "Starting" },
    Open: { actions: [], next: "Stopped", note: "r" },
    Close: { actions: [], next: "Closed" },
    "RCR+": { actions: ["irc", "scr", "sca"], next: "Ack-Sent" },
    "RCR-": { actions: ["irc", "scr", "scn"], next: "Req-Sent" },
    RCA: { actions: ["sta"], next: "Stopped" },
    RCN: { actions: ["sta"], next: "Stopped" },
    RTR: { actions: ["sta"], next: "Stopped" },
    RTA: { actions: [], next: "Stopped" },
    RUC: { actions: ["scj"], next: "Stopped" },
    "RXJ+": { actions: [], next: "Stopped" },
    "RXJ-": { actions: ["tlf"], next: "Stopped" },
    RXR: { actions: [], next: "Stopped" },
  },
  Closing: {
    Down: { actions: [], next: "Initial" },
    Open: { actions: [], next: "Stopping", note: "r" },
    Close: { actions: [], next: "Closing" },
    "TO+": { actions: ["str"], next: "Closing" },
    "TO-": { actions: ["tlf"], next: "Closed" },
    "RCR+": { actions: [], next: "Closing" },
    "RCR-": { actions: [], next: "Closing" },
    RCA: { actions: [], next: "Closing" },
    RCN: { actions: [], next: "Closing" },
    RTR: { actions: ["sta"], next: "Closing" },
    RTA: { actions: ["tlf"], next: "Closed" },
    RUC: { actions: ["scj"], next: "Closing" },
    "RXJ+": { actions: [], next: "Closing" },
    "RXJ-": { actions: ["tlf"], next: "Closed" },
    RXR: { actions: [], next: "Closing" },
  },
  Stopping: {
    Down: { actions: [], next: "Starting" },
    Open: { actions: [], next: "Stopping", note: "r" },
    Close: { actions: [], next: "Closing" },
    "TO+": { actions: ["str"], next: "Stopping" },
    "TO-": { actions: ["tlf"], next: "Stopped" },
    "RCR+": { actions: [], next: "Stopping" },
    "RCR-": { actions: [], next: "Stopping" },
    RCA: { actions: [], next: "Stopping" },
    RCN: { actions: [], next: "Stopping" },
    RTR: { actions: ["sta"], next: "Stopping" },
    RTA: { actions: ["tlf"], next: "Stopped" },
    RUC: { actions: ["scj"], next: "Stopping" },
    "RXJ+": { actions: [], next: "Stopping" },
    "RXJ-": { actions: ["tlf"], next: "Stopped" },
    RXR: { actions: [], next: "Stopping" },
  },
  "Req-Sent": {
    Down: { actions: [], next: "Starting" },
    Open: { actions: [], next: "Req-Sent" },
    Close: { actions: ["irc", "str"], next: "Closing" },
    "TO+": { actions: ["scr"], next: "Req-Sent" },
    "TO-": { actions: ["tlf"], next: "Stopped", note: "p" },
    "RCR+": { actions: ["sca"], next: "Ack-Sent" },
    "RCR-": { actions: ["scn"], next: "Req-Sent" },
    RCA: { actions: ["irc"], next: "Ack-Rcvd" },
    RCN: { actions: ["irc", "scr"], next: "Req-Sent" },
    RTR: { actions: ["sta"], next: "Req-Sent" },
    RTA: { actions: [], next: "Req-Sent" },
    RUC: { actions: ["scj"], next: "Req-Sent" },
    "RXJ+": { actions: [], next: "Req-Sent" },
    "RXJ-": { actions: ["tlf"], next: "Stopped" },
    RXR: { actions: [], next: "Req-Sent" },
  },
  "Ack-Rcvd": {
    Down: { actions: [], next: "Starting" },
    Open: { actions: [], next: "Ack-Rcvd" },
    Close: { actions: ["irc", "str"], next: "Closing" },
    "TO+": { actions: ["scr"], next: "Req-Sent" },
    "TO-": { actions: ["tlf"], next: "Stopped", note: "p" },
    "RCR+": { actions: ["sca", "tlu"], next: "Opened" },
    "RCR-": { actions: ["scn"], next: "Ack-Rcvd" },
    RCA: { actions: ["scr"], next: "Req-Sent", note: "x" },
    RCN: { actions: ["scr"], next: "Req-Sent", note: "x" },
    RTR: { actions: ["sta"], next: "Req-Sent" },
    RTA: { actions: [], next: "Req-Sent" },
    RUC: { actions: ["scj"], next: "Ack-Rcvd" },
    "RXJ+": { actions: [], next: "Req-Sent" },
    "RXJ-": { actions: ["tlf"], next: "Stopped" },
    RXR: { actions: [], next: "Ack-Rcvd" },
  },
  "Ack-Sent": {
    Down: { actions: [], next: "Starting" },
    Open: { actions: [], next: "Ack-Sent" },
    Close: { actions: ["irc", "str"], next: "Closing" },
    "TO+": { actions: ["scr"], next: "Ack-Sent" },
    "TO-": { actions: ["tlf"], next: "Stopped", note: "p" },
    "RCR+": { actions: ["sca"], next: "Ack-Sent" },
    "RCR-": { actions: ["scn"], next: "Req-Sent" },
    RCA: { actions: ["irc", "tlu"], next: "Opened" },
    RCN: { actions: ["irc", "scr"], next: "Ack-Sent" },
    RTR: { actions: ["sta"], next: "Req-Sent" },
    RTA: { actions: [], next: "Ack-Sent" },
    RUC: { actions: ["scj"], next: "Ack-Sent" },
    "RXJ+": { actions: [], next: "Ack-Sent" },
    "RXJ-": { actions: ["tlf"], next: "Stopped" },
    RXR: { actions: [], next: "Ack-Sent" },
  },
  Opened: {
    Down: { actions: ["tld"], next: "Starting" },
    Open: { actions: [], next: "Opened", note: "r" },
    Close: { actions: ["tld", "irc", "str"], next: "Closing" },
    "RCR+": { actions: ["tld", "scr", "sca"], next: "Ack-Sent" },
    "RCR-": { actions: ["tld", "scr", "scn"], next: "Req-Sent" },
    RCA: { actions: ["tld", "scr"], next: "Req-Sent", note: "x" },
    RCN: { actions: ["tld", "scr"], next: "Req-Sent", note: "x" },
    RTR: { actions: ["tld", "zrc", "sta"], next: "Stopping" },
    RTA: { actions: ["tld", "scr"], next: "Req-Sent" },
    RUC: { actions: ["scj"], next: "Opened" },
    "RXJ+": { actions: [], next: "Opened" },
    "RXJ-": { actions: ["tld", "irc", "str"], next: "Stopping" },
    RXR: { actions: ["ser"], next: "Opened" },
  },
};

/** States in which the Restart timer runs: those that have a TO event. */
export function isTimed(state: State): boolean {
  return automaton[state]["TO+"] !== undefined;
}
