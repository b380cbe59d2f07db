/**
 * A LAC as a library: PPP frames in and out of calls, whatever they come from.
 *
 * @module
 */
import type { CallErrors } from "../codec/index.ts";
import { FrameEndpoint, type FrameEndpointOptions } from "./frame-endpoint.ts";
import type { Call, Connected } from "./types.ts";

export class Lac extends FrameEndpoint {
  constructor(options: FrameEndpointOptions) {
    super("lac", options);
  }

  /**
   * Offers an incoming call to the LNS: ICRQ, and `connected` in the ICCN. The tunnel need not be
   * established yet. Returns our Session ID; `undefined` when there is no place for it.
   */
  placeCall(
    tunnelId: number,
    call: Call,
    now: number,
    connected: Connected = {},
  ): number | undefined {
    return this.place(tunnelId, call, connected, now);
  }

  /** Answers an outgoing call: after "session-open" with direction "outgoing". */
  connectCall(tunnelId: number, sessionId: number, connected: Connected, now: number): void {
    this.endpoint.connectCall(tunnelId, sessionId, connected, now);
    this.take();
  }

  /** Tells the LNS of errors on the line, once a minute at most. */
  reportErrors(tunnelId: number, sessionId: number, errors: CallErrors, now: number): void {
    this.endpoint.reportErrors(tunnelId, sessionId, errors, now);
  }
}
