/**
 * A world: one LNS, its peers, the paths between them and a network behind, in virtual time. It
 * goes through its plan, heals, has to reach its goals, and is taken down.
 *
 * @module
 */

import { parseHeader } from "../../src/codec/index.ts";
import type { EndpointEvent, Path } from "../../src/l2tp/index.ts";
import { Plane } from "../unit/dataplane/plane.ts";
import { Faults } from "./faults.ts";
import { Letters } from "./letters.ts";
import { Link } from "./link.ts";
import { SimLns } from "./nodes/lns.ts";
import { type Line, SimPeer } from "./nodes/peer.ts";
import * as oracles from "./oracles.ts";
import { type Deed, drawPlan, type Plan, STRESS_MS } from "./plan.ts";
import { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { Trace } from "./trace.ts";

/** After this long without faults every goal is reached: the longest way is a dead tunnel found
 * by HELLO and its retransmissions (60 + 31 s) and PPP's Echo (4 * 20 s), then dialling anew. */
const LIVENESS_MS = 200_000;
/** A tunnel lingers for a cycle of retransmissions after StopCCN (RFC 2661 5.7). */
const GOODBYE_MS = 120_000;
/** Promises settle within so many turns of the microtask queue. */
const MICROTASKS = 8;
/** Oracles that walk all state look at every n-th step. */
const LOOK_EVERY = 16;
const HOST_DELAY_MS = 3;

export class Violation extends Error {
  readonly oracle: string;

  constructor(oracle: string, what: string) {
    super(`${oracle}: ${what}`);
    this.oracle = oracle;
  }
}

export interface Outcome {
  readonly hash: string;
  /** Virtual time that it took, ms. */
  readonly virtual: number;
  readonly datagrams: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly tunnels: number;
  readonly sessions: number;
  readonly pings: number;
  /** Sessions that a subscriber ended as the network behind did not answer. */
  readonly givenUp: number;
  /** How the lines stood before the end. */
  readonly up: number;
  readonly closed: number;
}

/** What a test may put in to see that an oracle sees it. */
export interface Fault {
  /** Before the first step. */
  onStart?(world: World): void;
  /** Just before the goals are judged. */
  onQuiet?(world: World): void;
  /** Instead of each datagram of the LNS. */
  transmit?(world: World, datagram: Uint8Array): readonly Uint8Array[];
}

export class World {
  readonly plan: Plan;
  readonly scheduler = new Scheduler();
  readonly trace: Trace;
  readonly plane: Plane;
  readonly lns: SimLns;
  readonly peers: readonly SimPeer[];
  readonly toLns: Link[] = [];
  readonly fromLns: Link[] = [];
  readonly #faults = new Faults();
  readonly #fault: Fault;
  readonly #operator: Random;
  readonly #letters = new Letters((id) => this.plan.peers[peerOf(id)]?.window ?? 1);
  /** A tunnel or session came or went. */
  #changedAt = 0;
  #violation: Violation | undefined;
  #sessions = 0;
  #pings = 0;
  #steps = 0;

  constructor(seed: number, plane: Plane, fault: Fault = {}, print?: (line: string) => void) {
    this.plan = drawPlan(seed);
    this.plane = plane;
    this.#fault = fault;
    this.#operator = new Random(seed, "operator");
    this.trace = new Trace(print);
    this.lns = new SimLns({
      plan: this.plan,
      scheduler: this.scheduler,
      plane,
      transmit: (datagram, port) => this.#fromLns(datagram, port),
      toHost: (packet) => this.#toHost(packet),
      onEvent: (event) => this.#lnsEvent(event),
      onGrant: (grant, out) => this.#judgeLater(oracles.addressHeldOnce, grant, out),
    });
    this.peers = this.plan.peers.map((_, index) => this.#newPeer(index));
  }

  /** @throws {Violation} when an oracle finds something */
  async run(): Promise<Outcome> {
    const { lns, peers, scheduler, plan } = this;
    for (const [index, { startAt }] of plan.peers.entries()) {
      scheduler.at(startAt, () => peers[index]?.start());
    }
    for (const deed of plan.deeds) scheduler.at(deed.at, () => this.#perform(deed));
    this.#fault.onStart?.(this);
    await this.#until(STRESS_MS);
    this.trace.note(scheduler.now, "healed");
    for (const link of [...this.toLns, ...this.fromLns]) link.heal();
    await this.#until(STRESS_MS + LIVENESS_MS);
    this.#fault.onQuiet?.(this);
    peers.forEach((peer, index) => {
      this.judge(oracles.agreement, lns, peer, addressOf(index));
      this.judge(oracles.goalsReached, lns, peer, scheduler.now);
    });
    this.judge(oracles.noSurprises, lns);
    this.judge(oracles.staysAsItIs, this.#changedAt, STRESS_MS);
    const lines = peers.flatMap((peer) => peer.lines);
    const up = lines.filter(({ isUp }) => isUp).length;
    this.#sayGoodbye();
    await this.#until(STRESS_MS + LIVENESS_MS + GOODBYE_MS);
    this.judge(oracles.nothingLeft, lns, peers, this.plane);
    return {
      hash: this.trace.hash,
      virtual: scheduler.now,
      datagrams: [...this.toLns, ...this.fromLns].reduce((sum, { sent }) => sum + sent, 0),
      faults: this.#faults.counts,
      tunnels: peers.reduce((sum, { attempts }) => sum + attempts, 0),
      sessions: this.#sessions,
      pings: this.#pings,
      givenUp: lines.reduce((sum, line) => sum + line.givenUp, 0),
      up,
      closed: lines.length - up,
    };
  }

  judge<Args extends unknown[]>(oracle: (...args: Args) => oracles.Verdict, ...args: Args): void {
    const verdict = oracle(...args);
    if (verdict !== undefined) throw new Violation(oracle.name, verdict);
  }

  /** Where an exception would end in a promise of the program. */
  #judgeLater<Args extends unknown[]>(
    oracle: (...args: Args) => oracles.Verdict,
    ...args: Args
  ): void {
    const verdict = oracle(...args);
    if (verdict !== undefined) this.#violation ??= new Violation(oracle.name, verdict);
  }

  #newPeer(index: number): SimPeer {
    const { plan, scheduler, trace } = this;
    const peerPlan = plan.peers[index];
    if (peerPlan === undefined) throw new RangeError(`no peer ${index}`);
    const link = (name: string, deliver: (datagram: Uint8Array) => void) => {
      const random = new Random(plan.seed, `link ${index} ${name}`);
      const quality = name === "up" ? peerPlan.toLns : peerPlan.fromLns;
      return new Link(scheduler, random, this.#faults, quality, deliver);
    };
    const toLns = link("up", (datagram) => {
      trace.datagram(scheduler.now, `${index} -> LNS`, datagram);
      const path = this.#pathOf(index);
      this.#letters.heard(datagram, path.peerPort, scheduler.now);
      this.lns.receive(datagram, path);
    });
    this.toLns.push(toLns);
    this.fromLns.push(
      link("down", (datagram) => {
        trace.datagram(scheduler.now, `${index} <- LNS`, datagram);
        this.peers[index]?.receive(datagram);
      }),
    );
    return new SimPeer({
      index,
      plan: peerPlan,
      scheduler,
      random: new Random(plan.seed, `peer ${index}`),
      send: (datagram) => toLns.send(datagram),
      onPacket: (line, packet) => this.#packetArrived(line, packet),
    });
  }

  /** Runs up to a time, whatever is due in its order. */
  async #until(end: number): Promise<void> {
    const { scheduler, lns, peers } = this;
    let atOnce = 0;
    for (;;) {
      let next = Math.min(scheduler.next(), lns.timeout);
      for (const { timeout } of peers) next = Math.min(next, timeout);
      if (next > end) break;
      atOnce = next > scheduler.now ? 0 : atOnce + 1;
      this.judge(oracles.comesToRest, atOnce);
      scheduler.now = Math.max(scheduler.now, next);
      const action = scheduler.due();
      if (action !== undefined) {
        action();
      } else {
        if (lns.timeout <= scheduler.now) lns.handleTimeout();
        for (const peer of peers) if (peer.timeout <= scheduler.now) peer.handleTimeout();
        if (++this.#steps % LOOK_EVERY === 0) {
          this.judge(oracles.liveTimers, lns, scheduler.now);
          this.judge(oracles.nothingStuck, lns, scheduler.now);
          for (const record of this.#letters.all()) {
            this.judge(oracles.acknowledgesInTime, record, scheduler.now);
          }
        }
      }
      if (lns.aaa.hasAnswered) {
        for (let i = 0; i < MICROTASKS; i++) await undefined;
        lns.aaa.hasAnswered = false;
        if (this.#violation !== undefined) throw this.#violation;
      }
    }
    scheduler.now = end;
  }

  #perform({ what, peer: index, line: at }: Deed): void {
    const { scheduler, lns } = this;
    const { now } = scheduler;
    this.trace.note(now, `${index} ${what}`);
    const peer = this.peers[index];
    const line = peer?.lines[at];
    if (peer === undefined || line === undefined) return;
    this.#faults.add(what);
    if (what === "hang up") peer.hangUp(line);
    else if (what === "dial") peer.dial(line);
    else if (what === "stop") peer.stop();
    else if (what === "start") peer.start();
    else if (what === "crash") peer.crash();
    else if (what === "port changes") {
      peer.port++;
      this.#letters.moved();
    } else if (what.startsWith("outage")) {
      const link = (what === "outage to LNS" ? this.toLns : this.fromLns)[index];
      if (link !== undefined) link.outageUntil = now + this.#operator.between(1_000, 45_000);
    } else if (what === "operator closes session") {
      const sessions = [...lns.core.sessions()];
      if (sessions.length === 0) return;
      const { tunnelId, sessionId } = this.#operator.pick(sessions);
      lns.core.closeSession(tunnelId, sessionId, { code: 3 }, now);
      lns.flush();
    } else {
      const tunnels = [...lns.core.tunnels()];
      if (tunnels.length === 0) return;
      lns.core.closeTunnel(this.#operator.pick(tunnels).tunnelId, { code: 1 }, now);
      lns.flush();
    }
  }

  #sayGoodbye(): void {
    const { scheduler, lns, peers, plan } = this;
    const peersLeave = () => {
      for (const peer of peers) peer.stop();
    };
    const lnsLeaves = () => {
      lns.core.shutdown(scheduler.now);
      lns.flush();
    };
    const lnsDelay = plan.firstToLeave === "LNS" ? 0 : 20;
    scheduler.after(20 - lnsDelay, peersLeave);
    scheduler.after(lnsDelay, lnsLeaves);
  }

  #pathOf(index: number): Path {
    const peerPort = this.peers[index]?.port ?? 0;
    return { peer: addressOf(index), peerPort, local: "198.51.100.1" };
  }

  #fromLns(datagram: Uint8Array, port: number): void {
    const { scheduler } = this;
    const sent = this.#fault.transmit?.(this, datagram) ?? [datagram];
    for (const each of sent) {
      this.judge(oracles.wellFormed, each);
      const header = parseHeader(each);
      if (typeof header === "string") return;
      if (header.control) {
        const record = this.#letters.of(header.tunnelId);
        this.judge(oracles.acknowledgesInTime, record, scheduler.now);
        this.judge(oracles.reliableDelivery, record, each);
        this.judge(oracles.noAmplification, record, each);
        this.#letters.sent(each, port);
      }
      const index = peerOf(header.tunnelId);
      this.trace.datagram(scheduler.now, `${index} .. LNS`, each);
      // The NAT in front of the peer knows its old port no more.
      if (this.peers[index]?.port === port) this.fromLns[index]?.send(each);
    }
  }

  #lnsEvent(event: EndpointEvent): void {
    const { now } = this.scheduler;
    this.trace.note(now, event.type);
    if (event.type === "session-up") this.#sessions++;
    if (event.type === "tunnel-down") {
      this.#letters.closed(event.tunnel.tunnelId, event.by !== "peer", now);
    }
    if (event.type.endsWith("-up") || event.type.endsWith("-down")) this.#changedAt = now;
  }

  /** The network behind answers every packet. */
  #toHost(packet: Uint8Array): void {
    this.trace.datagram(this.scheduler.now, "TUN <-", packet);
    this.judge(oracles.ownSourceOnly, this.lns, packet);
    const answer = packet.slice();
    const [source, destination, length] = packet[0] === 0x45 ? [12, 16, 4] : [8, 24, 16];
    answer.set(packet.subarray(source, source + length), destination);
    answer.set(packet.subarray(destination, destination + length), source);
    if (packet[0] !== 0x45) answerEcho(answer);
    this.scheduler.after(HOST_DELAY_MS, () => this.lns.fromHost(answer));
  }

  #packetArrived(line: Line, packet: Uint8Array): void {
    this.judge(oracles.ownDestinationOnly, line, packet);
    const { now } = this.scheduler;
    if (packet[0] === 0x45) {
      line.answers++;
      line.heardAt = now;
    } else {
      line.answers6++;
      line.heard6At = now;
    }
    this.#pings++;
  }
}

/** ICMPv6 Echo Request to Echo Reply: the type goes up by one, so the checksum goes down by 256. */
function answerEcho(packet: Uint8Array): void {
  packet[40] = (packet[40] ?? 0) + 1;
  const view = new DataView(packet.buffer, packet.byteOffset);
  const sum = view.getUint16(42) - 0x100;
  view.setUint16(42, sum < 0 ? sum + 0xffff : sum);
}

/** Whose a Tunnel ID is. */
function peerOf(peerTunnelId: number): number {
  return Math.floor((peerTunnelId - 1) / 10_000);
}

export function addressOf(index: number): string {
  return `192.0.2.${10 + index}`;
}

/** A plane may serve world after world: one ends with nothing left in it. */
export function newPlane(): Plane {
  return new Plane();
}
