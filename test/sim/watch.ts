/**
 * Puts what happens in a world before the oracles that it concerns.
 *
 * @module
 */
import { parseControlMessage } from "../../src/codec/index.ts";
import type { SessionRow } from "../../src/daemon/api-messages.ts";
import type { EndpointEvent } from "../../src/l2tp/index.ts";
import type { Edge, End } from "./edge.ts";
import type { Letters } from "./letters.ts";
import type { SimLns } from "./nodes/lns.ts";
import type { Station } from "./nodes/station.ts";
import * as oracles from "./oracles.ts";
import { ownersOf, relationsOf, relationsOfPeer } from "./views.ts";
import type { World } from "./world.ts";

const CONTROL = 0x80; // T, in the first octet of the header

export class Watch {
  readonly #world: World;
  /** By number of their line. */
  readonly #users: string[] = [];
  /** Who has what at a server, as long as its version is that one. */
  readonly #owners = new Map<SimLns, { version: number; owners: Map<string, SessionRow> }>();

  constructor(world: World) {
    this.#world = world;
    for (const { client } of world.plan.clients) {
      for (const { number, user } of client.lines) this.#users[number] = user;
    }
    for (const { plan, edge } of world.clients) {
      const isMalicious = plan.client.kind === "peer" && plan.client.isMalicious;
      edge.letters.server.isSpoiled ||= isMalicious;
    }
  }

  /** A datagram of the node at that end of an edge. */
  sent(edge: Edge, end: End, datagram: Uint8Array, port: number): void {
    const world = this.#world;
    const { now } = world.scheduler;
    world.judge(oracles.wellFormed, datagram);
    if (((datagram[0] ?? 0) & CONTROL) === 0) return;
    const message = parseControlMessage(datagram);
    if (typeof message === "string") {
      world.judge(oracles.builtRight, message);
      return;
    }
    const letters = edge.letters[end];
    const record = letters.of(message);
    if (!letters.isSpoiled) {
      world.judge(oracles.acknowledgesInTime, record, now);
      world.judge(oracles.reliableDelivery, record, message);
    }
    world.judge(oracles.noAmplification, record, message, datagram.length);
    letters.sent(message, port);
  }

  /** A node begins to work on a datagram. */
  heard(station: Station, datagram: Uint8Array, address: string, port: number): void {
    if (((datagram[0] ?? 0) & CONTROL) === 0) return;
    for (const [letters, other] of this.#lettersOf(station)) {
      if (other === address) letters.heard(datagram, port, this.#world.scheduler.now);
    }
  }

  closed(station: Station, event: Extract<EndpointEvent, { type: "tunnel-down" }>): void {
    const { tunnelId, path } = event.tunnel;
    for (const [letters, other] of this.#lettersOf(station)) {
      if (other !== path.peer) continue;
      letters.closed(tunnelId, event.by !== "peer", this.#world.scheduler.now);
    }
  }

  /** A packet leaves at a TUN device of a server. */
  left(server: SimLns, packet: Uint8Array): void {
    let known = this.#owners.get(server);
    if (known?.version !== server.version) {
      known = { version: server.version, owners: ownersOf(server.subscribers.rows(0)) };
      this.#owners.set(server, known);
    }
    this.#world.judge(oracles.ownSourceOnly, known.owners, packet, this.#users);
  }

  /** A packet reaches somebody who has these addresses. */
  reached(own: readonly string[], packet: Uint8Array): void {
    if (this.#world.edges.some(({ isDamaged }) => isDamaged)) return;
    this.#world.judge(oracles.ownDestinationOnly, own, packet);
  }

  /** At all that is there. */
  look(): void {
    const world = this.#world;
    const { now } = world.scheduler;
    for (const station of world.stations) {
      if (station.isDown || station.starts === 0 || station.isPaused) continue;
      world.judge(oracles.liveTimers, station, now);
      world.judge(oracles.nothingStuck, station, now);
      for (const [letters] of this.#lettersOf(station)) {
        if (letters.isSpoiled) continue;
        for (const record of letters.all()) world.judge(oracles.acknowledgesInTime, record, now);
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
      world.judge(oracles.agreement, relationsOf(server, client, true), theirs ?? []);
      if (plan.client.kind === "peer" && plan.client.isMalicious) continue;
      const home = (user: string) => rows[user.includes("@") ? 1 : plan.server] ?? [];
      for (const line of peer?.lines ?? []) {
        world.judge(oracles.goalsReached, line, peer?.wants ?? false, home(line.plan.user), now);
      }
      for (const line of lac?.lines ?? []) {
        if (lac !== undefined)
          world.judge(oracles.clientServed, line, lac, home(line.plan.user), now);
      }
    }
    const trunk = world.edges.find(({ client }) => client === first?.options.plan.address);
    if (trunk !== undefined && first !== undefined) {
      const there = relationsOf(first, trunk.server.options.plan.address);
      world.judge(oracles.agreement, relationsOf(trunk.server, trunk.client, true), there);
    }
    for (const station of world.stations) {
      const isSpoiled = this.#lettersOf(station).some(([letters]) => letters.isSpoiled);
      if (!isSpoiled) world.judge(oracles.noSurprises, station);
    }
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
