/**
 * A world: a network of LACs, an LNS or a switch with an LNS behind it, subscribers, an operator,
 * in virtual time. It goes through its plan. In liveness mode it then heals and has to reach its
 * goals; in safety mode it stays as bad as it is. In the end it is taken down.
 *
 * @module
 */
import type { SessionRow } from "../../src/daemon/api-messages.ts";
import type { EndpointEvent } from "../../src/l2tp/index.ts";
import { build, type Client } from "./build.ts";
import { perform } from "./deeds.ts";
import { type Edge, type End, PORT } from "./edge.ts";
import { Faults } from "./faults.ts";
import type { SimLac } from "./nodes/lac.ts";
import type { SimLns } from "./nodes/lns.ts";
import type { Machine } from "./nodes/machine.ts";
import type { Line, SimPeer } from "./nodes/peer.ts";
import type { Station, Thread } from "./nodes/station.ts";
import { isStranger, Strangers } from "./nodes/strangers.ts";
import * as oracles from "./oracles.ts";
import { type Fault, found, judge, type Oracle, type Outcome, Violation } from "./outcome.ts";
import { answerTo, isAnswer, isIpv4 } from "./packets.ts";
import { homeOf, type Plan } from "./plan.ts";
import { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { Trace } from "./trace.ts";
import { Watch } from "./watch.ts";

/**
 * After this long without faults every goal is reached. The longest way is a dead tunnel found by
 * HELLO and its retransmissions (60 + 31 s), or PPP's Echo (4 * 20 s), an LNS that is locked out
 * and a client that waits before it dials anew (60 s each).
 */
const LIVENESS_MS = 290_000;
const LOOK_MS = 10_000;
/** What is on its way without a letter shows within that: an idle tunnel closes, an Echo fails. */
const CALM_MS = 30_000;
const STAYS_MS = 40_000;
/** A tunnel lingers for a cycle of retransmissions after StopCCN (RFC 2661 5.7). */
const GOODBYE_MS = 120_000;
/** Promises settle within so many turns of the microtask queue. */
const MICROTASKS = 8;
/** Oracles that walk all state look at every n-th step. */
const LOOK_EVERY = 16;
/** A turn may leave something for the next one, which comes at once. */
const TURNS_MOST = 8;
const HOST_DELAY_MS = 3;

export class World {
  readonly plan: Plan;
  readonly scheduler = new Scheduler();
  readonly trace: Trace;
  readonly faults = new Faults();
  readonly strangers = new Strangers(this.scheduler);
  readonly servers: readonly SimLns[];
  readonly clients: readonly Client[];
  readonly lacs: readonly SimLac[];
  readonly peers: readonly SimPeer[];
  /** The nodes that are the program. */
  readonly stations: readonly Station[];
  readonly edges: readonly Edge[];
  readonly #fault: Fault;
  readonly #chance: Random;
  readonly #watch: Watch;
  /** A tunnel or session came or went. */
  #changedAt = 0;
  #violation: Violation | undefined;
  #hasAnswered = false;
  #sums = { tunnels: 0, sessions: 0, forwarded: 0, pings: 0 };
  #steps = 0;

  /** A machine for each node of ours. */
  constructor(
    plan: Plan,
    machines: readonly Machine[],
    fault: Fault = {},
    print?: (line: string) => void,
  ) {
    this.plan = plan;
    this.#fault = fault;
    this.#chance = new Random(plan.seed, "operator");
    this.trace = new Trace(print);
    const built = build(this, machines);
    this.servers = built.servers;
    this.clients = built.clients;
    this.edges = built.edges;
    this.lacs = this.clients.flatMap(({ lac }) => lac ?? []);
    this.peers = this.clients.flatMap(({ peer }) => peer ?? []);
    this.stations = [...this.servers, ...this.lacs];
    this.#watch = new Watch(this);
  }

  /** @throws {Violation} when an oracle finds something */
  async run(): Promise<Outcome> {
    const { servers, scheduler, plan, clients } = this;
    for (const server of servers) server.boot();
    for (const client of clients) scheduler.at(client.plan.startAt, () => start(client));
    for (const deed of plan.deeds) {
      scheduler.at(deed.at, () => {
        this.trace.note(scheduler.now, deed.what);
        if (perform(deed, this, this.#chance)) this.faults.add(deed.what);
      });
    }
    this.#fault.onStart?.(this);
    await this.#until(this.plan.healsAt);
    const isHealing = plan.mode === "liveness";
    if (isHealing) {
      this.#heal();
      await this.#converge();
    }
    const lines = this.peers.flatMap((peer) => peer.lines);
    const clientsUp = this.lacs.flatMap(({ side }) => side.clients.all.map(({ isUp }) => isUp));
    const ups = [...lines.map(({ isUp }) => isUp), ...clientsUp];
    this.#sayGoodbye();
    await this.#until(scheduler.now + GOODBYE_MS);
    for (const station of this.stations) {
      judge(oracles.historyComplete, station);
      judge(oracles.nothingLeft, station);
      const full = station.machine.ringsFull();
      if (full > 0) this.faults.add("no room in a ring between threads", full);
    }
    for (const peer of this.peers) judge(oracles.nothingLeftAtPeer, peer);
    return {
      hash: this.trace.hash,
      virtual: scheduler.now,
      datagrams: this.edges.reduce((sum, { sent }) => sum + sent, 0),
      faults: this.faults.counts,
      ...this.#sums,
      givenUp: lines.reduce((sum, line) => sum + line.givenUp, 0),
      up: ups.filter((isUp) => isUp).length,
      closed: ups.filter((isUp) => !isUp).length,
    };
  }

  /** Where an exception would end in a promise of the program. */
  judgeLater<Args extends unknown[]>(oracle: Oracle<Args>, ...args: Args): void {
    this.#violation ??= found(oracle, ...args);
  }

  /** Whoever waits for an answer runs before the next step. */
  answered(): void {
    this.#hasAnswered = true;
  }

  crash(station: Station): void {
    if (!station.isRunning) return;
    for (const edge of this.edges) {
      if (edge.server === station) edge.forget("server");
      if (edge.client === station.options.plan.address) edge.forget("client");
    }
    station.crash();
  }

  restart(station: Station): void {
    if (!station.isDown || station.starts === 0) return;
    station.boot();
    station.turn();
  }

  pause(station: Station, which: Thread, ms: number): void {
    if (!station.isRunning) return;
    station.pause(which, ms);
    for (const edge of this.edges) {
      if (edge.server === station) edge.letters.server.excuse();
      if (edge.client === station.options.plan.address) edge.letters.client.excuse();
    }
  }

  /** A datagram has come through a link. */
  deliver(edge: Edge, to: End, datagram: Uint8Array, isDamaged: boolean): void {
    const { scheduler, trace } = this;
    const { client, server } = edge;
    if (isDamaged) this.#watch.damaged(edge);
    trace.datagram(scheduler.now, `${edge.name} ${to === "server" ? "->" : "<-"}`, datagram);
    const node = this.clients.find(({ edge: own }) => own === edge);
    const local = server.options.plan.address;
    if (to === "server") server.receive(datagram, { peer: client, peerPort: edge.port, local });
    else if (node?.peer !== undefined) node.peer.receive(datagram);
    else {
      const station = node?.lac ?? this.servers[0];
      station?.receive(datagram, { peer: local, peerPort: PORT, local: client });
    }
  }

  /** A datagram of a node of ours. */
  sent(from: Station, datagram: Uint8Array, address: string, port: number, isLost: boolean): void {
    const { now } = this.scheduler;
    const own = from.options.plan.address;
    const edge = this.edges.find(({ server, client }) =>
      server === from
        ? client === address
        : client === own && server.options.plan.address === address,
    );
    if (edge === undefined && !isStranger(address)) throw new Error(`${own} sends to ${address}`);
    const end: End = edge?.server === from ? "server" : "client";
    const letters = edge?.letters[end] ?? this.#watch.strangersOf(from);
    for (const each of this.#fault.transmit?.(this, datagram) ?? [datagram]) {
      this.#watch.sent(from, letters, each, address, port);
      this.trace.datagram(now, edge === undefined ? address : `${edge.name} .. ${end}`, each);
      // Nobody is where a stranger says that he is.
      if (isLost || edge === undefined) continue;
      if (end === "client") edge.toServer.send(each);
      // The NAT in front of the client knows its old port no more.
      else if (edge.port === port) edge.toClient.send(each);
      else this.faults.add("sent to a port that a NAT has forgotten");
    }
  }

  /** A node of ours begins to work on a datagram. */
  heard(from: Station, datagram: Uint8Array, address: string, port: number): void {
    this.#watch.heard(from, datagram, address, port);
  }

  event(station: Station, event: EndpointEvent): void {
    const { now } = this.scheduler;
    this.trace.note(now, `${station.options.plan.name}: ${event.type}`);
    if (event.type === "session-up") this.#sums.sessions++;
    if (event.type === "session-up" && station === this.servers[0]) {
      if (event.session.role === "lac") this.#sums.forwarded++;
    }
    if (event.type === "tunnel-up") this.#sums.tunnels++;
    if (event.type === "tunnel-down") this.#watch.closed(station, event);
    if (event.type === "session-down") this.#watch.ended(station, event.session);
    if (event.type === "call-errors") {
      this.#watch.reported(station, event.session, event.errors.crc);
    }
    const isTunnel = event.type === "tunnel-up" || event.type === "tunnel-down";
    // What strangers have begun ends by itself.
    if (isTunnel && isStranger(event.tunnel.path.peer)) return;
    if (event.type.endsWith("-up") || event.type.endsWith("-down")) this.#changedAt = now;
  }

  /** A packet leaves an LNS for the network behind, which answers each. */
  toHost(server: SimLns, packet: Uint8Array): void {
    const { scheduler } = this;
    this.trace.datagram(scheduler.now, "TUN <-", packet);
    this.#watch.left(server, packet);
    const slot = this.#chance.between(0, 7);
    const answer = answerTo(packet);
    scheduler.after(HOST_DELAY_MS, () => server.fromHost(0, answer, slot));
  }

  /** A packet reaches a client of a LAC. */
  toClient(edge: Edge, lac: SimLac, network: number, packet: Uint8Array): void {
    this.#watch.reached(edge, lac.ownOf(network), packet);
    if (lac.answered(network, packet)) this.#sums.pings++;
  }

  /** A packet reaches a subscriber. */
  toLine(edge: Edge, line: Line, packet: Uint8Array): void {
    // While it negotiates anew it has none to compare.
    if (line.own[isIpv4(packet) ? 0 : 1] !== "") this.#watch.reached(edge, line.own, packet);
    if (!isAnswer(line, packet)) return;
    const { now } = this.scheduler;
    if (isIpv4(packet)) line.heardAt = now;
    else line.heard6At = now;
    this.#sums.pings++;
  }

  /** Runs up to a time, whatever is due in its order. */
  async #until(end: number): Promise<void> {
    const { scheduler, stations, peers } = this;
    let atOnce = 0;
    for (;;) {
      let next = scheduler.next();
      for (const { timeout } of stations) if (timeout < next) next = timeout;
      for (const { timeout } of peers) if (timeout < next) next = timeout;
      if (next > end) break;
      atOnce = next > scheduler.now ? 0 : atOnce + 1;
      judge(oracles.comesToRest, atOnce);
      scheduler.now = Math.max(scheduler.now, next);
      const action = scheduler.due();
      if (action !== undefined) {
        action();
      } else {
        for (const station of stations) {
          for (let left = TURNS_MOST; left > 0 && station.timeout <= scheduler.now; left--) {
            station.turn();
          }
        }
        for (const peer of peers) if (peer.timeout <= scheduler.now) peer.handleTimeout();
        if (++this.#steps % LOOK_EVERY === 0) this.#watch.look();
      }
      if (this.#hasAnswered) {
        for (let i = 0; i < MICROTASKS; i++) await undefined;
        this.#hasAnswered = false;
      }
      if (this.#violation !== undefined) throw this.#violation;
    }
    scheduler.now = end;
  }

  /** Up to when everyone has what he wants and all is calm; and some more, for it has to stay. */
  async #converge(): Promise<void> {
    const { scheduler } = this;
    const end = this.plan.healsAt + LIVENESS_MS;
    while (scheduler.now < end && !this.#isCalm()) await this.#until(scheduler.now + LOOK_MS);
    this.#fault.onQuiet?.(this);
    this.#watch.judgeGoals();
    const calmAt = scheduler.now;
    await this.#until(calmAt + STAYS_MS);
    judge(oracles.staysAsItIs, this.#changedAt, calmAt);
  }

  #isCalm(): boolean {
    if (this.scheduler.now < Math.max(this.#changedAt, this.plan.healsAt) + CALM_MS) return false;
    // Who is going to dial, be it a tunnel without lines or what is going to be refused.
    const isDialling = ({ wants, lac, lines }: SimPeer) =>
      wants &&
      (lac?.state !== "established" || lines.some((line) => line.wants && !line.plan.isWelcome));
    if (this.peers.some(isDialling)) return false;
    try {
      this.#watch.judgeGoals();
      return true;
    } catch (error) {
      if (error instanceof Violation) return false;
      throw error;
    }
  }

  #heal(): void {
    this.trace.note(this.scheduler.now, "healed");
    for (const edge of this.edges) edge.heal();
    for (const station of this.stations) {
      station.congestedUntil = 0;
      this.restart(station);
    }
    for (const { peer, plan } of this.clients) {
      if (plan.client.kind === "peer" && plan.client.isMalicious) leave(peer);
    }
    for (const index of this.servers.keys()) this.#makeFit(index);
  }

  /** Whoever finds no address any more hangs up; clients of a LAC of ours do not. */
  #makeFit(index: number): void {
    let room = this.plan.servers[index]?.room ?? 0;
    for (const { plan, lac } of this.clients) {
      for (const line of lac?.lines ?? []) if (homeOf(line.plan, plan) === index) room--;
    }
    for (const { plan, peer } of this.clients) {
      for (const line of peer?.lines ?? []) {
        const isIn = peer?.wants && line.wants && line.plan.isWelcome;
        if (isIn && homeOf(line.plan, plan) === index && --room < 0) peer.hangUp(line);
      }
    }
  }

  #sayGoodbye(): void {
    const { scheduler, servers, lacs, peers, plan, clients } = this;
    for (const station of this.stations) this.restart(station);
    const clientsLeave = () => {
      for (const { peer, plan } of clients) {
        if (plan.client.kind === "peer" && plan.client.isMalicious) leave(peer);
      }
      for (const peer of peers) peer.stop();
      for (const lac of lacs) lac.stop();
    };
    const serversLeave = () => {
      for (const server of servers) server.stop();
    };
    const delay = plan.firstToLeave === "servers" ? 0 : 20;
    scheduler.after(20 - delay, clientsLeave);
    scheduler.after(delay, serversLeave);
  }

  peersWithEdges(): [SimPeer, Edge][] {
    return this.clients.flatMap(({ peer, edge }) => (peer === undefined ? [] : [[peer, edge]]));
  }

  rowsOf(server: SimLns): SessionRow[] {
    return [...server.subscribers.rows(this.scheduler.now)];
  }
}

function start({ peer, lac }: Client): void {
  peer?.start();
  lac?.boot();
  lac?.turn();
}

/** A malicious peer is gone for good. */
function leave(peer: SimPeer | undefined): void {
  if (peer === undefined) return;
  peer.wants = false;
  peer.crash();
}
