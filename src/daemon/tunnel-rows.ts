/** Tunnels as `simplon show tunnels` and the log have them. @module */
import type { TunnelInfo } from "../l2tp/index.ts";
import { formatEndpoint } from "../net.ts";
import type { TunnelRow } from "./api.ts";
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

export function loadOf(tunnels: Iterable<TunnelInfo>): Load {
  const load = { sessions: 0, tunnels: 0 };
  for (const tunnel of tunnels) {
    load.tunnels++;
    load.sessions += tunnel.sessions;
  }
  return load;
}
