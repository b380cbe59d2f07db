/** A peer whose port changes, as behind a NAT that lost its state. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Path } from "../../../src/l2tp/index.ts";
import { TUNNEL_LINGER_MS } from "../../../src/limits.ts";
import { names, PATH, Talk } from "../../peer/control.ts";
import { sccrq, typed } from "../../peer/lac.ts";

const MOVED: Path = { ...PATH, peerPort: 40_000 };

/** An established tunnel with a session up; nothing is on its way. */
function established(options: ConstructorParameters<typeof Talk>[0] = {}): Talk {
  const talk = new Talk(options).establish();
  talk.upSession(1);
  talk.ack();
  talk.takeEvents();
  return talk;
}

function dropped(talk: Talk, datagram: Uint8Array, path: Path): void {
  const before = talk.lns.counters["wrong-peer"];
  assert.deepEqual(talk.deliver(datagram, path), []);
  assert.equal(talk.lns.counters["wrong-peer"], before + 1);
  assert.equal(talk.lns.counters["followed-port"], 0);
  assert.deepEqual(talk.takeEvents(), []);
  for (const { path: at } of talk.lns.tunnels()) assert.deepEqual(at, PATH);
}

describe("the next control message from another port", () => {
  test("moves the tunnel: event first, then answers and all that follows go there", () => {
    const talk = established();
    talk.path = MOVED;
    const out = talk.say(talk.icrq(2));
    assert.deepEqual(names(out), ["ICRP"]);
    assert.deepEqual(out[0]?.path, MOVED);
    const [moved, open, ...rest] = talk.events.splice(0);
    assert.deepEqual(rest, []);
    assert.ok(moved?.type === "tunnel-moved" && open?.type === "session-open");
    assert.deepEqual([moved.path, moved.from], [MOVED, PATH]);
    assert.deepEqual([moved.tunnel.tunnelId, moved.tunnel.path], [talk.tunnelId, MOVED]);
    assert.deepEqual(open.session.path, MOVED);
    for (const { path } of [...talk.lns.tunnels(), ...talk.lns.sessions()]) {
      assert.deepEqual(path, MOVED);
    }
    assert.equal(talk.lns.counters["followed-port"], 1);
    assert.equal(talk.lns.counters["wrong-peer"], 0);
    talk.lns.closeTunnel(talk.tunnelId, { code: 1 }, talk.now);
    for (const { path } of [...talk.drain(), ...talk.pass(60_000)]) assert.deepEqual(path, MOVED);
  });

  test("moves it as a HELLO, a CDN and a StopCCN do, with an Nr that acknowledges or not", () => {
    for (const acknowledges of [0, 1]) {
      for (const what of ["HELLO", "CDN", "StopCCN"] as const) {
        const talk = established();
        talk.lns.closeSession(
          talk.tunnelId,
          [...talk.lns.sessions()][0]?.sessionId ?? 0,
          { code: 3 },
          talk.now,
        );
        talk.drain();
        talk.takeEvents();
        const avps = { HELLO: typed("HELLO"), CDN: talk.cdn(1), StopCCN: talk.stopCcn() }[what];
        talk.path = MOVED;
        talk.say(avps, { nr: talk.nr - 1 + acknowledges });
        assert.equal(talk.takeEvents()[0], "tunnel-moved", what);
        for (const { path } of talk.pass(1_000)) assert.deepEqual(path, MOVED);
      }
    }
  });

  test("has what was not acknowledged sent to the new port at once, and its whole time there", () => {
    const talk = established();
    talk.lns.closeSession(
      talk.tunnelId,
      [...talk.lns.sessions()][0]?.sessionId ?? 0,
      { code: 3 },
      talk.now,
    );
    assert.deepEqual(names(talk.drain()), ["CDN"]);
    const before = names(talk.pass(25_000));
    assert.ok(before.length >= 4 && before.every((name) => name === "CDN"), before.join());
    talk.path = MOVED;
    const [again, ...rest] = talk.say(typed("HELLO"), { nr: talk.nr - 1 });
    assert.deepEqual([again?.path, names(again === undefined ? [] : [again])], [MOVED, ["CDN"]]);
    assert.deepEqual(rest, []);
    talk.pass(20_000);
    assert.equal([...talk.lns.tunnels()].length, 1, "it is not given up for what the old port got");
    talk.ack();
    talk.pass(40_000);
    assert.equal([...talk.lns.tunnels()].length, 1);
  });

  test("moves it back and forth: each time the next message", () => {
    const talk = established();
    for (const peerPort of [2, 3, 2, 1_701, 4]) {
      talk.path = { ...PATH, peerPort };
      talk.say(typed("HELLO"));
      assert.deepEqual(talk.takeEvents(), ["tunnel-moved"]);
      assert.deepEqual(names(talk.pass(100)), ["ZLB"]);
    }
    assert.equal(talk.lns.counters["followed-port"], 5);
  });

  test("the old port is a wrong peer from then on, and a repeated SCCRQ finds the new one", () => {
    const talk = established();
    talk.path = MOVED;
    talk.say(typed("HELLO"));
    talk.takeEvents();
    const old = talk.build(talk.stopCcn(), { ns: talk.ns - 1 });
    assert.deepEqual(talk.deliver(old, PATH), []);
    assert.equal(talk.lns.counters["wrong-peer"], 1);
    const start = { tunnelId: 0, ns: 0, nr: 0 };
    talk.say(sccrq(talk.ownId), start);
    assert.equal(talk.lns.counters["duplicate-sccrq"], 1);
    // At the old port the same id asks for another tunnel.
    assert.deepEqual(names(talk.say(sccrq(talk.ownId), { ...start, path: PATH })), ["SCCRP"]);
    assert.equal([...talk.lns.tunnels()].length, 2);
  });

  test("two tunnels whose ports are exchanged by a NAT are both followed", () => {
    const a = established();
    const b = new Talk(a.lns);
    b.path = MOVED;
    b.establish();
    a.events.push(...b.events.splice(0));
    [a.path, b.path] = [MOVED, PATH];
    for (const talk of [a, b]) talk.say(typed("HELLO"));
    const paths = [...a.lns.tunnels()].map(({ tunnelId, path }) => [tunnelId, path.peerPort]);
    assert.deepEqual(paths, [
      [a.tunnelId, MOVED.peerPort],
      [b.tunnelId, PATH.peerPort],
    ]);
    for (const talk of [a, b]) talk.say(talk.stopCcn());
    a.pass(TUNNEL_LINGER_MS);
    assert.equal(a.lns.pollTimeout(), Infinity);
  });
});

describe("is dropped, has no answer and moves nothing", () => {
  test("a changed address of the peer or of ours", () => {
    const talk = established();
    for (const path of [
      { ...MOVED, peer: "203.0.113.66" },
      { ...PATH, peer: "203.0.113.66" },
      { ...PATH, local: "198.51.100.2" },
      { ...MOVED, local: "198.51.100.2" },
    ]) {
      dropped(talk, talk.build(typed("HELLO")), path);
    }
  });

  test("a ZLB, a repetition, a message ahead of its turn", () => {
    const talk = established();
    dropped(talk, talk.build([]), MOVED);
    for (const ns of [talk.ns - 1, 0, talk.ns + 1, talk.ns + 15, 0xffff, talk.ns + 0x8000]) {
      dropped(talk, talk.build(typed("HELLO"), { ns: ns & 0xffff }), MOVED);
    }
  });

  test("an Nr outside our window", () => {
    const talk = established();
    for (const nr of [talk.nr - 1, talk.nr + 1, talk.nr + 0x8000, 0, 0xffff]) {
      dropped(talk, talk.build(typed("HELLO"), { nr: nr & 0xffff }), MOVED);
    }
  });

  test("anything for a tunnel that is half-open, stopping or lingering", () => {
    const half = new Talk();
    half.request();
    half.ack();
    dropped(half, half.build(typed("SCCCN")), MOVED);
    const stopping = established();
    stopping.lns.closeTunnel(stopping.tunnelId, { code: 1 }, stopping.now);
    stopping.drain();
    stopping.takeEvents();
    dropped(stopping, stopping.build(stopping.stopCcn(), { nr: stopping.nr - 1 }), MOVED);
    const lingering = established();
    lingering.say(lingering.stopCcn());
    lingering.takeEvents();
    dropped(lingering, lingering.build(typed("HELLO")), MOVED);
  });

  test("anything with followPort off", () => {
    const talk = established({ followPort: false });
    dropped(talk, talk.build(typed("HELLO")), MOVED);
    talk.say(typed("HELLO"));
    assert.deepEqual(talk.takeEvents(), []);
    assert.equal(talk.lns.counters["wrong-peer"], 1);
  });

  test("what has no well-formed message", () => {
    const talk = established();
    const datagram = talk.build(typed("HELLO"));
    datagram[13] = 0xff;
    assert.deepEqual(talk.deliver(datagram, MOVED), []);
    assert.equal(talk.lns.counters["followed-port"], 0);
    assert.equal(talk.lns.counters["malformed-avp-length"], 1);
  });
});
