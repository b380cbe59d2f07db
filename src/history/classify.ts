/**
 * From what the cores report to the one code that history and log have for it.
 *
 * @module
 */
import {
  type Cause,
  type CounterName,
  DisconnectCode,
  ErrorCode,
  StopCode,
} from "../l2tp/index.ts";
import type { DownReason } from "../ppp/index.ts";
import type { Code } from "./codes.ts";
import type { Phase } from "./entry.ts";

/** How the end of a session or tunnel came about, as far as L2TP knows. */
export interface L2tpEnd extends Pick<Cause, "by" | "result"> {
  readonly reason?: CounterName | undefined;
}

export interface SessionEnd extends L2tpEnd {
  readonly withTunnel?: true | undefined;
  readonly disconnect?: Cause["disconnect"] | undefined;
}

/** What is known of a session when it ends. */
export interface SessionFacts {
  readonly phase: Phase;
  /** Whether packets of a network could pass at some time. */
  readonly wasUp: boolean;
}

/** What is known of a link when it ends. */
export interface LinkFacts extends SessionFacts {
  /** Whether any PPP frame came. */
  readonly wasHeard: boolean;
  /** Whether AAA was asked; and whether it has answered. */
  readonly isAsked: boolean;
  readonly refusal?: Code | undefined;
}

/** Counters that stand for a refusal or a fault, by their names in L2TP. */
export const REASONS: Partial<Readonly<Record<CounterName, Code>>> = {
  "unknown-mandatory-avp": "unknown-mandatory-avp",
  "unrevealed-avp": "unknown-mandatory-avp",
  "malformed-avp": "malformed",
  "missing-avp": "malformed",
  "unknown-message": "malformed",
  "out-of-sequence": "out-of-sequence",
  "refused-version": "version",
  "refused-window": "malformed",
  "refused-secret": "tunnel-secret-missing-here",
  "refused-tunnels": "tunnels-exhausted",
  "refused-sessions": "sessions-exhausted",
  "refused-incoming-call": "incoming-call",
  "refused-outgoing-call": "outgoing-call",
  "refused-shutdown": "stopping",
  "no-peer-response": "no-answer",
  "half-open-gave-way": "half-open-dropped",
  "tunnel-setup-timeout": "setup-timeout",
  "session-setup-timeout": "setup-timeout",
  "tie-breaker-won": "tie",
  "tie-breaker-lost": "tie",
};

/** Error Codes of RFC 2661 4.4.2 that we send. */
const ERROR_CODES: Readonly<Record<number, Code>> = {
  [ErrorCode.Length]: "malformed",
  [ErrorCode.OutOfRange]: "malformed",
  [ErrorCode.Resources]: "tunnels-exhausted",
  [ErrorCode.SessionId]: "out-of-sequence",
  [ErrorCode.UnknownAvp]: "unknown-mandatory-avp",
};

/** The state of a tunnel that we have asked for. */
const ASKED = "wait-ctl-reply";

/** A tunnel that was in `state`. */
export function tunnelCode(end: L2tpEnd, state: string): Code {
  const isEstablished = state === "established";
  const { code } = end.result;
  switch (end.by) {
    case "peer":
      return (isEstablished ? undefined : secretCode(end)) ?? stoppedByPeer(code, isEstablished);
    case "timeout":
      if (end.reason === "tunnel-setup-timeout") return "setup-timeout";
      return isEstablished || state === ASKED ? "no-answer" : "half-open";
    case "local":
      // We do not wait for as long as we would repeat ourselves.
      if (state === ASKED && code === StopCode.General) return "no-answer";
      return stoppedHere(end);
  }
}

/** Before a tunnel is up: xl2tpd has no Result Code for it, but these words. */
function secretCode({ result: { code, message = "" } }: L2tpEnd): Code | undefined {
  if (/no secret/i.test(message)) return "tunnel-secret-missing-there";
  const isAboutIt =
    code === StopCode.NotAuthorized || /secret|challenge|authenticat/i.test(message);
  return isAboutIt ? "tunnel-secret-wrong" : undefined;
}

function stoppedByPeer(code: number, wasUp: boolean): Code {
  if (code === StopCode.ShuttingDown) return "peer-stopping";
  if (code > StopCode.General) return "peer-refused";
  return wasUp ? "peer-hung-up" : "peer-gave-up";
}

function stoppedHere({ result, reason }: L2tpEnd): Code {
  // A response to our challenge that was wrong, or none; an SCCRQ is refused before a tunnel is.
  if (result.code === StopCode.NotAuthorized) {
    return reason === "missing-avp" ? "tunnel-secret-missing-there" : "tunnel-secret-wrong";
  }
  const named = reason === undefined ? undefined : REASONS[reason];
  if (named !== undefined) return named;
  if (result.code === StopCode.ShuttingDown) return "stopping";
  if (result.code === StopCode.StateMachine) return "out-of-sequence";
  if (result.code === StopCode.Error) return ERROR_CODES[result.error ?? 0] ?? "malformed";
  return "closed-here";
}

/** A session whose link had not ended by itself. */
export function sessionCode(end: SessionEnd, facts: SessionFacts): Code {
  if (end.withTunnel === true) {
    const code = tunnelCode(end, "established");
    return code === "peer-hung-up" && !facts.wasUp ? "peer-gave-up" : code;
  }
  const { code, error } = end.result;
  const named = end.reason === undefined ? undefined : REASONS[end.reason];
  switch (end.by) {
    case "peer":
      if (code === DisconnectCode.LostCarrier)
        return facts.wasUp ? "peer-hung-up" : "peer-lost-carrier";
      if (code === DisconnectCode.Administrative || code === 0) {
        return facts.wasUp ? "peer-hung-up" : "peer-gave-up";
      }
      return "peer-refused";
    case "timeout":
      return code === DisconnectCode.NotInTime ? "setup-timeout" : "no-answer";
    case "local":
      if (named !== undefined) return named;
      return code === DisconnectCode.Error
        ? (ERROR_CODES[error ?? 0] ?? "malformed")
        : "closed-here";
  }
}

/** A link that ended by itself. */
export function linkCode(reason: DownReason, facts: LinkFacts): Code {
  switch (reason) {
    case "authentication":
    case "pool-exhausted":
      if (facts.refusal !== undefined) return facts.refusal;
      if (reason === "pool-exhausted") return "pool-empty";
      return facts.isAsked ? "aaa-no-answer" : "no-credentials";
    case "server-authentication":
      return "server-not-proved";
    case "no-authentication-method":
      return "no-common-auth-method";
    case "peer":
      return facts.wasUp ? "peer-hung-up" : "peer-gave-up";
    case "local":
      return "closed-here";
    case "echo-timeout":
      return "echo-timeout";
    case "idle-timeout":
      return "idle-timeout";
    case "negotiation":
      return facts.wasHeard ? "negotiation-failed" : "ppp-no-answer";
    case "loop":
      return "loop";
  }
}

/** A request that got no tunnel or session. */
export function refusedCode(reason: CounterName, error: number | undefined): Code {
  return REASONS[reason] ?? ERROR_CODES[error ?? 0] ?? "malformed";
}

/** What AAA says of a user whom it does not let in. */
export function refusalCode(
  reason: "credentials" | "pool-exhausted",
  detail: "unknown-user" | "wrong-password" | undefined,
): Code {
  if (reason === "pool-exhausted") return "pool-empty";
  return detail ?? "wrong-password";
}
