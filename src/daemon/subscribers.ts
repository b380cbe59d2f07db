/**
 * The subscribers: what ties an L2TP session to its PPP link, to AAA and to its record in the data
 * plane.
 *
 *   session-open   the record is published for PPP control frames; frames that overtake ICCN wait
 *   session-up     the link opens
 *   authenticate   AAA is asked; its answer goes to the link
 *   network-up     the record lets IP packets through
 *   session-down   the record is withdrawn first, then the address is given back
 *
 * @module
 */
import type { Aaa, Grant } from "../aaa/index.ts";
import type { InjectRing, PuntedFrame } from "../dataplane/rings.ts";
import type { SessionHandle, SessionTable } from "../dataplane/session-table.ts";
import type { LnsEvent, Result, SessionInfo } from "../l2tp/index.ts";
import { EARLY_FRAMES_MAX } from "../limits.ts";
import { encodePktinfo, encodeSockaddr } from "../linux/sockaddr.ts";
import { ipv4 } from "../net.ts";
import type { Logger } from "../observe/log.ts";
import {
  type AuthRequest,
  type DownReason,
  Link,
  type LinkEvent,
  type LinkOptions,
} from "../ppp/index.ts";
import { Timer, Timers } from "../sansio/timers.ts";
import type { SessionRow } from "./api.ts";

export interface SubscribersOptions {
  readonly table: SessionTable;
  readonly inject: InjectRing;
  readonly aaa: Aaa;
  readonly link: LinkOptions;
  /** Index and MTU of each virtual network, by name. */
  readonly networks: ReadonlyMap<string, { readonly index: number; readonly mtu: number }>;
  readonly clock: () => number;
  readonly closeSession: (session: SessionInfo, result: Result, now: number) => void;
  /** Called when an answer of AAA has left things to be sent. */
  readonly onProgress: () => void;
  readonly log: Logger;
}

class Subscriber {
  readonly session: SessionInfo;
  readonly handle: SessionHandle;
  /** The deadline of the link. */
  readonly timer = new Timer<Subscriber>(this);
  /** From ICCN on. */
  link?: Link;
  /** From a successful authentication on. */
  grant?: Grant;
  /** Frames that came before ICCN. */
  early: Uint8Array[] = [];

  constructor(session: SessionInfo, handle: SessionHandle) {
    this.session = session;
    this.handle = handle;
  }
}

const NO_FACILITIES = 4;
/** Result Codes of CDN (RFC 2661 4.4.2) for the ways in which a link ends. */
const RESULTS: Readonly<Record<DownReason, Result>> = {
  authentication: { code: 3, message: "authentication failed" },
  "pool-exhausted": { code: NO_FACILITIES, message: "no address is free" },
  "no-authentication-method": { code: 3, message: "no common authentication method" },
  peer: { code: 3, message: "link terminated by the peer" },
  local: { code: 3, message: "link closed" },
  "echo-timeout": { code: 1, message: "no answer to LCP Echo-Request" },
  negotiation: { code: 3, message: "PPP negotiation failed" },
  loop: { code: 3, message: "link is looped back" },
};

export class Subscribers {
  readonly counters = { "early-frames": 0, "stale-frames": 0, "oversize-frames": 0 };
  readonly #options: SubscribersOptions;
  readonly #byRecord = new Map<number, Subscriber>();
  readonly #byKey = new Map<number, Subscriber>();
  readonly #timers = new Timers<Subscriber>();
  /** Those whose frames wait for room in the inject ring. */
  readonly #blocked = new Set<Subscriber>();

  constructor(options: SubscribersOptions) {
    this.#options = options;
  }

  handleEvent(event: LnsEvent, now: number): void {
    if (event.type === "session-open") this.#open(event.session, now);
    else if (event.type === "session-up") this.#up(event.session, now);
    else if (event.type === "session-down") this.#down(event.session);
  }

  /** A PPP frame that a worker punted. */
  handleFrame(punted: PuntedFrame, now: number): void {
    const subscriber = this.#byRecord.get(punted.session);
    if (subscriber === undefined || subscriber.handle.generation !== punted.generation) {
      this.counters["stale-frames"]++;
    } else if (subscriber.link !== undefined) {
      subscriber.link.handleInput(punted.frame, now);
      this.#drain(subscriber, subscriber.link, now);
    } else if (subscriber.early.length < EARLY_FRAMES_MAX) {
      subscriber.early.push(punted.frame);
    } else {
      this.counters["early-frames"]++;
    }
  }

  handleTimeout(now: number): void {
    for (;;) {
      const subscriber = this.#timers.due(now);
      if (subscriber === undefined) return;
      if (subscriber.link === undefined) continue;
      subscriber.link.handleTimeout(now);
      this.#drain(subscriber, subscriber.link, now);
    }
  }

  /** Sends what waited for room in the inject ring; true when nothing waits any more. */
  resume(): boolean {
    for (const subscriber of this.#blocked) {
      if (subscriber.link !== undefined && !this.#send(subscriber, subscriber.link)) return false;
      this.#blocked.delete(subscriber);
    }
    return true;
  }

  pollTimeout(): number {
    return this.#timers.next();
  }

  *rows(now: number): Generator<SessionRow> {
    for (const { session, handle, link, grant } of this.#byKey.values()) {
      yield {
        tunnelId: session.tunnelId,
        sessionId: session.sessionId,
        peerTunnelId: session.peerTunnelId,
        peerSessionId: session.peerSessionId,
        peer: `${session.path.peer}:${session.path.peerPort}`,
        user: link?.user ?? "",
        network: grant?.network ?? "",
        address: grant?.profile.address ?? "",
        phase: link?.phase ?? "dead",
        seconds: Math.floor((now - session.since) / 1000),
        ...this.#options.table.traffic(handle),
      };
    }
  }

  #open(session: SessionInfo, now: number): void {
    const handle = this.#options.table.publish({
      tunnelId: session.tunnelId,
      sessionId: session.sessionId,
      peerTunnelId: session.peerTunnelId,
      peerSessionId: session.peerSessionId,
      name: encodeSockaddr(session.path.peer, session.path.peerPort),
      control: encodePktinfo(session.path.local),
    });
    if (handle === undefined) {
      const result = { code: NO_FACILITIES, message: "session table is full" };
      this.#options.closeSession(session, result, now);
      return;
    }
    const subscriber = new Subscriber(session, handle);
    this.#byRecord.set(handle.index, subscriber);
    this.#byKey.set(keyOf(session), subscriber);
  }

  #up(session: SessionInfo, now: number): void {
    const subscriber = this.#byKey.get(keyOf(session));
    if (subscriber === undefined) return;
    if (session.sequencingRequired) this.#options.table.sequence(subscriber.handle);
    const link = new Link(this.#options.link);
    subscriber.link = link;
    link.open(now);
    for (const frame of subscriber.early) link.handleInput(frame, now);
    subscriber.early = [];
    this.#drain(subscriber, link, now);
  }

  #down(session: SessionInfo): void {
    const subscriber = this.#byKey.get(keyOf(session));
    if (subscriber === undefined) return;
    this.#byKey.delete(keyOf(session));
    this.#byRecord.delete(subscriber.handle.index);
    this.#blocked.delete(subscriber);
    this.#timers.clear(subscriber.timer);
    this.#options.table.withdraw(subscriber.handle);
    if (subscriber.grant !== undefined) this.#options.aaa.release(subscriber.grant);
  }

  /** Passes on what the link wants known and sent, and sets its timer. */
  #drain(subscriber: Subscriber, link: Link, now: number): void {
    for (let event = link.pollEvent(); event !== undefined; event = link.pollEvent()) {
      this.#handleLinkEvent(subscriber, event, now);
    }
    if (!this.#send(subscriber, link)) this.#blocked.add(subscriber);
    if (this.#isAlive(subscriber)) this.#timers.set(subscriber.timer, link.pollTimeout());
  }

  /** Frames that find the ring full stay with the link until there is room. */
  #send({ handle }: Subscriber, link: Link): boolean {
    const { inject } = this.#options;
    while (!inject.isFull) {
      const frame = link.pollTransmit();
      if (frame === undefined) return true;
      if (!inject.put(handle.index, handle.generation, frame)) this.counters["oversize-frames"]++;
    }
    return false;
  }

  #handleLinkEvent(subscriber: Subscriber, event: LinkEvent, now: number): void {
    const { table, log, closeSession } = this.#options;
    switch (event.type) {
      case "authenticate":
        void this.#authenticate(subscriber, event.request);
        break;
      case "network-up":
        this.#forward(subscriber, event, now);
        break;
      case "network-down":
        table.hold(subscriber.handle);
        break;
      case "down": {
        const result = RESULTS[event.reason];
        log.info({ ...names(subscriber), reason: event.reason }, "link down");
        closeSession(subscriber.session, result, now);
      }
    }
  }

  #forward(subscriber: Subscriber, event: LinkEvent & { type: "network-up" }, now: number): void {
    const { table, networks, log, closeSession } = this.#options;
    const network = networks.get(subscriber.grant?.network ?? "");
    const isForwarded =
      network !== undefined &&
      table.forward(subscriber.handle, {
        network: network.index,
        address: ipv4(event.address),
        mtu: Math.min(event.peer.mru, network.mtu),
        acfc: event.peer.acfc,
        pfc: event.peer.pfc,
      });
    if (isForwarded) {
      log.info({ ...names(subscriber), address: event.address }, "session up");
    } else {
      const result = { code: NO_FACILITIES, message: "route table is full" };
      closeSession(subscriber.session, result, now);
    }
  }

  /** AAA may take its time; the session may be gone when it answers. */
  async #authenticate(subscriber: Subscriber, request: AuthRequest): Promise<void> {
    const { aaa, clock, log } = this.#options;
    const answer = await aaa.authenticate(request, subscriber.grant);
    const { link } = subscriber;
    if (!this.#isAlive(subscriber) || link === undefined) {
      if (answer.ok) aaa.release(answer.grant);
      return;
    }
    const now = clock();
    if (answer.ok) {
      const { proof, grant } = answer;
      const { profile } = grant;
      // False: LCP was renegotiated while AAA was asked, and nobody waits for this answer.
      if (link.authenticated({ ok: true, profile, proof }, now)) this.#grant(subscriber, grant);
      else if (subscriber.grant !== grant) aaa.release(grant);
    } else {
      log.warn({ ...names(subscriber), user: request.name, reason: answer.reason }, "user refused");
      link.authenticated(answer, now);
    }
    this.#drain(subscriber, link, now);
    this.#options.onProgress();
  }

  /** A session holds one grant: what another one of an earlier authentication gave goes back. */
  #grant(subscriber: Subscriber, grant: Grant): void {
    const { grant: held } = subscriber;
    if (held !== undefined && held !== grant) this.#options.aaa.release(held);
    subscriber.grant = grant;
  }

  #isAlive(subscriber: Subscriber): boolean {
    return this.#byRecord.get(subscriber.handle.index) === subscriber;
  }
}

function keyOf(session: SessionInfo): number {
  return session.tunnelId * 65_536 + session.sessionId;
}

/** What a log line says of a subscriber. */
function names({ session, link }: Subscriber): Record<string, unknown> {
  return {
    tunnel: session.tunnelId,
    session: session.sessionId,
    peer: `${session.path.peer}:${session.path.peerPort}`,
    user: link?.user ?? "",
  };
}
