/**
 * Makes entries of what the cores report. It knows what no single report tells: the name of the
 * host that a tunnel goes to, and whether any of its sessions belonged to a user.
 *
 * @module
 */
import type { EndpointEvent, Path, Refused, SessionInfo } from "../l2tp/index.ts";
import { formatEndpoint } from "../net.ts";
import { refusedCode, sessionCode, tunnelCode } from "./classify.ts";
import type { Code } from "./codes.ts";
import { dialledTunnelCode } from "./dialled.ts";
import { cleanText, type EndResult, type Entry, makeEntry } from "./entry.ts";
import { disconnectWords } from "./results.ts";
import type { Story } from "./story.ts";

type SessionDown = Extract<EndpointEvent, { type: "session-down" }>;
type TunnelDown = Extract<EndpointEvent, { type: "tunnel-down" }>;

interface Traffic {
  readonly rxOctets: number;
  readonly txOctets: number;
}

interface KnownTunnel {
  readonly hostName: string;
  hasUser: boolean;
}

export interface RecorderOptions {
  readonly add: (entry: Entry) => void;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

export class Recorder {
  readonly #options: RecorderOptions;
  /** Established tunnels. */
  readonly #tunnels = new Map<number, KnownTunnel>();
  #isStopping = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** From now on what ends for no other reason ends because the LNS does. */
  stopping(): void {
    this.#isStopping = true;
  }

  tunnelUp({ tunnel }: Extract<EndpointEvent, { type: "tunnel-up" }>): void {
    this.#tunnels.set(tunnel.tunnelId, { hostName: tunnel.hostName, hasUser: false });
  }

  /**
   * The session of a user who is refused: an entry at once, for whoever asks why while the two
   * sides still say goodbye. `now` is on the clock of the cores.
   */
  sessionRefused(session: SessionInfo, story: Story, code: Code, now: number): void {
    if (story.isRecorded) return;
    story.isRecorded = true;
    this.#options.add(makeEntry({ ...this.#about(session, story, now), code, by: "local" }));
  }

  /** Returns what is known, and adds it unless it was added before. */
  sessionDown(event: SessionDown, story: Story, traffic: Traffic | undefined, now: number): Entry {
    const code = story.code ?? this.#ours(sessionCode(event, story));
    const { message = "" } = event.result;
    const entry = makeEntry({
      ...this.#about(event.session, story, now),
      code,
      by: story.by ?? event.by,
      rxOctets: traffic?.rxOctets ?? 0,
      txOctets: traffic?.txOctets ?? 0,
      ...resultOf(event.withTunnel === true ? "StopCCN" : "CDN", event, code),
      words: story.words === "" && event.by === "peer" ? message : story.words,
    });
    if (!story.isRecorded) this.#options.add(entry);
    return entry;
  }

  tunnelDown(event: TunnelDown, now: number): Entry {
    const { tunnel } = event;
    const known = this.#tunnels.get(tunnel.tunnelId);
    this.#tunnels.delete(tunnel.tunnelId);
    const codeOf = tunnel.role === "lac" ? dialledTunnelCode : tunnelCode;
    const code = this.#ours(codeOf(event, tunnel.state));
    const established = known?.hasUser === true ? "user" : "visitor";
    return this.#add({
      ...this.#times(tunnel.since, now),
      what: "tunnel",
      rank: known === undefined ? "stranger" : established,
      code,
      by: event.by,
      phase: "tunnel",
      peer: endpoint(tunnel.path),
      hostName: tunnel.hostName,
      tunnelId: tunnel.tunnelId,
      ...resultOf("StopCCN", event, code),
      words: event.by === "peer" ? (event.result.message ?? "") : "",
    });
  }

  refused({ what, path, hostName, result, reason }: Refused): Entry {
    const at = this.#options.clock();
    const code = refusedCode(reason, result.error);
    const message = what === "tunnel" ? "StopCCN" : "CDN";
    return this.#add({
      at,
      since: at,
      what,
      rank: what === "tunnel" ? "stranger" : "visitor",
      code,
      by: "local",
      phase: what === "tunnel" ? "tunnel" : "call",
      peer: endpoint(path),
      hostName,
      ...resultOf(message, { by: "local", result }, code),
    });
  }

  #about(session: SessionInfo, story: Story, now: number) {
    const tunnel = this.#tunnels.get(session.tunnelId);
    if (tunnel !== undefined && story.isProved) tunnel.hasUser = true;
    const { phase, user, network, addresses } = story;
    return {
      ...this.#times(session.since, now),
      what: "session" as const,
      rank: story.isProved ? ("user" as const) : ("visitor" as const),
      phase,
      user,
      network,
      addresses,
      peer: endpoint(session.path),
      hostName: tunnel?.hostName ?? "",
      callingNumber: session.call.callingNumber ?? "",
      tunnelId: session.tunnelId,
      sessionId: session.sessionId,
    };
  }

  #add(given: Parameters<typeof makeEntry>[0]): Entry {
    const entry = makeEntry(given);
    this.#options.add(entry);
    return entry;
  }

  #ours(code: Code): Code {
    return code === "closed-here" && this.#isStopping ? "stopping" : code;
  }

  #times(since: number, now: number): { at: number; since: number } {
    const at = this.#options.clock();
    return { at, since: Math.max(0, at - Math.round(now - since)) };
  }
}

/** What a log line says of an end. */
export function logFields({ code, by, words, result }: Entry): Record<string, unknown> {
  const { disconnect } = result ?? {};
  return { code, by, ...(words !== "" && { words }), ...(disconnect && { disconnect }) };
}

/** Text of a peer as it is kept. */
export function peerText(octets: Uint8Array): string {
  return cleanText(new TextDecoder().decode(octets));
}

function endpoint({ peer, peerPort }: Path): string {
  return formatEndpoint(peer, peerPort);
}

/** Whatever was sent then reached nobody. */
const UNHEARD: readonly Code[] = ["no-answer", "half-open", "half-open-dropped"];

/** What was sent or came; nothing, where the peer did not answer any more. */
function resultOf(
  message: EndResult["message"],
  { by, result, disconnect }: Pick<SessionDown, "by" | "result" | "disconnect">,
  code: Code,
): { result?: EndResult } {
  if (UNHEARD.includes(code)) return {};
  const { error, message: text = "" } = result;
  return {
    result: {
      message,
      by: by === "peer" ? "peer" : "local",
      code: result.code,
      ...(error === undefined ? {} : { error }),
      ...(text === "" ? {} : { text }),
      ...(disconnect && { disconnect: disconnectWords(disconnect) }),
    },
  };
}
