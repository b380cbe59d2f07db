/**
 * Stale timer. A timer of a tunnel that was closed fired, and used what had been freed.
 *
 * Each tunnel has one timer, set anew after all that happens to it (src/sansio/timers.ts). So time
 * that was due before an end, and comes after it, finds nothing to do; and what is closed is asked for
 * nothing more (RFC 2661 5.7, 5.8).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TUNNEL_LINGER_MS } from "../../src/limits.ts";
import { Timer, Timers } from "../../src/sansio/timers.ts";
import { names, Talk } from "../peer/control.ts";
import { dice } from "../peer/garbage.ts";
import { Bench } from "../peer/ppp-bench.ts";

/** Ways in which a tunnel or a session ends, and what they leave to be sent again. */
const ENDS: readonly [string, (talk: Talk, sessionId: number) => void][] = [
  ["the peer stops the tunnel", (talk) => talk.say(talk.stopCcn())],
  ["the peer clears the call", (talk, sessionId) => talk.say(talk.cdn(1), { sessionId })],
  ["we stop the tunnel", (talk) => talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, talk.now)],
  [
    "we clear the call",
    (talk, sessionId) => talk.lns.closeSession(talk.tunnelId, sessionId, { code: 3 }, talk.now),
  ],
  ["we shut down", (talk) => talk.lns.shutdown(talk.now)],
  ["the peer is gone", (talk) => talk.pass(60_000 + 31_000 + 1)],
];
/** How far it has come: what its timer waits for. Returns the call, 0 where there is none. */
const STATES: readonly [string, (talk: Talk) => number][] = [
  ["half-open", (talk) => without(talk.request())],
  ["established", (talk) => without(talk.establish())],
  ["with a call that opens", (talk) => talk.establish().openSession(1)],
  ["with a call that is up", (talk) => talk.establish().upSession(1)],
];

function without(_reached: unknown): number {
  return 0;
}

for (const [state, reach] of STATES) {
  for (const [end, act] of ENDS) {
    test(`${state}, ${end}: all times that were due before find nothing`, () => {
      const talk = new Talk();
      const sessionId = reach(talk);
      const due = new Set([talk.lns.pollTimeout()]);
      for (let step = 0; step < 5; step++) due.add(talk.now + step * 1_000);
      act(talk, sessionId);
      talk.drain();
      talk.ack(talk.nr);
      const { now } = talk;
      for (const at of [...due].filter((time) => time !== Infinity)) {
        talk.lns.handleTimeout(Math.min(at, now));
        assert.deepEqual(names(talk.drain()), [], "nothing was due");
      }
      talk.pass(10 * 60_000);
      const isOpen = [...talk.lns.tunnels()].length > 0;
      assert.equal(talk.lns.pollTimeout() === Infinity, !isOpen);
      talk.lns.shutdown(talk.now);
      talk.pass(60_000 + TUNNEL_LINGER_MS);
      assert.equal(talk.lns.pollTimeout(), Infinity);
      assert.deepEqual([...talk.lns.tunnels(), ...talk.lns.sessions()], []);
      const opened = talk.events.filter(({ type }) => type === "session-open").length;
      const downs = talk.events.filter(({ type }) => type === "session-down").length;
      assert.equal(downs, opened, "each call that was told of is told to be gone, once");
    });
  }
}

test("a link that is down has no time, and time does nothing to it", () => {
  const bench = new Bench();
  bench.toOpened();
  const due = [bench.link.pollTimeout(), 1, 3_000, 20_000, 60_000];
  bench.link.close(bench.now);
  bench.advance(10_000);
  const told = bench.kinds;
  assert.equal(bench.link.pollTimeout(), Infinity);
  for (const at of due) bench.link.handleTimeout(at);
  assert.deepEqual(bench.drain(), []);
  assert.deepEqual(bench.kinds, told);
});

test("timers against a plain list: the earliest is due, a cleared one never", () => {
  const roll = dice(1);
  const timers = new Timers<number>();
  const all = Array.from({ length: 40 }, (_, owner) => new Timer(owner));
  const model = new Map<number, number>();
  for (let now = 0; now < 20_000; now++) {
    const timer = all[roll(all.length)] as Timer<number>;
    if (roll(3) === 0) {
      timers.clear(timer);
      model.delete(timer.owner);
    } else {
      const at = now + roll(60);
      timers.set(timer, at);
      model.set(timer.owner, at);
    }
    assert.equal(timers.next(), Math.min(Infinity, ...model.values()));
    for (let owner = timers.due(now); owner !== undefined; owner = timers.due(now)) {
      assert.ok((model.get(owner) ?? Infinity) <= now);
      model.delete(owner);
    }
    assert.ok(
      [...model.values()].every((at) => at > now),
      "what is due was handed out",
    );
    assert.equal(timers.size, model.size);
  }
});
