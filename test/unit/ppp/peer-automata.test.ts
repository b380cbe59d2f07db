// The automata of authentication on the side that is authenticated, as they are printed here. What
// makes their cells run stands in peer-authentication.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as chap from "../../../src/ppp/auth/chap-peer-automaton.ts";
import * as pap from "../../../src/ppp/auth/pap-peer-automaton.ts";

const PAP = `
         Req-Sent      Passed  Failed
 RAA     Passed        -       -
 RAN     Failed        -       -
 TO+     sar/Req-Sent  -       -
 TO-     Failed        -       -
`;
const CHAP = `
         Listening          Response-Sent      Passed        Renewing      Failed
 RCH     srs/Response-Sent  srs/Response-Sent  srs/Renewing  srs/Renewing  -
 RS+     -                  Passed             -             Passed        -
 RS-     -                  Failed             -             Failed        -
 RFL     -                  Failed             -             Failed        -
 TO+     -                  srs/Response-Sent  -             -             -
 TO-     Failed             Failed             -             -             -
`;

type AnyTable = Record<string, Record<string, { actions: readonly string[]; next: string }>>;

for (const [name, printed, table] of [
  ["PAP", PAP, pap.automaton],
  ["CHAP", CHAP, chap.automaton],
] as const) {
  test(`every cell of ${name} is as printed`, () => {
    const [head = "", ...rows] = printed.trim().split("\n");
    const states = head.trim().split(/ +/);
    assert.deepEqual(Object.keys(table), states);
    for (const row of rows) {
      const [event = "", ...cells] = row.trim().split(/ +/);
      for (const [at, state] of states.entries()) {
        const cell = (table as AnyTable)[state]?.[event];
        const text = cell && [...cell.actions, cell.next].join("/");
        assert.equal(text ?? "-", cells[at], `${state} ${event}`);
      }
    }
  });
}
