/**
 * One incoming call as the LNS keeps it.
 *
 * @module
 */
import type { IncomingCallState } from "./incoming-call-automaton.ts";
import type { CallRequest } from "./messages.ts";
import type { SessionInfo } from "./types.ts";

export class Session {
  readonly id: number;
  readonly peerId: number;
  readonly callSerialNumber: number;
  readonly calledNumber: string;
  readonly callingNumber: string;
  readonly since: number;
  /** From the Sequencing Required AVP of ICCN. */
  sequencingRequired = false;
  state: IncomingCallState = "idle";

  constructor(id: number, request: CallRequest, now: number) {
    this.id = id;
    this.peerId = request.peerSessionId;
    this.callSerialNumber = request.callSerialNumber;
    this.calledNumber = request.calledNumber;
    this.callingNumber = request.callingNumber;
    this.since = now;
  }

  info(tunnel: Pick<SessionInfo, "tunnelId" | "peerTunnelId" | "path">): SessionInfo {
    return {
      tunnelId: tunnel.tunnelId,
      sessionId: this.id,
      peerTunnelId: tunnel.peerTunnelId,
      peerSessionId: this.peerId,
      path: tunnel.path,
      state: this.state,
      callSerialNumber: this.callSerialNumber,
      calledNumber: this.calledNumber,
      callingNumber: this.callingNumber,
      sequencingRequired: this.sequencingRequired,
      since: this.since,
    };
  }
}
