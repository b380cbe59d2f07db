/**
 * The network of a measurement: three namespaces in a row, and processes in them.
 *
 *   client 10.9.0.1 ---- 10.9.0.2 lns 10.8.0.2 ---- 10.8.0.1 host
 *
 * @module
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";

export const LNS_ADDRESS = "10.9.0.2";
export const HOST_ADDRESS = "10.8.0.1";

export class Lab {
  readonly #prefix = `bench${process.pid}`;
  readonly #programs: Program[] = [];

  constructor() {
    const { client, lns, host } = this.names;
    for (const name of [client, lns, host]) {
      ip("netns", "add", name);
      ip("-n", name, "link", "set", "lo", "up");
    }
    this.#wire(client, "10.9.0.1/24", lns, `${LNS_ADDRESS}/24`);
    this.#wire(lns, "10.8.0.2/24", host, `${HOST_ADDRESS}/24`);
    ip("-n", client, "route", "add", "default", "via", LNS_ADDRESS);
    ip("-n", host, "route", "add", "default", "via", "10.8.0.2");
    inside(lns, "sysctl", "-qw", "net.ipv4.ip_forward=1");
    // What arrives is counted at the LNS; here it ends without an ICMP answer for each packet.
    const rule = "type filter hook input priority 0; udp dport 9 drop;";
    inside(host, "nft", `table ip sink { chain in { ${rule} }; }`);
  }

  get names() {
    const name = (role: string) => `${this.#prefix}-${role}`;
    return { client: name("client"), lns: name("lns"), host: name("host") };
  }

  /** Starts a program in a namespace, on one core. */
  start(namespace: string, core: number, command: readonly string[]): Program {
    const argv = ["netns", "exec", namespace, "taskset", "-c", `${core}`, ...command];
    const program = new Program(spawn("ip", argv, { stdio: ["pipe", "pipe", "inherit"] }) as never);
    this.#programs.push(program);
    return program;
  }

  async close(): Promise<void> {
    for (const program of this.#programs.reverse()) await program.end();
    for (const name of Object.values(this.names)) ip("netns", "del", name);
  }

  #wire(left: string, leftAddress: string, right: string, rightAddress: string): void {
    const device = `to-${right.split("-")[1]}`;
    const peer = `to-${left.split("-")[1]}`;
    ip("link", "add", device, "netns", left, "type", "veth", "peer", "name", peer, "netns", right);
    ip("-n", left, "addr", "add", leftAddress, "dev", device);
    ip("-n", right, "addr", "add", rightAddress, "dev", peer);
    ip("-n", left, "link", "set", device, "up");
    ip("-n", right, "link", "set", peer, "up");
  }
}

export class Program {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.#reader = createInterface({ input: child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** `ip netns exec` and `taskset` replace themselves by the program: the pid is its own. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("a program of the measurement ended early");
    return value;
  }

  async ask<Answer>(question: unknown): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    return JSON.parse(await this.line()) as Answer;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#reader.resume?.();
    this.#child.kill("SIGTERM");
    await gone;
  }
}

function ip(...argv: readonly string[]): void {
  execFileSync("ip", argv, { stdio: ["ignore", "ignore", "inherit"] });
}

function inside(namespace: string, ...argv: readonly string[]): void {
  ip("netns", "exec", namespace, ...argv);
}
