import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Action,
  automaton,
  type Event,
  isTimed,
  type State,
} from "../../../src/ppp/automaton.ts";

// RFC 1661 section 4.1, as it is printed there.
const LEFT = `
      | State
      |    0         1         2         3         4         5
Events| Initial   Starting  Closed    Stopped   Closing   Stopping
------+-----------------------------------------------------------
 Up   |    2     irc,scr/6     -         -         -         -
 Down |    -         -         0       tls/1       0         1
 Open |  tls/1       1     irc,scr/6     3r        5r        5r
 Close|    0       tlf/0       2         2         4         4
      |
  TO+ |    -         -         -         -       str/4     str/5
  TO- |    -         -         -         -       tlf/2     tlf/3
      |
 RCR+ |    -         -       sta/2 irc,scr,sca/8   4         5
 RCR- |    -         -       sta/2 irc,scr,scn/6   4         5
 RCA  |    -         -       sta/2     sta/3       4         5
 RCN  |    -         -       sta/2     sta/3       4         5
      |
 RTR  |    -         -       sta/2     sta/3     sta/4     sta/5
 RTA  |    -         -         2         3       tlf/2     tlf/3
      |
 RUC  |    -         -       scj/2     scj/3     scj/4     scj/5
 RXJ+ |    -         -         2         3         4         5
 RXJ- |    -         -       tlf/2     tlf/3     tlf/2     tlf/3
      |
 RXR  |    -         -         2         3         4         5
`;
const RIGHT = `
      | State
      |    6         7         8           9
Events| Req-Sent  Ack-Rcvd  Ack-Sent    Opened
------+-----------------------------------------
 Up   |    -         -         -           -
 Down |    1         1         1         tld/1
 Open |    6         7         8           9r
 Close|irc,str/4 irc,str/4 irc,str/4 tld,irc,str/4
      |
  TO+ |  scr/6     scr/6     scr/8         -
  TO- |  tlf/3p    tlf/3p    tlf/3p        -
      |
 RCR+ |  sca/8   sca,tlu/9   sca/8   tld,scr,sca/8
 RCR- |  scn/6     scn/7     scn/6   tld,scr,scn/6
 RCA  |  irc/7     scr/6x  irc,tlu/9   tld,scr/6x
 RCN  |irc,scr/6   scr/6x  irc,scr/8   tld,scr/6x
      |
 RTR  |  sta/6     sta/6     sta/6   tld,zrc,sta/5
 RTA  |    6         6         8       tld,scr/6
      |
 RUC  |  scj/6     scj/7     scj/8       scj/9
 RXJ+ |    6         6         8           9
 RXJ- |  tlf/3     tlf/3     tlf/3   tld,irc,str/5
      |
 RXR  |    6         7         8         ser/9
`;

function readTable(printed: string): { state: State; event: Event; cell: string }[] {
  const rows = printed.split("\n").filter((line) => line.includes("|"));
  const columns = rows.map((line) => {
    const [head = "", rest = ""] = line.split("|");
    return [head.trim(), ...rest.trim().split(/ +/)];
  });
  const states = columns.find(([head]) => head === "Events")?.slice(1) as State[];
  return columns
    .filter(([head, first]) => head !== "" && head !== "Events" && first !== "")
    .flatMap(([event, ...cells]) =>
      cells.map((cell, at) => ({ event: event as Event, state: states[at] as State, cell })),
    );
}

const cells = [...readTable(LEFT), ...readTable(RIGHT)];
const states = [...new Set(cells.map(({ state }) => state))];

test("RFC 1661 prints ten states and sixteen events", () => {
  assert.equal(cells.length, 160);
  assert.equal(states.length, 10);
  assert.deepEqual(Object.keys(automaton), states);
});

for (const state of states) {
  test(`every cell of ${state} is as RFC 1661 prints it`, () => {
    for (const { event, cell } of cells.filter((each) => each.state === state)) {
      const ours = automaton[state][event];
      if (cell === "-") {
        assert.equal(ours, undefined, `${state} ${event}`);
        continue;
      }
      const [, actions = "", digit = "", note] = /^(?:(.*)\/)?(\d)([prx])?$/.exec(cell) ?? [];
      assert.deepEqual(ours?.actions, (actions === "" ? [] : actions.split(",")) as Action[]);
      assert.equal(ours?.next, states[Number(digit)], `${state} ${event}`);
      assert.equal(ours?.note, note, `${state} ${event}`);
    }
  });
}

test("the Restart timer runs where the RFC says", () => {
  assert.deepEqual(states.filter(isTimed), [
    "Closing",
    "Stopping",
    "Req-Sent",
    "Ack-Rcvd",
    "Ack-Sent",
  ]);
});
