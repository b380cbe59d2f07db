/**
 * What the owner wants said, before anything of it is kept or queued: a value that has no place in its
 * AVP is a RangeError to the one who gave it, and never one to whoever hands in the next datagram.
 *
 * @module
 */
import { type AvpInput, AvpType, buildControlMessage } from "../codec/index.ts";
import {
  callConnected,
  disconnectNotify,
  incomingCallRequest,
  outgoingCallRequest,
} from "./call-messages.ts";
import { optionalAvp, phbOf } from "./optional.ts";
import { resultCode } from "./result-code.ts";
import type { Call, Cause, Connected, Result, Role } from "./types.ts";

/** Any id has its place. */
const ID = 1;
const HEADER = { tunnelId: ID, sessionId: ID, ns: 0, nr: 0 };

/** @throws {RangeError} */
export function checked(avps: readonly AvpInput[]): readonly AvpInput[] {
  buildControlMessage({ ...HEADER, avps });
  return avps;
}

/** `connected` is what an ICCN will say. */
export function checkCall(role: Role, call: Call, connected: Connected): void {
  checked(role === "lac" ? incomingCallRequest(ID, 0, call) : outgoingCallRequest(ID, 0, call));
  if (role === "lac") checked(callConnected("ICCN", connected));
}

export function checkAnswer(connected: Connected): void {
  checked(callConnected("OCCN", connected));
}

export function checkEnd(cause: Cause): void {
  checked(disconnectNotify(ID, cause));
}

export function checkResult(result: Result): void {
  checked([resultCode(result)]);
}

export function checkDscp(dscp: number | undefined): void {
  checked(optionalAvp(AvpType.Ccds, phbOf(dscp)));
}
