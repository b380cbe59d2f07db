/**
 * Result Codes and Error Codes in the words of RFC 2661 4.4.2.
 *
 * @module
 */

const STOP_RESULTS: readonly string[] = [
  "reserved",
  "general request to clear control connection",
  "general error",
  "control channel already exists",
  "requester is not authorized to establish a control channel",
  "the protocol version of the requester is not supported",
  "requester is being shut down",
  "finite state machine error",
];

const CALL_RESULTS: readonly string[] = [
  "reserved",
  "call disconnected due to loss of carrier",
  "call disconnected for the reason indicated in error code",
  "call disconnected for administrative reasons",
  "call failed due to lack of appropriate facilities being available (temporary condition)",
  "call failed due to lack of appropriate facilities being available (permanent condition)",
  "invalid destination",
  "call failed due to no carrier detected",
  "call failed due to detection of a busy signal",
  "call failed due to lack of a dial tone",
  "call was not established within time allotted by LAC",
  "call was connected but no appropriate framing was detected",
];

const ERRORS: readonly string[] = [
  "no general error",
  "no control connection exists yet for this LAC-LNS pair",
  "length is wrong",
  "a field value was out of range or a reserved field was non-zero",
  "insufficient resources to handle this operation now",
  "the session id is invalid in this context",
  "a generic vendor-specific error occurred in the LAC",
  "try another LNS",
  "session or tunnel was shut down due to receipt of an unknown AVP with the M bit set",
];

/** What a Result Code of a StopCCN means. */
export function stopResultText(code: number): string | undefined {
  return STOP_RESULTS[code];
}

/** What a Result Code of a CDN means. */
export function callResultText(code: number): string | undefined {
  return CALL_RESULTS[code];
}

/** What a general Error Code means. */
export function errorText(code: number): string | undefined {
  return ERRORS[code];
}
