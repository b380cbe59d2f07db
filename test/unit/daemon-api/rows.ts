/** Rows for tests of the control socket and of `simplon show`. @module */
import type { SessionRow, TunnelRow } from "../../../src/daemon/api.ts";
import type { BusiestAnswer, PlacedCall, WorkerRow } from "../../../src/daemon/api-messages.ts";
import { type Entry, makeEntry } from "../../../src/history/entry.ts";
import type { Offloads } from "../../../src/offloads.ts";

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
    called: "100",
    calling: "200",
    txSpeed: 1_000_000_000,
    rxSpeed: 1_000_000_000,
    user: `user-${index}`,
    network: "default",
    address: "10.64.0.2",
    prefix6: "2001:db8:64:1::/64",
    phase: "network",
    forwardedTo: "",
    seconds: 59,
    idle: 7,
    rateDown: 10_000_000,
    rateUp: 0,
    rxPackets: 1_234_567,
    rxOctets: 2 ** 40 + index,
    txPackets: 0,
    txOctets: 999,
    drops: 3,
    reasons: { "up.source-address": 2, "down.too-big": 1 },
  };
}

export const PLACED: PlacedCall = { tunnelId: 4312, sessionId: 9, peer: "10.9.0.1:1701" };

export const COUNTERS = { "l2tp.wrong-peer": 12, "up.source-address": 1_234_567, "up.no-route": 0 };

export const OFFLOADS: Offloads = [
  { offload: "udp-gro", runs: true, why: "" },
  { offload: "udp-gso", runs: false, why: "turned off in the configuration" },
];

export const ENTRIES: readonly Entry[] = [
  makeEntry({
    at: Date.UTC(2026, 10, 22, 20, 31, 7),
    since: Date.UTC(2026, 10, 22, 20, 30, 2),
    what: "session",
    rank: "visitor",
    code: "wrong-password",
    by: "local",
    phase: "authenticate",
    user: "bob",
    peer: "10.9.0.1:1701",
    hostName: "lac",
    tunnelId: 4312,
    sessionId: 9,
    count: 3,
    result: { message: "CDN", by: "local", code: 3, error: 0, text: "authentication failed" },
  }),
  makeEntry({
    at: Date.UTC(2026, 10, 22, 19, 0, 0),
    since: Date.UTC(2026, 10, 22, 18, 0, 0),
    what: "session",
    rank: "user",
    code: "peer-hung-up",
    by: "peer",
    phase: "network",
    user: "alice",
    network: "default",
    addresses: ["10.64.0.2", "2001:db8:64:1::/64"],
    peer: "10.9.0.1:1701",
    hostName: "lac",
    tunnelId: 4312,
    sessionId: 8,
    rxOctets: 1_200,
    txOctets: 3_400_000,
    result: { message: "CDN", by: "peer", code: 1 },
    words: "User request",
  }),
];

export const WORKER: WorkerRow = {
  index: 0,
  state: "running",
  slots: [0, 1, 2, 3, 4, 5, 6, 7],
  packets: 1_000,
  drops: 2,
  losses: 0,
};

export const BUSIEST: BusiestAnswer = {
  busiest: [
    {
      ...session(1),
      during: { ms: 500, rxPackets: 50, rxOctets: 5_000, txPackets: 0, txOctets: 0, drops: 2 },
    },
  ],
  sessions: 2,
  tunnels: 1,
  begun: 9,
  total: { rxPackets: 70, rxOctets: 7_000, txPackets: 1, txOctets: 60, drops: 2 },
  reasons: { "up.source-address": 2 },
};
