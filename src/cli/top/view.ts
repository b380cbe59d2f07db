/** What `simplon top` shows, computed from two answers of the server. @module */
import type { BusiestAnswer, BusyRow, Traffic, WorkerRow } from "../../daemon/api-messages.ts";
import { TOP_HISTORY } from "../../limits.ts";

export interface Sample {
  /** When it was taken, ms. */
  readonly at: number;
  readonly busiest: BusiestAnswer;
  readonly workers: readonly WorkerRow[];
}

/** A second. */
export interface Rates {
  readonly upPackets: number;
  readonly upBits: number;
  readonly downPackets: number;
  readonly downBits: number;
  readonly drops: number;
}

export interface SessionView extends Rates {
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly user: string;
  readonly address: string;
  readonly network: string;
  readonly idle: number;
}

export interface WorkerView {
  readonly index: number;
  readonly state: string;
  readonly slots: readonly number[];
  /** A second. */
  readonly packets: number;
  /** A second, and of those of all workers, 0 to 1. */
  readonly drops: number;
  readonly share: number;
  readonly losses: number;
}

export interface View {
  readonly sessions: number;
  readonly tunnels: number;
  readonly setUps: number;
  readonly total: Rates;
  /** A second, the most frequent first; only those that there were. */
  readonly reasons: readonly (readonly [reason: string, rate: number])[];
  readonly workers: readonly WorkerView[];
  readonly busiest: readonly SessionView[];
  /** Bits a second in all, both ways, the newest last. */
  readonly history: readonly number[];
}

export function viewOf(before: Sample, now: Sample, history: readonly number[]): View {
  const seconds = Math.max(now.at - before.at, 1) / 1_000;
  const rate = (a: number, b: number) => Math.max(0, b - a) / seconds;
  const [old, current] = [before.busiest, now.busiest];
  const total = ratesOf(difference(old.total, current.total), seconds);
  const reasons = Object.entries(current.reasons)
    .map(([reason, count]) => [reason, rate(old.reasons[reason] ?? 0, count)] as const)
    .filter(([, drops]) => drops > 0)
    .sort(([, a], [, b]) => b - a);
  return {
    sessions: current.sessions,
    tunnels: current.tunnels,
    setUps: rate(old.begun, current.begun),
    total,
    reasons,
    workers: workersOf(before, now, rate),
    busiest: current.busiest.map(sessionOf),
    history: [...history, total.upBits + total.downBits].slice(-TOP_HISTORY),
  };
}

function difference(a: Traffic, b: Traffic): Traffic {
  return {
    rxPackets: b.rxPackets - a.rxPackets,
    rxOctets: b.rxOctets - a.rxOctets,
    txPackets: b.txPackets - a.txPackets,
    txOctets: b.txOctets - a.txOctets,
    drops: b.drops - a.drops,
  };
}

/** What was received came up. A server that was started anew counts from 0: then there is no rate. */
function ratesOf(traffic: Traffic, seconds: number): Rates {
  const rate = (count: number) => (seconds > 0 ? Math.max(0, count) / seconds : 0);
  return {
    upPackets: rate(traffic.rxPackets),
    upBits: rate(traffic.rxOctets * 8),
    downPackets: rate(traffic.txPackets),
    downBits: rate(traffic.txOctets * 8),
    drops: rate(traffic.drops),
  };
}

/** The server says over which time: another one may have asked in between. */
function sessionOf({ during, ...row }: BusyRow): SessionView {
  const { tunnelId, sessionId, user, address, prefix6, network, idle } = row;
  const rates = ratesOf(during, during.ms / 1_000);
  return { tunnelId, sessionId, user, address: address || prefix6, network, idle, ...rates };
}

function workersOf(
  before: Sample,
  now: Sample,
  rate: (a: number, b: number) => number,
): WorkerView[] {
  const rows = now.workers.map((row) => {
    const old = before.workers.find(({ index }) => index === row.index);
    const { index, state, slots, losses } = row;
    const packets = rate(old?.packets ?? row.packets, row.packets);
    return {
      index,
      state,
      slots,
      losses,
      packets,
      drops: rate(old?.drops ?? row.drops, row.drops),
    };
  });
  const all = rows.reduce((sum, { drops }) => sum + drops, 0);
  return rows.map((row) => ({ ...row, share: all > 0 ? row.drops / all : 0 }));
}
