/** One network of the lab for one test file: namespaces, servers, guests and a capture of UDP 1701. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, type ChildOptions, must, run } from "./child.ts";
import { Guest } from "./guest.ts";
import { root } from "./root.ts";
import { runtime } from "./runtime.ts";

export { root };

const interop = join(root, "test", "interop");

/** Addresses of ../../interop/network.sh. */
export const LNS_ADDRESS = "10.9.0.2";
export const CORE_ADDRESS = "10.8.0.1";
export const FAR_ADDRESS = "10.7.0.1";
export const LNS_ADDRESS6 = "2001:db8:9::2";
export const CORE_ADDRESS6 = "2001:db8:8::1";
export const FAR_ADDRESS6 = "2001:db8:7::1";

export type Place = "lac" | "lns" | "core" | "far";

export class Lab {
  readonly name: string;
  /** Also the beginning of each namespace's name; the process id keeps runs apart. */
  readonly prefix = `simplon-${process.pid}`;
  readonly directory: string;
  readonly guests: Guest[] = [];
  /** What passed between clients and LNS so far. */
  readonly captureFile: string;
  readonly beyondFile: string;
  readonly #children: Child[] = [];

  constructor(name: string) {
    this.name = name;
    this.directory = mkdtempSync(join(tmpdir(), `simplon-${name}-`));
    this.captureFile = join(captureDirectory(), `${name}-${runtime}.pcap`);
    this.beyondFile = join(captureDirectory(), `${name}-beyond-${runtime}.pcap`);
  }

  /**
   * The network with its servers and a capture, which a flood does without; `guests` are booted
   * and take commands. `beyond`: a second capture, of what the LNS says to LNSs in core.
   */
  static async open(
    name: string,
    guests: number,
    { capture = true, beyond = false } = {},
  ): Promise<Lab> {
    const lab = new Lab(name);
    try {
      await lab.script("network.sh", ["up"]);
      if (capture) await lab.#capture("to-lac", lab.captureFile);
      if (beyond) await lab.#capture("to-core", lab.beyondFile);
      if (guests > 0) await lab.#serve();
      await Promise.all(Array.from({ length: guests }, (_, index) => lab.#boot(index + 1)));
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** Ends all that the lab has started, also after a test that failed in the middle. */
  async close(): Promise<void> {
    const guests = await Promise.allSettled(this.guests.map((guest) => guest.off()));
    await Promise.all(this.#children.map((child) => child.end()));
    await this.script("network.sh", ["down"]);
    rmSync(this.directory, { recursive: true, force: true });
    for (const guest of guests) if (guest.status === "rejected") throw guest.reason;
  }

  namespace(place: Place): string {
    return `${this.prefix}-${place}`;
  }

  /** Command and arguments that run `argv` in one of the namespaces. */
  inside(place: Place, argv: readonly string[]): [string, string[]] {
    return ["ip", ["netns", "exec", this.namespace(place), ...argv]];
  }

  script(name: string, args: readonly string[]): Promise<string> {
    return must(join(interop, name), args, { env: this.#env() });
  }

  start(name: string, args: readonly string[]): Child {
    const child = new Child(join(interop, name), args, { env: this.#env() });
    this.#children.push(child);
    return child;
  }

  /** Starts a program in one of the namespaces; it ends with the lab at the latest. */
  startInside(place: Place, argv: readonly string[], options: ChildOptions = {}): Child {
    const child = new Child(...this.inside(place, argv), options);
    this.#children.push(child);
    return child;
  }

  runScript(name: string, args: readonly string[]) {
    return run(join(interop, name), args, { env: this.#env(), ms: 120_000 });
  }

  /** Names of the devices in the LNS's namespace that the lab has not made. */
  async devices(): Promise<string[]> {
    const text = await must("ip", ["-n", this.namespace("lns"), "-o", "link", "show"]);
    const names = [...text.matchAll(/^\d+: ([^:@]+)/gm)].map(([, name]) => name ?? "");
    return names.filter((name) => name !== "lo" && !name.startsWith("to-"));
  }

  /** Whether there is a route that `ip route` prints so. */
  async hasRoute(place: Place, line: string): Promise<boolean> {
    return (await must("ip", ["-n", this.namespace(place), "route", "show"])).includes(line);
  }

  /** Programs that listen on UDP in the namespace of the LNS. */
  listeners(): Promise<string> {
    return must(...this.inside("lns", ["ss", "-lun"]));
  }

  nftTables(): Promise<string> {
    return must(...this.inside("lns", ["nft", "list", "tables"]));
  }

  async #capture(device: string, file: string): Promise<void> {
    mkdirSync(captureDirectory(), { recursive: true });
    const dump = ["tcpdump", "-n", "-U", "--immediate-mode", "-B", "8192", "-i", device];
    const argv = [...dump, "-w", file, "udp", "port", "1701"];
    const child = this.startInside("lns", argv);
    await child.line(/listening on/, 10_000);
  }

  async #serve(): Promise<void> {
    for (const place of ["core", "far"] as const) {
      const directory = join(this.directory, place);
      mkdirSync(directory);
      const servers = this.start("servers.sh", [directory, this.namespace(place)]);
      await servers.line(/^RESULT servers=ready$/, 20_000);
    }
  }

  async #boot(id: number): Promise<void> {
    const guest = new Guest(this, id);
    this.guests.push(guest);
    await guest.ready();
  }

  #env(): NodeJS.ProcessEnv {
    return { ...process.env, LAB_PREFIX: this.prefix };
  }
}

/** Where captures go: one directory for a whole run of the suite. */
export function captureDirectory(): string {
  return process.env.SIMPLON_CAPTURES ?? join(tmpdir(), "simplon-captures");
}
