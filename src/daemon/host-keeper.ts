/**
 * The keeper of the host's addresses, routes and name servers. The daemon drops the capability that
 * they need, so a small process keeps it: it does what the daemon asks as far as the configuration
 * allows it, and takes all back at the end of the stream that it reads, which comes when the daemon
 * ends and also when it is killed.
 *
 * @module
 */
import { spawn, spawnSync } from "node:child_process";
import { contains, overlaps6 } from "../config/address.ts";
import type { ClientConfig, PeerConfig } from "../config/config.ts";
import { HOST_REPLY_MAX } from "../limits.ts";
import { openStream } from "../linux/descriptor.ts";
import type { Libc } from "../linux/libc.ts";
import { ipv4, ipv4Prefix, ipv6, ipv6Prefix } from "../net.ts";
import { HOST_SCRIPT } from "./host-script.ts";
import { environment, type Keeper } from "./nat.ts";
import { StartError } from "./start-error.ts";

/** Where name servers are told of; what tests replace. */
export interface HostPlaces {
  readonly resolvConf: string;
  /** A directory that is there while systemd-resolved runs. */
  readonly resolved: string;
}

const HOST_PLACES: HostPlaces = {
  resolvConf: "/etc/resolv.conf",
  resolved: "/run/systemd/resolve",
};
const SHELL = "/bin/sh";
/**
 * Of all capabilities the keeper keeps the one that it needs, where setpriv(1) is there to drop the
 * others: root's own files it may write without.
 */
const LAUNCH = `bound="setpriv --bounding-set=-all,+net_admin --no-new-privs"
$bound true 2>/dev/null </dev/null || bound=
exec $bound ${SHELL} -c "$0" simplon-host "$@"`;

type Allowed = readonly Pick<ClientConfig, "tun" | "peer" | "routes" | "dns">[];
type Peers = readonly Pick<PeerConfig, "name" | "address">[];

/** Starts the keeper of `clients`; their devices need not be there yet. @throws {StartError} */
export function startHostKeeper(
  libc: Libc,
  clients: Allowed,
  peers: Peers,
  places: HostPlaces = HOST_PLACES,
): Keeper {
  if (spawnSync(SHELL, ["-c", "command -v ip"], { env: environment() }).status !== 0) {
    throw new StartError("addresses and routes need the program ip; install iproute2");
  }
  const { ours, theirs } = openStream(libc);
  const allowed = [places.resolvConf, places.resolved, ...allowedArguments(clients, peers)];
  const keeper = spawn(SHELL, ["-c", LAUNCH, HOST_SCRIPT, ...allowed], {
    stdio: [theirs, theirs, "ignore"],
    detached: true,
    cwd: "/",
    env: environment(),
  });
  keeper.on("error", () => undefined); // told below, by its having no id
  keeper.unref();
  libc.close(theirs);
  if (keeper.pid !== undefined) return { pid: keeper.pid, pipe: ours };
  libc.close(ours);
  throw new StartError(`clients need a shell, and ${SHELL} cannot be started`);
}

function allowedArguments(clients: Allowed, peers: Peers): string[] {
  const lnss = peers.filter(({ name }) => clients.some(({ peer }) => peer === name));
  const addresses = [...new Set(lnss.map(({ address }) => address))];
  return [
    ...addresses.flatMap((address) => ["lns", address]),
    ...clients.flatMap(({ tun, routes, dns }) => [
      ...["client", tun, "dns", dns ? "yes" : "no"],
      ...routes.flatMap((route) => ["route", route]),
      // The LNSs of other clients too: none of their tunnels is to go through this one.
      ...addresses.filter((address) => holds(routes, address)).flatMap((each) => ["pin", each]),
    ]),
  ];
}

/** Whether one of `routes` leads to `address`. */
export function holds(routes: readonly string[], address: string): boolean {
  const isIpv6 = address.includes(":");
  return routes.some((route) => {
    if (route.includes(":") !== isIpv6) return false;
    return isIpv6
      ? overlaps6(ipv6Prefix(route), { first: ipv6(address), length: 128 })
      : contains(ipv4Prefix(route), ipv4(address));
  });
}

/** What the keeper says of a request: what of it could not be done. */
export interface HostReply {
  readonly client: number;
  readonly problem: string;
}

/** The daemon's end of the stream. */
export class HostRequests {
  readonly counters = { "host-refused": 0, "host-lost": 0 };
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #asked = new Map<number, number>();
  readonly #chunk = new Uint8Array(HOST_REPLY_MAX);
  #serial = 0;
  #held = "";

  constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
  }

  /** `lns` is the address of the LNS where a route of the client holds it, else "". */
  up(client: number, address: string, lns: string): void {
    const verb = address.includes(":") ? "up6" : "up4";
    this.#ask(client, verb, [address, lns === "" ? "-" : lns]);
  }

  down(client: number, family: "IPv4" | "IPv6"): void {
    this.#ask(client, family === "IPv6" ? "down6" : "down4", []);
  }

  /** Without servers those of before are taken back. */
  dns(client: number, servers: readonly string[]): void {
    this.#ask(client, "dns", servers);
  }

  /** What has come of the answers; empty when nothing has. */
  take(): HostReply[] {
    const replies: HostReply[] = [];
    for (;;) {
      const length = this.#libc.recv(this.#fd, this.#chunk);
      if (length <= 0) return replies;
      this.#held += Buffer.from(this.#chunk.subarray(0, length)).toString("latin1");
      const lines = this.#held.split("\n");
      this.#held = (lines.pop() ?? "").slice(0, HOST_REPLY_MAX);
      for (const line of lines) this.#read(line, replies);
    }
  }

  #ask(client: number, verb: string, words: readonly string[]): void {
    this.#serial++;
    const line = `${[this.#serial, verb, client, ...words].join(" ")}\n`;
    // A keeper that is gone, or so far behind, is told of in the counters.
    if (this.#libc.send(this.#fd, new TextEncoder().encode(line)) === line.length) {
      this.#asked.set(this.#serial, client);
    } else this.counters["host-lost"]++;
  }

  #read(line: string, replies: HostReply[]): void {
    const [, serial = "", kind, problem = ""] = /^(\d+) (!|done) ?(.*)$/.exec(line) ?? [];
    const client = this.#asked.get(Number(serial));
    if (client === undefined) return;
    if (kind === "done") this.#asked.delete(Number(serial));
    else {
      this.counters["host-refused"]++;
      replies.push({ client, problem });
    }
  }
}
