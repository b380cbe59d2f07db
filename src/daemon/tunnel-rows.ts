/** Tunnels as `simplon show tunnels` and the log have them. @module */

import { dropsOf, reasonsOf } from "../dataplane/counters.ts";
import type { TunnelInfo } from "../l2tp/index.ts";
import { formatEndpoint } from "../net.ts";
import type { Counters } from "../observe/counters.ts";
import type { TunnelRow } from "./api.ts";
import type { BusiestAnswer } from "./api-messages.ts";
import type { Load } from "./notify.ts";

export function* tunnelRows(tunnels: Iterable<TunnelInfo>, now: number): Generator<TunnelRow> {
  for (const tunnel of tunnels) {
    yield {
      tunnelId: tunnel.tunnelId,
      peerTunnelId: tunnel.peerTunnelId,
      peer: formatEndpoint(tunnel.path.peer, tunnel.path.peerPort),
      hostName: tunnel.hostName,
      state: tunnel.state,
      sessions: tunnel.sessions,
      seconds: Math.floor((now - tunnel.since) / 1000),
    };
  }
}

export function tunnelFields({ tunnelId, path, hostName }: TunnelInfo): Record<string, unknown> {
  return { tunnel: tunnelId, peer: formatEndpoint(path.peer, path.peerPort), hostName };
}

/** What a worker counts, as a session is counted. */
export function totals(counters: Counters): Pick<BusiestAnswer, "total" | "reasons"> {
  const count = (name: string) => counters[name] ?? 0;
  const total = {
    rxPackets: count("up.packets"),
    rxOctets: count("up.octets"),
    txPackets: count("down.packets"),
    txOctets: count("down.octets"),
    drops: dropsOf(counters),
  };
  return { total, reasons: reasonsOf(counters) };
}

export function loadOf(tunnels: Iterable<TunnelInfo>): Load {
  const load = { sessions: 0, tunnels: 0 };
  for (const tunnel of tunnels) {
    load.tunnels++;
    load.sessions += tunnel.sessions;
  }
  return load;
}
