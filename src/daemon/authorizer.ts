/**
 * Asks AAA who a subscriber is, and does what the answer says: the link gets an address, or a refusal,
 * or the call goes on to another LNS.
 *
 * @module
 */
import type { Aaa, AaaResult, Caller, Refusal } from "../aaa/index.ts";
import type { Recorder } from "../history/recorder.ts";
import type { Connected, SessionInfo } from "../l2tp/index.ts";
import type { Logger } from "../observe/log.ts";
import type { AuthRequest, Link, ProxyState } from "../ppp/index.ts";
import type { Forwarder } from "./forwarder.ts";
import { names, type Subscriber } from "./subscriber.ts";

export interface AuthorizerOptions {
  readonly aaa: Aaa;
  /** Places calls that go on to another LNS. */
  readonly forwarder?: Pick<Forwarder, "forward">;
  readonly recorder: Recorder;
  readonly clock: () => number;
  readonly log: Logger;
  readonly counters: { "no-prefix6": number };
  /** Whether its session is still there. */
  readonly isAlive: (subscriber: Subscriber) => boolean;
  /** Called when the answer has left things of the link to be passed on. */
  readonly onAnswer: (subscriber: Subscriber, link: Link, now: number) => void;
}

export class Authorizer {
  readonly #options: AuthorizerOptions;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** AAA may take its time; the session may be gone when it answers. */
  async authenticate(subscriber: Subscriber, request: AuthRequest): Promise<void> {
    const { aaa, clock, isAlive, onAnswer } = this.#options;
    subscriber.story.ask(request.name);
    const { session, grant: held } = subscriber;
    const answer = await aaa.authenticate(request, { held, ...callerOf(session) });
    const { link } = subscriber;
    if (!isAlive(subscriber) || link === undefined) {
      if (answer.ok) aaa.release(answer.grant);
      return;
    }
    const now = clock();
    if (answer.ok) this.#accept(subscriber, link, answer, now);
    else if (answer.reason === "forward") this.#goOn(subscriber, link, answer.peer, now);
    else this.#refuse(subscriber, link, answer, now);
    onAnswer(subscriber, link, now);
  }

  #accept(
    subscriber: Subscriber,
    link: Link,
    answer: AaaResult & { readonly ok: true },
    now: number,
  ): void {
    const { proof, grant } = answer;
    // False: LCP was renegotiated while AAA was asked, and nobody waits for this answer.
    if (link.authenticated({ ok: true, profile: grant.profile, proof }, now)) {
      this.#grant(subscriber, answer);
    } else if (subscriber.grant !== grant) {
      this.#options.aaa.release(grant);
    }
  }

  #refuse(subscriber: Subscriber, link: Link, answer: Refusal, now: number): void {
    const { recorder, log } = this.#options;
    const { session, story } = subscriber;
    const code = story.refuse(answer.reason, answer.detail);
    recorder.sessionRefused(session, story, code, now);
    log.warn({ ...names(subscriber), user: story.user, code }, "user refused");
    link.authenticated(answer, now);
  }

  /** A session holds one grant: what another one of an earlier authentication gave goes back. */
  #grant(subscriber: Subscriber, { grant, isPrefixMissing }: AaaResult & { ok: true }): void {
    const { aaa, counters, log } = this.#options;
    const { grant: held } = subscriber;
    if (held !== undefined && held !== grant) aaa.release(held);
    subscriber.grant = grant;
    subscriber.story.grant(grant.user, grant.network);
    if (!isPrefixMissing) return;
    counters["no-prefix6"]++;
    log.warn({ ...names(subscriber), network: grant.network }, "no /64 is free: IPv4 alone");
  }

  /** The link waits, and is let go once the call has gone on. */
  #goOn(subscriber: Subscriber, link: Link, peer: string, now: number): void {
    const { forwarder, log } = this.#options;
    if (forwarder === undefined) throw new Error(`nothing places calls to ${peer}`);
    const proxy = link.handOn();
    // LCP was renegotiated while AAA was asked: the peer says anew who it is.
    if (proxy === undefined) return;
    const { session, handle, story } = subscriber;
    log.debug({ ...names(subscriber), user: story.user, to: peer }, "call goes on");
    const { call, path } = session;
    const request = { call, connected: passedOn(session, proxy), from: path.peer };
    forwarder.forward(handle, peer, request, now);
  }
}

/** Whom we have called ourselves is wanted here: rules by Called Number are about callers. */
function callerOf({ direction, call, connected }: SessionInfo): Caller {
  if (direction !== "incoming") return {};
  const { calledNumber, callingNumber, subAddress } = call;
  return { calledNumber, callingNumber, subAddress, privateGroupId: connected?.privateGroupId };
}

/** What the LAC has done for us; its word on who the user is counts only where it is trusted. */
export function proxyOf({ connected }: SessionInfo, trustsProxies = false): ProxyState {
  const { proxyLcp: lcp, proxyAuthen: authen, lcpWantOptions: want } = connected ?? {};
  const told = { lcp, want, allow: connected?.lcpAllowOptions };
  return trustsProxies ? { ...told, authen } : told;
}

/**
 * What the next LNS is told of the call: the line as the LAC told us, and what our link has learned.
 * What the LAC itself has negotiated and heard is none of it where our link has not taken it over: it
 * may be about somebody else. Whether data messages are numbered concerns each tunnel by itself
 * (RFC 2661 5.4).
 */
function passedOn({ connected = {} }: SessionInfo, { lcp, authen }: ProxyState): Connected {
  const { sequencingRequired: _ns, proxyLcp: _lcp, proxyAuthen: _authen, ...line } = connected;
  return {
    ...line,
    ...(lcp !== undefined && { proxyLcp: lcp }),
    ...(authen !== undefined && { proxyAuthen: authen }),
  };
}
