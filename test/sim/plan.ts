/**
 * What is to happen in a world, drawn from its seed before it begins: plain data.
 *
 * @module
 */
import type { Target } from "../../src/dial/index.ts";
import type { AuthMethod } from "../../src/ppp/index.ts";
import { type Deed, drawDeeds } from "./deeds.ts";
import type { Quality } from "./link.ts";
import type { LacPlan } from "./nodes/lac.ts";
import type { LnsPlan } from "./nodes/lns.ts";
import { Random } from "./random.ts";

/** While it lasts the network is bad and things happen to nodes; then all heals, or it ends so. */
export const STRESS_MS = 45_000;

/** A subscriber behind a LAC. */
export interface LinePlan {
  /** No two lines of a world have the same: it goes along with each packet. */
  readonly number: number;
  readonly user: string;
  readonly password: string;
  /** Its LNS knows the user, and by this password. */
  readonly isWelcome: boolean;
  readonly accepts: readonly AuthMethod[];
  readonly hasIpv6: boolean;
}

export interface PeerPlan {
  readonly kind: "peer";
  readonly secret: string;
  /** Its Receive Window Size. */
  readonly window: number;
  readonly lines: readonly LinePlan[];
  /** It also sends changed copies of what it sends. */
  readonly isMalicious: boolean;
}

/** A LAC that is the program too, and whose clients are its own. */
export interface LacLinesPlan extends LacPlan {
  readonly kind: "lac";
}

/** Who dials, and the way to whom. */
export interface ClientPlan {
  readonly startAt: number;
  readonly address: string;
  /** Index of the server. */
  readonly server: number;
  readonly client: PeerPlan | LacLinesPlan;
  readonly edge: EdgePlan;
}

export interface EdgePlan {
  readonly toServer: Quality;
  readonly toClient: Quality;
}

export interface Plan {
  readonly seed: number;
  /** When all heals, or in safety mode ends, ms. */
  readonly healsAt: number;
  /** Faults go on to the end; or all heals, and then everyone has to reach his goal. */
  readonly mode: "safety" | "liveness";
  /** An LNS; or a switch and the LNS that calls go on to. */
  readonly servers: readonly LnsPlan[];
  /** Between the switch and that LNS. */
  readonly trunk: EdgePlan;
  readonly clients: readonly ClientPlan[];
  readonly deeds: readonly Deed[];
  /** At the end servers say goodbye first, or those who have dialled. */
  readonly firstToLeave: "servers" | "clients";
}

const CLIENTS = 3;
const REALM = "core";
/** Addresses of a server that has enough: a /24 without its ends and the gateway. */
const ROOM_USUAL = 253;
const SERVERS = ["198.51.100.1", "198.51.100.2"] as const;

export function drawPlan(seed: number): Plan {
  const random = new Random(seed, "plan");
  const draw = new Draw(random);
  const mode = random.chance(0.5) ? "safety" : "liveness";
  const isSwitched = random.chance(0.4);
  const clients = Array.from({ length: CLIENTS }, (_, index) => draw.client(index, isSwitched));
  const lacsOf = (index: number): Target[] =>
    clients.flatMap(({ client, address, server }) =>
      client.kind === "lac" && server === index ? [draw.target(client.name, address)] : [],
    );
  const core = draw.target(REALM, SERVERS[1]);
  const server = (index: number, targets: readonly Target[]) =>
    draw.server(index, mode, clients, targets);
  const first = server(0, isSwitched ? [...lacsOf(0), core] : lacsOf(0));
  const servers = isSwitched ? [first, server(1, lacsOf(1))] : [first];
  return {
    seed,
    mode,
    servers,
    trunk: draw.edge(),
    clients,
    healsAt: STRESS_MS,
    deeds: drawDeeds(random, STRESS_MS),
    firstToLeave: random.pick(["servers", "clients"] as const),
  };
}

/** The server where a line has its addresses. */
export function homeOf({ user }: LinePlan, { server }: ClientPlan): number {
  return user.includes("@") ? 1 : server;
}

/** So many addresses to give: a /30 has two of them, the first one one beside the gateway. */
function fewOf(network: string, room: number): string[] {
  const first = room % 2 === 0 ? 1 : 0;
  return Array.from({ length: Math.ceil(room / 2) }, (_, n) => `${network}.${4 * (n + first)}/30`);
}

/** Draws one thing after the other, all of one world. */
class Draw {
  readonly #random: Random;
  readonly #secret: string;
  /** Datagrams are damaged in some worlds only, as much is excused by that. */
  readonly #isDamaging: boolean;
  /** Servers have few addresses: they run out, and are another one's soon. */
  readonly #isScarce: boolean;
  #lines = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#secret = random.chance(0.5) ? "tunnel secret" : "";
    this.#isDamaging = random.chance(0.3);
    this.#isScarce = random.chance(0.5);
  }

  server(
    index: number,
    mode: Plan["mode"],
    clients: readonly ClientPlan[],
    targets: readonly Target[],
  ): LnsPlan {
    const random = this.#random;
    const isSwitch = targets.some(({ name }) => name === REALM);
    const lines = clients.flatMap((each) =>
      each.client.lines
        .filter((line) => line.isWelcome && homeOf(line, each) === index)
        .map((line) => ({ ...line, kind: each.client.kind })),
    );
    const users = lines.map(({ user, password }) => {
      return { name: user, password, network: "default" };
    });
    // Clients of a LAC of ours never give up, so there is room for them in the end.
    const least = Math.max(1, lines.filter(({ kind }) => kind === "lac").length);
    const room = this.#isScarce ? random.between(least, Math.max(least, lines.length)) : ROOM_USUAL;
    // One /64 is the server's own.
    const room6 = mode === "safety" && this.#isScarce ? random.between(1, room) : room;
    return {
      name: isSwitch ? "switch" : index === 0 ? "lns" : "core",
      address: SERVERS[index] ?? "",
      secret: this.#secret,
      hello: random.pick([20_000, 60_000]),
      workers: random.pick([1, 2]),
      authMethods: random.pick([["mschapv2", "chap", "pap"], ["pap"], ["pap", "chap"]] as const),
      aaaDelay: random.pick([0, 20, 200, 4_000]),
      network: {
        name: "default",
        gateway: `10.${64 + index}.0.1`,
        pool: this.#isScarce ? fewOf(`10.${64 + index}.0`, room) : [`10.${64 + index}.0.0/24`],
        pool6: this.#isScarce
          ? Array.from({ length: room6 + 1 }, (_, n) => `2001:db8:${64 + index}:${n}::/64`)
          : [`2001:db8:${64 + index}::/56`],
        dns: ["192.0.2.53"],
        sequencing: random.chance(0.25),
      },
      ...{ room, users },
      forwards: isSwitch ? [{ by: "realm", value: REALM, peer: REALM }] : [],
      targets,
      trustsProxies: this.#secret !== "" && random.chance(0.5),
    };
  }

  target(name: string, address: string): Target {
    const secret = this.#secret;
    return { name, address, port: 1_701, secret, priority: 0, weight: 1, hideAvps: false };
  }

  client(index: number, isSwitched: boolean): ClientPlan {
    const random = this.#random;
    const server = isSwitched && random.chance(0.2) ? 1 : 0;
    const address = `192.0.2.${10 + index}`;
    const isPeer = random.chance(0.6);
    return {
      ...{ server, address, startAt: random.between(0, 5_000), edge: this.edge() },
      client: isPeer
        ? this.#peer(isSwitched && server === 0)
        : this.#lac(index, address, server, isSwitched && server === 0),
    };
  }

  edge(): EdgePlan {
    return { toServer: this.#quality(), toClient: this.#quality() };
  }

  #peer(isSwitched: boolean): PeerPlan {
    const random = this.#random;
    return {
      kind: "peer",
      secret: this.#secret,
      window: random.pick([1, 2, 8]),
      lines: Array.from({ length: random.between(1, 2) }, () => this.#line(isSwitched, false)),
      isMalicious: random.chance(0.12),
    };
  }

  #lac(index: number, address: string, server: number, isSwitched: boolean): LacLinesPlan {
    const random = this.#random;
    const lines = Array.from({ length: random.between(1, 2) }, () => this.#line(isSwitched, true));
    return {
      kind: "lac",
      name: `lac${index}`,
      ...{ address, secret: this.#secret, workers: random.pick([1, 2]), lines },
      hello: random.pick([20_000, 60_000]),
      targets: [this.target("server", SERVERS[server] ?? "")],
      clients: lines.map(({ number, user, password, accepts, hasIpv6 }) => ({
        ...{ name: user, tun: `client${number}`, user, password, methods: accepts },
        ...{ peer: "server", ipv6: hasIpv6, number: String(100 + number), mtu: 1_400 },
      })),
    };
  }

  #line(isSwitched: boolean, isAlwaysWelcome: boolean): LinePlan {
    const random = this.#random;
    const number = this.#lines++;
    const isWelcome = isAlwaysWelcome || random.chance(0.85);
    const isForwarded = isSwitched && random.chance(0.7);
    return {
      number,
      user: `user${number}${isForwarded ? `@${REALM}` : ""}`,
      password: isWelcome ? `word ${number}` : "wrong",
      isWelcome,
      accepts: random.pick([["mschapv2", "pap"], ["chap", "pap"], ["pap"]] as const),
      hasIpv6: random.chance(0.5),
    };
  }

  /** One in five is as good as it should be; the others lose up to 30 %, and more. */
  #quality(): Quality {
    const random = this.#random;
    const isGood = random.chance(0.2);
    const up = (to: number) => (isGood ? 0 : random.fraction() * to);
    const also = (probability: number) => !isGood && random.chance(probability);
    return {
      loss: up(0.3),
      duplication: up(0.2),
      reordering: up(0.3),
      delay: random.between(0, 120),
      late: random.between(1, 1_500),
      ...(also(0.25) && { burst: { begins: 0.02, ends: random.pick([0.1, 0.3]) } }),
      ...(also(0.2) && { mtu: random.pick([600, 1_000]) }),
      ...(also(0.1) && { rate: { octets: 4_000, queue: random.pick([1_000, 4_000]) } }),
      ...(this.#isDamaging && also(0.5) && { flip: random.pick([0.01, 0.1]) }),
      ...(this.#isDamaging && also(0.3) && { truncation: 0.02 }),
    };
  }
}
