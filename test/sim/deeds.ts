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
/** SCCRQs of a flood: a few, or now and then more than one address may be answered. */
const [FEW, MANY, MANY_OF] = [12, 600, 300];

/** Whether anything was done. */
type Act = (world: World, random: Random) => boolean;

/**
 * Each at somebody whom chance names. What the configuration says cannot change at runtime so far:
 * "reload" waits for that.
 */
const DEEDS = {
  "a subscriber hangs up": onLine((peer, line) => {
    if (!line.wants) return false;
    peer.hangUp(line);
    return true;
  }),
  "a subscriber dials": onLine((peer, line) => {
    if (line.wants && line.call !== undefined) return false;
    peer.dial(line);
    return true;
  }),
  "a peer says goodbye": onPeer((peer) => {
    if (!peer.wants) return false;
    peer.stop();
    return true;
  }),
  "a peer comes back": onPeer((peer) => {
    if (peer.wants) return false;
    peer.start();
    return true;
  }),
  "a peer crashes": onPeer((peer) => {
    if (peer.lac === undefined) return false;
    peer.crash();
    return true;
  }),
  "a NAT forgets": onEdge((edge) => {
    edge.rebind();
    return true;
  }),
  "a partition on the way there": onEdge((edge, random, { scheduler }) => {
    edge.toServer.outageUntil = scheduler.now + random.between(1_000, 45_000);
    return true;
  }),
  "a partition on the way back": onEdge((edge, random, { scheduler }) => {
    edge.toClient.outageUntil = scheduler.now + random.between(1_000, 45_000);
    return true;
  }),
  "a node crashes": onStation((station, random, world) => {
    world.crash(station);
    world.scheduler.after(random.between(50, DOWN_MS), () => world.restart(station));
    return true;
  }),
  "a node stands still": onStation((station, random, world) => {
    const ms = random.between(50, random.pick(PAUSE_MS));
    world.pause(station, "control", ms);
    world.pause(station, "workers", ms);
    return true;
  }),
  "a control thread stands still": onStation((station, random, world) => {
    world.pause(station, "control", random.between(50, random.pick(PAUSE_MS)));
    return true;
  }),
  "workers stand still": onStation((station, random, world) => {
    world.pause(station, "workers", random.between(50, random.pick(PAUSE_MS)));
    return true;
  }),
  "a wall clock steps": onStation((station, random) => {
    station.wallOffset += random.between(-DAY_MS, DAY_MS);
    return true;
  }),
  "no buffer space for a while": onStation((station, random, { scheduler }) => {
    station.congestedUntil = scheduler.now + random.between(100, 5_000);
    return true;
  }),
  "a flood of SCCRQs from strangers": onStation((station, random, { strangers }) => {
    const isLarge = random.between(1, MANY_OF) === 1;
    strangers.flood(station, isLarge ? MANY : random.between(1, FEW), random);
    return true;
  }),
  "a burst of frames while the control thread stands still": (world: World, random: Random) => {
    const [peer, edge] = pick(random, world.peersWithEdges()) ?? [];
    const line = pick(random, peer?.lines ?? []);
    if (peer === undefined || edge === undefined || line?.ppp === undefined) return false;
    if (!edge.server.isRunning) return false;
    world.pause(edge.server, "control", random.between(500, 3_000));
    peer.burst(line, BURST);
    return true;
  },
  "a burst of packets while a worker stands still": (world: World, random: Random) => {
    const server = pick(random, world.servers);
    if (server === undefined || server.isDown) return false;
    const row = pick(
      random,
      world.rowsOf(server).filter(({ phase }) => phase === "network"),
    );
    if (row === undefined || row.address === "") return false;
    world.pause(server, "second", random.between(500, 3_000));
    const packet = toClient(row.address);
    for (let index = 0; index < BURST; index++) {
      server.fromHost(0, packet, 2 * random.between(0, SLOT_COUNT / 2 - 1)); // of the first worker
    }
    return true;
  },
  "workers stand still with full rings": onStation((station, random, world) => {
    world.pause(station, "workers", random.between(50, 5_000));
    station.machine.fillInject();
    return true;
  }),
  "the operator closes a session": onStation(({ core, isPaused }, random, world) => {
    const session = isPaused ? undefined : pick(random, [...core.sessions()]);
    if (session === undefined) return false;
    core.closeSession(session.tunnelId, session.sessionId, { code: 3 }, world.scheduler.now);
    return true;
  }),
  "the operator closes a tunnel": onStation(({ core, isPaused }, random, world) => {
    const tunnel = isPaused ? undefined : pick(random, [...core.tunnels()]);
    if (tunnel === undefined) return false;
    core.closeTunnel(tunnel.tunnelId, { code: 1 }, world.scheduler.now);
    return true;
  }),
  "the operator calls": (world: World, random: Random) => {
    const { plan, lac } =
      pick(
        random,
        world.clients.filter((each) => each.lac),
      ) ?? {};
    const server = world.servers[plan?.server ?? 0];
    const client = pick(random, lac?.options.plan.clients ?? []);
    if (server === undefined || server.isDown || server.isPaused) return false;
    if (lac === undefined || client?.number === undefined) return false;
    void server.side.caller.call({ peer: lac.options.plan.name, number: client.number });
    return true;
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

/** False: there was nobody to do it to, or it was so already. */
export function perform({ what }: Deed, world: World, random: Random): boolean {
  return DEEDS[what](world, random);
}

function onPeer(act: (peer: SimPeer) => boolean): Act {
  return ({ peers }, random) => {
    const peer = pick(random, peers);
    return peer !== undefined && act(peer);
  };
}

function onLine(act: (peer: SimPeer, line: SimPeer["lines"][number]) => boolean): Act {
  return ({ peers }, random) => {
    const peer = pick(random, peers);
    const line = pick(random, peer?.lines ?? []);
    return peer !== undefined && line !== undefined && act(peer, line);
  };
}

function onEdge(act: (edge: Edge, random: Random, world: World) => boolean): Act {
  return (world, random) => act(random.pick(world.edges), random, world);
}

function onStation(act: (station: Station, random: Random, world: World) => boolean): Act {
  return (world, random) => {
    const station = random.pick(world.stations);
    const hasActed = station.isRunning && act(station, random, world);
    if (!station.isDown) station.turn();
    return hasActed;
  };
}

function pick<T>(random: Random, list: readonly T[]): T | undefined {
  return list.length === 0 ? undefined : random.pick(list);
}
