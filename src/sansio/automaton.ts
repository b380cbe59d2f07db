/**
 * Runner for automata that are written as literal tables, one per file, in the words of their RFC.
 *
 * A table names, for each state and each event, the actions to run in order and the next state. A
 * cell that is absent means that the event cannot happen in that state; `step` says so and the
 * owner decides (usually: ignore and count).
 *
 * @module
 */
export interface Cell<State extends string, Action extends string> {
  readonly actions: readonly Action[];
  readonly next: State;
}

export type Table<State extends string, Event extends string, Action extends string> = {
  readonly [S in State]: { readonly [E in Event]?: Cell<State, Action> };
};

export function step<State extends string, Event extends string, Action extends string>(
  table: Table<State, Event, Action>,
  state: State,
  event: Event,
): Cell<State, Action> | undefined {
  return table[state][event];
}
