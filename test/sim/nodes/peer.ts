/**
 * A peer of a world: a LAC with its subscribers, made of the peer cores that share nothing with
 * the program but the codec. It dials again whatever it has lost and still wants.
 *
 * @module
 */
import { buildHeader, buildPpp, parseHeader, parsePpp } from "../../../src/codec/index.ts";
import { type Call, Lac } from "../../peer/lac.ts";
import { PppPeer } from "../../peer/ppp.ts";
import { mutate } from "../../system/load/mutate.ts";
import type { Faults } from "../faults.ts";
import { half, isEchoReply6, PING_MS, type Pinger, pings, pings6 } from "../packets.ts";
import type { PeerPlan } from "../plan.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";

const IP = 0x0021;
const IPV6 = 0x0057;
const REDIAL_MS = 5_000;
/** So often a LAC finds out whether its tunnel still stands. */
const KEEPALIVE_MS = 30_000;
/** A call is given up that is not up by then, where letters may have been changed on the way. */
const CALL_MS = 70_000;
/** A protocol that nobody knows (RFC 1661 5.7). */
const UNKNOWN = 0x4001;
/** Of what a malicious peer sends, a changed copy goes along. */
const MALICE = 0.2;
const SENT_KEPT = 8;
/** After so long without an answer a subscriber dials anew. */
const SILENCE_MS = 60_000;

/** So often, of its pings, a subscriber's LAC reports errors. */
const REPORTED = 0.5;

export interface Line extends Pinger {
  /** Its addresses, as `destinationOf` has them. */
  readonly own: readonly string[];
  wants: boolean;
  call: Call | undefined;
  ppp: PppPeer | undefined;
  redialAt: number;
  pingAt: number;
  /** Its call is given up then. */
  giveUpAt: number;
  /** It has an address. */
  isUp: boolean;
  /** When answers to its pings last came, by IPv4 and by IPv6; at first since when it is up. */
  heardAt: number;
  heard6At: number;
  /** Sessions that it ended as the network did not answer any more. */
  givenUp: number;
  /** WENs of its call: each says how many they are by then. */
  reports: number;
}

export interface SimPeerOptions {
  readonly index: number;
  readonly plan: PeerPlan;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly random: Random;
  /** Letters of its tunnel may have been changed: what makes no sense is no fault of ours. */
  readonly isLenient: () => boolean;
  /** It begins another tunnel: what was changed before is over. */
  readonly onConnect: () => void;
  readonly send: (datagram: Uint8Array) => void;
  /** An IP packet of a subscriber has come. */
  readonly onPacket: (line: Line, packet: Uint8Array) => void;
}

export class SimPeer {
  readonly lines: Line[];
  lac: Lac | undefined;
  wants = false;
  /** Control connections that it has begun. */
  attempts = 0;
  readonly #options: SimPeerOptions;
  #redialAt = Infinity;
  #keepaliveAt = Infinity;
  #calls = 0;
  /** Of a malicious peer: what it may change and send again. */
  readonly #sent: Uint8Array[] = [];

  constructor(options: SimPeerOptions) {
    this.#options = options;
    this.lines = options.plan.lines.map((plan) => ({
      plan,
      get own() {
        return [this.ppp?.address ?? "", half(this.ppp?.host?.global ?? new Uint8Array())];
      },
      wants: true,
      call: undefined as Call | undefined,
      ppp: undefined as PppPeer | undefined,
      redialAt: Infinity,
      pingAt: Infinity,
      giveUpAt: Infinity,
      isUp: false,
      heardAt: 0,
      heard6At: 0,
      givenUp: 0,
      reports: 0,
      asked: new Set<number>(),
    }));
  }

  get isLenient(): boolean {
    return this.#options.isLenient();
  }

  get timeout(): number {
    let next = Math.min(this.#redialAt, this.#keepaliveAt, this.lac?.timeout ?? Infinity);
    for (const { redialAt, pingAt, giveUpAt, ppp } of this.lines) {
      next = Math.min(next, redialAt, pingAt, giveUpAt, ppp?.pollTimeout() ?? Infinity);
    }
    return next;
  }

  start(): void {
    if (this.wants) return;
    this.wants = true;
    this.#redialAt = this.#options.scheduler.now;
  }

  stop(): void {
    this.wants = false;
    this.#redialAt = Infinity;
    this.lac?.stop(this.#options.scheduler.now);
    this.settle();
  }

  dial(line: Line): void {
    line.wants = true;
    if (line.call === undefined) line.redialAt = this.#options.scheduler.now;
    this.settle();
  }

  hangUp(line: Line): void {
    line.wants = false;
    line.redialAt = Infinity;
    this.settle();
  }

  /** Frames of a protocol that the other end has to reject, one by one. */
  burst(line: Line, frames: number): void {
    if (line.ppp === undefined) return;
    for (let index = 0; index < frames; index++) {
      this.#sendFrame(line, buildPpp(UNKNOWN, Uint8Array.of(index >> 8, index & 0xff)));
    }
  }

  /** Forgets everything at once and says nothing. */
  crash(): void {
    this.lac = undefined;
    this.#keepaliveAt = Infinity;
    for (const line of this.lines) this.#forget(line);
    this.#redialAt = this.wants ? this.#options.scheduler.now + REDIAL_MS : Infinity;
  }

  receive(datagram: Uint8Array): void {
    this.#leniently(() => this.#receive(datagram));
  }

  /** Who cannot make sense of what comes forgets everything, and begins anew. */
  #leniently(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!this.isLenient) throw error;
      this.crash();
    }
  }

  #receive(datagram: Uint8Array): void {
    const header = parseHeader(datagram);
    if (typeof header === "string") throw new Error(`the LNS built a datagram that is ${header}`);
    // What is left over from an earlier tunnel is nobody's here.
    if (header.tunnelId !== this.lac?.tunnelId) return;
    if (header.control) this.lac.handle(datagram, this.#options.scheduler.now);
    else this.#frame(header.sessionId, header.payload);
    this.settle();
  }

  handleTimeout(): void {
    const { now } = this.#options.scheduler;
    if (this.#redialAt <= now) this.#connect(now);
    if (this.#keepaliveAt <= now) {
      this.#keepaliveAt = now + KEEPALIVE_MS;
      // What it was answered may have been changed on the way: it waits for something else.
      const isWaiting = this.lac?.state === "wait-ctl-reply" && this.lac.idle;
      if (this.isLenient && isWaiting) this.crash();
      else if (this.lac?.idle === true) this.lac.ping(now);
    }
    this.lac?.tick(now);
    for (const line of this.lines) {
      if (line.giveUpAt <= now) this.#giveUp(line, now);
      line.ppp?.handleTimeout(now);
      if (line.redialAt <= now) this.#call(line, now);
      if (line.pingAt <= now) this.#ping(line, now);
    }
    this.settle();
  }

  /** A call that has come to nothing, where a changed letter may have ended it at the other end. */
  #giveUp(line: Line, now: number): void {
    line.giveUpAt = now + CALL_MS;
    if (this.isLenient && !line.isUp && line.call !== undefined) {
      this.lac?.hangUp(line.call.id, now);
    }
  }

  /** Draws the conclusions of what has happened, and sends what is to be sent. */
  settle(): void {
    const { now } = this.#options.scheduler;
    const { lac } = this;
    for (const line of this.lines) this.#settleLine(line, now);
    if (lac?.state === "closed" && lac.idle) {
      this.lac = undefined;
      this.#keepaliveAt = Infinity;
      if (this.wants) this.#redialAt = now + REDIAL_MS;
    }
    for (const datagram of lac?.outbox.splice(0) ?? []) this.#send(datagram);
    for (const line of this.lines) this.#sendFrames(line);
  }

  #settleLine(line: Line, now: number): void {
    const { call, ppp } = line;
    if (call?.state === "established" && ppp === undefined) {
      const { user: name, password, accepts, hasIpv6 } = line.plan;
      const ipv6 = hasIpv6 ? { ipv6cp: [[1, 2, 0, 0, 0, 0, 0, 0, call.id]] as const } : {};
      line.ppp = new PppPeer({ name, password, accepts, ...ipv6 });
      line.ppp.open(now);
      // Also before it is authenticated: nothing of that may get through.
      line.pingAt = now + this.#options.random.between(1, PING_MS);
    } else if (call?.state === "closed") {
      // A wrong password is not tried twice.
      if (ppp?.verdict === "failure" && !line.plan.isWelcome) line.wants = false;
      this.#forget(line);
      if (line.wants) line.redialAt = now + REDIAL_MS;
    } else if (call !== undefined && (!line.wants || isUseless(ppp))) {
      if (this.lac?.state !== "established") return;
      this.#sendFrames(line);
      this.lac.hangUp(call.id, now);
      this.#settleLine(line, now);
    } else if (ppp !== undefined && ppp.address !== "" && !line.isUp) {
      line.isUp = true;
      line.heardAt = line.heard6At = now;
    }
  }

  #forget(line: Line): void {
    line.call = undefined;
    line.ppp = undefined;
    line.redialAt = Infinity;
    line.pingAt = Infinity;
    line.giveUpAt = Infinity;
    line.isUp = false;
  }

  #connect(now: number): void {
    const { index, plan, onConnect } = this.#options;
    this.#redialAt = Infinity;
    onConnect();
    // No two control connections of a world have one id, so a datagram names its peer.
    this.lac = new Lac(1 + index * 10_000 + this.attempts++, plan.secret, plan.window);
    this.lac.start(now);
    this.#keepaliveAt = now + KEEPALIVE_MS;
    for (const line of this.lines) if (line.wants) this.#call(line, now);
  }

  #call(line: Line, now: number): void {
    line.redialAt = Infinity;
    const { lac } = this;
    if (lac === undefined || lac.state === "closed" || line.call !== undefined) return;
    const id = ++this.#calls;
    lac.call(id, now);
    line.call = lac.calls.get(id);
    line.reports = 0;
    line.giveUpAt = now + CALL_MS;
  }

  #frame(sessionId: number, frame: Uint8Array): void {
    const line = this.lines.find(({ call }) => call?.id === sessionId);
    if (line?.ppp === undefined) return;
    const ppp = parsePpp(frame);
    if (typeof ppp === "string") throw new Error(`the LNS built a frame that is ${ppp}`);
    const isEcho = ppp.protocol === IPV6 && isEchoReply6(ppp.information);
    if (ppp.protocol === IP || isEcho) this.#options.onPacket(line, ppp.information);
    else line.ppp.handleInput(frame, this.#options.scheduler.now);
  }

  #sendFrames(line: Line): void {
    const { ppp } = line;
    for (let frame = ppp?.pollTransmit(); frame; frame = ppp?.pollTransmit()) {
      this.#sendFrame(line, frame);
    }
  }

  #sendFrame({ call }: Line, frame: Uint8Array): void {
    const { lac } = this;
    if (lac === undefined || call === undefined || call.peerId === 0) return;
    const { peerTunnelId: tunnelId } = lac;
    const withLength = this.#options.random.chance(0.5) ? { length: 0 } : {};
    const header = { control: false, priority: false, tunnelId, sessionId: call.peerId };
    this.#send(buildHeader({ ...header, ...withLength }, frame));
  }

  #send(datagram: Uint8Array): void {
    const { send, plan, random, faults } = this.#options;
    send(datagram);
    if (!plan.isMalicious || !random.chance(MALICE)) return;
    faults.add("a changed copy by a malicious peer");
    const seeds = [datagram, ...this.#sent];
    send(mutate(seeds, () => random.between(0, 0xffff_ffff)));
    this.#sent[random.between(0, SENT_KEPT - 1)] = datagram;
  }

  #ping(line: Line, now: number): void {
    const { random } = this.#options;
    line.pingAt = now + PING_MS;
    if (this.#isSilent(line, now)) {
      line.givenUp++;
      if (line.call !== undefined) this.lac?.hangUp(line.call.id, now);
      return;
    }
    const { lac } = this;
    const { call } = line;
    const isUp = lac?.state === "established" && call?.state === "established";
    if (isUp && random.chance(REPORTED)) lac.report(call.id, ++line.reports, now);
    for (const packet of pings(line, line.ppp?.address ?? "", random)) {
      this.#sendFrame(line, buildPpp(IP, packet));
    }
    const host = line.ppp?.host;
    if (host === undefined) return;
    if (host.global === undefined) host.start(now);
    for (const packet of pings6(line, host.global, random)) {
      this.#sendFrame(line, buildPpp(IPV6, packet));
    }
  }

  /** As a router does that watches its uplink. */
  #isSilent({ isUp, plan, heardAt, heard6At }: Line, now: number): boolean {
    return isUp && now - (plan.hasIpv6 ? Math.min(heardAt, heard6At) : heardAt) > SILENCE_MS;
  }
}

/** Terminated; or without an address, as a lossy line may end the negotiation (RFC 1661 4.6). */
function isUseless(ppp: PppPeer | undefined): boolean {
  if (ppp === undefined) return false;
  return ppp.isTerminated || (ppp.ipcp.isOpened && ppp.address === "");
}
