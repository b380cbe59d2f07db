/**
 * What a peer is told when it does not get what it asked for: Result Code, Error Code and an Error
 * Message for whoever reads its log (RFC 2661 4.4.2).
 *
 * @module
 */
import type { CounterName } from "./counters.ts";
import type { Cause, Result, Role } from "./types.ts";

/** Protocol Version 1, Revision 0 (RFC 2661 4.4.3). */
export const PROTOCOL_VERSION = 0x0100;

/** Result Codes of a StopCCN. */
export const StopCode = {
  General: 1,
  Error: 2,
  AlreadyExists: 3,
  NotAuthorized: 4,
  Version: 5,
  ShuttingDown: 6,
  StateMachine: 7,
} as const;

/** Result Codes of a CDN. */
export const DisconnectCode = {
  LostCarrier: 1,
  Error: 2,
  Administrative: 3,
  NoFacilitiesNow: 4,
  NoFacilities: 5,
  InvalidDestination: 6,
  NoCarrier: 7,
  Busy: 8,
  NoDialTone: 9,
  NotInTime: 10,
  NoFraming: 11,
} as const;

/**
 * Error Codes of both, with Result Code 2 (and 0 where only a message follows). As of the Result
 * Codes above, those that nothing here sends are for the owner, who knows the line.
 */
export const ErrorCode = {
  None: 0,
  NoControlConnection: 1,
  Length: 2,
  OutOfRange: 3,
  Resources: 4,
  SessionId: 5,
  Vendor: 6,
  TryAnother: 7,
  UnknownAvp: 8,
} as const;

/** What a request or a message lacks: as it is counted and as the peer is told. */
export interface Fault {
  readonly counter: CounterName;
  readonly result: Result;
}

export function causeOf({ result, counter }: Fault): Cause {
  return { by: "local", result, reason: counter };
}

function fault(
  counter: CounterName,
  code: number,
  message: string,
  error: number = ErrorCode.None,
): Fault {
  return { counter, result: { code, error, message } };
}

/** A message that the control connection's state does not foresee. */
export function unforeseen(message: string, state: string): Fault {
  return fault("out-of-sequence", StopCode.StateMachine, `${message} in ${state}`);
}

const { NotAuthorized } = StopCode;

/** StopCCN. */
export const WRONG_RESPONSE = fault("refused-secret", NotAuthorized, "wrong Challenge Response");
export const NO_RESPONSE = fault("missing-avp", NotAuthorized, "Challenge Response missing");
export const NO_SECRET = fault("refused-secret", NotAuthorized, "no secret for this tunnel");
/** We are full. A LAC may know of another LNS; the lines of a LAC no other has. */
export function noTunnel(role: Role): Fault {
  const error = role === "lns" ? ErrorCode.TryAnother : ErrorCode.Resources;
  return fault("refused-tunnels", StopCode.Error, "no tunnel free", error);
}
export const NO_WINDOW = fault(
  "refused-window",
  StopCode.Error,
  "Receive Window Size 0",
  ErrorCode.OutOfRange,
);
/** The Error Code is the highest version supported. */
export const WRONG_VERSION = fault(
  "refused-version",
  StopCode.Version,
  "version 1.0 only",
  PROTOCOL_VERSION,
);
export const STOPPING = fault("refused-shutdown", StopCode.ShuttingDown, "stopping");
export const GAVE_WAY = fault(
  "half-open-gave-way",
  StopCode.Error,
  "too many tunnels",
  ErrorCode.Resources,
);
export const SETUP_TIMEOUT = fault(
  "tunnel-setup-timeout",
  StopCode.General,
  "not established in time",
);
export const PEER_LOST = fault("no-peer-response", StopCode.General, "no response");
/** To the one whose Tie Breaker is higher, or for want of one lost to ours (RFC 2661 4.4.3). */
export const WON_TIE = fault("tie-breaker-won", StopCode.AlreadyExists, "tie lost");
/** Ours lost; never sent, as the loser is silent. */
export const LOST_TIE = fault("tie-breaker-lost", StopCode.AlreadyExists, "tie lost");
export const UNASKED_REPLY = unforeseen("SCCRP", "idle");

/** CDN. */
export const SESSION_STOPPING: Result = {
  code: DisconnectCode.Administrative,
  error: ErrorCode.None,
  message: "stopping",
};
/** The same of a call: an LNS is offered it by ICRQ, a LAC asked for it by OCRQ. */
export function noSession(name: "ICRQ" | "OCRQ"): Fault {
  const message = "no session free";
  return name === "ICRQ"
    ? fault("refused-sessions", DisconnectCode.Error, message, ErrorCode.TryAnother)
    : fault("refused-sessions", DisconnectCode.NoFacilitiesNow, message);
}
export const NO_OUTGOING_CALL = fault(
  "refused-outgoing-call",
  DisconnectCode.NoFacilities,
  "no outgoing calls",
);
export const NO_INCOMING_CALL = fault(
  "refused-incoming-call",
  DisconnectCode.NoFacilities,
  "no incoming calls",
);
/** To an LNS that asks for more than our Bearer and Framing Capabilities; or its own end of it. */
export const NO_SUCH_LINE = fault(
  "refused-outgoing-call",
  DisconnectCode.NoFacilities,
  "no line of that bearer and framing type",
);
export const SESSION_ID_TAKEN = fault(
  "malformed-avp",
  DisconnectCode.Error,
  "Assigned Session ID in use",
  ErrorCode.SessionId,
);
export const SESSION_TIMEOUT = fault(
  "session-setup-timeout",
  DisconnectCode.NotInTime,
  "not established in time",
);
/** A message that the session's state does not foresee. */
export const OUT_OF_SEQUENCE = fault(
  "out-of-sequence",
  DisconnectCode.Error,
  "out of sequence",
  ErrorCode.SessionId,
);
