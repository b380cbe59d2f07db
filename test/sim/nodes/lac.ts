/**
 * A LAC of a world with clients of its own: the program's cores, wired by its own `dialledSide`.
 *
 * @module
 */

import { SLOT_COUNT } from "../../../assembly/layout.ts";
import { asLac } from "../../../src/config/as-lac.ts";
import type { ClientConfig, Config } from "../../../src/config/config.ts";
import { parseConfig } from "../../../src/config/load.ts";
import { Clients } from "../../../src/daemon/clients.ts";
import { dialledSide } from "../../../src/daemon/dialled-side.ts";
import { HostRequests } from "../../../src/daemon/host-keeper.ts";
import type { Ground } from "../../../src/daemon/side.ts";
import { Dialler, type Target } from "../../../src/dial/index.ts";
import type { Call, Connected } from "../../../src/l2tp/index.ts";
import type { Libc } from "../../../src/linux/libc.ts";
import { ipv6 } from "../../../src/net.ts";
import { half, isAnswer, isIpv4, PING_MS, type Pinger, pings, pings6 } from "../packets.ts";
import type { LinePlan } from "../plan.ts";
import { Random } from "../random.ts";
import {
  type SimGround,
  type SimSide,
  Station,
  type StationOptions,
  type StationPlan,
} from "./station.ts";

export interface LacPlan extends StationPlan {
  readonly lines: readonly LinePlan[];
  readonly clients: readonly Partial<ClientConfig>[];
  readonly targets: readonly Target[];
}

export interface SimLacOptions extends StationOptions {
  readonly plan: LacPlan;
}

const CLIENT = `[[peer]]
name = "server"
address = "198.51.100.1:1701"
[[client]]
name = "client"
peer = "server"
tun = "client0"
user = "user"
password = "password"
`;
const CONFIG: Config = parsed(CLIENT);

function parsed(text: string): Config {
  const config = parseConfig(text, "sim.toml");
  if (Array.isArray(config)) throw new Error(JSON.stringify(config));
  return asLac(config);
}

/** The keeper of the host does all that it is told. */
const KEEPER = { send: (_: number, octets: Uint8Array) => octets.length, recv: () => -1 };

export interface LacSide extends SimSide {
  readonly clients: Clients;
}

/** One of its clients, with a host behind it. */
export interface LacLine extends Pinger {
  /** Of the client, and of its network. */
  readonly index: number;
  /** When answers last came, by IPv4 and by IPv6. */
  heardAt: number;
  heard6At: number;
}

export class SimLac extends Station<LacSide, SimLacOptions> {
  readonly lines: readonly LacLine[];
  readonly #random: Random;

  constructor(options: SimLacOptions) {
    super(options);
    this.lines = options.plan.lines.map((plan, index) => {
      return { plan, index, asked: new Set(), heardAt: 0, heard6At: 0 };
    });
    this.#random = new Random(options.seed, `hosts behind ${options.plan.name}`);
    this.#pingLater();
  }

  /** What of the addresses of a client is its own, as `destinationOf` has it. */
  ownOf(network: number): string[] {
    const { address = "", addresses6 = [] } = this.clients.all[network] ?? {};
    return [address, ...[...addresses6].map((text) => half(ipv6(text)))];
  }

  /** A packet of the network behind has come for a client. Whether it answers a ping. */
  answered(network: number, packet: Uint8Array): boolean {
    const line = this.lines[network];
    if (line === undefined || !isAnswer(line, packet)) return false;
    const { now } = this.options.scheduler;
    if (isIpv4(packet)) line.heardAt = now;
    else line.heard6At = now;
    return true;
  }

  #pingLater(): void {
    const { scheduler } = this.options;
    scheduler.after(this.#random.between(PING_MS / 2, PING_MS), () => {
      for (const line of this.isDown || this.starts === 0 ? [] : this.lines) this.#ping(line);
      this.#pingLater();
    });
  }

  #ping(line: LacLine): void {
    const { address = "", address6 = "", upAt = Infinity } = this.clients.all[line.index] ?? {};
    if (upAt === Infinity) return;
    const slot = () => this.#random.between(0, SLOT_COUNT - 1);
    const own6 = address6 === "" ? undefined : ipv6(address6);
    const packets = [
      ...pings(line, address, this.#random),
      ...(own6 === undefined ? [] : pings6(line, own6, this.#random)),
    ];
    for (const packet of packets) this.fromHost(line.index, packet, slot());
  }

  get clients(): Clients {
    return this.side.clients;
  }

  protected makeSide(ground: SimGround): LacSide {
    const { plan } = this.options;
    const [usual] = CONFIG.clients;
    if (usual === undefined) throw new Error("a configuration without a client");
    const config = {
      ...CONFIG,
      peers: plan.targets,
      clients: plan.clients.map((client) => ({ ...usual, ...client })),
    };
    const { endpoint, random } = ground;
    const dialler = new Dialler<Call, Connected>({
      ...{ targets: plan.targets, endpoint, role: "lac", local: plan.address, random },
    });
    const host = new HostRequests(KEEPER as Partial<Libc> as Libc, 0);
    const clients = new Clients({
      ground: { ...ground, config, family: 2 } as Partial<Ground> as Ground,
      ...{ dialler, host },
    });
    return {
      ...dialledSide(dialler, clients),
      clients,
      *waiting(now: number) {
        for (const { sessionId, phase } of clients.sessionRows(now)) {
          yield `session ${sessionId} in phase ${phase}`;
        }
      },
    };
  }
}
