/**
 * What worlds went through, added up: plain data, as it passes between threads.
 *
 * @module
 */
import type { Outcome } from "./outcome.ts";

export interface Failure {
  readonly seed: number;
  readonly what: string;
}

export interface Totals {
  worlds: number;
  failures: Failure[];
  /** Worlds that were gone through twice, with the same trace. */
  repeated: number;
  /** Virtual time, ms. */
  virtual: number;
  datagrams: number;
  tunnels: number;
  sessions: number;
  forwarded: number;
  pings: number;
  givenUp: number;
  up: number;
  closed: number;
  faults: Record<string, number>;
}

export function noTotals(): Totals {
  return {
    ...{ worlds: 0, failures: [], repeated: 0, virtual: 0, datagrams: 0, tunnels: 0 },
    ...{ sessions: 0, forwarded: 0, pings: 0, givenUp: 0, up: 0, closed: 0, faults: {} },
  };
}

export function addOutcome(totals: Totals, outcome: Outcome): void {
  const { hash: _, ...sums } = outcome;
  add(totals, { ...noTotals(), ...sums, worlds: 1 });
}

/** Adds `more` to `totals`. */
export function add(totals: Totals, more: Totals): void {
  const { failures, faults, ...sums } = more;
  totals.failures.push(...failures);
  for (const [kind, count] of Object.entries(faults)) {
    totals.faults[kind] = (totals.faults[kind] ?? 0) + count;
  }
  for (const key of Object.keys(sums) as (keyof typeof sums)[]) totals[key] += sums[key];
}

/** Kinds of faults and how often each was, the most frequent first. */
export function faultRows({ faults }: Totals): [string, number][] {
  return Object.entries(faults).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

export function virtualHours({ virtual }: Totals): number {
  return Math.round(virtual / 360_000) / 10;
}

export function summary(totals: Totals, seconds: number): string {
  const { worlds, failures, datagrams, tunnels, sessions, pings, repeated, up, closed } = totals;
  const width = Math.max(0, ...faultRows(totals).map(([kind]) => kind.length));
  return [
    `${worlds} worlds in order, ${failures.length} failed, ${seconds.toFixed(1)} s`,
    `  ${virtualHours(totals).toFixed(1)} virtual hours`,
    `  ${repeated} worlds a second time: the same trace`,
    `  ${datagrams} datagrams, ${tunnels} tunnels established, ${sessions} sessions established,` +
      ` ${totals.forwarded} calls forwarded, ${pings} pings answered,` +
      ` ${totals.givenUp} sessions given up for silence`,
    `  at the end of the faults ${up} lines up, ${closed} closed`,
    "  faults:",
    ...faultRows(totals).map(([kind, count]) => `    ${kind.padEnd(width)} ${count}`),
  ].join("\n");
}
