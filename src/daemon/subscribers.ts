/**
 * The subscribers: what ties an L2TP session to its PPP link, to AAA and to its record in the data
 * plane.
 *
 *   session-open   the record is published for PPP control frames; frames that overtake ICCN wait
 *   session-up     the link opens
 *   authenticate   AAA is asked; its answer goes to the link
 *   network-up     the record lets IPv4 packets through
 *   ipv6-up        it lets those of the session's /64 through, which a router at our end advertises
 *   tunnel-moved   the records of the tunnel's sessions get the peer's new port
 *   session-down   the record is withdrawn first, then the address is given back
 *
 * @module
 */
import type { Aaa } from "../aaa/index.ts";
import type { InjectRing, PuntedFrame } from "../dataplane/rings.ts";
import type { InjectOf, SessionHandle, SessionTable } from "../dataplane/session-table.ts";
import type { Target } from "../dial/index.ts";
import { logFields, peerText, Recorder } from "../history/recorder.ts";
import { Story } from "../history/story.ts";
import type { CounterName as RouterCounterName } from "../ipv6/index.ts";
import {
  type Accm,
  DisconnectCode,
  type EndpointEvent,
  type Path,
  type Result,
  type SessionInfo,
} from "../l2tp/index.ts";
import { EARLY_FRAMES_MAX, EVENTS_PER_FLUSH } from "../limits.ts";
import { encodeSockaddr, type Family } from "../linux/sockaddr.ts";
import { Link, type LinkEvent, type LinkOptions } from "../ppp/index.ts";
import { Timers } from "../sansio/timers.ts";
import type { SessionRow } from "./api.ts";
import type { BusiestAnswer, BusyOrder } from "./api-messages.ts";
import { Authorizer, proxyOf } from "./authorizer.ts";
import { Busiest } from "./busiest.ts";
import { type CloseSession, disconnectOf } from "./disconnect.ts";
import type { ForwardEnd, Forwarder, ForwardOwner } from "./forwarder.ts";
import { Lines, type LinesOptions } from "./lines.ts";
import { publish } from "./records.ts";
import { type NetworkOfSessions, names, REACHED, RESULTS, Subscriber } from "./subscriber.ts";

interface SubscribersOptions extends LinesOptions {
  readonly table: SessionTable;
  readonly injectOf: InjectOf;
  readonly aaa: Aaa;
  /** Takes the calls of which AAA says that they go on. */
  readonly forwarder?: CallForwarder;
  /** Whether the LAC may authenticate users in our place: who it is has to be proved (RFC 2661 9.5). */
  readonly trustsProxies?: boolean;
  readonly link: LinkOptions;
  /** Of the sockets that the packets of sessions pass, when it is not that of the peer. */
  readonly family?: Family;
  readonly networks: ReadonlyMap<string, NetworkOfSessions>;
  readonly clock: () => number;
  readonly closeSession: CloseSession;
  /** Called when an answer of AAA has left things to be sent. */
  readonly onProgress: () => void;
  /** Keeps how sessions end; without one they are only logged. */
  readonly recorder?: Recorder;
}

/** Where calls go that end elsewhere. */
export type CallForwarder = Pick<Forwarder, "forward" | "giveUp" | "leave" | "sessionOf">;

export class Subscribers implements ForwardOwner {
  readonly counters = {
    "early-frames": 0,
    "stale-frames": 0,
    "oversize-frames": 0,
    "no-prefix6": 0,
  };
  readonly lines: Lines;
  /** Of the routers of all sessions. */
  readonly routerCounters: Partial<Record<RouterCounterName, number>> = {};
  readonly #options: SubscribersOptions;
  readonly #recorder: Recorder;
  readonly #byRecord = new Map<number, Subscriber>();
  readonly #authorizer: Authorizer;
  readonly #busiest: Busiest;
  #begun = 0;
  /** By Session ID in the tunnel's, by Tunnel ID. */
  readonly #tunnels = new Map<number, Map<number, Subscriber>>();
  readonly #timers = new Timers<Subscriber>();
  /** Those whose frames wait for room in an inject ring. */
  readonly #blocked = new Map<InjectRing, Set<Subscriber>>();
  /** Sessions that found no place in the table, until they are down. */
  readonly #turnedAway = new Map<number, Story>();

  constructor(options: SubscribersOptions) {
    this.#options = options;
    this.#busiest = new Busiest(options.table);
    this.lines = new Lines(options);
    const { clock } = options;
    this.#recorder = options.recorder ?? new Recorder({ add: () => undefined, clock });
    this.#authorizer = new Authorizer({
      ...options,
      recorder: this.#recorder,
      counters: this.counters,
      isAlive: (subscriber) => this.#isAlive(subscriber),
      onAnswer: (subscriber, link, now) => {
        if (subscriber.link === link) this.#drain(subscriber, link, now);
        options.onProgress();
      },
    });
  }

  handleEvent(event: EndpointEvent, now: number): void {
    if (event.type === "session-open") this.#open(event.session, now);
    else if (event.type === "session-up") this.#up(event.session, now);
    else if (event.type === "session-down") this.#down(event, now);
    else if (event.type === "tunnel-moved") this.#move(event.tunnel.tunnelId, event.path);
    else if (event.type === "call-errors")
      this.lines.failed(this.#find(event.session), event.errors, now);
  }

  /** A PPP frame that a worker punted. */
  handleFrame(punted: PuntedFrame, now: number): void {
    const subscriber = this.#byRecord.get(punted.session);
    if (subscriber === undefined || subscriber.handle.generation !== punted.generation) {
      this.counters["stale-frames"]++;
    } else if (subscriber.link !== undefined) {
      subscriber.story.wasHeard = true;
      subscriber.link.handleInput(punted.frame, now);
      this.#drain(subscriber, subscriber.link, now);
    } else if (subscriber.forwardedTo !== undefined) {
      this.counters["stale-frames"]++; // it came before the call went on
    } else if ((subscriber.early?.length ?? 0) < EARLY_FRAMES_MAX) {
      subscriber.story.wasHeard = true;
      subscriber.early ??= [];
      subscriber.early.push(punted.frame);
    } else {
      this.counters["early-frames"]++;
    }
  }

  handleTimeout(now: number): void {
    const { table } = this.#options;
    table.setTime(now);
    // What is too much for one turn is due in the next, which comes at once.
    for (let left = EVENTS_PER_FLUSH; left > 0; left--) {
      const subscriber = this.#timers.due(now);
      if (subscriber === undefined) return;
      if (subscriber.link === undefined) continue;
      subscriber.handleTimeout(subscriber.link, table, now);
      this.#drain(subscriber, subscriber.link, now);
    }
  }

  /** Sends what waited for room in the inject rings; true when nothing waits any more. */
  resume(): boolean {
    for (const [inject, subscribers] of this.#blocked) {
      for (const subscriber of subscribers) {
        if (inject.isFull) break;
        subscribers.delete(subscriber);
        if (subscriber.link !== undefined) this.#send(subscriber, subscriber.link);
      }
      if (subscribers.size === 0) this.#blocked.delete(inject);
    }
    return this.#blocked.size === 0;
  }

  pollTimeout(): number {
    return this.#timers.next();
  }

  /** When a data message of a tunnel last came. */
  lastHeard(tunnelId: number): number {
    const { table } = this.#options;
    let last = -Infinity;
    for (const { handle, link } of this.#tunnels.get(tunnelId)?.values() ?? []) {
      last = Math.max(last, table.heardAt(handle), link?.heardAt ?? -Infinity);
    }
    return last;
  }

  busiest(by: BusyOrder, count: number, now: number): Pick<BusiestAnswer, "busiest" | "begun"> {
    const row = (subscriber: Subscriber) => subscriber.row(this.#options.table, now);
    return { begun: this.#begun, busiest: this.#busiest.rows(this.#byRecord, row, by, count, now) };
  }

  *rows(now: number): Generator<SessionRow> {
    const { table } = this.#options;
    for (const sessions of this.#tunnels.values()) {
      for (const subscriber of sessions.values()) yield subscriber.row(table, now);
    }
  }

  #open(session: SessionInfo, now: number): void {
    const handle = publish(this.#options.table, session, this.#options.family);
    if (handle === undefined) {
      const result = { code: DisconnectCode.NoFacilitiesNow, message: "session table is full" };
      const story = new Story();
      story.turnAway("table-full");
      this.#turnedAway.set(keyOf(session), story);
      this.#options.closeSession(session, result, now);
      return;
    }
    const subscriber = new Subscriber(session, handle);
    this.#begun++;
    this.#byRecord.set(handle.index, subscriber);
    const sessions = this.#tunnels.get(session.tunnelId);
    if (sessions !== undefined) sessions.set(session.sessionId, subscriber);
    else this.#tunnels.set(session.tunnelId, new Map([[session.sessionId, subscriber]]));
  }

  #up(session: SessionInfo, now: number): void {
    const subscriber = this.#find(session);
    if (subscriber === undefined) return;
    if (session.connected?.sequencingRequired) this.#options.table.sequence(subscriber.handle);
    const link = new Link(this.#options.link);
    link.open(now, proxyOf(session, this.#options.trustsProxies));
    subscriber.connect(session, link);
    for (const frame of subscriber.early ?? []) link.handleInput(frame, now);
    subscriber.early = undefined;
    this.#drain(subscriber, link, now);
  }

  #down(event: EndpointEvent & { type: "session-down" }, now: number): void {
    const { session } = event;
    const subscriber = this.#find(session);
    this.#record(event, subscriber, now);
    if (subscriber === undefined) return;
    const sessions = this.#tunnels.get(session.tunnelId);
    sessions?.delete(session.sessionId);
    if (sessions?.size === 0) this.#tunnels.delete(session.tunnelId);
    this.#byRecord.delete(subscriber.handle.index);
    for (const subscribers of this.#blocked.values()) subscribers.delete(subscriber);
    this.#timers.clear(subscriber.timer);
    this.#options.forwarder?.leave(subscriber.handle, event, now);
    this.#options.table.withdraw(subscriber.handle);
    if (subscriber.grant !== undefined) this.#options.aaa.release(subscriber.grant);
  }

  #record(
    event: EndpointEvent & { type: "session-down" },
    subscriber: Subscriber | undefined,
    now: number,
  ): void {
    const { table, log } = this.#options;
    const { session } = event;
    const story = subscriber?.story ?? this.#turnedAway.get(keyOf(session)) ?? new Story();
    this.#turnedAway.delete(keyOf(session));
    const traffic = subscriber && table.traffic(subscriber.handle);
    const { farewell, ending } = subscriber?.link ?? {};
    if (farewell !== undefined) story.words = peerText(farewell);
    // The peer may hang up while the link still says goodbye: that is not why it ends.
    if (ending !== undefined) story.end(ending);
    const entry = this.#recorder.sessionDown(event, story, traffic, now);
    const { tunnelId: tunnel, sessionId, peer, user } = entry;
    const fields = { tunnel, session: sessionId, peer, user, ...logFields(entry) };
    log.info({ ...fields, result: event.result }, "session down");
  }

  /** Passes on what the link wants known and sent, and sets its timer. */
  #drain(subscriber: Subscriber, link: Link, now: number): void {
    for (let event = link.pollEvent(); event !== undefined; event = link.pollEvent()) {
      this.#handleLinkEvent(subscriber, event, now);
    }
    subscriber.passRouted(link);
    // Before its call has gone on, the peer of a link can but wait in this phase.
    if (link.phase !== "authenticate") this.#options.forwarder?.giveUp(subscriber.handle, now);
    const reached = REACHED[link.phase];
    if (reached !== undefined) subscriber.story.reach(reached);
    this.#send(subscriber, link);
    if (!this.#isAlive(subscriber)) return;
    this.lines.agreed(subscriber, now);
    this.#options.table.answerEcho(subscriber.handle, link.magicNumber);
    this.#timers.set(subscriber.timer, subscriber.deadline(this.#options.table));
  }

  /** Frames that find the ring full stay with the link until there is room. */
  #send(subscriber: Subscriber, link: Link): void {
    const { handle, session } = subscriber;
    const inject = this.#options.injectOf(session.tunnelId, session.sessionId);
    while (!inject.isFull) {
      const frame = link.pollTransmit();
      if (frame === undefined) return;
      if (!inject.put(handle.index, handle.generation, frame)) this.counters["oversize-frames"]++;
    }
    const blocked = this.#blocked.get(inject);
    if (blocked === undefined) this.#blocked.set(inject, new Set([subscriber]));
    else blocked.add(subscriber);
  }

  #handleLinkEvent(subscriber: Subscriber, event: LinkEvent, now: number): void {
    const { log, closeSession } = this.#options;
    switch (event.type) {
      case "authenticate":
        void this.#authorizer.authenticate(subscriber, event.request);
        break;
      case "network-up":
        subscriber.ipv4Up(event);
        this.#forward(subscriber, { address: event.address }, now);
        break;
      case "network-down":
        subscriber.ipv4Down();
        this.#forward(subscriber, {}, now);
        break;
      case "ipv6-up":
        this.#ipv6Up(subscriber, event, now);
        break;
      case "ipv6-down":
        subscriber.ipv6Down();
        this.#forward(subscriber, {}, now);
        break;
      case "ipv6-packet":
        subscriber.router?.handleInput(event.packet, now);
        break;
      case "down": {
        const { reason } = event;
        const code = subscriber.story.end(reason);
        log.info({ ...names(subscriber), code, reason }, "link down");
        const disconnect = disconnectOf(reason, subscriber.story, "dialled");
        closeSession(subscriber.session, RESULTS[reason], now, disconnect);
      }
    }
  }

  #ipv6Up(subscriber: Subscriber, event: LinkEvent & { type: "ipv6-up" }, now: number): void {
    const { networks, link } = this.#options;
    const mtu = networks.get(subscriber.grant?.network ?? "")?.mtu ?? 0;
    const counters = this.routerCounters;
    subscriber.ipv6Up(event, { mtu, random: link.random, counters }, now);
    this.#forward(subscriber, { prefix6: subscriber.grant?.profile.prefix6 ?? "" }, now);
  }

  /** Lets through what is up; `fresh` is what has just come up. */
  #forward(
    subscriber: Subscriber,
    fresh: { readonly address?: string; readonly prefix6?: string },
    now: number,
  ): void {
    const { table, networks, log, closeSession } = this.#options;
    const network = networks.get(subscriber.grant?.network ?? "");
    const forwarding = network && subscriber.forwarding(network);
    const inner = fresh.address ?? fresh.prefix6;
    if (forwarding !== undefined && table.forward(subscriber.handle, forwarding)) {
      if (inner === undefined) return;
      subscriber.story.up(inner);
      log.info({ ...names(subscriber), ...fresh }, "session up");
      return;
    }
    table.hold(subscriber.handle);
    if (forwarding === undefined && inner === undefined) return;
    if (forwarding === undefined) throw new Error(`session up with ${inner} in no network`);
    const result = { code: DisconnectCode.NoFacilitiesNow, message: "route table is full" };
    subscriber.story.turnAway("table-full");
    closeSession(subscriber.session, result, now);
  }

  /** The peer's port has changed, and what we send has to follow. */
  #move(tunnelId: number, path: Path): void {
    const { table, family } = this.#options;
    const name = encodeSockaddr(path.peer, path.peerPort, family);
    for (const subscriber of this.#tunnels.get(tunnelId)?.values() ?? []) {
      subscriber.session = { ...subscriber.session, path };
      table.move(subscriber.handle, name);
    }
  }

  /** The call is at `target` from now on: its link has nothing to do with what is said there. */
  forwarded({ index }: SessionHandle, target: Target): void {
    const subscriber = this.#byRecord.get(index);
    if (subscriber === undefined) return;
    subscriber.goOn(target);
    this.#timers.clear(subscriber.timer);
    const to = { to: subscriber.forwardedTo, list: target.name };
    this.#options.log.info({ ...names(subscriber), ...to }, "call forwarded");
  }

  /** The LNS that it has gone on to has agreed on this with the client. */
  forwardAgreed({ index }: SessionHandle, accm: Accm, now: number): void {
    this.lines.set(this.#byRecord.get(index), accm, now);
  }

  /** It could not be placed, or is over at the other end. */
  forwardEnded({ index }: SessionHandle, result: Result, end: ForwardEnd, now: number): void {
    const subscriber = this.#byRecord.get(index);
    if (subscriber === undefined) return;
    subscriber.story.goneBack(end);
    this.#options.closeSession(subscriber.session, result, now, end.disconnect);
    this.#options.onProgress();
  }

  #find({ tunnelId, sessionId }: SessionInfo): Subscriber | undefined {
    return this.#tunnels.get(tunnelId)?.get(sessionId);
  }

  #isAlive(subscriber: Subscriber): boolean {
    return this.#byRecord.get(subscriber.handle.index) === subscriber;
  }
}

function keyOf(session: SessionInfo): number {
  return session.tunnelId * 65_536 + session.sessionId;
}
