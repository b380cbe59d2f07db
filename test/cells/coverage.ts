/**
 * Which cells of an automaton were run, state by state and event by event, and the table of all.
 *
 * @module
 */
import { type AnyTable, cellName } from "./recorder.ts";

/** All, in the order in which they were made. */
export const coverages: Coverage[] = [];

export class Coverage {
  readonly name: string;
  readonly table: AnyTable;
  readonly states: readonly string[];
  readonly events: readonly string[];
  readonly #run = new Set<string>();
  /** Cells that cannot be run, by the reason that a test has checked. */
  readonly #impossible = new Map<string, string>();

  constructor(name: string, table: AnyTable) {
    coverages.push(this);
    this.name = name;
    this.table = table;
    this.states = Object.keys(table);
    this.events = [...new Set(Object.values(table).flatMap((row) => Object.keys(row ?? {})))];
  }

  ran(state: string, event: string): void {
    this.#run.add(cellName(state, event));
  }

  cannot(state: string, event: string, reason: string): void {
    this.#impossible.set(cellName(state, event), reason);
  }

  /** Neither run nor shown to be impossible. */
  get missing(): string[] {
    const all = this.states.flatMap((state) => this.events.map((event) => cellName(state, event)));
    return all.filter((cell) => !this.#run.has(cell) && !this.#impossible.has(cell));
  }

  get row(): string[] {
    const cells = this.states.length * this.events.length;
    const counts = [this.states.length, this.events.length, cells, this.#run.size];
    const share = Math.floor((100 * this.#run.size) / (cells - this.#impossible.size));
    return [this.name, ...[...counts, this.#impossible.size].map(String), `${share} %`];
  }

  /** Each reason with the number of its cells. */
  get reasons(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const reason of this.#impossible.values()) {
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
    return counts;
  }
}

export function printed(): string {
  const head = ["automaton", "states", "events", "cells", "run", "cannot happen", "of the rest"];
  const rows = [head, ...coverages.map(({ row }) => row)];
  const widths = head.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((text, at) => (at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0)))
      .join("  "),
  );
  const reasons = new Map<string, number>();
  for (const coverage of coverages) {
    for (const [reason, count] of coverage.reasons) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + count);
    }
  }
  const notes = [...reasons].map(([reason, count]) => `${String(count).padStart(5)}  ${reason}`);
  return [...lines, "", "cannot happen:", ...notes].join("\n");
}
