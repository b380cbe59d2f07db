/**
 * What a benchmark found, as a table for people, as JSON for machines, and beside an older one.
 *
 * @module
 */
import { readFileSync, writeSync } from "node:fs";
import { cpus, release, type } from "node:os";
import { type Column, formatTable } from "../src/cli/table.ts";
import { CommandError, misuse } from "../src/cli/usage.ts";

/** A figure: the median of its rounds. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** Half of what lies between the smallest and the largest round, in percent of `value`. */
  readonly spread?: number;
  readonly better: "more" | "less";
}

export interface Report {
  readonly what: string;
  readonly machine: string;
  readonly runtime: string;
  /** When it ended, ISO 8601. */
  readonly at: string;
  readonly rows: readonly Row[];
}

export interface Output {
  readonly json: boolean;
  /** A file that `--json` has written before. */
  readonly compare: string | undefined;
}

const KIBI = 1024;
const FILE_MAX = KIBI * KIBI;
const STDERR = 2;

export function reportOf(what: string, rows: readonly Row[]): Report {
  return { what, machine: machine(), runtime: runtime(), at: new Date().toISOString(), rows };
}

/** Cores, processor and kernel in one line. */
export function machine(): string {
  const cores = cpus();
  return `${cores.length} × ${cores[0]?.model.trim() ?? "unknown CPU"}, ${type()} ${release()}`;
}

export function runtime(): string {
  const { deno, node } = process.versions;
  return deno === undefined ? `Node ${node}` : `Deno ${deno}`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** A row from the rounds that were measured. */
export function rowOf(
  name: string,
  unit: string,
  better: Row["better"],
  rounds: readonly number[],
): Row {
  const value = median(rounds);
  const spread = ((Math.max(...rounds) - Math.min(...rounds)) / 2 / value) * 100;
  return { name, unit, value, spread, better };
}

/** Three digits, or all in front of the point: "0.412", "5.07", "38.4", "1,234". */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
  const [whole = "", rest] = value.toFixed(digits).split(".");
  const grouped = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

/** Says on standard error what is being measured; a terminal shows one line that changes. */
export function progress(line: string): void {
  writeSync(STDERR, process.stderr.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
}

/** Takes the line of progress away. */
export function progressEnd(): void {
  if (process.stderr.isTTY) writeSync(STDERR, "\r\u001b[K");
}

/**
 * What `--compare FILE` names; read before anything is measured.
 *
 * @throws CommandError when it is no result of this benchmark
 */
export function readReport(path: string, what: string): Report {
  let parsed: unknown;
  try {
    const text = readFileSync(path, "utf8");
    if (text.length > FILE_MAX) throw new Error("the file is too large");
    parsed = JSON.parse(text);
  } catch (error) {
    const [line = ""] = String(error instanceof Error ? error.message : error).split("\n");
    throw misuse(`--compare: ${line}`);
  }
  if (!isReport(parsed)) throw misuse(`--compare: ${path} is no result of simplon bench --json`);
  if (parsed.what === what) return parsed;
  throw misuse(`--compare: ${path} is a result of bench ${parsed.what}, not of ${what}`);
}

/**
 * Prints JSON or a table, the latter beside the older report if there is one. `table` is what a
 * benchmark shows instead of its rows one below the other.
 */
export function present(
  report: Report,
  { json, compare }: Output,
  table: () => string = () => formatRows(report.rows),
): void {
  if (json) {
    console.log(JSON.stringify(report, undefined, 2));
    return;
  }
  console.log(`bench ${report.what}: ${report.machine}, ${report.runtime}\n`);
  if (compare === undefined) console.log(table());
  else console.log(formatComparison(readReport(compare, report.what), report));
}

export function formatRows(rows: readonly Row[]): string {
  const columns: Column<Row>[] = [
    { title: "", align: "left", value: ({ name }) => name },
    { title: "median", align: "right", value: ({ value }) => formatValue(value) },
    { title: "", align: "left", value: ({ unit }) => unit },
    { title: "±%", align: "right", value: ({ spread }) => spread?.toFixed(1) ?? "" },
  ];
  return formatTable(columns, rows);
}

/** Old, new and new : old; what is in one of the two only has no ratio. */
export function formatComparison(old: Report, now: Report): string {
  const before = new Map(old.rows.map((row) => [row.name, row]));
  const after = new Map(now.rows.map((row) => [row.name, row]));
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const cell = (row: Row | undefined) => (row === undefined ? "-" : formatValue(row.value));
  const columns: Column<string>[] = [
    { title: "", align: "left", value: (name) => name },
    { title: "old", align: "right", value: (name) => cell(before.get(name)) },
    { title: "new", align: "right", value: (name) => cell(after.get(name)) },
    {
      title: "",
      align: "left",
      value: (name) => (after.get(name) ?? before.get(name))?.unit ?? "",
    },
    {
      title: "new : old",
      align: "right",
      value: (name) => ratio(before.get(name), after.get(name)),
    },
    { title: "", align: "left", value: (name) => verdict(before.get(name), after.get(name)) },
  ];
  const heading = `old: ${old.machine}, ${old.runtime}, ${old.at}`;
  return `${heading}\n\n${formatTable(columns, names)}`;
}

function ratio(old: Row | undefined, now: Row | undefined): string {
  if (old === undefined || now === undefined) return "";
  return (now.value / old.value).toFixed(2);
}

/** A change counts when it is larger than what the rounds of both differ by. */
function verdict(old: Row | undefined, now: Row | undefined): string {
  if (old === undefined || now === undefined) return "";
  const change = (now.value / old.value - 1) * 100;
  if (!(Math.abs(change) > (old.spread ?? 0) + (now.spread ?? 0))) return "";
  return change > 0 === (now.better === "more") ? "better" : "worse";
}

function isReport(value: unknown): value is Report {
  if (typeof value !== "object" || value === null) return false;
  const { what, machine, runtime, at, rows } = value as Partial<Report>;
  const texts = [what, machine, runtime, at].every((text) => typeof text === "string");
  return texts && Array.isArray(rows) && rows.every(isRow);
}

function isRow(value: unknown): value is Row {
  if (typeof value !== "object" || value === null) return false;
  const { name, unit, value: figure, better } = value as Partial<Row>;
  return (
    typeof name === "string" &&
    typeof unit === "string" &&
    typeof figure === "number" &&
    (better === "more" || better === "less")
  );
}

/** Runs a benchmark; what was asked wrongly, or cannot be done, is one line and an exit code. */
export async function answering(work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}
