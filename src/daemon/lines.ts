/**
 * The lines of calls, which are the LAC's: errors there that it tells of (WEN), and what it has to
 * know of LCP (SLI). Where a call has gone on, we tell one end what the other end tells us.
 *
 * @module
 */
import type { SessionHandle } from "../dataplane/session-table.ts";
import type { Accm, EndpointEvent, SessionInfo } from "../l2tp/index.ts";
import type { Logger } from "../observe/log.ts";
import { names, type Subscriber } from "./subscriber.ts";

type CallErrors = (EndpointEvent & { readonly type: "call-errors" })["errors"];

export interface LinesOptions {
  /** Sends what has to be told. */
  readonly endpoint: {
    setAccm(tunnelId: number, sessionId: number, accm: Accm, now: number): void;
    reportErrors(tunnelId: number, sessionId: number, errors: CallErrors, now: number): void;
  };
  /** Knows where calls have gone on. */
  readonly forwarder?: { sessionOf(from: SessionHandle): SessionInfo | undefined };
  readonly log: Logger;
}

export class Lines {
  readonly counters = { "line-errors": 0 };
  readonly #options: LinesOptions;

  constructor(options: LinesOptions) {
    this.#options = options;
  }

  /** The LAC has met errors since the call was connected. */
  failed(subscriber: Subscriber | undefined, errors: CallErrors, now: number): void {
    const { endpoint, forwarder, log } = this.#options;
    this.counters["line-errors"]++;
    if (subscriber === undefined) return;
    log.debug({ ...names(subscriber), ...errors }, "errors on the line");
    const next = forwarder?.sessionOf(subscriber.handle);
    if (next !== undefined) endpoint.reportErrors(next.tunnelId, next.sessionId, errors, now);
  }

  /** What LCP has agreed on, if it is news. */
  agreed(subscriber: Subscriber, now: number): void {
    const accm = subscriber.accmNews();
    if (accm !== undefined) this.set(subscriber, accm, now);
  }

  /** The same, of the LNS that the call has gone on to. */
  set(subscriber: Subscriber | undefined, accm: Accm, now: number): void {
    if (subscriber === undefined) return;
    const { tunnelId, sessionId } = subscriber.session;
    this.#options.endpoint.setAccm(tunnelId, sessionId, accm, now);
  }
}
