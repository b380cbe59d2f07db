/**
 * Places outgoing calls that an operator asks for (OCRQ, RFC 2661 6.9): at the first LAC of a list that
 * takes them. Once the LAC is connected with whom it has called, the session is a subscriber's like any
 * other, and nothing of it is known here any more.
 *
 * @module
 */
import type { DialEvent, Dialler, Target } from "../dial/index.ts";
import { resultWords } from "../history/results.ts";
import type { Call, Connected, EndpointEvent } from "../l2tp/index.ts";
import { CALLS_PLACED_MAX } from "../limits.ts";
import { formatEndpoint } from "../net.ts";
import type { Logger } from "../observe/log.ts";
import type { CallAnswer, CallRequest } from "./api-messages.ts";

export interface CallerOptions {
  readonly targets: readonly Target[];
  /** Of LACs: its role is "lns". */
  readonly dialler: Dialler<Call, Connected>;
  readonly clock: () => number;
  /** Called when a call has left things to be sent. */
  readonly onProgress: () => void;
  readonly log: Logger;
}

type Missed = DialEvent & { readonly type: "missed" };

/** A call that is not up yet. */
interface Placing {
  readonly request: CallRequest;
  readonly answer: (answer: CallAnswer) => void;
  /** The LAC that is tried has taken the call, so that a subscriber has its session. */
  isOpen: boolean;
  /** What the LAC said that was tried last. */
  words: string;
}

export class Caller {
  readonly #options: CallerOptions;
  readonly #byDial = new Map<number, Placing>();
  #isStopping = false;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** Answers once the call is up, or when no LAC of the list takes it. */
  call(request: CallRequest): Promise<CallAnswer> {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) return Promise.resolve({ refusal });
    const { number: calledNumber, peer, subAddress } = request;
    const call = { calledNumber, ...(subAddress !== undefined && { subAddress }) };
    const { dialler, clock, onProgress } = this.#options;
    const dial = dialler.dial(peer, { call }, clock());
    const answer = new Promise<CallAnswer>((resolve) => {
      this.#byDial.set(dial, { request, answer: resolve, isOpen: false, words: "" });
    });
    this.#drain();
    onProgress();
    return answer;
  }

  /** Takes an event of the endpoint. True when it is about a call that was no session yet. */
  handleEvent(event: EndpointEvent, now: number): boolean {
    const dial = this.#options.dialler.handleEvent(event, now);
    const placing = dial === undefined ? undefined : this.#byDial.get(dial);
    const isNoSession = event.type === "session-down" && placing?.isOpen === false;
    if (placing !== undefined) placing.isOpen = event.type === "session-open";
    this.#drain();
    return isNoSession;
  }

  handleTimeout(now: number): void {
    this.#options.dialler.handleTimeout(now);
    this.#drain();
  }

  pollTimeout(): number {
    return this.#options.dialler.pollTimeout();
  }

  /** Whoever waits is told; the endpoint, which shuts down, ends the calls. */
  stop(): void {
    this.#isStopping = true;
    this.#options.dialler.stop();
    for (const { answer } of this.#byDial.values()) answer({ refusal: ENDING });
    this.#byDial.clear();
  }

  #refusal({ peer }: CallRequest): string | undefined {
    if (this.#isStopping) return ENDING;
    const names = [...new Set(this.#options.targets.map(({ name }) => name))];
    if (!names.includes(peer)) {
      return `there is no [[peer]] ${JSON.stringify(peer)} (${names.join(", ") || "there is none"})`;
    }
    if (this.#byDial.size < CALLS_PLACED_MAX) return undefined;
    return `${CALLS_PLACED_MAX} calls are being placed already; try again when one of them is up`;
  }

  #drain(): void {
    const { dialler } = this.#options;
    for (let event = dialler.pollEvent(); event !== undefined; event = dialler.pollEvent()) {
      const placing = this.#byDial.get(event.dial);
      if (placing !== undefined) this.#handleDial(placing, event);
    }
  }

  #handleDial(placing: Placing, event: DialEvent): void {
    const { log } = this.#options;
    const { number, peer: list } = placing.request;
    if (event.type === "trying") {
      log.debug({ number, list, lac: nameOf(event.target) }, "calling");
    } else if (event.type === "missed") {
      const { why, cause } = event;
      const lac = nameOf(event.target);
      placing.words = `${lac} was tried last: ${wordsOf(event)}`;
      const fields = { number, list, lac, why, ...(cause && { result: cause.result }) };
      log.warn(fields, "call not taken");
    } else if (event.type === "up") {
      const { tunnelId, sessionId, path } = event.session;
      const peer = formatEndpoint(path.peer, path.peerPort);
      log.info({ tunnel: tunnelId, session: sessionId, peer, number, list }, "call placed");
      this.#answer(event.dial, placing, { placed: { tunnelId, sessionId, peer } });
    } else if (event.type === "failed") {
      log.warn({ number, list }, "call failed");
      const refusal = `no LAC of ${JSON.stringify(list)} takes the call; ${placing.words}`;
      this.#answer(event.dial, placing, { refusal });
    }
  }

  #answer(dial: number, { answer }: Placing, said: CallAnswer): void {
    this.#byDial.delete(dial);
    answer(said);
  }
}

const ENDING = "the server is ending";

function nameOf({ address, port }: Target): string {
  return formatEndpoint(address, port);
}

/** Why a LAC has not taken a call, with its own words. */
function wordsOf({ why, cause }: Missed): string {
  if (why === "no-room") return "there is no room for another tunnel or session";
  if (cause === undefined) return "no answer";
  const { code, error, message: text = "" } = cause.result;
  if (cause.by === "local" && text !== "") return text;
  const message = cause.withTunnel === true ? "StopCCN" : "CDN";
  const by = cause.by === "peer" ? "peer" : "local";
  const words = resultWords({ message, by, code, ...(error !== undefined && { error }) });
  return text === "" ? words : `${words}, ${JSON.stringify(text)}`;
}
