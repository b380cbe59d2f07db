/**
 * Result Codes and Error Codes in the words of RFC 2661 4.4.2, PPP Disconnect Causes in those of
 * RFC 3145.
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

/** PPP Disconnect Cause Code (RFC 3145 3). */
const DISCONNECT_CAUSES: readonly string[] = [
  "no information available",
  "administrative disconnect",
  "LCP renegotiation at LNS disabled",
  "normal disconnection, LCP Terminate-Request sent",
  "compulsory encryption refused",
  "LCP: FSM timeout error",
  "no recognizable LCP packets were received",
  "LCP: Magic Number error, link possibly looped back",
  "LCP: Echo-Request timeout",
  "unexpected Endpoint-Discriminator for existing Multilink PPP bundle",
  "unexpected MRRU for existing Multilink PPP bundle",
  "unexpected Short-Sequence-Number option for existing Multilink PPP bundle",
  "compulsory call-back refused",
  "authentication: FSM timeout error",
  "unexpected authenticated name for existing Multilink PPP bundle",
  "authentication protocol refused",
  "authentication failed",
  "NCP: FSM timeout error",
  "no NCPs available",
  "NCP: failed to converge on acceptable addresses",
  "NCP: not permitted to use any address",
];

/** Whose end of the PPP link is meant, as the sender sees it (RFC 3145 2). */
const DISCONNECT_DIRECTIONS: readonly string[] = ["global", "at peer", "at local"];

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

/** What the code of a PPP Disconnect Cause means. */
export function disconnectCauseText(code: number): string | undefined {
  return DISCONNECT_CAUSES[code];
}

/** Where that was. */
export function disconnectDirectionText(direction: number): string | undefined {
  return DISCONNECT_DIRECTIONS[direction];
}
