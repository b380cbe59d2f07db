/**
 * One call as we keep it, in either role.
 *
 * @module
 */

import type { AvpInput } from "../codec/index.ts";
import { type CallAutomaton, type CallState, callAutomaton } from "./call-automata.ts";
import type { Start } from "./start-messages.ts";
import type { Call, Connected, Direction, Role, SessionInfo, TunnelInfo } from "./types.ts";

/** What calls need of the control connection that carries them. */
export interface Connection
  extends Pick<TunnelInfo, "tunnelId" | "peerTunnelId" | "path" | "role"> {
  /** What the peer has said of itself. */
  readonly peer: Start;
  send(sessionId: number, avps: readonly AvpInput[]): void;
  /** Asks that it opens; `Calls.tunnelOpen` tells that it has. */
  requestOpen(now: number): void;
}

export class Session {
  readonly id: number;
  readonly role: Role;
  readonly direction: Direction;
  readonly automaton: CallAutomaton;
  readonly callSerialNumber: number;
  call: Call;
  readonly since: number;
  /** 0 until the peer names it. */
  peerId = 0;
  /** What ICCN or OCCN said, or will say. */
  connected: Connected = {};
  state: CallState = "idle";
  /** Whether the owner knows that both ids are known. */
  isOpen = false;
  /** When the last WEN was sent. */
  reportedAt = -Infinity;

  constructor(
    id: number,
    what: Pick<SessionInfo, "role" | "direction" | "callSerialNumber" | "call">,
    now: number,
  ) {
    this.id = id;
    this.role = what.role;
    this.direction = what.direction;
    this.automaton = callAutomaton(what.role, what.direction);
    this.callSerialNumber = what.callSerialNumber;
    this.call = what.call;
    this.since = now;
  }

  info(
    tunnel: Pick<SessionInfo, "tunnelId" | "peerTunnelId" | "path">,
    state: CallState = this.state,
  ): SessionInfo {
    return {
      tunnelId: tunnel.tunnelId,
      sessionId: this.id,
      peerTunnelId: tunnel.peerTunnelId,
      peerSessionId: this.peerId,
      path: tunnel.path,
      role: this.role,
      direction: this.direction,
      state,
      callSerialNumber: this.callSerialNumber,
      call: this.call,
      ...(state === "established" ? { connected: this.connected } : {}),
      since: this.since,
    };
  }
}
