/**
 * The PPP Disconnect Cause Code (RFC 3145 3) for the ways in which a link ends.
 *
 * @module
 */
import type { Story } from "../history/story.ts";
import type { Disconnect, Result, SessionInfo } from "../l2tp/index.ts";
import type { DownReason } from "../ppp/index.ts";

/** Sends a CDN with what there is to say. */
export type CloseSession = (
  session: SessionInfo,
  result: Result,
  now: number,
  disconnect?: Disconnect,
) => void;

/** PPP Protocol of LCP, of those codes that are about it. */
const LCP = 0xc021;

/** Whose end of the PPP link is meant, as we see it. */
const GLOBAL = 0;
const PEER = 1;
const LOCAL = 2;

/**
 * `side` is whose identity was asked for: that of the peer where we are dialled, ours where we dial.
 * Which of name and password was wrong is told to nobody (RFC 3145 5).
 */
export function disconnectOf(
  reason: DownReason,
  { wasHeard, phase }: Pick<Story, "wasHeard" | "phase">,
  side: "dialled" | "dialling",
): Disconnect | undefined {
  const asked = side === "dialled" ? PEER : LOCAL;
  switch (reason) {
    case "authentication":
      return cause(16, asked);
    case "server-authentication":
      return cause(16, PEER);
    case "no-authentication-method":
      return cause(15, asked);
    case "peer":
      return cause(3, PEER, LCP);
    case "local":
      return cause(1, GLOBAL);
    case "idle-timeout":
      return cause(3, LOCAL, LCP);
    case "echo-timeout":
      return cause(8, GLOBAL, LCP);
    case "loop":
      return cause(7, GLOBAL, LCP);
    case "negotiation":
      if (!wasHeard) return cause(6, GLOBAL, LCP);
      return phase === "network" ? cause(18, GLOBAL) : cause(5, GLOBAL, LCP);
    case "pool-exhausted": // The RFC has no code for it; Result Code 4 says it.
      return undefined;
  }
}

function cause(code: number, direction: number, protocol = 0): Disconnect {
  return { ppp: { code, protocol, direction } };
}
