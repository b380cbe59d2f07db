/**
 * Puts what happens in a world before the oracles that it concerns.
 *
 * @module
 */
import { AvpType, MessageType, parseControlMessage, readAvp } from "../../src/codec/index.ts";
import type { SessionRow } from "../../src/daemon/api-messages.ts";
import type { EndpointEvent, SessionInfo } from "../../src/l2tp/index.ts";
import { Answers } from "./answers.ts";
import type { Edge } from "./edge.ts";
import { isStrange, Letters } from "./letters.ts";
import type { SimLns } from "./nodes/lns.ts";
import type { Station } from "./nodes/station.ts";
import { isStranger } from "./nodes/strangers.ts";
import * as oracles from "./oracles.ts";
import { judge } from "./outcome.ts";
import { homeOf, type LinePlan } from "./plan.ts";
import { ownersOf, relationsOf, relationsOfPeer } from "./views.ts";
import type { World } from "./world.ts";

const CONTROL = 0x80; // T, in the first octet of the header

/** What is remembered of a node from its start to its end. */
interface Life {
  readonly starts: number;
  readonly answers: Answers;
  readonly strangers: Letters;
  /** The last one of each call. */
  readonly reports: Map<string, number>;
}

export class Watch {
  readonly #world: World;
  /** By number of their line. */
  readonly #users: string[] = [];
  /** Who has what at a server, as long as its version is that one. */
  readonly #owners = new Map<SimLns, { version: number; owners: Map<string, SessionRow> }>();
  /** Since a node was started. */
  readonly #lives = new Map<Station, Life>();

  constructor(world: World) {
    this.#world = world;
    for (const { client } of world.plan.clients) {
      for (const { number, user } of client.lines) this.#users[number] = user;
    }
    for (const { plan, edge } of world.clients) {
      const isMalicious = plan.client.kind === "peer" && plan.client.isMalicious;
      edge.letters.server.isHostile = edge.letters.server.isSpoiled = isMalicious;
    }
  }

  /** A datagram of a node to who is at that address. */
  sent(from: Station, letters: Letters, datagram: Uint8Array, to: string, port: number): void {
    const { now } = this.#world.scheduler;
    judge(oracles.wellFormed, datagram);
    if (((datagram[0] ?? 0) & CONTROL) === 0) return;
    const message = parseControlMessage(datagram);
    if (typeof message === "string") {
      judge(oracles.builtRight, message);
      return;
    }
    const record = letters.of(message);
    if (!record.isSpoiled) {
      judge(oracles.acknowledgesInTime, record, now);
      judge(oracles.reliableDelivery, record, message);
    }
    judge(oracles.noAmplification, record, message, datagram.length);
    if (isStrange(record) && !record.isSpoiled) {
      const { answers } = this.#lifeOf(from);
      answers.given(to, message.tunnelId, now);
      judge(oracles.answersWithinBounds, answers, to, message.tunnelId);
    }
    letters.sent(message, port);
  }

  /** A node begins to work on a datagram. */
  heard(station: Station, datagram: Uint8Array, address: string, port: number): void {
    if (((datagram[0] ?? 0) & CONTROL) === 0) return;
    const { now } = this.#world.scheduler;
    const { answers } = this.#lifeOf(station);
    const message = parseControlMessage(datagram);
    if (typeof message === "string") return;
    const type = readAvp(message.avps, AvpType.MessageType);
    if (type === MessageType.SCCRQ || type === MessageType.SCCRP) {
      answers.asked(address, readAvp(message.avps, AvpType.AssignedTunnelId) ?? 0);
    }
    for (const [letters, other] of this.#lettersOf(station)) {
      if (other === address) letters.heard(message, port, now);
    }
    if (isStranger(address)) this.strangersOf(station).heard(message, port, now);
  }

  /** What a node and all strangers have written to each other. */
  strangersOf(station: Station): Letters {
    return this.#lifeOf(station).strangers;
  }

  /** A node makes known what it was told of a call. */
  reported(station: Station, session: SessionInfo, report: number): void {
    const { reports } = this.#lifeOf(station);
    const before = reports.get(keyOf(session)) ?? 0;
    reports.set(keyOf(session), report);
    const { edge } =
      this.#world.clients.find(({ peer, edge: { server, client } }) => {
        return peer !== undefined && server === station && client === session.path.peer;
      }) ?? {};
    if (edge === undefined || edge.isDamaged || edge.letters.server.isHostile) return;
    this.#world.judgeLater(oracles.deliveredInOrder, before, report);
  }

  /** Its ids may be another session's from now on. */
  ended(station: Station, session: SessionInfo): void {
    this.#lifeOf(station).reports.delete(keyOf(session));
  }

  closed(station: Station, event: Extract<EndpointEvent, { type: "tunnel-down" }>): void {
    const { tunnelId, path } = event.tunnel;
    for (const [letters, other] of this.#lettersOf(station)) {
      if (other !== path.peer) continue;
      letters.closed(tunnelId, event.by !== "peer", this.#world.scheduler.now);
    }
    // A peer core has one tunnel at a time and begins the next; a LAC of ours begins with none.
    for (const { lac, edge } of this.#world.clients) {
      if (lac !== station || lac === undefined) continue;
      if ([...lac.core.tunnels()].length === 0) edge.isDamaged = false;
    }
  }

  /** A datagram that has come through an edge is not what was sent. */
  damaged(edge: Edge): void {
    edge.isDamaged = true;
    const [first] = this.#world.servers;
    if (edge.client !== first?.options.plan.address) return;
    // What passes between the two servers is of any call that goes on.
    for (const { edge } of this.#world.clients) if (edge.server === first) edge.isDamaged = true;
  }

  /** A packet leaves at a TUN device of a server. */
  left(server: SimLns, packet: Uint8Array): void {
    let known = this.#owners.get(server);
    if (known?.version !== server.version) {
      known = { version: server.version, owners: ownersOf(server.subscribers.rows(0)) };
      this.#owners.set(server, known);
    }
    judge(oracles.ownSourceOnly, known.owners, packet, this.#users);
  }

  /** A packet reaches somebody who has these addresses. */
  reached(edge: Edge, own: readonly string[], packet: Uint8Array): void {
    if (!edge.isDamaged) judge(oracles.ownDestinationOnly, own, packet);
  }

  /** At all that is there. */
  look(): void {
    const world = this.#world;
    const { now } = world.scheduler;
    for (const station of world.stations) {
      if (station.isDown || station.starts === 0 || station.isPaused) continue;
      judge(oracles.liveTimers, station, now);
      for (const [letters] of this.#lettersOf(station)) {
        for (const record of letters.all()) {
          if (!record.isSpoiled) judge(oracles.acknowledgesInTime, record, now);
        }
      }
    }
  }

  /** After the healing, when all is quiet. */
  judgeGoals(): void {
    const world = this.#world;
    const { now } = world.scheduler;
    const rows = world.servers.map((server) => world.rowsOf(server));
    const [first] = world.servers;
    for (const { plan, peer, lac, edge } of world.clients) {
      const { server, client } = edge;
      // A malicious peer is gone by now.
      const there = peer && relationsOfPeer(peer);
      const theirs = there ?? (lac && relationsOf(lac, server.options.plan.address));
      judge(oracles.agreement, relationsOf(server, client, true), theirs ?? []);
      if (plan.client.kind === "peer" && plan.client.isMalicious) continue;
      const home = (line: LinePlan) => rows[homeOf(line, plan)] ?? [];
      for (const line of peer?.lines ?? []) {
        judge(oracles.goalsReached, line, peer?.wants ?? false, home(line.plan), now);
      }
      for (const line of lac?.lines ?? []) {
        if (lac !== undefined) judge(oracles.clientServed, line, lac, home(line.plan), now);
      }
    }
    const trunk = world.edges.find(({ client }) => client === first?.options.plan.address);
    if (trunk !== undefined && first !== undefined) {
      const there = relationsOf(first, trunk.server.options.plan.address);
      judge(oracles.agreement, relationsOf(trunk.server, trunk.client, true), there);
    }
    for (const station of world.stations) {
      const isSpoiled = this.#lettersOf(station).some(([letters]) => letters.isSpoiled);
      if (!isSpoiled) judge(oracles.noSurprises, station);
    }
  }

  #lifeOf(station: Station): Life {
    const { starts } = station;
    let life = this.#lives.get(station);
    if (life?.starts !== starts) {
      const [answers, strangers, reports] = [new Answers(), new Letters(), new Map()];
      life = { starts, answers, strangers, reports };
      this.#lives.set(station, life);
    }
    return life;
  }

  /** Its correspondences, and with whom. */
  #lettersOf(station: Station): [Letters, string][] {
    const own = station.options.plan.address;
    return this.#world.edges.flatMap(({ letters, server, client }): [Letters, string][] => {
      if (server === station) return [[letters.server, client]];
      return client === own ? [[letters.client, server.options.plan.address]] : [];
    });
  }
}

function keyOf({ tunnelId, sessionId }: SessionInfo): string {
  return `${tunnelId}/${sessionId}`;
}
