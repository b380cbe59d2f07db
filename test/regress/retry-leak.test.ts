/**
 * Retry leak. Sockets, slots and counts were lost each time something was tried again or failed half way.
 *
 * Whatever fails leaves what was there before: tunnels to nobody, calls that nobody takes, links that do
 * not come up. Descriptors of a start that fails are counted in test/unit/daemon/start.test.ts and
 * privileges.test.ts, those of a running program in test/system/.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ID_QUARANTINE_MS } from "../../src/limits.ts";
import { names, Talk } from "../peer/control.ts";
import { avp, u16 } from "../peer/lac.ts";
import { Bench, PeerBench } from "../peer/ppp-bench.ts";

const ROUNDS = 2_000;
/** That a peer has to know (RFC 2661 4.1). */
const UNKNOWN = avp(9_999, u16(1));
const NOBODY = "203.0.113.251";
const GIVEN_UP_MS = 60_000;

test(`${ROUNDS} tunnels to nobody: each is told to be lost, and there is room for the next`, () => {
  const talk = new Talk({ maxTunnels: 2 });
  for (let round = 0; round < ROUNDS; round++) {
    const path = { ...talk.path, peer: `203.0.113.${round % 250}` };
    const first = talk.lns.connect({ path, role: "lac" }, talk.now);
    const second = talk.lns.connect({ path, role: "lns" }, talk.now);
    assert.ok(first !== undefined && second !== undefined, `round ${round}`);
    assert.ok(talk.lns.placeCall(first, {}, talk.now) !== undefined);
    talk.pass(GIVEN_UP_MS);
    assert.deepEqual([...talk.lns.tunnels(), ...talk.lns.sessions()], []);
    assert.equal(talk.lns.pollTimeout(), Infinity);
    for (const id of [first, second]) {
      assert.equal(talk.lns.localOf(id, NOBODY, 1), undefined, "nothing is found by its id");
    }
    talk.sent.length = 0;
  }
  const count = (type: string) => talk.events.filter((event) => event.type === type).length;
  assert.equal(count("tunnel-down"), 2 * ROUNDS);
  assert.equal(count("session-down"), ROUNDS);
});

test(`${ROUNDS} calls that are refused, cleared or never connected leave no session`, () => {
  const talk = new Talk({ maxSessions: 1, helloInterval: 0 }).establish();
  for (let round = 0; round < ROUNDS; round++) {
    const id = 1 + round;
    const sessionId = talk.openSession(id);
    assert.deepEqual(names(talk.say(talk.icrq(id + 30_000))), ["CDN"], "no room for a second one");
    if (round % 3 === 0) talk.say(talk.cdn(id), { sessionId });
    else if (round % 3 === 1) talk.say(talk.iccn(UNKNOWN), { sessionId });
    else {
      talk.ack();
      talk.pass(GIVEN_UP_MS);
    }
    talk.ack();
    talk.pass(200);
    assert.deepEqual([...talk.lns.sessions()], [], `round ${round}`);
    talk.pass(ID_QUARANTINE_MS);
    talk.sent.length = 0;
  }
  const count = (type: string) => talk.events.filter((event) => event.type === type).length;
  assert.deepEqual([count("session-open"), count("session-down")], [ROUNDS, ROUNDS]);
  assert.equal([...talk.lns.tunnels()][0]?.sessions, 0);
});

test("links that nobody answers end by themselves, at either end", () => {
  for (let round = 0; round < 200; round++) {
    for (const bench of [new Bench(), new PeerBench()]) {
      bench.open();
      bench.advance(200_000);
      assert.deepEqual(bench.kinds, ["down negotiation"]);
      assert.equal(bench.link.pollTimeout(), Infinity);
    }
  }
});
