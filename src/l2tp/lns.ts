/**
 * An LNS as a library: PPP frames in and out of calls, wherever they go.
 *
 * @module
 */
import { FrameEndpoint, type FrameEndpointOptions } from "./frame-endpoint.ts";
import type { Accm, Call } from "./types.ts";

export class Lns extends FrameEndpoint {
  constructor(options: FrameEndpointOptions) {
    super("lns", options);
  }

  /**
   * Asks the LAC for an outgoing call. The tunnel need not be established yet. Returns our Session
   * ID; `undefined` when there is no place for it.
   */
  placeCall(tunnelId: number, call: Call, now: number): number | undefined {
    return this.place(tunnelId, call, {}, now);
  }

  /** Tells the LAC of the ACCM of the link. */
  setAccm(tunnelId: number, sessionId: number, accm: Accm, now: number): void {
    this.endpoint.setAccm(tunnelId, sessionId, accm, now);
  }

  /**
   * Whether our data messages have sequence numbers, and so those of the LAC (RFC 2661 5.4). Where
   * the LAC requires them they always have.
   */
  setSequencing(tunnelId: number, sessionId: number, isOn: boolean): void {
    this.channelOf(tunnelId, sessionId)?.setSequencing(isOn);
  }
}
