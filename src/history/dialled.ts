/**
 * Why a call or a tunnel of our own ended, or did not come about: the same reports as of those who
 * dial in, seen from the other end.
 *
 * @module
 */
import { DisconnectCode, StopCode } from "../l2tp/index.ts";
import type { DownReason } from "../ppp/index.ts";
import { type L2tpEnd, REASONS, type SessionEnd } from "./classify.ts";
import type { Code } from "./codes.ts";

/** What is known of a call of ours when it ends. */
export interface CallFacts {
  /** Whether packets could pass at some time. */
  readonly wasUp: boolean;
  /** Whether any PPP frame came. */
  readonly wasHeard: boolean;
}

/** A link that ended by itself. */
export function dialledLinkCode(reason: DownReason, { wasUp, wasHeard }: CallFacts): Code {
  switch (reason) {
    case "authentication":
    case "pool-exhausted":
      return "lns-refused-password";
    case "server-authentication":
      return "lns-unproven";
    case "no-authentication-method":
      return "lns-wants-other-method";
    case "peer":
      return wasUp ? "lns-hung-up" : "lns-refused";
    case "local":
      return "closed-here";
    case "echo-timeout":
      return "lns-gone";
    case "idle-timeout":
      return "idle-timeout";
    case "negotiation":
      return wasHeard ? "lns-other-terms" : "lns-silent";
    case "loop":
      return "loop";
  }
}

/** PPP Disconnect Cause (RFC 3145): authentication failed, that of the end that called. */
const LOGIN_FAILED = 16;
const AT_PEER = 1;

/** A call whose link had not ended by itself. */
export function dialledSessionCode(end: SessionEnd, facts: CallFacts): Code {
  if (facts.wasUp) return upCode(end);
  // A CDN may overtake the PPP frame that refuses the login.
  const { code, direction } = end.disconnect?.ppp ?? {};
  const isLogin = code === LOGIN_FAILED && direction === AT_PEER;
  if (isLogin && end.by === "peer") return "lns-refused-password";
  return end.withTunnel === true ? stopCode(end) : setUpCode(end, DisconnectCode.NotInTime);
}

/** A tunnel of ours that was in `state`. */
export function dialledTunnelCode(end: L2tpEnd, state: string): Code {
  return state === "established" ? upCode(end) : stopCode(end);
}

function upCode(end: L2tpEnd): Code {
  if (end.by === "peer") return "lns-hung-up";
  if (end.by === "timeout") return "lns-gone";
  return ours(end) ?? "closed-here";
}

/** The Result Code is that of a StopCCN. */
function stopCode(end: L2tpEnd): Code {
  const { code, message = "" } = end.result;
  const isAboutSecret =
    code === StopCode.NotAuthorized || /secret|challenge|authenticat/i.test(message);
  return isAboutSecret && end.by !== "timeout"
    ? "lns-other-secret"
    : setUpCode(end, StopCode.General);
}

/** `late` is the Result Code by which we give up waiting for an answer. */
function setUpCode(end: L2tpEnd, late: number): Code {
  const { code } = end.result;
  if (end.by === "timeout" || (end.by === "local" && code === late)) return "lns-silent";
  return end.by === "peer" ? "lns-refused" : (ours(end) ?? "closed-here");
}

function ours({ reason }: L2tpEnd): Code | undefined {
  return reason === undefined ? undefined : REASONS[reason];
}
