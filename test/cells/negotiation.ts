/** Every cell of RFC 1661 4.1, run by each protocol that negotiates. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildPpp } from "../../src/codec/index.ts";
import { type Action, automaton, type Event, type State } from "../../src/ppp/automaton.ts";
import { Code } from "../../src/ppp/options.ts";
import { Conversation } from "../peer/ppp-conversation.ts";
import { Coverage } from "./coverage.ts";
import { KINDS, type Kind, PppWalk } from "./ppp.ts";
import { cellName, Watch } from "./recorder.ts";

describe("PPP", () => {
  const watch = new Watch(automaton);

  for (const kind of KINDS) {
    const coverage = new Coverage(kind.name, automaton);
    for (const state of coverage.states as State[]) {
      test(`${kind.name} in ${state}`, () => {
        for (const event of coverage.events as Event[])
          runCell(watch, kind, coverage, state, event);
      });
    }
    test(`${kind.name}: no cell is left out`, () => assert.deepEqual(coverage.missing, []));
  }

  test("the owner of LCP gives it no event that cannot happen", () => {
    const talk = new Conversation();
    const { link } = talk;
    const packet = new PppWalk(KINDS[0] as Kind).packet("RCR+");
    const hear = () => link.handleInput(buildPpp(0xc021, packet), talk.now);
    hear();
    talk.open();
    link.open(talk.now);
    talk.run(1_000);
    assert.equal(link.phase, "network");
    link.close(talk.now);
    link.close(talk.now);
    talk.run(1_000);
    assert.equal(link.phase, "dead");
    hear();
    link.open(talk.now);
    link.handleTimeout(talk.now + 3_600_000);
    assert.equal(link.counters["illegal-event"], undefined);
    assert.equal(link.counters["wrong-phase"], 2);
  });
});

/** What an action sends. */
const SENDS: Readonly<Partial<Record<Action, number>>> = {
  scr: Code.ConfigureRequest,
  sca: Code.ConfigureAck,
  scn: Code.ConfigureReject,
  str: Code.TerminateRequest,
  sta: Code.TerminateAck,
  scj: Code.CodeReject,
  ser: Code.EchoReply,
};

function runCell(watch: Watch, kind: Kind, coverage: Coverage, state: State, event: Event): void {
  const where = cellName(state, event);
  const walk = new PppWalk(kind).reach(state);
  watch.take();
  walk.give(event);
  const steps = watch.take();
  const sent = walk.sent();
  const reason = impossible(kind, state, event);
  if (reason !== undefined) {
    const { text, isSeen } = REASONS[reason];
    assert.ok(isSeen(walk, sent), `${where}: ${text}`);
    assert.ok(!steps.includes(where), where);
    if (reason !== "full" && reason !== "ncp") assert.equal(walk.machine.state, state, where);
    coverage.cannot(state, event, text);
    return;
  }
  const cell = automaton[state][event];
  assert.deepEqual([steps.at(-1), walk.machine.state], [where, cell?.next]);
  const expected = cell?.actions.flatMap((action) => SENDS[action] ?? []);
  assert.deepEqual(sent, expected, where);
  coverage.ran(state, event);
}

/** Why a cell cannot be run, and what shows it when the event is given all the same. */
const REASONS = {
  owner: {
    text: "Up, Down, packets where the layer below is up, is down: its owner gives none (-)",
    isSeen: (walk, sent) =>
      walk.counted("illegal-event") + walk.counted("stale-reply") === 1 && sent.length === 0,
  },
  timer: {
    text: "TO+, TO- where no Restart timer runs (-)",
    isSeen: (walk, sent) => walk.machine.deadline === Infinity && sent.length === 0,
  },
  full: {
    text: "TO- in Ack-Rcvd: irc has just filled the Restart counter, it is TO+",
    isSeen: (_, [first]) => first === Code.ConfigureRequest,
  },
  crossed: {
    text: "RCA, RCN where the last request has its answer: a second one is stale (x)",
    isSeen: (walk, sent) => walk.counted("stale-reply") === 1 && sent.length === 0,
  },
  ncp: {
    text: "RXR of an NCP: it knows the codes 1 to 7 alone, so it is RUC",
    isSeen: (walk, [first]) => walk.counted("unknown-code") === 1 && first === Code.CodeReject,
  },
} as const satisfies Record<string, Reason>;

interface Reason {
  readonly text: string;
  readonly isSeen: (walk: PppWalk, sent: readonly number[]) => boolean;
}

function impossible(kind: Kind, state: State, event: Event): keyof typeof REASONS | undefined {
  const cell = automaton[state][event];
  if (cell === undefined) return event === "TO+" || event === "TO-" ? "timer" : "owner";
  if (event === "RXR" && !kind.hasEcho) return "ncp";
  if (cell.note === "x") return "crossed";
  return state === "Ack-Rcvd" && event === "TO-" ? "full" : undefined;
}
