/**
 * The network of a measurement: three namespaces in a row. What sends and receives has the core that
 * the program under test has not.
 *
 *   client 10.9.0.1 ---- 10.9.0.2 lns 10.8.0.2 ---- 10.8.0.1 host
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { failure } from "../../src/cli/usage.ts";
import { DISCARD } from "./packets.ts";

const PREFIX = "simplon-bench";
export const CLIENT_ADDRESS = "10.9.0.1";
export const LNS_ADDRESS = "10.9.0.2";
export const HOST_ADDRESS = "10.8.0.1";
export const L2TP_PORT = 1701;
export const LNS_CORE = 0;
export const LOAD_CORE = 1;

/** Datagrams and octets that a sink has taken, as the kernel counts: a super-packet is one. */
export interface Sunk {
  readonly packets: number;
  readonly octets: number;
}

export class Lab {
  readonly #prefix: string;

  constructor(number: number) {
    this.#prefix = `${PREFIX}-${process.pid}-${number}`;
    const { client, lns, host } = this.names;
    try {
      for (const name of [client, lns, host]) {
        ip("netns", "add", name);
        ip("-n", name, "link", "set", "lo", "up");
      }
      this.#wire(client, `${CLIENT_ADDRESS}/24`, lns, `${LNS_ADDRESS}/24`);
      this.#wire(lns, "10.8.0.2/24", host, `${HOST_ADDRESS}/24`);
      ip("-n", host, "route", "add", "default", "via", "10.8.0.2");
      // Each measurement begins as the first one did.
      for (const name of [client, host])
        inside(name, "sysctl", "-qw", "net.ipv4.tcp_no_metrics_save=1");
      inside(lns, "sysctl", "-qw", "net.ipv4.ip_forward=1");
      // What arrives is counted and ends here, before a socket is looked for. Control messages and
      // TCP pass: of data messages only those with more than an acknowledgement in them are taken.
      const hook = "type filter hook prerouting priority -300;";
      inside(
        host,
        "nft",
        `table ip sink { chain in { ${hook} udp dport ${DISCARD} counter drop; }; }`,
      );
      inside(client, "nft", `table ip sink { chain in { ${hook} }; }`);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get names() {
    const name = (role: string) => `${this.#prefix}-${role}`;
    return { client: name("client"), lns: name("lns"), host: name("host") };
  }

  /** Whether data messages end at the client before they reach its socket. */
  sinkData(isOn: boolean): void {
    const { client } = this.names;
    inside(client, "nft", "flush chain ip sink in");
    const rule = "udp sport 1701 @th,64,1 0 counter drop"; // the T bit is clear
    if (isOn) inside(client, "nft", `add rule ip sink in ${rule}`);
  }

  /** From now on the host is one that data messages go on to: they are counted and end there. */
  sinkOnward(): void {
    const { host } = this.names;
    inside(host, "nft", "flush chain ip sink in");
    inside(host, "nft", `add rule ip sink in udp dport ${L2TP_PORT} counter drop`);
  }

  sunk(where: "client" | "host"): Sunk {
    const text = inside(this.names[where], "nft", "list chain ip sink in");
    const [, packets = "0", octets = "0"] = /packets (\d+) bytes (\d+)/.exec(text) ?? [];
    return { packets: Number(packets), octets: Number(octets) };
  }

  /** Addresses of which each is the client's. */
  addSources(prefix: string): void {
    const { client, lns } = this.names;
    ip("-n", client, "route", "add", "local", prefix, "dev", "lo");
    ip("-n", lns, "route", "add", prefix, "via", CLIENT_ADDRESS);
  }

  close(): void {
    for (const name of Object.values(this.names)) {
      try {
        ip("netns", "del", name);
      } catch {
        // It was never made.
      }
    }
  }

  #wire(left: string, leftAddress: string, right: string, rightAddress: string): void {
    const device = `to-${right.split("-").at(-1)}`;
    const peer = `to-${left.split("-").at(-1)}`;
    ip("link", "add", device, "netns", left, "type", "veth", "peer", "name", peer, "netns", right);
    ip("-n", left, "addr", "add", leftAddress, "dev", device);
    ip("-n", right, "addr", "add", rightAddress, "dev", peer);
    ip("-n", left, "link", "set", device, "up");
    ip("-n", right, "link", "set", peer, "up");
  }
}

/** Whether a benchmark can be made here; then this process leaves the core of what is measured. */
export function assertPossible(name: string): void {
  if (process.getuid?.() !== 0) throw failure(`${name} needs root: it makes namespaces`);
  if (availableParallelism() < 2) throw failure(`${name} needs two cores`);
  for (const tool of ["ip", "nft", "taskset", "sysctl"]) {
    try {
      execFileSync("sh", ["-c", `command -v ${tool}`], { stdio: "ignore" });
    } catch {
      throw failure(`${name} needs ${tool}: apt-get install iproute2 nftables procps`);
    }
  }
  execFileSync("taskset", ["-acp", `${LOAD_CORE}`, `${process.pid}`], { stdio: "ignore" });
}

/** Removes what a measurement left behind that could not end in order. */
export function removeAbandoned(): void {
  for (const line of ip("netns", "list").split("\n")) {
    const [name = ""] = line.split(" ");
    const pid = name.startsWith(`${PREFIX}-`) ? name.split("-")[2] : undefined;
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) ip("netns", "del", name);
  }
}

function ip(...argv: readonly string[]): string {
  return execFileSync("ip", argv, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

export function inside(namespace: string, ...argv: readonly string[]): string {
  return ip("netns", "exec", namespace, ...argv);
}
