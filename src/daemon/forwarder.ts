/**
 * Calls that go on to another LNS instead of ending here (tunnel switching).
 *
 *   forward        the name is known: a call is placed at an LNS of the list, with what our end of the
 *                  link has learned (proxy LCP and proxy authentication, RFC 2661 4.4.5)
 *   session-open   that LNS takes it, and its record is published
 *   up             both records are switched: workers pass frames between the two without opening them
 *   down, failed   the subscriber is told, whose session ends; and the other way round
 *
 * @module
 */

import type { SessionHandle, SessionTable } from "../dataplane/session-table.ts";
import type { DialEvent, Dialler, Request, Target } from "../dial/index.ts";
import {
  type Accm,
  type Call,
  type Cause,
  type Connected,
  type Disconnect,
  DisconnectCode,
  type EndpointEvent,
  type Result,
  type SessionInfo,
} from "../l2tp/index.ts";
import { encodeSockaddr, type Family } from "../linux/sockaddr.ts";
import { formatEndpoint } from "../net.ts";
import type { Logger } from "../observe/log.ts";
import { publish } from "./records.ts";

export interface ForwarderOptions {
  readonly table: SessionTable;
  readonly dialler: Dialler<Call, Connected>;
  /** Of the sockets that the packets of sessions pass. */
  readonly family?: Family;
  readonly owner: ForwardOwner;
  readonly log: Logger;
}

/** Whose calls go on. Each is named by the handle of its session's record. */
export interface ForwardOwner {
  /** The call is at `target` from now on, and nothing of it comes here any more. */
  forwarded(from: SessionHandle, target: Target): void;
  /** What a LAC at the beginning of its line has to know of LCP (SLI). */
  forwardAgreed(from: SessionHandle, accm: Accm, now: number): void;
  /** It ends; `wasUp`: it had been there. `words` for the operator. */
  forwardEnded(from: SessionHandle, result: Result, end: ForwardEnd, now: number): void;
}

export interface ForwardEnd {
  readonly wasUp: boolean;
  readonly words: string;
  /** What the next LNS said beside `result`. */
  readonly disconnect?: Disconnect | undefined;
}

const NOWHERE: Result = {
  code: DisconnectCode.NoFacilitiesNow,
  message: "no LNS takes the call",
};
/** Two that send a realm to each other would do so for ever. */
const BACK: Result = {
  code: DisconnectCode.Administrative,
  message: "the call would go back to its own LAC",
};
const TABLE_FULL: Result = {
  code: DisconnectCode.NoFacilitiesNow,
  message: "session table is full",
};
const GIVEN_UP: Result = { code: DisconnectCode.Administrative };
const LOST: Result = { code: DisconnectCode.LostCarrier, message: "the next LNS is gone" };

/** A call under way or at its LNS. */
interface Leg {
  readonly dial: number;
  readonly from: SessionHandle;
  /** The placed call's own session, from session-open on. */
  session?: SessionInfo;
  handle?: SessionHandle;
  isUp: boolean;
  /** The subscriber's session has ended, or was told to: nobody wants to hear of this one. */
  isLeft: boolean;
  /** What the LNS said that was tried last. */
  words: string;
  /** What the client's LAC is told when none takes it. */
  refusal: Result;
}

export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #byDial = new Map<number, Leg>();
  /** By index of the subscriber's record. */
  readonly #byFrom = new Map<number, Leg>();
  /** Legs whose sessions are open, by our Tunnel ID. */
  readonly #tunnels = new Map<number, Set<Leg>>();

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** The call of the session that `from` names goes on to an LNS of `list`. */
  forward(from: SessionHandle, list: string, request: Request<Call, Connected>, now: number): void {
    const dial = this.#options.dialler.dial(list, request, now);
    const leg: Leg = { dial, from, isUp: false, isLeft: false, words: "", refusal: NOWHERE };
    this.#byDial.set(dial, leg);
    this.#byFrom.set(from.index, leg);
    this.#drain(now);
  }

  /** The client has begun its link anew, and may tell another name: the call does not go on. */
  giveUp(from: SessionHandle, now: number): void {
    const leg = this.#byFrom.get(from.index);
    if (leg !== undefined) this.#hangUp(leg, GIVEN_UP, now);
  }

  /** The subscriber's session has ended. Harmless where it did not go on. */
  leave(from: SessionHandle, { result, withTunnel, disconnect }: Cause, now: number): void {
    const leg = this.#byFrom.get(from.index);
    if (leg === undefined || leg.from.generation !== from.generation) return;
    const lost: Result = { code: DisconnectCode.LostCarrier };
    this.#hangUp(leg, withTunnel === true ? lost : named(result), now, disconnect);
  }

  /** Takes an event of the endpoint. True when it is about a call that was placed here. */
  handleEvent(event: EndpointEvent, now: number): boolean {
    const dial = this.#options.dialler.handleEvent(event, now);
    if (event.type === "tunnel-moved") this.#move(event.tunnel.tunnelId, event);
    const leg = dial === undefined ? undefined : this.#byDial.get(dial);
    if (event.type === "accm") return this.#agreed(event, now);
    if (leg !== undefined && event.type === "session-open") this.#open(leg, event.session, now);
    if (leg !== undefined && event.type === "session-down") this.#close(leg);
    this.#drain(now);
    return dial !== undefined;
  }

  handleTimeout(now: number): void {
    this.#options.dialler.handleTimeout(now);
    this.#drain(now);
  }

  pollTimeout(): number {
    return this.#options.dialler.pollTimeout();
  }

  /** When a data message of a tunnel last came. */
  lastHeard(tunnelId: number): number {
    let last = -Infinity;
    for (const { handle } of this.#tunnels.get(tunnelId) ?? []) {
      if (handle !== undefined) last = Math.max(last, this.#options.table.heardAt(handle));
    }
    return last;
  }

  /** The session in which the call of `from` goes on, once it does. */
  sessionOf(from: SessionHandle): SessionInfo | undefined {
    const leg = this.#byFrom.get(from.index);
    return leg?.isUp && leg.from.generation === from.generation ? leg.session : undefined;
  }

  #agreed(event: EndpointEvent & { type: "accm" }, now: number): boolean {
    const { tunnelId, sessionId } = event.session;
    const legs = [...(this.#tunnels.get(tunnelId) ?? [])];
    const leg = legs.find(({ session }) => session?.sessionId === sessionId);
    if (leg === undefined) return false;
    this.#options.owner.forwardAgreed(leg.from, event, now);
    return true;
  }

  #open(leg: Leg, session: SessionInfo, now: number): void {
    const { table, family, owner } = this.#options;
    if (leg.isLeft) return;
    const { tunnelId } = session;
    const handle = publish(table, session, family);
    if (handle === undefined) {
      this.#hangUp(leg, TABLE_FULL, now);
      owner.forwardEnded(leg.from, TABLE_FULL, { wasUp: false, words: "" }, now);
      return;
    }
    table.follow(handle);
    leg.session = session;
    leg.handle = handle;
    const legs = this.#tunnels.get(tunnelId);
    if (legs === undefined) this.#tunnels.set(tunnelId, new Set([leg]));
    else legs.add(leg);
  }

  /** The session at the LNS is over; the call may be tried at the next one. */
  #close(leg: Leg): void {
    const { handle, session } = leg;
    if (handle !== undefined) this.#options.table.withdraw(handle);
    delete leg.handle;
    if (session !== undefined) {
      const legs = this.#tunnels.get(session.tunnelId);
      legs?.delete(leg);
      if (legs?.size === 0) this.#tunnels.delete(session.tunnelId);
    }
    delete leg.session;
    if (leg.isLeft) this.#byDial.delete(leg.dial);
  }

  /** The peer's port, which is all of it that may change, is another one. */
  #move(tunnelId: number, { path }: EndpointEvent & { type: "tunnel-moved" }): void {
    const { table, family } = this.#options;
    const name = encodeSockaddr(path.peer, path.peerPort, family);
    for (const leg of this.#tunnels.get(tunnelId) ?? []) {
      if (leg.session !== undefined) leg.session = { ...leg.session, path };
      if (leg.handle !== undefined) table.move(leg.handle, name);
    }
  }

  #hangUp(leg: Leg, result: Result, now: number, disconnect?: Disconnect): void {
    const { table, dialler } = this.#options;
    this.#byFrom.delete(leg.from.index);
    leg.isLeft = true;
    if (leg.handle !== undefined) table.unswitch(leg.handle);
    if (leg.session === undefined) this.#byDial.delete(leg.dial);
    dialler.hangUp(leg.dial, result, now, disconnect);
  }

  #drain(now: number): void {
    const { dialler } = this.#options;
    for (let event = dialler.pollEvent(); event !== undefined; event = dialler.pollEvent()) {
      const leg = this.#byDial.get(event.dial);
      if (leg !== undefined && !leg.isLeft) this.#handleDial(leg, event, now);
    }
  }

  #handleDial(leg: Leg, event: DialEvent, now: number): void {
    switch (event.type) {
      case "trying":
        break;
      case "missed":
        this.#missed(leg, event);
        break;
      case "up":
        this.#up(leg, event.target);
        break;
      case "failed":
        this.#end(leg, leg.refusal, now);
        break;
      case "down": {
        const { result, withTunnel, by, disconnect } = event.cause;
        leg.words = (by === "peer" && result.message) || "";
        const isLost = withTunnel === true || by === "timeout";
        this.#end(leg, isLost ? LOST : named(result), now, disconnect);
      }
    }
  }

  #missed(leg: Leg, { target, why, cause }: DialEvent & { type: "missed" }): void {
    leg.words = cause?.result.message ?? leg.words;
    const lns = formatEndpoint(target.address, target.port);
    const fields = { lns, list: target.name, why, ...(cause && { result: cause.result }) };
    leg.refusal = why === "origin" ? BACK : NOWHERE;
    this.#options.log.warn(fields, why === "origin" ? BACK.message : "call not taken");
  }

  #up(leg: Leg, target: Target): void {
    const { table, owner } = this.#options;
    if (leg.handle === undefined) throw new Error("a call is up without a record");
    leg.isUp = true;
    table.switch(leg.from, leg.handle);
    owner.forwarded(leg.from, target);
  }

  #end(leg: Leg, result: Result, now: number, disconnect?: Disconnect): void {
    this.#byDial.delete(leg.dial);
    this.#byFrom.delete(leg.from.index);
    const { from, isUp: wasUp, words } = leg;
    this.#options.owner.forwardEnded(from, result, { wasUp, words, disconnect }, now);
  }
}

/** A CDN needs a Result Code that means something; whoever named none has at least let go of it. */
function named(result: Result): Result {
  return result.code === 0 ? { ...result, code: DisconnectCode.LostCarrier } : result;
}
