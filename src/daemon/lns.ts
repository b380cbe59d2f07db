/** The side of those who are dialled: AAA, and an address of a network for each who comes in. @module */
import { LocalUsers } from "../aaa/index.ts";
import { Dialler } from "../dial/index.ts";
import type { Call, Connected } from "../l2tp/index.ts";
import type { Libc } from "../linux/libc.ts";
import { isWildcard } from "../linux/sockaddr.ts";
import type { Logger } from "../observe/log.ts";
import { Caller } from "./caller.ts";
import { type Running, startDaemon } from "./daemon.ts";
import { adviceOf } from "./devices.ts";
import { Forwarder, type ForwardOwner } from "./forwarder.ts";
import { Hosts } from "./hosts.ts";
import type { Inheritance } from "./privileges.ts";
import type { Ground, Side } from "./side.ts";
import { Subscribers } from "./subscribers.ts";
import type { Tuning } from "./workers.ts";

/**
 * Starts an LNS on devices that are open.
 *
 * @throws {StartError} when the host lacks something; nothing is left half-started.
 */
export function startLns(
  libc: Libc,
  inheritance: Inheritance,
  log: Logger,
  tuning: Tuning = {},
): Promise<Running> {
  return startDaemon(libc, inheritance, log, { role: "lns", make: lnsSide }, tuning);
}

function lnsSide(ground: Ground): Side {
  const { libc, devices, config, endpoint, random, clock } = ground;
  const { table, injectOf, family, onProgress, recorder, log } = ground;
  const ppp: Record<string, number> = {};
  const hosts = new Hosts(libc, devices.hosts, config.networks);
  const { address } = config.lns;
  const local = isWildcard(address) ? "" : address;
  const { peers: targets } = config;
  const dial = { targets, endpoint, local, random };
  const dialler = new Dialler<Call, Connected>({ ...dial, role: "lac" });
  const lacs = new Dialler<Call, Connected>({ ...dial, role: "lns" });
  const caller = new Caller({ targets, dialler: lacs, clock, onProgress, log });
  const owner: ForwardOwner = {
    forwarded: (from, target) => subscribers.forwarded(from, target),
    forwardAgreed: (from, accm, now) => subscribers.forwardAgreed(from, accm, now),
    forwardEnded: (from, result, end, now) => subscribers.forwardEnded(from, result, end, now),
  };
  const forwarder = new Forwarder({ table, dialler, family, owner, log });
  const subscribers: Subscribers = new Subscribers({
    ...{ table, injectOf, family, clock, onProgress, recorder, log, forwarder, endpoint },
    aaa: new LocalUsers(config),
    trustsProxies: config.lns.proxyAuthentication && config.lns.secret !== "",
    link: {
      mru: Math.max(...config.networks.map(({ mtu }) => mtu)),
      authMethods: config.auth.methods,
      hostName: config.lns.hostName,
      random,
      counters: ppp,
    },
    networks: new Map(
      config.networks.map(
        ({ name, mtu, sequencing }, index) => [name, { index, mtu, sequencing }] as const,
      ),
    ),
    closeSession: ({ tunnelId, sessionId }, ...end) =>
      endpoint.closeSession(tunnelId, sessionId, ...end),
  });
  return {
    descriptors: devices.hosts,
    leftBehind: "masquerading may have been left behind; see it with: nft list tables",
    advice: () => adviceOf(libc, devices, config.networks),
    handleEvent(event, now) {
      if (forwarder.handleEvent(event, now) || caller.handleEvent(event, now)) return;
      subscribers.handleEvent(event, now);
    },
    handleFrame: (punted, now) => subscribers.handleFrame(punted, now),
    handleTimeout(now) {
      subscribers.handleTimeout(now);
      forwarder.handleTimeout(now);
      caller.handleTimeout(now);
      hosts.turn();
    },
    resume: () => subscribers.resume(),
    pollTimeout: () =>
      Math.min(subscribers.pollTimeout(), forwarder.pollTimeout(), caller.pollTimeout()),
    lastHeard: (tunnelId) =>
      Math.max(subscribers.lastHeard(tunnelId), forwarder.lastHeard(tunnelId)),
    stop() {
      dialler.stop();
      caller.stop();
    },
    rows: (now) => subscribers.rows(now),
    busiest: (by, count, now) => subscribers.busiest(by, count, now),
    call: (request) => caller.call(request),
    counters: () => ({
      ppp,
      ipv6: subscribers.routerCounters,
      control: [subscribers.counters, subscribers.lines.counters, hosts.counters],
    }),
  };
}
