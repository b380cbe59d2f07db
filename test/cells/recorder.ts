/**
 * Which cells of an automaton are run. While a table is watched, each of its cells tells when it is
 * carried out; the machines that `step` through it know nothing of it.
 *
 * @module
 */
import type { Cell } from "../../src/sansio/automaton.ts";

export type AnyTable = {
  readonly [state: string]: { readonly [event: string]: Cell<string, string> | undefined };
};

export class Watch {
  /** Names of the cells that were carried out, in order, since the last `take`. */
  #steps: string[] = [];

  /** From now on, in this process. A cell that is only looked at was not carried out. */
  constructor(table: AnyTable) {
    const rows = table as Record<string, Record<string, Cell<string, string> | undefined>>;
    for (const [state, row] of Object.entries(rows)) {
      rows[state] = Object.fromEntries(
        Object.entries(row).map(([event, cell]) => [
          event,
          cell === undefined ? undefined : this.#watched(cell, state, event),
        ]),
      );
    }
  }

  take(): string[] {
    return this.#steps.splice(0);
  }

  #watched(cell: Cell<string, string>, state: string, event: string): Cell<string, string> {
    const name = cellName(state, event);
    const note = () => {
      if (this.#steps.at(-1) !== name) this.#steps.push(name);
    };
    return {
      ...cell,
      get actions() {
        note();
        return cell.actions;
      },
    };
  }
}

export function cellName(state: string, event: string): string {
  return `${state} × ${event}`;
}
