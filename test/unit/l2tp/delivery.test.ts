/** Reliable delivery as a peer sees it (RFC 2661 5.8): duplicates, order, wrong peers, wrap. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RECEIVE_WINDOW, UNPROVEN_MEMORY_MS } from "../../../src/limits.ts";
import { names, PATH, Talk } from "../../peer/control.ts";
import { sccrq, typed } from "../../peer/lac.ts";

test("appendix B.1: lock-step set-up", () => {
  const talk = new Talk();
  const [sccrp] = talk.request();
  assert.deepEqual([sccrp?.name, sccrp?.message.ns, sccrp?.message.nr], ["SCCRP", 0, 1]);
  talk.say(typed("SCCCN"));
  const [zlb] = talk.pass(100);
  assert.deepEqual([zlb?.name, zlb?.message.ns, zlb?.message.nr], ["ZLB", 1, 2]);
});

test("appendix B.2: a lost ICRP", () => {
  const talk = new Talk().establish();
  const [icrp] = talk.say(talk.icrq(1));
  assert.deepEqual([icrp?.name, icrp?.message.ns, icrp?.message.nr], ["ICRP", 1, 3]);
  talk.now += 900;
  const [zlb] = talk.say(talk.icrq(1), { ns: 2, nr: 1 });
  assert.deepEqual([zlb?.name, zlb?.message.ns, zlb?.message.nr], ["ZLB", 2, 3]);
  const [again] = talk.pass(100);
  assert.deepEqual([again?.name, again?.message.ns, again?.message.nr], ["ICRP", 1, 3]);
  assert.equal([...talk.lns.sessions()].length, 1);
  assert.equal(talk.lns.counters.duplicate, 1);
});

test("a repeated SCCRQ makes no second tunnel and is acknowledged, before and after SCCCN", () => {
  const talk = new Talk();
  talk.request();
  const repeat = () => talk.request().map(({ name, message }) => [name, message.nr]);
  talk.ns = 0;
  assert.deepEqual(repeat(), [["SCCRP", 1]], "nothing else before it is acknowledged");
  talk.ns = 1;
  talk.say(typed("SCCCN"));
  talk.ns = 0;
  assert.deepEqual(repeat(), [["ZLB", 2]]);
  assert.equal([...talk.lns.tunnels()].length, 1);
  assert.deepEqual(talk.takeEvents(), ["tunnel-up"]);
  assert.equal(talk.lns.counters["duplicate-sccrq"], 2);
});

test("the same id from another port or to another address of ours is another tunnel", () => {
  const talk = new Talk();
  talk.request();
  for (const path of [
    { ...PATH, peerPort: 40_000 },
    { ...PATH, local: "198.51.100.2" },
  ]) {
    const other = new Talk(talk.lns);
    other.path = path;
    const [reply] = other.request();
    assert.equal(reply?.name, "SCCRP");
    assert.deepEqual(reply.path, path);
  }
  assert.equal([...talk.lns.tunnels()].length, 3);
});

test("what does not come from the tunnel's path is dropped and counted", () => {
  const talk = new Talk({ followPort: false }).establish();
  const { ns } = talk;
  for (const path of [
    { ...PATH, peer: "203.0.113.66" },
    { ...PATH, peerPort: 1_702 },
    { ...PATH, local: "198.51.100.2" },
  ]) {
    assert.deepEqual(talk.say(talk.stopCcn(), { ns, path }), []);
    assert.deepEqual(talk.say([], { nr: 1, path }), []);
  }
  assert.equal(talk.lns.counters["wrong-peer"], 6);
  assert.equal([...talk.lns.tunnels()].length, 1);
  assert.deepEqual(names(talk.say(talk.stopCcn())), ["ZLB"]);
});

test("messages for no tunnel have no answer", () => {
  const talk = new Talk();
  for (const tunnelId of [0, 4_711]) {
    for (const avps of [[], typed("SCCCN"), typed("HELLO"), talk.icrq(1), talk.stopCcn()]) {
      assert.deepEqual(talk.say(avps, { tunnelId }), []);
    }
  }
  assert.equal(talk.lns.counters["unknown-tunnel"], 10);
  talk.ns = 0;
  const known = new Talk(talk.lns).establish();
  const other = { tunnelId: known.tunnelId ^ 1, ns: known.ns };
  assert.deepEqual(known.say(known.stopCcn(), other), []);
  assert.equal([...talk.lns.tunnels()].length, 1);
  assert.equal(talk.lns.counters["unknown-tunnel"], 11);
  known.say(known.stopCcn());
  known.pass(60_000);
  assert.deepEqual(talk.say(typed("SCCRQ"), { tunnelId: 4_711 }), []);
  assert.equal(talk.lns.counters["unknown-tunnel"], 12);
  assert.equal(talk.lns.pollTimeout(), Infinity);
});

test("an SCCRP that nobody asked for gets a StopCCN in its own numbers", () => {
  const talk = new Talk();
  const sccrp = typed("SCCRP", ...sccrq(55).slice(1));
  const [out] = talk.say(sccrp, { tunnelId: 4_711, ns: 3, nr: 8 });
  assert.equal(out?.name, "StopCCN");
  const { tunnelId, ns, nr } = out.message;
  assert.deepEqual([tunnelId, ns, nr], [55, 8, 4]);
  talk.pass(UNPROVEN_MEMORY_MS);
  assert.equal(talk.lns.pollTimeout(), Infinity);
});

test("an SCCRQ whose Nr is not 0 is taken and counted", () => {
  const talk = new Talk();
  talk.nr = 4;
  assert.deepEqual(names(talk.request()), ["SCCRP"]);
  assert.equal(talk.lns.counters["nr-never-sent"], 1);
});

test("messages ahead of their turn, inside the window, are delivered in order", () => {
  const talk = new Talk().establish();
  const count = RECEIVE_WINDOW;
  const datagrams = Array.from({ length: count }, (_, i) =>
    talk.build(talk.icrq(i + 1), { ns: talk.ns + i }),
  );
  for (const datagram of datagrams.slice(1).reverse()) talk.deliver(datagram);
  assert.equal([...talk.lns.sessions()].length, 0);
  assert.equal(talk.lns.counters.early, count - 1);
  const [first] = datagrams;
  assert.ok(first !== undefined);
  const out = talk.deliver(first);
  assert.equal(out[0]?.message.nr, talk.ns + count);
  assert.deepEqual(
    [...talk.lns.sessions()].map(({ peerSessionId }) => peerSessionId),
    Array.from({ length: count }, (_, i) => i + 1),
  );
});

test("a message past the window is dropped and counted, and taken in its turn", () => {
  const talk = new Talk().establish();
  const { ns } = talk;
  talk.say(talk.icrq(99), { ns: ns + RECEIVE_WINDOW });
  talk.say(talk.icrq(98), { ns: ns + 20_000 });
  assert.equal(talk.lns.counters["out-of-window"], 2);
  for (let id = 1; id <= RECEIVE_WINDOW; id++) talk.say(talk.icrq(id));
  assert.equal([...talk.lns.sessions()].length, RECEIVE_WINDOW);
  talk.say(talk.icrq(99));
  assert.equal([...talk.lns.sessions()].length, RECEIVE_WINDOW + 1);
});

test("an early StopCCN waits for what comes before it", () => {
  const talk = new Talk().establish();
  const { ns } = talk;
  talk.takeEvents();
  assert.deepEqual(talk.say(talk.stopCcn(), { ns: ns + 1 }), []);
  assert.deepEqual(talk.takeEvents(), []);
  talk.say(talk.icrq(1), { ns });
  assert.deepEqual(talk.takeEvents(), ["session-open", "session-down", "tunnel-down"]);
});

test("a wrong Nr is counted, and the message it came with is taken", () => {
  const talk = new Talk().establish();
  talk.say(talk.icrq(1), { nr: 500 });
  assert.equal(talk.lns.counters["nr-never-sent"], 1);
  assert.equal([...talk.lns.sessions()].length, 1);
  talk.say([], { nr: 3 });
  assert.equal(talk.lns.counters["nr-never-sent"], 2);
  talk.say([], { nr: 0 });
  assert.equal(talk.lns.counters["nr-never-sent"], 2, "an old Nr is not wrong");
});

test("Ns and Nr wrap: 70,000 messages each way through one tunnel", () => {
  const talk = new Talk({ helloInterval: 0, maxSessions: 1 }).establish();
  const events = { open: 0, down: 0 };
  for (let i = 0; i < 70_000; i++) {
    talk.now += 5;
    talk.say(talk.icrq(1));
    talk.now += 5;
    talk.say(talk.cdn(1), { sessionId: 0 });
    for (const { type } of talk.events.splice(0)) {
      if (type === "session-open") events.open += 1;
      if (type === "session-down") events.down += 1;
    }
    talk.sent.length = 0;
  }
  const refused = talk.lns.counters["refused-sessions"];
  assert.equal(events.open + refused, 70_000);
  assert.equal(events.open, events.down);
  assert.equal(talk.lns.counters.duplicate, 0);
  assert.equal(talk.ns, (2 + 140_000) & 0xffff);
  assert.equal([...talk.lns.tunnels()].length, 1);
});

test("every answer goes to the tunnel's path", () => {
  const talk = new Talk();
  talk.path = { peer: "2001:db8::7", peerPort: 51_701, local: "2001:db8::1" };
  talk.establish().upSession(4);
  talk.pass(200_000);
  assert.ok(talk.sent.length > 5);
  for (const { path } of talk.sent) assert.deepEqual(path, talk.path);
});
