/** Walks every cell of an automaton of RFC 2661 with real messages, against the RFC's print. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cell } from "../../src/sansio/automaton.ts";
import type { Sent, Talk } from "../peer/control.ts";
import { resultOf } from "../peer/lac.ts";
import { Coverage } from "./coverage.ts";
import { cellName, Watch } from "./recorder.ts";

/** What a walk through one cell shows: messages but ZLB with Result Code, events, states. */
export interface Seen {
  readonly out: readonly string[];
  readonly events: readonly string[];
  readonly state: string;
}

type Tables = Readonly<Record<string, Readonly<Record<string, Cell<string, string> | undefined>>>>;

export interface Walks<State extends string, Event extends string> {
  readonly table: Tables;
  /** Brings the endpoint to a state; returns its session, where there is one. */
  readonly reach: Readonly<Record<State, () => readonly [Talk, number]>>;
  readonly send: Readonly<Record<Event, (talk: Talk, sessionId: number) => Sent[]>>;
  /** As printed; what is absent must show nothing and change nothing. */
  readonly rfc: Readonly<Record<State, Readonly<Partial<Record<Event, Seen>>>>>;
  readonly stateOf: (talk: Talk) => string | undefined;
}

export function describeCells<State extends string, Event extends string>(
  name: string,
  walks: Walks<State, Event>,
): void {
  const { table, reach, send, rfc, stateOf } = walks;
  const coverage = new Coverage(name, table);
  const watch = new Watch(table);
  describe(name, () => {
    for (const state of Object.keys(reach) as State[]) {
      for (const event of Object.keys(send) as Event[]) {
        test(`${state}: ${event}`, () => {
          const [talk, sessionId] = reach[state]();
          talk.takeEvents();
          watch.take();
          const out = messages(send[event](talk, sessionId));
          const isRun = watch.take().includes(cellName(state, event));
          const seen = { out, events: talk.takeEvents(), state: stateOf(talk) ?? "idle" };
          const expected = rfc[state][event] ?? { out: [], events: [], state };
          assert.deepEqual(seen, expected);
          const cell = table[state]?.[event];
          assert.equal(cell?.next ?? state, expected.state);
          const answers = cell?.actions.filter((action) => /^Send [A-Z]/.test(action)) ?? [];
          // What the table does not foresee may be refused by the automaton of the other direction.
          if (cell !== undefined) assert.equal(answers.length, expected.out.length);
          const reason = isRun ? undefined : impossible(state, cell);
          if (isRun) coverage.ran(state, event);
          else if (reason !== undefined) coverage.cannot(state, event, reason);
        });
      }
    }

    test("the table has no other state and no other event", () => {
      assert.deepEqual(Object.keys(table).sort(), Object.keys(reach).sort());
      for (const row of Object.values(table)) {
        for (const event of Object.keys(row)) assert.ok(event in send, event);
      }
    });

    test("no cell is left out", () => assert.deepEqual(coverage.missing, []));
  });
}

/** Why a cell was not run though its event was given; that nothing came of it was seen. */
function impossible(state: string, cell: Cell<string, string> | undefined): string | undefined {
  if (cell === undefined) return "an event without a cell: it changes nothing (-)";
  if (state !== "idle") return undefined;
  const isNothing = cell.actions.every((action) => action === "Clean up");
  return isNothing ? "Clean up in idle: there is nothing to, the message is dropped" : undefined;
}

function messages(sent: readonly Sent[]): string[] {
  return sent
    .filter(({ name }) => name !== "ZLB")
    .map(({ name, message }) =>
      name === "StopCCN" || name === "CDN" ? `${name} ${resultOf(message)[0]}` : String(name),
    );
}
