/** The program under test, in one of the namespaces, with a configuration of its own. */
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { LogLevel } from "../../../src/config/config.ts";
import { Child, type Exit, poll, run } from "./child.ts";
import { type Lab, type Place, root } from "./lab.ts";

export type Keys = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface Settings {
  readonly lns?: Readonly<Record<string, string | number | readonly string[]>>;
  readonly network?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** More keys of users, and more users, by name. */
  readonly users?: Readonly<Record<string, Keys>>;
  readonly methods?: readonly string[];
  /** LNSs that calls go on to, and which calls do. */
  readonly peers?: readonly Keys[];
  readonly forwards?: readonly Keys[];
  readonly level?: LogLevel;
}

export interface TunnelRow {
  readonly tunnelId: number;
  readonly peerTunnelId: number;
  readonly peer: string;
  readonly hostName: string;
  readonly state: string;
  readonly sessions: number;
}

export interface SessionRow {
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly peerTunnelId: number;
  readonly peerSessionId: number;
  readonly peer: string;
  readonly user: string;
  readonly network: string;
  readonly address: string;
  readonly prefix6: string;
  readonly phase: string;
  readonly rxPackets: number;
  readonly rxOctets: number;
  readonly txPackets: number;
  readonly txOctets: number;
}

export interface WorkerRow {
  readonly index: number;
  readonly state: string;
  readonly slots: readonly number[];
  readonly packets: number;
  readonly drops: number;
  /** Threads that were lost and replaced. */
  readonly losses: number;
}

export interface ClientRow {
  readonly name: string;
  readonly tun: string;
  readonly state: string;
  readonly lns: string;
  readonly address: string;
  readonly address6: string;
  readonly next: number;
  readonly rxOctets: number;
  readonly txOctets: number;
  readonly problem: string;
}

/** Users of every configuration here. */
export const USERS = { bob: "bobpw", alice: "alicepw" } as const;

/** What "npm start" starts. */
const launcher = join(root, "scripts", "simplon.ts");

/** A configuration file in a new directory; answers its path. */
export function writeConfig(lab: Lab, settings: Settings = {}): string {
  const directory = mkdtempSync(join(lab.directory, "lns-"));
  const lns = {
    listen: "0.0.0.0:1701",
    socket: join(directory, "socket"),
    history: join(directory, "history"),
    ...settings.lns,
  };
  const network = {
    name: "default",
    tun: "simplon0",
    gateway: "10.64.0.1",
    pool: ["10.64.0.0/16"],
    dns: ["10.8.0.1", "10.8.0.3"],
    ...settings.network,
  };
  const users = Object.keys({ ...USERS, ...settings.users }).map((name) => {
    const password = Object.entries(USERS).find(([known]) => known === name)?.[1];
    return table("[[user]]", { name, password, network: "default", ...settings.users?.[name] });
  });
  const tables = [
    table("[lns]", lns),
    table("[[network]]", network),
    table("[auth]", { methods: settings.methods ?? ["chap", "pap"] }),
    ...users,
    ...(settings.peers ?? []).map((keys) => table("[[peer]]", keys)),
    ...(settings.forwards ?? []).map((keys) => table("[[forward]]", keys)),
    table("[log]", { level: settings.level ?? "debug" }),
  ];
  return writeTables(directory, tables);
}

export function writeTables(directory: string, tables: readonly string[]): string {
  const file = join(directory, "simplon.toml");
  writeFileSync(file, tables.join("\n"));
  return file;
}

/** Command and arguments of one run of the program, on the runtime that SIMPLON_RUNTIME names. */
export function simplonArgs(...args: readonly string[]): string[] {
  return [process.execPath, launcher, ...args];
}

export class Simplon {
  readonly child: Child;
  readonly #lab: Lab;
  readonly #config: string;
  readonly #place: Place;

  constructor(lab: Lab, config: string, entry: readonly string[], place: Place = "lns") {
    this.#lab = lab;
    this.#config = config;
    this.#place = place;
    this.child = new Child(...lab.inside(place, entry));
  }

  /** Starts the program and waits until its control socket answers. */
  static async start(lab: Lab, settings: Settings = {}, place?: Place): Promise<Simplon> {
    const config = writeConfig(lab, settings);
    return Simplon.startWith(lab, config, simplonArgs("lns", "-c", config), place);
  }

  static async startWith(
    lab: Lab,
    config: string,
    entry: readonly string[],
    place?: Place,
  ): Promise<Simplon> {
    const simplon = new Simplon(lab, config, entry, place);
    try {
      await simplon.#ready();
      return simplon;
    } catch (error) {
      await simplon.child.end();
      throw error;
    }
  }

  async #ready(): Promise<void> {
    await poll("an answer on the control socket", 20_000, () => {
      assert.equal(this.child.exit, undefined, `simplon ended:\n${this.child.text}`);
      return isAnswering(this.socket);
    });
  }

  /** File of the control socket. */
  get socket(): string {
    return join(this.#config, "..", "socket");
  }

  tunnels(): Promise<readonly TunnelRow[]> {
    return this.#show("tunnels");
  }

  sessions(): Promise<readonly SessionRow[]> {
    return this.#show("sessions");
  }

  /** Of a LAC. */
  clients(): Promise<readonly ClientRow[]> {
    return this.#show("clients");
  }

  workers(): Promise<readonly WorkerRow[]> {
    return this.#show("workers");
  }

  changeWorkers(...change: readonly string[]) {
    const args = simplonArgs("workers", ...change, "-c", this.#config);
    const [command, rest] = this.#lab.inside(this.#place, args);
    return run(command, rest, { ms: 15_000 });
  }

  /** `simplon call`, to this one. */
  call(...wish: readonly string[]) {
    const args = simplonArgs("call", ...wish, "-c", this.#config);
    const [command, rest] = this.#lab.inside(this.#place, args);
    return run(command, rest, { ms: 30_000 });
  }

  counters(): Promise<Readonly<Record<string, number>>> {
    return this.#show("counters");
  }

  async counter(name: string): Promise<number> {
    return (await this.counters())[name] ?? 0;
  }

  /** Waits until the LNS has nothing left of any client. */
  async empty(ms = 10_000): Promise<void> {
    await poll("an LNS without sessions", ms, async () => (await this.sessions()).length === 0);
  }

  /** SIGTERM, and what has to hold after it. */
  async stop(): Promise<Exit> {
    if (this.child.exit === undefined) this.child.signal("SIGTERM");
    return this.child.ended(10_000).catch(() => this.child.end());
  }

  async #show<Rows>(what: string): Promise<Rows> {
    const args = simplonArgs("show", what, "--json", "-c", this.#config);
    const [command, rest] = this.#lab.inside(this.#place, args);
    const { code, text } = await run(command, rest, { ms: 15_000 });
    assert.equal(code, 0, `show ${what}: ${text}`);
    return JSON.parse(text) as Rows;
  }
}

/** Whether somebody listens: the file of a daemon that was killed is still there. */
function isAnswering(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(path, () => resolve(true));
    connection.on("error", () => resolve(false));
    connection.on("connect", () => connection.end());
  });
}

export function table(header: string, keys: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return [header, ...lines, ""].join("\n");
}
