/** A program under test in the lab, with clients whose sessions are up: one for each variant. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatIpv4, formatIpv6 } from "../../../../src/net.ts";
import type { Offload } from "../../../../src/offloads.ts";
import { Child, must } from "../child.ts";
import { Lab, LNS_ADDRESS, root } from "../lab.ts";
import { Simplon, USERS } from "../simplon.ts";
import { Client, type Ids, portOf } from "./client.ts";
import type { SessionEnds, Size } from "./mix.ts";
import { type Captured, runMix } from "./run.ts";
import { type Link, WireEnd } from "./station.ts";
import { effort, lengthenQueue, prepareWire } from "./wire.ts";

export const SESSIONS = 4;
const USER = { name: "bob", password: USERS.bob };
const DEVICE = "simplon0";
const REFERENCE = join(root, "build", "reference", "forward");
const CLIENT_ADDRESS = "10.9.0.1";
const TUNNELS = 2;

export interface Shape {
  readonly mtu: number;
  readonly outerMtu: number;
  /** What the client takes, where that is less than what the device does. */
  readonly mru?: number | undefined;
}

/** What came out, and how many reads and writes the kernel has counted for it. */
export interface Outcome extends Captured {
  /** Of the device: from it, to it; of UDP: received, sent. */
  readonly effort: readonly number[];
  readonly ends: readonly SessionEnds[];
}

export class World {
  readonly lab: Lab;
  readonly #link: Link;
  readonly #shape: Shape;

  private constructor(lab: Lab, link: Link, shape: Shape) {
    this.lab = lab;
    this.#link = link;
    this.#shape = shape;
  }

  static async open(name: string, shape: Shape): Promise<World> {
    const lab = await Lab.open(name, 0, { capture: false });
    try {
      return new World(lab, await prepareWire(lab, shape.outerMtu), shape);
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.lab.close();
  }

  get #mru(): number {
    return this.#shape.mru ?? this.#shape.mtu;
  }

  /** The mix through simplon with these offloads; `look` is called before it ends. */
  async simplon(
    offloads: readonly Offload[],
    seed: number,
    size: Size,
    look: (simplon: Simplon) => Promise<void> = async () => undefined,
  ): Promise<Outcome> {
    const simplon = await Simplon.start(this.lab, {
      lns: { offloads },
      network: { mtu: this.#shape.mtu, pool6: ["2001:db8:64::/48"], tun: DEVICE },
      level: "info",
    });
    const client = new Client(this.lab.namespace("lac"), LNS_ADDRESS);
    try {
      await client.dial(SESSIONS, this.#mru, USER);
      const captured = await this.#run(client, seed, size);
      await look(simplon);
      await client.hangUp();
      return captured;
    } finally {
      client.close();
      await simplon.stop();
    }
  }

  /** The mix through the program in C, for sessions with these addresses. */
  async reference(
    without: readonly Offload[],
    ends: readonly SessionEnds[],
    seed: number,
    size: Size,
  ): Promise<Outcome> {
    const sessions = ends.map((session, index) => ({ ...session, ...idsOf(index) }));
    const file = join(this.lab.directory, "sessions");
    writeFileSync(file, sessions.map(sessionLine).join(""));
    const options = ["--listen", `${LNS_ADDRESS}:1701`, "--tun", DEVICE, "--sessions", file];
    options.push("--mtu", `${this.#mru}`);
    if (without.length > 0) options.push("--without", without.join(","));
    const child = new Child(...this.lab.inside("lns", [REFERENCE, ...options]));
    const client = new Client(this.lab.namespace("lac"), LNS_ADDRESS);
    try {
      await child.line(/^ready$/, 5_000);
      await this.#upDevice();
      client.adopt(sessions);
      return await this.#run(client, seed, size);
    } finally {
      client.close();
      await child.end();
    }
  }

  /** What simplon does itself and the program in C leaves to its caller. */
  async #upDevice(): Promise<void> {
    const ip = (...args: string[]) => must("ip", ["-n", this.lab.namespace("lns"), ...args]);
    await ip("link", "set", DEVICE, "mtu", `${this.#shape.mtu}`, "up");
    await ip("addr", "add", "10.64.0.1/32", "dev", DEVICE);
    await ip("route", "add", "10.64.0.0/16", "dev", DEVICE);
    await ip("route", "add", "2001:db8:64::/48", "dev", DEVICE);
  }

  async #run(client: Client, seed: number, size: Size): Promise<Outcome> {
    await lengthenQueue(this.lab.namespace("lns"), DEVICE);
    const host = new WireEnd(this.#link);
    try {
      const before = await effort(this.lab, DEVICE);
      const captured = await runMix(client, host, seed, size);
      const after = await effort(this.lab, DEVICE);
      const { ends } = client;
      return {
        ...captured,
        ends,
        effort: after.map((count, index) => count - (before[index] ?? 0)),
      };
    } finally {
      host.close();
    }
  }
}

/** The ids that the client gives its own end are those that it gives simplon. */
function idsOf(index: number): Ids {
  const tunnel = (index % TUNNELS) + 1;
  const session = index + 1;
  return {
    tunnelId: 100 + tunnel,
    sessionId: 200 + session,
    peerTunnelId: tunnel,
    peerSessionId: session,
  };
}

function sessionLine(session: SessionEnds & Ids, index: number): string {
  const { tunnelId, sessionId, peerTunnelId, peerSessionId, address, prefix6 } = session;
  const ids = [tunnelId, sessionId, peerTunnelId, peerSessionId];
  const peer = [CLIENT_ADDRESS, portOf(index)];
  const view = new DataView(address.buffer, address.byteOffset);
  const prefix = formatIpv6(Uint8Array.of(...prefix6, 0, 0, 0, 0, 0, 0, 0, 0));
  return `${[...ids, ...peer, formatIpv4(view.getUint32(0)), `${prefix}/64`].join(" ")}\n`;
}
