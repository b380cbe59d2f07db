/**
 * PAP and CHAP on the side that is authenticated, led into each state of their automata and given
 * each event there: by the authenticator's packets and by time.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AUTH_RETRY_COUNT, AUTH_RETRY_MS } from "../../src/limits.ts";
import { automaton as chap } from "../../src/ppp/auth/chap-peer-automaton.ts";
import { MsChapV2Peer } from "../../src/ppp/auth/mschapv2-peer.ts";
import { PapPeer } from "../../src/ppp/auth/pap-peer.ts";
import { automaton as pap } from "../../src/ppp/auth/pap-peer-automaton.ts";
import type { AuthPeer } from "../../src/ppp/auth/peer.ts";
import { buildPacket } from "../../src/ppp/options.ts";
import { Outbox } from "../../src/ppp/outbox.ts";
import type { Credentials } from "../../src/ppp/types.ts";
import { read, text } from "../peer/ppp.ts";
import { Coverage } from "./coverage.ts";
import { type AnyTable, cellName, Watch } from "./recorder.ts";

const GIVEN_UP_MS = AUTH_RETRY_MS * AUTH_RETRY_COUNT;
/** Of a machine that has not sent anything. */
const NO_IDENTIFIER = 99;

const CREDENTIALS: Credentials = {
  name: "demo",
  pap: () => Uint8Array.from(text("demo")),
  chap: () => new Uint8Array(16),
  mschapv2: () => ({
    response: new Uint8Array(24),
    accepts: (success) => success === "right",
  }),
};

interface Kind {
  readonly name: string;
  readonly table: AnyTable;
  make(outbox: Outbox): AuthPeer;
  /** Events that lead to a state. */
  readonly routes: Readonly<Record<string, readonly string[]>>;
  /** Code and Data of the packet that an event is. */
  readonly packets: Readonly<Record<string, readonly [code: number, data: Uint8Array]>>;
  readonly passed: readonly string[];
}

const KINDS: readonly Kind[] = [
  {
    name: "PAP as peer",
    table: pap,
    make: (outbox) => new PapPeer(outbox, CREDENTIALS),
    routes: { "Req-Sent": [], Passed: ["RAA"], Failed: ["RAN"] },
    packets: { RAA: [2, Uint8Array.of(0)], RAN: [3, Uint8Array.of(0)] },
    passed: ["Passed"],
  },
  {
    name: "CHAP as peer",
    table: chap,
    make: (outbox) => new MsChapV2Peer(outbox, CREDENTIALS, (length) => new Uint8Array(length)),
    routes: {
      Listening: [],
      "Response-Sent": ["RCH"],
      Passed: ["RCH", "RS+"],
      Renewing: ["RCH", "RS+", "RCH"],
      Failed: ["RCH", "RFL"],
    },
    packets: {
      RCH: [1, Uint8Array.of(16, ...new Uint8Array(16))],
      "RS+": [3, Uint8Array.from(text("right"))],
      "RS-": [3, Uint8Array.from(text("wrong"))],
      RFL: [4, Uint8Array.from(text("E=691 R=0"))],
    },
    passed: ["Passed", "Renewing"],
  },
];

class Walk {
  readonly machine: AuthPeer;
  readonly #kind: Kind;
  readonly #outbox = new Outbox();
  #identifier = NO_IDENTIFIER;

  constructor(kind: Kind) {
    this.#kind = kind;
    this.machine = kind.make(this.#outbox);
    this.machine.start(0);
    this.sent();
  }

  /** How much was sent since the last time. */
  sent(): number {
    let count = 0;
    for (let frame = this.#outbox.takeFrame(); frame; frame = this.#outbox.takeFrame()) {
      this.#identifier = read(frame).identifier;
      count += 1;
    }
    return count;
  }

  get stale(): number {
    return this.#outbox.counters["stale-reply"] ?? 0;
  }

  give(event: string): void {
    this.sent();
    if (event === "TO+") this.machine.timeout(Math.min(this.machine.deadline, GIVEN_UP_MS));
    else if (event === "TO-") this.machine.timeout(GIVEN_UP_MS);
    else {
      const [code, data] = this.#kind.packets[event] ?? [0, new Uint8Array()];
      this.machine.input(buildPacket(code, this.#identifier, data), 0);
    }
  }
}

for (const kind of KINDS) {
  describe(kind.name, () => {
    const coverage = new Coverage(kind.name, kind.table);
    const watch = new Watch(kind.table);
    for (const state of coverage.states) {
      test(`${kind.name} in ${state}`, () => {
        for (const event of coverage.events) runCell(kind, coverage, watch, state, event);
      });
    }
    test(`${kind.name}: no cell is left out`, () => assert.deepEqual(coverage.missing, []));
  });
}

function runCell(kind: Kind, coverage: Coverage, watch: Watch, state: string, event: string): void {
  const walk = new Walk(kind);
  for (const each of kind.routes[state] ?? []) walk.give(each);
  const { stale } = walk;
  watch.take();
  walk.give(event);
  const steps = watch.take();
  const where = cellName(state, event);
  const cell = kind.table[state]?.[event];
  if (cell === undefined) {
    assert.deepEqual([walk.sent(), steps.includes(where)], [0, false], where);
    coverage.cannot(state, event, absent(walk, event, stale, steps));
    return;
  }
  assert.deepEqual([steps.at(-1), walk.sent()], [where, cell.actions.length]);
  const { isPassed, failure } = walk.machine;
  const next = cell.next === "Failed" ? "failed" : kind.passed.includes(cell.next);
  assert.equal(failure === undefined ? isPassed : "failed", next, where);
  coverage.ran(state, event);
}

/** What became of an event that has no cell. */
function absent(walk: Walk, event: string, stale: number, steps: readonly string[]): string {
  if (steps.length > 0) {
    assert.deepEqual(steps, ["Listening × TO-"]);
    return "TO+ where nothing was sent: there is nothing to send again, it is TO-";
  }
  if (event.startsWith("TO")) {
    assert.equal(walk.machine.deadline, Infinity);
    return "TO+, TO- where no timer runs (-)";
  }
  assert.equal(walk.stale, stale + 1);
  return "a packet that answers nothing, or comes when all is decided: it is stale (-)";
}
