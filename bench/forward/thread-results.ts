/** What was found about threads becomes rows of a report, and tables. @module */
import { type Column, formatTable } from "../../src/cli/table.ts";
import { formatValue, median, type Row, rowOf } from "../report.ts";
import { DIRECTIONS, type Direction } from "./settings.ts";
import { type SubjectName, TITLES } from "./subjects.ts";

/** CPU time with two workers over that with one. */
export const WORKERS_REACH = 1.15;
/** Microseconds that a round trip may take longer because workers sleep. */
export const IDLE_REACH = 200;

export interface WorkersRun {
  readonly subject: SubjectName;
  readonly direction: Direction;
  readonly workers: number;
  /** CPU-ns per packet, of the whole process. */
  readonly cost: number;
  readonly rate: number;
}

export interface IdleRun {
  readonly subject: SubjectName;
  readonly sleeps: boolean;
  /** Median of the round trips, microseconds. */
  readonly time: number;
}

export interface Threads {
  readonly workers: readonly WorkersRun[];
  readonly idle: readonly IdleRun[];
}

export function threadRows({ workers, idle }: Threads): Row[] {
  const cost = ({ subject, direction, one, two }: WorkersLine) => [
    rowOf(`workers ${direction} ${subject} 1`, "CPU-ns/packet", "less", one),
    rowOf(`workers ${direction} ${subject} 2`, "CPU-ns/packet", "less", two),
    rowOf(`workers ${direction} ${subject} 2:1`, "×", "less", ratios(two, one)),
  ];
  const trips = ({ subject, asleep, awake }: IdleLine) => [
    rowOf(`idle ${subject} asleep`, "µs", "less", asleep),
    rowOf(`idle ${subject} awake`, "µs", "less", awake),
    rowOf(`idle ${subject} more`, "µs", "less", [median(asleep) - median(awake)]),
  ];
  return [...workersLines(workers).flatMap(cost), ...idleLines(idle).flatMap(trips)];
}

export function threadTables({ workers, idle }: Threads): string[] {
  return [workersTable(workersLines(workers)), idleTable(idleLines(idle))];
}

interface WorkersLine {
  readonly subject: SubjectName;
  readonly direction: Direction;
  /** Costs, by round. */
  readonly one: readonly number[];
  readonly two: readonly number[];
}

function workersLines(runs: readonly WorkersRun[]): WorkersLine[] {
  const subjects = [...new Set(runs.map(({ subject }) => subject))];
  return subjects.flatMap((subject) =>
    DIRECTIONS.map((direction) => {
      const costs = (workers: number) =>
        runs
          .filter((run) => run.subject === subject && run.direction === direction)
          .filter((run) => run.workers === workers)
          .map(({ cost }) => cost);
      return { subject, direction, one: costs(1), two: costs(2) };
    }).filter(({ one }) => one.length > 0),
  );
}

function workersTable(lines: readonly WorkersLine[]): string {
  const columns: Column<WorkersLine>[] = [
    { title: "CPU-ns/packet", align: "left", value: ({ direction }) => direction },
    { title: "", align: "left", value: ({ subject }) => TITLES[subject] },
    { title: "1 worker", align: "right", value: ({ one }) => formatValue(median(one)) },
    { title: "2 workers", align: "right", value: ({ two }) => formatValue(median(two)) },
    {
      ...{ title: "ratio (reach)", align: "right" },
      value: ({ one, two }) => `${median(ratios(two, one)).toFixed(2)} (${WORKERS_REACH})`,
    },
  ];
  return lines.length === 0 ? "" : formatTable(columns, lines);
}

interface IdleLine {
  readonly subject: SubjectName;
  readonly asleep: readonly number[];
  readonly awake: readonly number[];
}

function idleLines(runs: readonly IdleRun[]): IdleLine[] {
  return [...new Set(runs.map(({ subject }) => subject))].map((subject) => {
    const times = (sleeps: boolean) =>
      runs.filter((run) => run.subject === subject && run.sleeps === sleeps);
    const asleep = times(true).map(({ time }) => time);
    return { subject, asleep, awake: times(false).map(({ time }) => time) };
  });
}

function idleTable(lines: readonly IdleLine[]): string {
  const more = ({ asleep, awake }: IdleLine) => formatValue(median(asleep) - median(awake));
  const columns: Column<IdleLine>[] = [
    { title: "round trip when idle, µs", align: "left", value: ({ subject }) => TITLES[subject] },
    { title: "workers sleep", align: "right", value: ({ asleep }) => formatValue(median(asleep)) },
    { title: "never sleep", align: "right", value: ({ awake }) => formatValue(median(awake)) },
    {
      ...{ title: "more (reach)", align: "right" },
      value: (line) => `${more(line)} (${IDLE_REACH})`,
    },
  ];
  return lines.length === 0 ? "" : formatTable(columns, lines);
}

/** Of each round: what slowed a round down slowed both. */
function ratios(runs: readonly number[], others: readonly number[]): number[] {
  return runs.map((cost, round) => cost / (others[round] ?? Number.NaN));
}
