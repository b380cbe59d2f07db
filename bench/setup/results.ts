/** What was found about set-up becomes rows of a report, and a table. @module */
import { type Column, formatTable } from "../../src/cli/table.ts";
import { formatValue, median, type Row, rowOf } from "../report.ts";
import {
  type Case,
  COMMON,
  MEMORY_FROM,
  MEMORY_REACH,
  RATE_REACH,
  SATURATED,
  SCALE_REACH,
} from "./cases.ts";
import type { Measured } from "./measure.ts";
import { RUNTIMES, type Runtime } from "./options.ts";

type Figure = "rate" | "cpu" | "busy" | "generatorBusy" | "memory";

interface Line {
  readonly title: string;
  readonly name: string;
  readonly runtime: Runtime;
  readonly runs: readonly Measured[];
  /** Of the case that others are compared with, round by round. */
  readonly common: readonly Measured[];
}

const TITLES: Readonly<Record<Runtime, string>> = { deno: "Deno", node: "Node" };
const PERCENT = 100;
const MICRO = 1e6;

export function linesOf(cases: readonly Case[], measured: readonly Measured[]): Line[] {
  const runsOf = (name: string, runtime: Runtime) =>
    measured.filter((run) => run.name === name && run.runtime === runtime);
  return cases.flatMap(({ name, title }) =>
    RUNTIMES.map((runtime) => ({
      ...{ name, title, runtime },
      runs: runsOf(name, runtime),
      common: runsOf(COMMON, runtime),
    })).filter(({ runs }) => runs.length > 0),
  );
}

/** Names are words with a space between them: case, program, figure. */
export function reportRows(lines: readonly Line[]): Row[] {
  return lines.flatMap((line) => {
    const row = (what: string, unit: string, better: Row["better"], figures: readonly number[]) =>
      rowOf(`${line.name} ${line.runtime} ${what}`, unit, better, figures);
    const times = (figure: Figure, by: number) => line.runs.map((run) => run[figure] * by);
    return [
      row("rate", "sessions/s", "more", times("rate", 1)),
      row("cpu", "CPU-µs/session", "less", times("cpu", MICRO)),
      row("generator", "% of a core", "less", times("generatorBusy", PERCENT)),
      ...(hasMemory(line) ? [row("memory", "octets/session", "less", times("memory", 1))] : []),
      ...(hasScale(line) ? [row(`:${COMMON}`, "×", "less", scale(line))] : []),
    ];
  });
}

export function table(lines: readonly Line[]): string {
  const middle = ({ runs }: Line, figure: Figure) => median(runs.map((run) => run[figure]));
  const percent = (figure: Figure) => (line: Line) =>
    `${Math.round(middle(line, figure) * PERCENT)} %`;
  const memory = (line: Line) => formatValue(middle(line, "memory"));
  const columns: Column<Line>[] = [
    { title: "set-up with CHAP (MD5)", align: "left", value: ({ title }) => title },
    { title: "", align: "left", value: ({ runtime }) => TITLES[runtime] },
    {
      ...{ title: `sessions/s (≥ ${formatValue(RATE_REACH)})`, align: "right" },
      value: (line) => formatValue(middle(line, "rate")),
    },
    {
      ...{ title: `${formatValue(Number(COMMON))} : this (≤ ${SCALE_REACH})`, align: "right" },
      value: (line) => (hasScale(line) ? median(scale(line)).toFixed(2) : ""),
    },
    {
      ...{ title: "CPU-µs/session", align: "right" },
      value: (line) => formatValue(middle(line, "cpu") * MICRO),
    },
    { title: "LNS busy", align: "right", value: percent("busy") },
    { title: "generator busy", align: "right", value: percent("generatorBusy") },
    {
      ...{ title: `octets/session (≤ ${formatValue(MEMORY_REACH)})`, align: "right" },
      value: (line) => (hasMemory(line) ? memory(line) : ""),
    },
  ];
  return [formatTable(columns, lines), ...lines.filter(isSaturated).map(warning)].join("\n");
}

function warning({ title, runtime }: Line): string {
  return `${title}, ${TITLES[runtime]}: the generator was busy all the time, so this bounds the rate`;
}

function isSaturated({ runs }: Line): boolean {
  return median(runs.map(({ generatorBusy }) => generatorBusy)) >= SATURATED;
}

function hasMemory({ runs }: Line): boolean {
  return runs.every(({ sessions }) => sessions >= MEMORY_FROM);
}

/** Whether it is a larger number of sessions in one tunnel than the common one. */
function hasScale({ name, common }: Line): boolean {
  return common.length > 0 && Number(name) > Number(COMMON);
}

/** Of each round: what slowed a round down slowed both. */
function scale({ runs, common }: Line): number[] {
  return runs.map(({ rate }, round) => (common[round]?.rate ?? Number.NaN) / rate);
}
