/**
 * Late event. Events came for sessions that had gone: an answer of AAA, an event of a worker, a command.
 *
 * All that may come late names what it is for, and finds nothing. AAA's answers and frames of workers
 * are in test/unit/daemon/subscribers.test.ts; here is everything that an owner may ask of an endpoint
 * or a link after its end, and every message of the peer (RFC 2661 5.7).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Endpoint } from "../../src/l2tp/index.ts";
import { names, Talk } from "../peer/control.ts";
import { CHAP, IPCP, IPV6CP, LCP, PAP } from "../peer/ppp.ts";
import { Bench, PeerBench } from "../peer/ppp-bench.ts";
import { PROFILE } from "../peer/ppp-conversation.ts";

const ERRORS = {
  crc: 1,
  framing: 0,
  hardwareOverruns: 0,
  bufferOverruns: 0,
  timeouts: 0,
  alignment: 0,
};

/** All that its owner may want of a tunnel and a session. */
const COMMANDS: readonly ((
  lns: Endpoint,
  tunnel: number,
  session: number,
  now: number,
) => unknown)[] = [
  (lns, tunnel, session, now) => lns.closeSession(tunnel, session, { code: 3 }, now),
  (lns, tunnel, _, now) => lns.closeTunnel(tunnel, { code: 1 }, now),
  (lns, tunnel, session, now) => lns.setAccm(tunnel, session, { send: 1, receive: 2 }, now),
  (lns, tunnel, session, now) => lns.reportErrors(tunnel, session, ERRORS, now),
  (lns, tunnel, session, now) => lns.connectCall(tunnel, session, { txConnectSpeed: 1 }, now),
  (lns, tunnel, _, now) => assert.equal(lns.placeCall(tunnel, {}, now), undefined),
];

function closed(): { talk: Talk; sessionId: number } {
  const talk = new Talk().establish();
  const sessionId = talk.upSession(1);
  talk.say(talk.stopCcn());
  talk.takeEvents();
  return { talk, sessionId };
}

test("no command reaches a tunnel that is closed, nor wakes it", () => {
  for (const later of [0, 1_000, 60_000]) {
    const { talk, sessionId } = closed();
    talk.pass(later);
    for (const command of COMMANDS) {
      command(talk.lns, talk.tunnelId, sessionId, talk.now);
      assert.deepEqual(names(talk.drain()), []);
    }
    assert.deepEqual(talk.takeEvents(), []);
    talk.pass(60_000);
    assert.equal(talk.lns.pollTimeout(), Infinity);
  }
});

test("no command reaches a session that is gone, or another one of its tunnel", () => {
  const talk = new Talk().establish();
  const gone = talk.upSession(1);
  const other = talk.upSession(2);
  talk.say(talk.cdn(1), { sessionId: gone });
  talk.pass(1_000);
  talk.takeEvents();
  const bySession = COMMANDS.filter((_, index) => index !== 1 && index !== 5);
  for (const command of bySession) {
    command(talk.lns, talk.tunnelId, gone, talk.now);
    assert.deepEqual(names(talk.drain()), []);
  }
  assert.deepEqual(talk.takeEvents(), []);
  assert.deepEqual(
    [...talk.lns.sessions()].map(({ sessionId, state }) => [sessionId, state]),
    [[other, "established"]],
  );
});

test("messages for a session that is gone change nothing, those for a tunnel are acknowledged", () => {
  const talk = new Talk().establish();
  const gone = talk.upSession(1);
  talk.say(talk.cdn(1), { sessionId: gone });
  talk.takeEvents();
  for (const avps of [talk.iccn(), talk.cdn(1)]) {
    talk.say(avps, { sessionId: gone });
    talk.pass(1_000);
  }
  assert.deepEqual(talk.takeEvents(), []);
  assert.deepEqual([...talk.lns.sessions()], []);
  const { talk: stopped } = closed();
  const before = stopped.sent.length;
  stopped.say(stopped.icrq(9));
  stopped.pass(31_000);
  assert.deepEqual(stopped.takeEvents(), []);
  assert.ok(names(stopped.sent.slice(before)).every((name) => name === "ZLB"));
});

test("a link that is down takes no answer, no command and no packet", () => {
  const ends: [Bench | PeerBench, (now: number) => void][] = [
    ((bench) => [
      bench,
      (now) => void bench.link.authenticated({ ok: true, profile: PROFILE }, now),
    ])(new Bench()),
    [new PeerBench(), () => undefined],
  ];
  for (const [bench, answer] of ends) {
    bench.toOpened();
    bench.link.close(bench.now);
    bench.advance(10_000);
    const told = bench.kinds;
    assert.match(told.at(-1) ?? "", /^down/);
    answer(bench.now);
    bench.link.close(bench.now);
    bench.link.close(bench.now, "idle-timeout");
    bench.link.open(bench.now);
    bench.link.heard(bench.now + 1);
    bench.link.sendIpv6(new Uint8Array(40));
    for (const protocol of [LCP, PAP, CHAP, IPCP, IPV6CP]) {
      for (let code = 0; code < 16; code++) assert.deepEqual(bench.say(protocol, code, 1), []);
    }
    assert.deepEqual(bench.drain(), []);
    assert.deepEqual(bench.kinds, told);
    assert.equal(bench.link.pollTimeout(), Infinity);
  }
});

test("an answer of AAA that comes when the link has begun anew grants nothing", () => {
  const bench = new Bench();
  const [challenge] = bench.establish();
  bench.say(CHAP, 2, challenge?.identifier ?? 0, [16, ...new Uint8Array(16), 0x61]);
  assert.deepEqual(bench.kinds, ["authenticate"]);
  bench.ask(LCP, 9, []);
  assert.equal(bench.link.authenticated({ ok: true, profile: PROFILE }, bench.now), false);
  assert.equal(bench.link.user, "");
  assert.deepEqual(bench.kinds, ["authenticate"]);
});
