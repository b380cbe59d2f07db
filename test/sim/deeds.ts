/**
 * What happens to the nodes of a world, beside what their links do.
 *
 * @module
 */
import { SLOT_COUNT } from "../../assembly/layout.ts";
import type { Edge } from "./edge.ts";
import type { SimPeer } from "./nodes/peer.ts";
import type { Station } from "./nodes/station.ts";
import { toClient } from "./packets.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

export interface Deed {
  readonly at: number;
  readonly what: keyof typeof DEEDS;
}

/** Longest pause of a garbage collector, or of a machine that swaps. */
const PAUSE_MS = [50, 1_000, 5_000, 30_000] as const;
const DOWN_MS = 20_000;
/** More than a ring between two threads holds. */
const BURST = 280;
const DAY_MS = 86_400_000;

type Act = (world: World, random: Random) => void;

/** Each at somebody whom chance names. What the configuration says cannot change at runtime so far. */
const DEEDS = {
  "a subscriber hangs up": onLine((peer, line) => peer.hangUp(line)),
  "a subscriber dials": onLine((peer, line) => peer.dial(line)),
  "a peer says goodbye": onPeer((peer) => peer.stop()),
  "a peer comes back": onPeer((peer) => peer.start()),
  "a peer crashes": onPeer((peer) => peer.crash()),
  "a NAT forgets": onEdge((edge) => edge.rebind()),
  "a partition on the way there": onEdge((edge, random, { scheduler }) => {
    edge.toServer.outageUntil = scheduler.now + random.between(1_000, 45_000);
  }),
  "a partition on the way back": onEdge((edge, random, { scheduler }) => {
    edge.toClient.outageUntil = scheduler.now + random.between(1_000, 45_000);
  }),
  "a node crashes": onStation((station, random, world) => {
    world.crash(station);
    world.scheduler.after(random.between(50, DOWN_MS), () => world.restart(station));
  }),
  "a node stands still": onStation((station, random, world) => {
    const ms = random.between(50, random.pick(PAUSE_MS));
    world.pause(station, "control", ms);
    world.pause(station, "workers", ms);
  }),
  "a control thread stands still": onStation((station, random, world) => {
    world.pause(station, "control", random.between(50, random.pick(PAUSE_MS)));
  }),
  "workers stand still": onStation((station, random, world) => {
    world.pause(station, "workers", random.between(50, random.pick(PAUSE_MS)));
  }),
  "a wall clock steps": onStation((station, random) => {
    station.wallOffset += random.between(-DAY_MS, DAY_MS);
  }),
  "no buffer space for a while": onStation((station, random, { scheduler }) => {
    station.congestedUntil = scheduler.now + random.between(100, 5_000);
  }),
  "a burst of frames while the control thread stands still": (world: World, random: Random) => {
    const [peer, edge] = pick(random, world.peersWithEdges()) ?? [];
    if (peer === undefined || edge === undefined) return;
    world.pause(edge.server, "control", random.between(500, 3_000));
    const line = pick(random, peer.lines);
    if (line !== undefined) peer.burst(line, BURST);
  },
  "a burst of packets while a worker stands still": (world: World, random: Random) => {
    const server = pick(random, world.servers);
    if (server === undefined || server.isDown) return;
    const row = pick(
      random,
      world.rowsOf(server).filter(({ phase }) => phase === "network"),
    );
    if (row === undefined || row.address === "") return;
    world.pause(server, "second", random.between(500, 3_000));
    const packet = toClient(row.address);
    for (let index = 0; index < BURST; index++) {
      server.fromHost(0, packet, 2 * random.between(0, SLOT_COUNT / 2 - 1)); // of the first worker
    }
  },
  "workers stand still with full rings": onStation((station, random, world) => {
    if (station.isDown) return;
    world.pause(station, "workers", random.between(50, 5_000));
    station.machine.fillInject();
  }),
  "the operator closes a session": onStation(({ core, isDown }, random, world) => {
    if (isDown) return;
    const session = pick(random, [...core.sessions()]);
    if (session === undefined) return;
    core.closeSession(session.tunnelId, session.sessionId, { code: 3 }, world.scheduler.now);
  }),
  "the operator closes a tunnel": onStation(({ core, isDown }, random, world) => {
    if (isDown) return;
    const tunnel = pick(random, [...core.tunnels()]);
    if (tunnel !== undefined) core.closeTunnel(tunnel.tunnelId, { code: 1 }, world.scheduler.now);
  }),
  "the operator calls": (world: World, random: Random) => {
    const { plan, lac } =
      pick(
        random,
        world.clients.filter((each) => each.lac),
      ) ?? {};
    const server = world.servers[plan?.server ?? 0];
    const client = pick(random, lac?.options.plan.clients ?? []);
    if (server === undefined || server.isDown || server.isPaused) return;
    if (lac === undefined || client?.number === undefined) return;
    void server.side.caller.call({ peer: lac.options.plan.name, number: client.number });
  },
} satisfies Record<string, Act>;

/** The network alone is bad enough in one world of ten. */
export function drawDeeds(random: Random, until: number): Deed[] {
  const names = Object.keys(DEEDS) as (keyof typeof DEEDS)[];
  const count = random.chance(0.1) ? 0 : random.between(1, 14);
  const deeds = Array.from({ length: count }, () => ({
    at: random.between(0, until),
    what: random.pick(names),
  }));
  return deeds.sort((a, b) => a.at - b.at);
}

export function perform({ what }: Deed, world: World, random: Random): void {
  DEEDS[what](world, random);
}

function onPeer(act: (peer: SimPeer) => void): Act {
  return ({ peers }, random) => {
    const peer = pick(random, peers);
    if (peer !== undefined) act(peer);
  };
}

function onLine(act: (peer: SimPeer, line: SimPeer["lines"][number]) => void): Act {
  return ({ peers }, random) => {
    const peer = pick(random, peers);
    const line = pick(random, peer?.lines ?? []);
    if (peer !== undefined && line !== undefined) act(peer, line);
  };
}

function onEdge(act: (edge: Edge, random: Random, world: World) => void): Act {
  return (world, random) => act(random.pick(world.edges), random, world);
}

function onStation(act: (station: Station, random: Random, world: World) => void): Act {
  return (world, random) => {
    const station = random.pick(world.stations);
    act(station, random, world);
    if (!station.isDown) station.turn();
  };
}

function pick<T>(random: Random, list: readonly T[]): T | undefined {
  return list.length === 0 ? undefined : random.pick(list);
}
