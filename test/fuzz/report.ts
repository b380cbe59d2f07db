/**
 * What fuzzing has to say: a table for the terminal, and the section of docs/RELIABILITY.md, which keeps
 * the last run of each target.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { record, type Section } from "../../scripts/reliability.ts";

const COLUMNS = ["target", "executions", "executions/s", "reached", "branches", "inputs kept"];
const RECORDED = new URL("../../docs/reliability/fuzz.json", import.meta.url);

export interface Row {
  readonly target: string;
  readonly executions: number;
  readonly perSecond: number;
  /** Branches, of `branches`. */
  readonly reached: number;
  readonly branches: number;
  readonly kept: number;
}

export function table(rows: readonly Row[]): string {
  const lines = [COLUMNS, ...rows.map((row) => cells(row).map(String))];
  const widths = COLUMNS.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  const pad = (cell: string, at: number) =>
    at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0);
  return lines.map((line) => line.map(pad).join("  ")).join("\n");
}

function cells(row: Row): (string | number)[] {
  return [row.target, row.executions, row.perSecond, row.reached, row.branches, row.kept];
}

/** Puts these rows in the place of those of the same targets. */
export function recordRows(rows: readonly Row[]): void {
  const byTarget = new Map(recorded().map((row) => [row[0], row]));
  for (const row of rows) byTarget.set(row.target, cells(row));
  const all = [...byTarget.values()].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  const sum = all.reduce((total, row) => total + Number(row[1]), 0);
  record("fuzz", {
    order: 4,
    title: "Fuzzing",
    summary:
      `${sum.toLocaleString("en")} fuzzed executions of ${all.length} targets, led by coverage: ` +
      "no exception, no trap, no packet that is not accounted for",
    command: "npm run fuzz -- TARGET --executions N --record",
    text: [
      "Inputs are changed by chance, and those that reach a branch which none had reached before are changed in " +
        "turn. WebAssembly is compiled once more with a mark in each branch, TypeScript is watched by V8. An input " +
        "fails that ends in an exception or a trap, and so does one after which something is not as it must be: " +
        "the codec and a plain reference differ, a packet is in no counter or in two, a vector leaves its buffer. " +
        "Inputs that reach something are kept in test/fuzz/corpus and run by every test run, where of no target " +
        "more branches may be left unreached than test/fuzz/ceilings.json says: a run lowers that, only a flag raises it.",
      "The command was run once for each target of the table, with as many executions as stand there.",
      `${sum.toLocaleString("en")} executions without such an input:`,
    ],
    tables: [{ columns: COLUMNS, rows: all }],
  });
}

/** Its rows, as they stand in docs/RELIABILITY.md. */
export function recorded(): readonly (readonly (string | number)[])[] {
  if (!existsSync(RECORDED)) return [];
  const section = JSON.parse(readFileSync(RECORDED, "utf8")) as Section;
  return section.tables[0]?.rows ?? [];
}
