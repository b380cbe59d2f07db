/**
 * What nodes know, in the words in which oracles compare it.
 *
 * @module
 */
import type { SessionRow } from "../../src/daemon/api-messages.ts";
import type { SimPeer } from "./nodes/peer.ts";
import type { Station } from "./nodes/station.ts";
import { prefixOf } from "./packets.ts";

/** Whose sources may leave at a TUN device: of sessions that are up, by address and by /64. */
export function ownersOf(rows: Iterable<SessionRow>): Map<string, SessionRow> {
  const owners = new Map<string, SessionRow>();
  for (const row of rows) {
    if (row.phase !== "network") continue;
    if (row.address !== "") owners.set(row.address, row);
    if (row.prefix6 !== "") owners.set(prefixOf(row.prefix6), row);
  }
  return owners;
}

/** What a node of ours has with who is at `address`; `isMirrored`: as that one names it. */
export function relationsOf({ core }: Station, address: string, isMirrored = false): string[] {
  const pair = (own: number, peer: number) => (isMirrored ? `${peer}/${own}` : `${own}/${peer}`);
  const tunnels = [...core.tunnels()].filter(({ path }) => path.peer === address);
  const sessions = [...core.sessions()].filter(({ path }) => path.peer === address);
  return [
    ...tunnels.map(({ state, tunnelId, peerTunnelId: peer }) => `${state} ${pair(tunnelId, peer)}`),
    ...sessions.map(({ state, tunnelId, peerTunnelId, sessionId, peerSessionId }) => {
      const within = pair(tunnelId, peerTunnelId);
      return `${state} ${within} ${pair(sessionId, peerSessionId)}`;
    }),
  ];
}

/** The same of a peer core. */
export function relationsOfPeer({ lac }: SimPeer): string[] {
  if (lac?.state !== "established") return [];
  const pair = `${lac.tunnelId}/${lac.peerTunnelId}`;
  const calls = [...lac.calls.values()].filter(({ state }) => state !== "closed");
  return [
    `established ${pair}`,
    ...calls.map(({ state, id, peerId }) => `${state} ${pair} ${id}/${peerId}`),
  ];
}
