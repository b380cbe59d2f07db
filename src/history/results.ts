/**
 * Result Codes and Error Codes in the words of RFC 2661 4.4.2.
 *
 * @module
 */
import type { EndResult } from "./entry.ts";

export const STOP_RESULTS: Readonly<Record<number, string>> = {
  0: "reserved",
  1: "general request to clear control connection",
  2: "general error",
  3: "control channel already exists",
  4: "requester is not authorized to establish a control channel",
  5: "the protocol version of the requester is not supported",
  6: "requester is being shut down",
  7: "finite state machine error",
};

export const CALL_RESULTS: Readonly<Record<number, string>> = {
  0: "reserved",
  1: "call disconnected due to loss of carrier",
  2: "call disconnected for the reason indicated in error code",
  3: "call disconnected for administrative reasons",
  4: "call failed due to lack of appropriate facilities being available (temporary condition)",
  5: "call failed due to lack of appropriate facilities being available (permanent condition)",
  6: "invalid destination",
  7: "call failed due to no carrier detected",
  8: "call failed due to detection of a busy signal",
  9: "call failed due to lack of a dial tone",
  10: "call was not established within time allotted by LAC",
  11: "call was connected but no appropriate framing was detected",
};

export const ERRORS: Readonly<Record<number, string>> = {
  0: "no general error",
  1: "no control connection exists yet for this LAC-LNS pair",
  2: "length is wrong",
  3: "a field value was out of range or a reserved field was non-zero",
  4: "insufficient resources to handle this operation now",
  5: "the session id is invalid in this context",
  6: "a generic vendor-specific error occurred in the LAC",
  7: "try another LNS",
  8: "session or tunnel was shut down due to receipt of an unknown AVP with the M bit set",
};

/** RFC 2661 4.4.2: beside this code the Error Code is no error but a version. */
const STOP_VERSION = 5;

/** "StopCCN 2 (general error), error 4 (insufficient resources ...)": without the peer's text. */
export function resultWords({ message, code, error }: EndResult): string {
  const results = message === "StopCCN" ? STOP_RESULTS : CALL_RESULTS;
  const whole = `${message} ${code} (${results[code] ?? "unknown"})`;
  if (error === undefined || error === 0) return whole;
  if (message === "StopCCN" && code === STOP_VERSION) {
    return `${whole}, highest version ${error >> 8}.${error & 0xff}`;
  }
  return `${whole}, error ${error} (${ERRORS[error] ?? "unknown"})`;
}
