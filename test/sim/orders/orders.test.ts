/** Control messages in every order: short ones here, the whole is `npm run sim:orders`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageType } from "../../../src/codec/index.ts";
import { controlConnection } from "../../../src/l2tp/control-connection-automaton.ts";
import {
  Endpoint,
  type EndpointEvent,
  type EndpointInput,
  type Role,
} from "../../../src/l2tp/index.ts";
import { lacIncomingCall } from "../../../src/l2tp/lac-incoming-call-automaton.ts";
import { lacOutgoingCall } from "../../../src/l2tp/lac-outgoing-call-automaton.ts";
import { lnsIncomingCall } from "../../../src/l2tp/lns-incoming-call-automaton.ts";
import { lnsOutgoingCall } from "../../../src/l2tp/lns-outgoing-call-automaton.ts";
import { Sessions } from "../../../src/l2tp/sessions.ts";
import { INPUTS } from "./inputs.ts";
import { type NewEndpoint, newOptions, parse, print, runOrder } from "./order.ts";
import { PATH } from "./peer.ts";
import { STATES } from "./states.ts";
import { add, everyOrder, noTally, runTask, sample, type Task } from "./tasks.ts";

const SAMPLED = 5_000;

function run(tasks: readonly Task[], make?: NewEndpoint) {
  const total = noTally();
  for (const task of tasks) add(total, runTask(task, make));
  return total;
}

test("fifteen inputs in every order up to length 2, from every state", () => {
  const { orders, failures } = run(everyOrder(2));
  assert.deepEqual(failures, []);
  const states = STATES.length;
  assert.deepEqual(orders, [states, states * INPUTS.length, states * INPUTS.length ** 2]);
});

test("orders of length 5 that are drawn, also with a wrong Ns", () => {
  const { orders, failures, ends } = run(sample(SAMPLED));
  assert.deepEqual(failures, []);
  assert.ok((orders[5] ?? 0) >= SAMPLED);
  for (const [end, count] of Object.entries(ends)) assert.ok(count > 0, end);
});

test("an order is read as it is printed", () => {
  const steps = [
    { input: "ICRQ", shift: 0 },
    { input: "ZLB", shift: -1 },
    { input: "CDN", shift: 40_000 },
  ] as const;
  assert.equal(print(steps), "ICRQ ZLB-1 CDN+40000");
  assert.deepEqual(parse(print(steps)), steps);
  assert.throws(() => parse("ICRQ XYZ"), /XYZ is no input/);
});

/** The state that faults are looked for in: of an LNS, after ICRQ. */
const WHERE = "established/wait-connect";

/** What a test puts in, and the first words of what is said of it. */
const FAULTS: Readonly<Record<string, [(role: Role) => Endpoint, RegExp]>> = {
  "an exception in one order": [
    (role) =>
      new (class extends Endpoint {
        #last = 0;
        override handleInput(input: EndpointInput, now: number) {
          const type = input.datagram[19] ?? 0;
          if (type === MessageType.WEN && this.#last === MessageType.CDN) throw new Error("a bug");
          this.#last = type;
          super.handleInput(input, now);
        }
      })(newOptions(role)),
    /: CDN WEN, then closed: a bug\n {2}replay: npm run sim:orders -- --state ".*" --order "CDN WEN"$/,
  ],
  "a state without a timer": [
    (role) =>
      new (class extends Endpoint {
        override pollTimeout() {
          const isWaiting = [...this.sessions()].some(({ state }) => state === "wait-connect");
          return isWaiting ? Infinity : super.pollTimeout();
        }
      })(newOptions(role)),
    /^lns .*: tunnel in established without a timer/,
  ],
  "a timer that is not heeded": [
    (role) =>
      new (class extends Endpoint {
        override handleTimeout(now: number) {
          if ([...this.tunnels()].length === 0) super.handleTimeout(now);
        }
      })(newOptions(role)),
    /then left alone: work that is due is left/,
  ],
  "a session that is left": [
    (role) =>
      new (class extends Endpoint {
        #sessions = 0;
        override placeCall(...args: Parameters<Endpoint["placeCall"]>) {
          return this.#sessions++ < 2 ? super.placeCall(...args) : undefined;
        }
      })(newOptions(role)),
    /: 1 places of sessions are taken/,
  ],
  "an end that nobody is told": [
    (role) =>
      new (class extends Endpoint {
        override pollEvent(): EndpointEvent | undefined {
          const event = super.pollEvent();
          const isLost = event?.type === "session-down" && event.by === "peer";
          return isLost ? this.pollEvent() : event;
        }
      })(newOptions(role)),
    /: 1 sessions were not said to be down/,
  ],
  "a tunnel that lingers for ever": [
    (role) =>
      new (class extends Endpoint {
        override localOf(...args: Parameters<Endpoint["localOf"]>) {
          const isLingering = args[0] !== 0 && [...this.tunnels()].length === 0;
          return isLingering ? PATH.local : super.localOf(...args);
        }
      })(newOptions(role)),
    /then the peer lives on: Tunnel ID \d+ is left beside a peer that lives/,
  ],
};

for (const [name, [make, expected]] of Object.entries(FAULTS)) {
  test(`${name} is seen`, () => assertSeen(run(whereFaultsAre(), make).failures, expected));
}

test("a session without a timer, beside its tunnel's, is seen", (t) => {
  const { add } = Sessions.prototype;
  t.mock.method(Sessions.prototype, "add", function (this: Sessions, ...[session]) {
    add.call(this, session, Infinity);
  } satisfies Sessions["add"]);
  const { failures } = run(whereFaultsAre());
  assertSeen(failures, /then the peer lives on: session in wait-connect beside a peer that lives/);
  assert.ok(failures.every((line) => line.includes("then the peer lives on")));
});

function whereFaultsAre(): Task[] {
  return everyOrder(2).filter(({ state }) => STATES[state]?.seen === WHERE);
}

function assertSeen(failures: readonly string[], expected: RegExp): void {
  const some = failures.slice(0, 5).join("\n");
  assert.ok(
    failures.some((line) => expected.test(line)),
    some,
  );
}

test("there is no state in the automata of RFC 2661 that orders do not begin from", () => {
  const tables = [
    ["lac", "control connection", controlConnection],
    ["lns", "control connection", controlConnection],
    ["lac", "incoming call", lacIncomingCall],
    ["lac", "outgoing call", lacOutgoingCall],
    ["lns", "incoming call", lnsIncomingCall],
    ["lns", "outgoing call", lnsOutgoingCall],
  ] as const;
  for (const [role, automaton, table] of tables) {
    for (const state of Object.keys(table)) {
      // A call in idle is none: that is an established control connection.
      if (state === "idle" && automaton !== "control connection") continue;
      const name = `${automaton} ${state}`;
      const found = STATES.filter((each) => each.role === role && each.name === name);
      assert.equal(found.length, 1, `${role} ${name}`);
    }
  }
});

test("a state that is not reached is said so", () => {
  const [state] = STATES;
  assert.ok(state !== undefined);
  assert.throws(() => runOrder({ ...state, seen: "established" }, [], "closed"), /was reached/);
});
