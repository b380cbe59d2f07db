/**
 * Bearer and framing types: what an outgoing call may ask of a LAC, by the Capabilities that it has
 * told, and what a call over a line that is none is said to have (RFC 2661 4.4.3, 4.4.4).
 *
 * @module
 */
import type { Start } from "./start-messages.ts";
import type { Call, Connected } from "./types.ts";

/** Both bits of each: analogue and digital, asynchronous and synchronous. */
const BOTH = 3;
const SYNCHRONOUS = 1;

/** Whether an OCRQ asks for nothing beyond our own Capabilities, which are both bits. */
export function isSupported({ bearerType = 0, framingType = 0 }: Call): boolean {
  return ((bearerType | framingType) & ~BOTH) === 0;
}

/**
 * The call as it may be asked of that LAC; `undefined` when it has no such line. A LAC without
 * Bearer Capabilities places no calls (RFC 2661 6.9).
 */
export function requestable(call: Call, lac: Start): Call | undefined {
  if (lac.bearerCapabilities === undefined) return undefined;
  const bearerType = narrowed(call.bearerType, lac.bearerCapabilities);
  const framingType = narrowed(call.framingType, lac.framingCapabilities);
  if (bearerType === undefined || framingType === undefined) return undefined;
  return { ...call, bearerType, framingType };
}

/** With a framing type that the peer has said it takes. */
export function withFraming(connected: Connected, { framingCapabilities }: Start): Connected {
  const wanted = connected.framingType ?? SYNCHRONOUS;
  const isWanted = (framingCapabilities & wanted) !== 0 || (framingCapabilities & BOTH) === 0;
  return { ...connected, framingType: isWanted ? wanted : framingCapabilities & BOTH };
}

function narrowed(asked: number | undefined, offered: number): number | undefined {
  const rest = (asked ?? BOTH) & offered & BOTH;
  return rest === 0 && (asked ?? 0) !== 0 ? undefined : rest;
}
