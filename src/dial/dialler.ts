/**
 * Places calls at the first LNS of a list that takes them. Calls to one LNS share its tunnel, which is
 * opened with the first of them and closed a while after the last.
 *
 * In role "lns" it asks LACs for outgoing calls, all else being the same; "LNS" then stands for a LAC.
 *
 * Its owner passes on each event of the endpoint before it looks at it itself: `handleEvent` answers
 * which call the event belongs to.
 *
 * @module
 */
import {
  type Cause,
  type Disconnect,
  DisconnectCode,
  type EndpointEvent,
  type Result,
  type SessionInfo,
} from "../l2tp/index.ts";
import { DIAL_ANSWER_MS, DIAL_TUNNEL_IDLE_MS } from "../limits.ts";
import { Fifo } from "../sansio/fifo.ts";
import { Timer, Timers } from "../sansio/timers.ts";
import { choose, type Entry, KnownLns, listsOf } from "./lns-list.ts";
import type { DialEvent, DiallerOptions, Request } from "./types.ts";

/** Result Codes of a StopCCN and a CDN (RFC 2661 4.4.2). */
const CLEAR: Result = { code: 1 };
const LATE_TUNNEL: Result = { code: 1, message: "no answer in time" };
const LATE_CALL: Result = { code: 10 };

class Dial<Call, Connected> {
  readonly id: number;
  readonly list: readonly Entry[];
  readonly request: Request<Call, Connected>;
  readonly tried = new Set<KnownLns>();
  /** Until when an LNS has to take the call, or when the next one is tried. */
  readonly timer: Timer<Dial<Call, Connected>> = new Timer<Dial<Call, Connected>>(this);
  entry: Entry | undefined;
  /** Of the call at that LNS, as long as there is one. */
  session: { readonly tunnelId: number; readonly sessionId: number } | undefined;
  isUp = false;
  isLate = false;
  isHungUp = false;

  constructor(id: number, list: readonly Entry[], request: Request<Call, Connected>) {
    this.id = id;
    this.list = list;
    this.request = request;
  }
}

export class Dialler<Call, Connected> {
  readonly #options: DiallerOptions<Call, Connected>;
  readonly #lists: ReadonlyMap<string, readonly Entry[]>;
  readonly #dials = new Map<number, Dial<Call, Connected>>();
  readonly #bySession = new Map<number, Dial<Call, Connected>>();
  readonly #byTunnel = new Map<number, KnownLns>();
  readonly #timers = new Timers<KnownLns | Dial<Call, Connected>>();
  readonly #events = new Fifo<DialEvent>();
  #lastId = 0;
  #isStopped = false;

  constructor(options: DiallerOptions<Call, Connected>) {
    this.#options = options;
    this.#lists = listsOf(options.targets);
  }

  /** Calls the LNSs of the list `name`, one after the other; what its events name it by. */
  dial(name: string, request: Request<Call, Connected>, now: number): number {
    const list = this.#lists.get(name);
    if (list === undefined) throw new Error(`there is no list of LNSs ${name}`);
    this.#lastId++;
    const isBack = ({ target }: Entry) => target.address === request.from;
    const dial = new Dial(
      this.#lastId,
      list.filter((entry) => !isBack(entry)),
      request,
    );
    this.#dials.set(dial.id, dial);
    for (const { target } of list.filter(isBack)) {
      this.#events.push({ type: "missed", dial: dial.id, target, why: "origin" });
    }
    this.#tryNext(dial, now);
    return dial.id;
  }

  /** Ends a call, or gives up placing it. Harmless when it is over. */
  hangUp(id: number, result: Result, now: number, disconnect?: Disconnect): void {
    const dial = this.#dials.get(id);
    if (dial === undefined || dial.isHungUp) return;
    dial.isHungUp = true;
    const { session } = dial;
    if (session === undefined) {
      this.#forget(dial);
      return;
    }
    const { tunnelId, sessionId } = session;
    this.#options.endpoint.closeSession(tunnelId, sessionId, result, now, disconnect);
  }

  /** No LNS is tried any more: the endpoint shuts down. */
  stop(): void {
    this.#isStopped = true;
  }

  /** The call that `event` is about, when it is one of ours. */
  handleEvent(event: EndpointEvent, now: number): number | undefined {
    if (event.type === "tunnel-up") this.#tunnelUp(event.tunnel.tunnelId, now);
    else if (event.type === "tunnel-down") this.#tunnelDown(event.tunnel.tunnelId, event, now);
    else if (event.type === "session-open") return this.#sessionOpen(event.session);
    else if (event.type === "session-up") return this.#sessionUp(event.session);
    else if (event.type === "session-down") return this.#sessionDown(event.session, event, now);
    return undefined;
  }

  handleTimeout(now: number): void {
    for (let due = this.#timers.due(now); due !== undefined; due = this.#timers.due(now)) {
      if (due instanceof KnownLns) this.#handleLns(due, now);
      else if (due.session === undefined) this.#tryNext(due, now);
      else this.#giveUp(due, due.session, now);
    }
  }

  pollEvent(): DialEvent | undefined {
    return this.#events.shift();
  }

  pollTimeout(): number {
    return this.#timers.next();
  }

  #tryNext(dial: Dial<Call, Connected>, now: number): void {
    while (!this.#isStopped) {
      const entry = choose(dial.list, dial.tried, now, this.#options.random);
      if (entry === undefined) break;
      const { target } = entry;
      dial.tried.add(entry.lns);
      this.#events.push({ type: "trying", dial: dial.id, target });
      if (this.#place(dial, entry, now)) return;
      this.#events.push({ type: "missed", dial: dial.id, target, why: "no-room" });
    }
    this.#events.push({ type: "failed", dial: dial.id });
    this.#forget(dial);
  }

  #place(dial: Dial<Call, Connected>, entry: Entry, now: number): boolean {
    const { endpoint } = this.#options;
    const { call, connected } = dial.request;
    const tunnelId = entry.lns.tunnelId ?? this.#connect(entry.lns, now);
    const sessionId = tunnelId && endpoint.placeCall(tunnelId, call, now, connected);
    if (tunnelId === undefined || sessionId === undefined) return false;
    dial.entry = entry;
    dial.session = { tunnelId, sessionId };
    dial.isLate = false;
    this.#bySession.set(keyOf(dial.session), dial);
    this.#timers.set(dial.timer, now + DIAL_ANSWER_MS);
    entry.lns.calls++;
    if (entry.lns.isOpen) this.#timers.clear(entry.lns.timer);
    return true;
  }

  #connect(lns: KnownLns, now: number): number | undefined {
    const { endpoint, role, local } = this.#options;
    const { address: peer, port: peerPort, secret, hideAvps } = lns.target;
    const path = { peer, peerPort, local };
    const tunnelId = endpoint.connect({ path, role, secret, hideAvps }, now);
    if (tunnelId === undefined) return undefined;
    lns.tunnelId = tunnelId;
    this.#byTunnel.set(tunnelId, lns);
    this.#timers.set(lns.timer, now + DIAL_ANSWER_MS);
    return tunnelId;
  }

  #tunnelUp(tunnelId: number, now: number): void {
    const lns = this.#byTunnel.get(tunnelId);
    if (lns === undefined) return;
    lns.isOpen = true;
    this.#timers.set(lns.timer, lns.calls > 0 ? Infinity : now + DIAL_TUNNEL_IDLE_MS);
  }

  /** Not a tunnel that we have closed: of that one nothing is known here any more. */
  #tunnelDown(tunnelId: number, { reason }: Cause, now: number): void {
    const lns = this.#byTunnel.get(tunnelId);
    if (lns === undefined) return;
    this.#drop(lns);
    // Who opens a tunnel to us at the same moment is there (RFC 2661 4.4.3, Tie Breaker).
    if (reason !== "tie-breaker-lost") lns.lockOut(now);
  }

  #handleLns(lns: KnownLns, now: number): void {
    const { tunnelId, isOpen } = lns;
    if (tunnelId === undefined) return;
    this.#drop(lns);
    if (!isOpen) {
      lns.lockOut(now);
      for (const dial of this.#dials.values()) dial.isLate ||= dial.session?.tunnelId === tunnelId;
    }
    this.#options.endpoint.closeTunnel(tunnelId, isOpen ? CLEAR : LATE_TUNNEL, now);
  }

  #drop(lns: KnownLns): void {
    this.#byTunnel.delete(lns.tunnelId ?? 0);
    this.#timers.clear(lns.timer);
    lns.tunnelId = undefined;
    lns.isOpen = false;
    lns.calls = 0;
  }

  /** Where a LAC calls somebody, that one may take his time: SESSION_SETUP_MS of the endpoint. */
  #sessionOpen(session: SessionInfo): number | undefined {
    const dial = this.#find(session);
    if (dial !== undefined && this.#options.role === "lns") this.#timers.clear(dial.timer);
    return dial?.id;
  }

  #sessionUp(session: SessionInfo): number | undefined {
    const dial = this.#find(session);
    if (dial?.entry === undefined) return dial?.id;
    dial.isUp = true;
    dial.entry.lns.trust();
    this.#timers.clear(dial.timer);
    const { target } = dial.entry;
    if (!dial.isHungUp) this.#events.push({ type: "up", dial: dial.id, target, session });
    return dial.id;
  }

  #sessionDown(session: SessionInfo, ended: Cause, now: number): number | undefined {
    const dial = this.#find(session);
    if (dial?.entry === undefined) return undefined;
    const { id, entry, isUp, isLate, isHungUp } = dial;
    const { target } = entry;
    const cause = causeOf(ended);
    this.#leave(entry.lns, session.tunnelId, now);
    this.#bySession.delete(keyOf(session));
    dial.session = undefined;
    if (isHungUp || isUp) {
      this.#forget(dial);
      if (!isHungUp) this.#events.push({ type: "down", dial: id, target, session, cause });
      return id;
    }
    const why = isLate || cause.by === "timeout" ? "no-answer" : "ended";
    if (isLate || isFull(cause)) entry.lns.lockOut(now);
    this.#events.push({ type: "missed", dial: id, target, why, ...(why === "ended" && { cause }) });
    // Not before it is known whether the tunnel ends too: that is the next event.
    this.#timers.set(dial.timer, now);
    return id;
  }

  /** A call less in the tunnel of an LNS. */
  #leave(lns: KnownLns, tunnelId: number, now: number): void {
    if (lns.tunnelId !== tunnelId) return;
    lns.calls--;
    if (lns.calls === 0 && lns.isOpen) this.#timers.set(lns.timer, now + DIAL_TUNNEL_IDLE_MS);
  }

  #giveUp(
    dial: Dial<Call, Connected>,
    { tunnelId, sessionId }: { readonly tunnelId: number; readonly sessionId: number },
    now: number,
  ): void {
    dial.isLate = true;
    this.#options.endpoint.closeSession(tunnelId, sessionId, LATE_CALL, now);
  }

  #forget(dial: Dial<Call, Connected>): void {
    this.#timers.clear(dial.timer);
    this.#dials.delete(dial.id);
  }

  #find(session: SessionInfo): Dial<Call, Connected> | undefined {
    return this.#bySession.get(keyOf(session));
  }
}

function keyOf({ tunnelId, sessionId }: { tunnelId: number; sessionId: number }): number {
  return tunnelId * 65_536 + sessionId;
}

/** The LNS has no facilities, now or at all (RFC 2661 4.4.2): no call of anybody's fares better. */
function isFull({ by, result: { code }, withTunnel }: Cause): boolean {
  const { NoFacilitiesNow, NoFacilities } = DisconnectCode;
  return (
    by === "peer" && withTunnel !== true && (code === NoFacilitiesNow || code === NoFacilities)
  );
}

/** The event without what is not the cause. */
function causeOf({ by, result, reason, withTunnel, disconnect }: Cause): Cause {
  return {
    by,
    result,
    ...(reason !== undefined && { reason }),
    ...(withTunnel === true && { withTunnel }),
    ...(disconnect !== undefined && { disconnect }),
  };
}
