/**
 * Makes the nodes and paths of a world of its plan.
 *
 * @module
 */
import { Edge } from "./edge.ts";
import { SimLac } from "./nodes/lac.ts";
import { SimLns } from "./nodes/lns.ts";
import type { Machine } from "./nodes/machine.ts";
import { SimPeer } from "./nodes/peer.ts";
import type { Station, StationOptions } from "./nodes/station.ts";
import * as oracles from "./oracles.ts";
import type { ClientPlan, EdgePlan } from "./plan.ts";
import { Random } from "./random.ts";
import type { World } from "./world.ts";

/** Who dials, a peer core or the program, and its path to whom. */
export interface Client {
  readonly plan: ClientPlan;
  readonly edge: Edge;
  readonly peer?: SimPeer;
  readonly lac?: SimLac;
}

export interface Built {
  readonly servers: readonly SimLns[];
  readonly clients: readonly Client[];
  readonly edges: readonly Edge[];
}

export function build(world: World, machines: readonly Machine[]): Built {
  const { plan } = world;
  let used = 0;
  const machine = () => {
    const next = machines[used++];
    if (next === undefined) throw new RangeError("more nodes than machines");
    return next;
  };
  const servers = plan.servers.map((each) => newServer(world, each, machine()));
  const edge = (name: string, edgePlan: EdgePlan, server: number, client: string) => {
    const station = servers[server];
    if (station === undefined) throw new RangeError(`no server ${server}`);
    return newEdge(world, name, edgePlan, station, client);
  };
  const clients = plan.clients.map((each, index): Client => {
    const path = edge(`${index} LNS`, each.edge, each.server, each.address);
    if (each.client.kind === "peer") {
      return { plan: each, edge: path, peer: newPeer(world, index, each, path) };
    }
    return { plan: each, edge: path, lac: newLac(world, each, machine(), path) };
  });
  const [first] = plan.servers;
  const isSwitched = servers.length > 1 && first !== undefined;
  const trunk = isSwitched ? [edge("trunk", plan.trunk, 1, first.address)] : [];
  return { servers, clients, edges: [...clients.map((client) => client.edge), ...trunk] };
}

function newEdge(
  world: World,
  name: string,
  plan: EdgePlan,
  server: Station,
  client: string,
): Edge {
  const { scheduler, faults } = world;
  const { seed } = world.plan;
  const deliver = world.deliver.bind(world);
  return new Edge({ name, seed, scheduler, faults, plan, server, client, deliver });
}

function newServer(world: World, plan: SimLns["options"]["plan"], machine: Machine): SimLns {
  const server: SimLns = new SimLns({
    ...common(world, machine, () => server),
    ...{ plan, role: "lns" },
    toHost: (_, packet) => world.toHost(server, packet),
    onGrant: (grant, out) => world.judgeLater(oracles.addressHeldOnce, grant, out),
    onAnswer: () => world.answered(),
  });
  return server;
}

function newLac(world: World, { client }: ClientPlan, machine: Machine, edge: Edge): SimLac {
  if (client.kind !== "lac") throw new TypeError("no LAC");
  const lac: SimLac = new SimLac({
    ...common(world, machine, () => lac),
    ...{ plan: client, role: "lac" },
    toHost: (network, packet) => world.toClient(edge, lac, network, packet),
  });
  return lac;
}

type Common = Omit<StationOptions, "plan" | "role" | "toHost">;

function common(world: World, machine: Machine, self: () => Station): Common {
  const { scheduler, faults, plan } = world;
  return {
    ...{ seed: plan.seed, scheduler, machine, faults },
    transmit: (...sent) => world.sent(self(), ...sent),
    onEvent: (event) => world.event(self(), event),
    onEnd: (entry, since) => world.judgeLater(oracles.historyInOrder, entry, scheduler.now - since),
    onInput: (datagram, { peer, peerPort }) => world.heard(self(), datagram, peer, peerPort),
  };
}

function newPeer(world: World, index: number, { client }: ClientPlan, edge: Edge): SimPeer {
  if (client.kind !== "peer") throw new TypeError("no peer");
  const { scheduler, faults } = world;
  return new SimPeer({
    ...{ index, plan: client, scheduler, faults },
    random: new Random(world.plan.seed, `peer ${index}`),
    isLenient: () => client.isMalicious || edge.isDamaged,
    onConnect: () => {
      edge.isDamaged = false;
    },
    send: (datagram) => edge.toServer.send(datagram),
    onPacket: (line, packet) => world.toLine(edge, line, packet),
  });
}
