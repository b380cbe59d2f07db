/**
 * The four call automata side by side: which one a session runs by our role and the direction of
 * its call, and which of its events a received message is.
 *
 * @module
 */
import type { Cell } from "../sansio/automaton.ts";
import {
  type LacIncomingCallAction,
  type LacIncomingCallEvent,
  type LacIncomingCallState,
  lacIncomingCall,
} from "./lac-incoming-call-automaton.ts";
import {
  type LacOutgoingCallAction,
  type LacOutgoingCallEvent,
  type LacOutgoingCallState,
  lacOutgoingCall,
} from "./lac-outgoing-call-automaton.ts";
import {
  type LnsIncomingCallAction,
  type LnsIncomingCallEvent,
  type LnsIncomingCallState,
  lnsIncomingCall,
} from "./lns-incoming-call-automaton.ts";
import {
  type LnsOutgoingCallAction,
  type LnsOutgoingCallEvent,
  type LnsOutgoingCallState,
  lnsOutgoingCall,
} from "./lns-outgoing-call-automaton.ts";
import type { Direction, Role } from "./types.ts";

export type CallState =
  | LacIncomingCallState
  | LacOutgoingCallState
  | LnsIncomingCallState
  | LnsOutgoingCallState;

export type CallEvent =
  | LacIncomingCallEvent
  | LacOutgoingCallEvent
  | LnsIncomingCallEvent
  | LnsOutgoingCallEvent;

export type CallAction =
  | LacIncomingCallAction
  | LacOutgoingCallAction
  | LnsIncomingCallAction
  | LnsOutgoingCallAction;

type Row = { readonly [E in CallEvent]?: Cell<CallState, CallAction> };

export type CallAutomaton = { readonly [S in CallState]?: Row };

const AUTOMATA: Readonly<Record<Role, Readonly<Record<Direction, CallAutomaton>>>> = {
  lac: { incoming: lacIncomingCall, outgoing: lacOutgoingCall },
  lns: { incoming: lnsIncomingCall, outgoing: lnsOutgoingCall },
};

export function callAutomaton(role: Role, direction: Direction): CallAutomaton {
  return AUTOMATA[role][direction];
}

/** As `step` of one table. */
export function stepCall(
  automaton: CallAutomaton,
  state: CallState,
  event: CallEvent,
): Cell<CallState, CallAction> | undefined {
  return automaton[state]?.[event];
}

/** What is said in the call of that direction. */
export const MESSAGE_DIRECTION = {
  ICRQ: "incoming",
  ICRP: "incoming",
  ICCN: "incoming",
  OCRQ: "outgoing",
  OCRP: "outgoing",
  OCCN: "outgoing",
} as const satisfies Readonly<Record<string, Direction>>;

export type SetupMessage = keyof typeof MESSAGE_DIRECTION;

/** A table tells acceptable messages from others where that matters; what it lacks is invalid. */
export function receiveEvent(
  automaton: CallAutomaton,
  state: CallState,
  name: SetupMessage,
  isAcceptable: boolean,
): CallEvent {
  const row = automaton[state] ?? {};
  const graded = `Receive ${name}, ${isAcceptable ? "acceptable" : "not acceptable"}`;
  const plain = `Receive ${name}`;
  if (isEvent(row, graded)) return graded;
  return isEvent(row, plain) ? plain : "Receive invalid message";
}

function isEvent(row: Row, name: string): name is CallEvent {
  return name in row;
}
