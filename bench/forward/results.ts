/**
 * Runs become rows of a report, and tables that put programs side by side.
 *
 * @module
 */
import { type Column, formatTable } from "../../src/cli/table.ts";
import { formatValue, median, type Row, rowOf } from "../report.ts";
import type { Percentiles } from "./latencies.ts";
import {
  DIRECTIONS,
  type Direction,
  MANY,
  MANY_REACH,
  type Measured,
  type Scenario,
} from "./scenarios.ts";
import { SUBJECTS, type SubjectName, TITLES } from "./subjects.ts";

export interface Latency {
  readonly subject: SubjectName;
  readonly direction: Direction;
  /** Packets a second. */
  readonly rate: number;
  readonly times: Percentiles;
  /** What part of the packets never arrived, 0 to 1. */
  readonly lost: number;
}

/** A run of the comparison of many sessions with many flows; CPU-ns per packet. */
export interface Many {
  readonly subject: SubjectName;
  readonly direction: Direction;
  readonly flows: "many" | "session";
  readonly cost: number;
}

const isTcp = (scenario: string) => scenario.startsWith("tcp");

/** A cost and a rate of each scenario, direction and program. */
export function rowsOf(measured: readonly Measured[]): Row[] {
  return groups(measured, (each) => `${each.scenario} ${each.direction} ${each.subject}`).flatMap(
    ([name, runs]) => {
      const { scenario } = runs[0] as Measured;
      const [cost, rate] = isTcp(scenario)
        ? ["CPU-s/GiB", "Gbit/s"]
        : ["CPU-ns/packet", "packets/s"];
      return [
        rowOf(
          `${name} cost`,
          cost ?? "",
          "less",
          runs.map((run) => run.cost),
        ),
        rowOf(
          `${name} rate`,
          rate ?? "",
          "more",
          runs.map((run) => run.rate),
        ),
      ];
    },
  );
}

export function latencyRows(latencies: readonly Latency[]): Row[] {
  return latencies.flatMap(({ subject, direction, times }) =>
    (["p50", "p90", "p99", "p999"] as const).map((part) => ({
      name: `latency ${direction} ${subject} ${part}`,
      unit: "µs",
      value: times[part],
      better: "less" as const,
    })),
  );
}

export function manyRow({ subject, direction, flows, cost }: Many): Row {
  const what = flows === "many" ? `1×${MANY}` : `${MANY}×1`;
  const name = `many ${direction} ${subject} ${what}`;
  return { name, unit: "CPU-ns/packet", value: cost, better: "less" };
}

export function tables(
  scenarios: readonly Scenario[],
  measured: readonly Measured[],
  latencies: readonly Latency[],
  many: readonly Many[],
): string {
  const parts = [costTable(scenarios, measured)];
  if (latencies.length > 0) parts.push(latencyTable(latencies));
  if (many.length > 0) parts.push(manyTable(many));
  return parts.filter((part) => part !== "").join("\n\n");
}

interface Line {
  readonly scenario: Scenario;
  readonly direction: Direction;
  readonly subject: SubjectName;
  readonly runs: readonly Measured[];
}

function costTable(scenarios: readonly Scenario[], measured: readonly Measured[]): string {
  const find = (scenario: Scenario, direction: Direction, subject: SubjectName) =>
    measured.filter(
      (each) =>
        each.scenario === scenario.name && each.direction === direction && each.subject === subject,
    );
  const lines: Line[] = scenarios.flatMap((scenario) =>
    DIRECTIONS.flatMap((direction) =>
      SUBJECTS.map((subject) => ({
        ...{ scenario, direction, subject },
        runs: find(scenario, direction, subject),
      })).filter(({ runs }) => runs.length > 0),
    ),
  );
  const cost = (runs: readonly Measured[]) => median(runs.map((run) => run.cost));
  const ratio = (line: Line, other: "reference" | "l2tpns") => {
    const isSimplon = line.subject === "deno" || line.subject === "node";
    const against = find(line.scenario, line.direction, other);
    if (!isSimplon || against.length === 0) return "";
    const reach = line.scenario.reach[other]?.[line.direction];
    const value = (cost(line.runs) / cost(against)).toFixed(2);
    return reach === undefined ? value : `${value} (${reach.toFixed(2)})`;
  };
  const columns: Column<Line>[] = [
    { title: "", align: "left", value: ({ scenario }) => scenario.title },
    { title: "", align: "left", value: ({ direction }) => direction },
    { title: "", align: "left", value: ({ subject }) => TITLES[subject] },
    { title: "CPU", align: "right", value: ({ runs }) => formatValue(cost(runs)) },
    { title: "", align: "left", value: ({ scenario }) => (isTcp(scenario.name) ? "s/GiB" : "ns") },
    {
      title: "rate",
      align: "right",
      value: ({ runs }) => formatValue(median(runs.map((run) => run.rate))),
    },
    {
      title: "",
      align: "left",
      value: ({ scenario }) => (isTcp(scenario.name) ? "Gbit/s" : "packets/s"),
    },
    {
      title: "busy",
      align: "right",
      value: ({ runs }) => `${Math.round(median(runs.map((run) => run.busy)) * 100)} %`,
    },
    { title: ": C (reach)", align: "right", value: (line) => ratio(line, "reference") },
    { title: ": l2tpns (reach)", align: "right", value: (line) => ratio(line, "l2tpns") },
  ];
  return lines.length === 0 ? "" : formatTable(columns, lines);
}

function latencyTable(latencies: readonly Latency[]): string {
  const time = (part: keyof Percentiles) => (each: Latency) => `${each.times[part]}`;
  const columns: Column<Latency>[] = [
    { title: "latency, µs", align: "left", value: ({ direction }) => direction },
    { title: "", align: "left", value: ({ subject }) => TITLES[subject] },
    { title: "packets/s", align: "right", value: ({ rate }) => formatValue(rate) },
    { title: "50 %", align: "right", value: time("p50") },
    { title: "90 %", align: "right", value: time("p90") },
    { title: "99 %", align: "right", value: time("p99") },
    { title: "99.9 %", align: "right", value: time("p999") },
    { title: "lost", align: "right", value: ({ lost }) => `${(lost * 100).toFixed(2)} %` },
  ];
  return formatTable(columns, latencies);
}

function manyTable(many: readonly Many[]): string {
  const pairs = groups(many, ({ subject, direction }) => `${direction} ${subject}`);
  const cost = (runs: readonly Many[], flows: Many["flows"]) =>
    median(runs.filter((run) => run.flows === flows).map((run) => run.cost));
  type Pair = (typeof pairs)[number];
  const columns: Column<Pair>[] = [
    { title: "CPU-ns/packet", align: "left", value: ([, runs]) => runs[0]?.direction ?? "" },
    { title: "", align: "left", value: ([, runs]) => TITLES[runs[0]?.subject ?? "deno"] },
    {
      title: `1 session × ${MANY} flows`,
      align: "right",
      value: ([, runs]) => formatValue(cost(runs, "many")),
    },
    {
      title: `${MANY} sessions × 1 flow`,
      align: "right",
      value: ([, runs]) => formatValue(cost(runs, "session")),
    },
    {
      title: "ratio (reach)",
      align: "right",
      value: ([, runs]) => {
        const value = cost(runs, "session") / cost(runs, "many");
        return `${value.toFixed(2)} (${MANY_REACH})`;
      },
    },
  ];
  return formatTable(columns, pairs);
}

function groups<Item>(items: readonly Item[], key: (item: Item) => string): [string, Item[]][] {
  const found = new Map<string, Item[]>();
  for (const item of items) found.set(key(item), [...(found.get(key(item)) ?? []), item]);
  return [...found];
}
