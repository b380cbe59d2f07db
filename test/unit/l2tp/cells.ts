/** Walks every cell of an automaton with real messages, against the RFC's print. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cell } from "../../../src/sansio/automaton.ts";
import type { Sent, Talk } from "../../peer/control.ts";
import { resultOf } from "../../peer/lac.ts";

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
  describe(name, () => {
    for (const state of Object.keys(reach) as State[]) {
      for (const event of Object.keys(send) as Event[]) {
        test(`${state}: ${event}`, () => {
          const [talk, sessionId] = reach[state]();
          talk.takeEvents();
          const out = messages(send[event](talk, sessionId));
          const seen = { out, events: talk.takeEvents(), state: stateOf(talk) ?? "idle" };
          const expected = rfc[state][event] ?? { out: [], events: [], state };
          assert.deepEqual(seen, expected);
          const cell = table[state]?.[event];
          assert.equal(cell?.next ?? state, expected.state);
          const answers = cell?.actions.filter((action) => /^Send [A-Z]/.test(action)) ?? [];
          // What the table does not foresee may be refused by the automaton of the other direction.
          if (cell !== undefined) assert.equal(answers.length, expected.out.length);
        });
      }
    }

    test("the table has no other state and no other event", () => {
      assert.deepEqual(Object.keys(table).sort(), Object.keys(reach).sort());
      for (const row of Object.values(table)) {
        for (const event of Object.keys(row)) assert.ok(event in send, event);
      }
    });
  });
}

function messages(sent: readonly Sent[]): string[] {
  return sent
    .filter(({ name }) => name !== "ZLB")
    .map(({ name, message }) =>
      name === "StopCCN" || name === "CDN" ? `${name} ${resultOf(message)[0]}` : String(name),
    );
}
