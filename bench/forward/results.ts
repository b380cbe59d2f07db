/**
 * What was found becomes rows of a report, and tables that put programs side by side.
 *
 * @module
 */
import { type Column, formatTable } from "../../src/cli/table.ts";
import { formatValue, median, type Row, rowOf } from "../report.ts";
import type { Options } from "./options.ts";
import type { Paced } from "./paced.ts";
import {
  MANY_REACH,
  type Measured,
  type Reach,
  type Scenario,
  SWITCH_SCENARIOS,
} from "./scenarios.ts";
import { DIRECTIONS, type Direction } from "./settings.ts";
import { SUBJECTS, type SubjectName, TITLES } from "./subjects.ts";
import { type Threads, threadRows, threadTables } from "./thread-results.ts";

export interface Latency {
  readonly subject: SubjectName;
  readonly direction: Direction;
  readonly times: Paced;
}

/** A run of the comparison of many sessions of a flow each with one session of as many flows. */
export interface Many {
  readonly subject: SubjectName;
  readonly direction: Direction;
  readonly sessions: number;
  readonly flows: number;
  /** CPU-ns per packet. */
  readonly cost: number;
  readonly rate: number;
}

/** Of a program that is idle. */
export interface Memory {
  readonly subject: SubjectName;
  readonly sessions: number;
  /** Resident. */
  readonly kib: number;
}

export interface Found {
  readonly measured: readonly Measured[];
  readonly latencies: readonly Latency[];
  readonly many: readonly Many[];
  readonly memory: readonly Memory[];
  readonly threads: Threads;
  readonly switched: readonly Measured[];
}

type Other = keyof Reach;
type Part = "p50" | "p90" | "p99" | "p999";

const OTHERS: readonly Other[] = ["reference", "l2tpns"];
const PARTS: readonly Part[] = ["p50", "p90", "p99", "p999"];

const isTcp = (scenario: string) => scenario.startsWith("tcp");

/** Names are words with a space between them: what, up or down, program, figure. */
export function reportRows(found: Found): Row[] {
  const { measured, latencies, many, memory, threads, switched } = found;
  return [
    ...costRows(measured),
    ...costRows(switched),
    ...latencyRows(latencies),
    ...manyRows(many),
    ...memoryRows(memory),
    ...threadRows(threads),
  ];
}

function costRows(measured: readonly Measured[]): Row[] {
  const key = (each: Measured) => `${each.scenario} ${each.direction} ${each.subject}`;
  return groups(measured, key).flatMap(([name, runs]) => {
    const [first] = runs as [Measured];
    const [cost, rate] = isTcp(first.scenario)
      ? (["CPU-s/GiB", "Gbit/s"] as const)
      : (["CPU-ns/packet", "packets/s"] as const);
    const others = isSimplon(first.subject) ? OTHERS : [];
    const found = others.flatMap((other) => {
      const against = runsOf(measured, first.scenario, first.direction, other);
      if (against.length === 0) return [];
      return [rowOf(`${name} :${other}`, "×", "less", ratios(runs, against))];
    });
    return [row(`${name} cost`, cost, "less", runs, (run) => run.cost), ...found].concat(
      row(`${name} rate`, rate, "more", runs, (run) => run.rate),
    );
  });
}

function latencyRows(latencies: readonly Latency[]): Row[] {
  return groups(latencies, (each) => `latency ${each.direction} ${each.subject}`).flatMap(
    ([name, runs]) => [
      ...PARTS.map((part) =>
        row(`${name} ${part}`, "µs", "less", runs, ({ times }) => times[part]),
      ),
      row(`${name} rate`, "packets/s", "more", runs, ({ times }) => times.rate),
    ],
  );
}

function manyRows(many: readonly Many[]): Row[] {
  const key = ({ flows, direction, subject, sessions }: Many) =>
    `many-${flows} ${direction} ${subject} ${sessions === 1 ? "flows" : "sessions"}`;
  return groups(many, key).map(([name, runs]) =>
    row(name, "CPU-ns/packet", "less", runs, ({ cost }) => cost),
  );
}

function memoryRows(memory: readonly Memory[]): Row[] {
  return memory.map(({ subject, sessions, kib }) => ({
    ...{ name: `memory ${subject} ${sessions}`, unit: "KiB", value: kib, better: "less" },
  }));
}

function row<Run>(
  name: string,
  unit: string,
  better: Row["better"],
  runs: readonly Run[],
  figure: (run: Run) => number,
): Row {
  return rowOf(name, unit, better, runs.map(figure));
}

export function tables({ scenarios }: Pick<Options, "scenarios">, found: Found): string {
  const parts = [
    costTable(scenarios, found.measured),
    costTable(SWITCH_SCENARIOS, found.switched),
    latencyTable(found.latencies),
    manyTable(found.many),
    memoryTable(found.memory),
    ...threadTables(found.threads),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

interface Line {
  readonly scenario: Scenario;
  readonly direction: Direction;
  readonly subject: SubjectName;
  readonly runs: readonly Measured[];
}

function costTable(scenarios: readonly Scenario[], measured: readonly Measured[]): string {
  const lines: Line[] = scenarios.flatMap((scenario) =>
    DIRECTIONS.flatMap((direction) =>
      SUBJECTS.map((subject) => ({
        ...{ scenario, direction, subject },
        runs: runsOf(measured, scenario.name, direction, subject),
      })).filter(({ runs }) => runs.length > 0),
    ),
  );
  const ratio = ({ scenario, direction, subject, runs }: Line, other: Other) => {
    const against = runsOf(measured, scenario.name, direction, other);
    if (!isSimplon(subject) || against.length === 0) return "";
    const value = median(ratios(runs, against)).toFixed(2);
    const reach = scenario.reach[other]?.[direction];
    return reach === undefined ? value : `${value} (${reach.toFixed(2)})`;
  };
  const middle = (runs: readonly Measured[], figure: "cost" | "rate" | "busy") =>
    median(runs.map((run) => run[figure]));
  const unit = (tcp: string, udp: string) => ({
    ...{ title: "", align: "left" as const },
    value: ({ scenario }: Line) => (isTcp(scenario.name) ? tcp : udp),
  });
  const columns: Column<Line>[] = [
    { title: "", align: "left", value: ({ scenario }) => scenario.title },
    { title: "", align: "left", value: ({ direction }) => direction },
    { title: "", align: "left", value: ({ subject }) => TITLES[subject] },
    { title: "CPU", align: "right", value: ({ runs }) => formatValue(middle(runs, "cost")) },
    unit("s/GiB", "ns/packet"),
    { title: "rate", align: "right", value: ({ runs }) => formatValue(middle(runs, "rate")) },
    unit("Gbit/s", "packets/s"),
    { title: "busy", align: "right", value: ({ runs }) => percent(middle(runs, "busy")) },
    { title: ": C (reach)", align: "right", value: (line) => ratio(line, "reference") },
    { title: ": l2tpns (reach)", align: "right", value: (line) => ratio(line, "l2tpns") },
  ];
  return lines.length === 0 ? "" : formatTable(columns, lines);
}

function latencyTable(latencies: readonly Latency[]): string {
  const lines = groups(latencies, ({ direction, subject }) => `${direction} ${subject}`);
  type Group = (typeof lines)[number];
  const middle = ([, runs]: Group, figure: (times: Paced) => number) =>
    median(runs.map(({ times }) => figure(times)));
  const time = (title: string, part: Part): Column<Group> => ({
    ...{ title, align: "right" },
    value: (line) => formatValue(middle(line, (times) => times[part])),
  });
  const columns: Column<Group>[] = [
    { title: "latency, µs", align: "left", value: ([, runs]) => runs[0]?.direction ?? "" },
    { title: "", align: "left", value: ([, runs]) => TITLES[runs[0]?.subject ?? "deno"] },
    {
      ...{ title: "packets/s", align: "right" },
      value: (line) => formatValue(middle(line, ({ rate }) => rate)),
    },
    ...[time("50 %", "p50"), time("90 %", "p90"), time("99 %", "p99"), time("99.9 %", "p999")],
    {
      ...{ title: "lost", align: "right" },
      value: (line) => `${(middle(line, ({ lost }) => lost) * 100).toFixed(2)} %`,
    },
  ];
  return lines.length === 0 ? "" : formatTable(columns, lines);
}

function manyTable(many: readonly Many[]): string {
  const lines = groups(many, ({ subject, direction }) => `${direction} ${subject}`);
  type Group = (typeof lines)[number];
  const runs = ([, all]: Group, isOne: boolean) =>
    all.filter(({ sessions }) => (sessions === 1) === isOne);
  const cost = (line: Group, isOne: boolean) =>
    formatValue(median(runs(line, isOne).map((run) => run.cost)));
  const flows = many[0]?.flows ?? 0;
  const columns: Column<Group>[] = [
    { title: "CPU-ns/packet", align: "left", value: ([, all]) => all[0]?.direction ?? "" },
    { title: "", align: "left", value: ([, all]) => TITLES[all[0]?.subject ?? "deno"] },
    { title: `1 session × ${flows} flows`, align: "right", value: (line) => cost(line, true) },
    { title: `${flows} sessions × 1 flow`, align: "right", value: (line) => cost(line, false) },
    {
      ...{ title: "ratio (reach)", align: "right" },
      value: (line) => {
        const value = median(ratios(runs(line, false), runs(line, true)));
        return `${value.toFixed(2)} (${MANY_REACH})`;
      },
    },
  ];
  return lines.length === 0 ? "" : formatTable(columns, lines);
}

function memoryTable(memory: readonly Memory[]): string {
  const lines = groups(memory, ({ subject }) => subject);
  type Group = (typeof lines)[number];
  const size = (column: number): Column<Group> => ({
    ...{ title: `${memory[column]?.sessions} idle, KiB`, align: "right" },
    value: ([, all]) => formatValue(all[column]?.kib ?? Number.NaN),
  });
  const columns: Column<Group>[] = [
    { title: "memory", align: "left", value: ([, all]) => TITLES[all[0]?.subject ?? "deno"] },
    ...[size(0), size(1)],
    {
      ...{ title: "each further session, KiB", align: "right" },
      value: ([, [one, many]]) => {
        if (one === undefined || many === undefined) return "";
        return formatValue((many.kib - one.kib) / (many.sessions - one.sessions));
      },
    },
  ];
  return lines.length === 0 ? "" : formatTable(columns, lines);
}

function isSimplon(subject: SubjectName): boolean {
  return subject === "deno" || subject === "node";
}

function runsOf(
  measured: readonly Measured[],
  scenario: string,
  direction: Direction,
  subject: SubjectName,
): Measured[] {
  return measured.filter(
    (each) =>
      each.scenario === scenario && each.direction === direction && each.subject === subject,
  );
}

/** Of each round: what slowed a round down slowed both. */
function ratios(
  runs: readonly { readonly cost: number }[],
  others: readonly { readonly cost: number }[],
): number[] {
  return runs.map(({ cost }, round) => cost / (others[round]?.cost ?? Number.NaN));
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

function groups<Item>(items: readonly Item[], key: (item: Item) => string): [string, Item[]][] {
  const found = new Map<string, Item[]>();
  for (const item of items) found.set(key(item), [...(found.get(key(item)) ?? []), item]);
  return [...found];
}
