/** Rows for tests of the control socket and of `simplon show`. @module */
import type { SessionRow, TunnelRow } from "../../../src/daemon/api.ts";

export const TUNNEL: TunnelRow = {
  tunnelId: 4312,
  peerTunnelId: 7,
  peer: "10.9.0.1:1701",
  hostName: "lac",
  state: "established",
  sessions: 2,
  seconds: 93_784,
};

export function session(index: number): SessionRow {
  return {
    tunnelId: 4312,
    sessionId: index,
    peerTunnelId: 7,
    peerSessionId: index + 1,
    peer: "10.9.0.1:1701",
    user: `user-${index}`,
    network: "default",
    address: "10.64.0.2",
    phase: "network",
    seconds: 59,
    rxPackets: 1_234_567,
    rxOctets: 2 ** 40 + index,
    txPackets: 0,
    txOctets: 999,
    drops: 3,
  };
}

export const COUNTERS = { "l2tp.wrong-peer": 12, "up.source-address": 1_234_567, "up.no-route": 0 };
