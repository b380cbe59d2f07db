/** The side that dials: each client has a call, a link and a device of its own. @module */
import { Dialler } from "../dial/index.ts";
import type { Call, Connected } from "../l2tp/index.ts";
import type { Libc } from "../linux/libc.ts";
import { isWildcard } from "../linux/sockaddr.ts";
import type { Logger } from "../observe/log.ts";
import { Clients } from "./clients.ts";
import { type Running, startDaemon } from "./daemon.ts";
import { dialledSide } from "./dialled-side.ts";
import { HostRequests } from "./host-keeper.ts";
import type { Inheritance } from "./privileges.ts";
import type { Ground, Side } from "./side.ts";
import type { Tuning } from "./workers.ts";

/**
 * Starts a LAC on devices that are open; its configuration is one that `asLac` has made.
 *
 * @throws {StartError} when the host lacks something; nothing is left half-started.
 */
export function startLac(
  libc: Libc,
  inheritance: Inheritance,
  log: Logger,
  tuning: Tuning = {},
): Promise<Running> {
  return startDaemon(libc, inheritance, log, { role: "lac", make: lacSide }, tuning);
}

/** Of a handful of sessions each has its row; nobody measures them. */
const UNMEASURED = { ms: 0, rxPackets: 0, rxOctets: 0, txPackets: 0, txOctets: 0, drops: 0 };

function lacSide(ground: Ground): Side {
  const { libc, devices, config, endpoint, random } = ground;
  const pipe = devices.keeper?.pipe ?? -1;
  const host = new HostRequests(libc, pipe);
  const local = isWildcard(config.lns.address) ? "" : config.lns.address;
  const dialler = new Dialler<Call, Connected>({
    ...{ targets: config.peers, endpoint, role: "lac", local, random },
  });
  const clients = new Clients({ ground, dialler, host });
  return {
    ...dialledSide(dialler, clients),
    descriptors: [pipe],
    leftBehind: "routes or name servers may have been left behind; see them with: ip route",
    advice: () => [],
    rows: (now) => clients.sessionRows(now),
    busiest: (_by, count, now) => ({
      begun: clients.begun,
      busiest: clients
        .sessionRows(now)
        .slice(0, count)
        .map((row) => ({ ...row, during: UNMEASURED })),
    }),
    counters: () => ({
      ppp: clients.links.pppCounters,
      ipv6: clients.links.hostCounters,
      control: [clients.counters, clients.links.counters, host.counters],
    }),
    clients: (now) => clients.rows(now),
  };
}
