import assert from "node:assert/strict";
import { test } from "node:test";
import { LCP } from "../../peer/ppp.ts";
import { Bench, brief, MAGIC } from "../../peer/ppp-bench.ts";
import { Conversation } from "../../peer/ppp-conversation.ts";

test("our Close sends Terminate-Request, and the Ack ends the link", () => {
  const bench = new Bench();
  bench.toOpened();
  bench.link.close(bench.now);
  const [request, ...rest] = bench.drain();
  assert.deepEqual([request?.protocol, request?.code, rest.length], [LCP, 5, 0]);
  assert.equal(bench.link.phase, "terminate");
  assert.deepEqual(bench.kinds.slice(-1), ["network-down"]);
  bench.say(LCP, 6, request?.identifier ?? 0);
  assert.deepEqual(bench.kinds.slice(-1), ["down local"]);
  assert.equal(bench.link.pollTimeout(), Infinity);
});

test("our Terminate-Request says why, each time that it is sent", () => {
  const bench = new Bench({ authMethods: ["pap"] });
  bench.establish();
  bench.pap(1);
  const refused = [...bench.answer({ ok: false, message: "no" }), ...bench.advance(60_000)];
  const goodbyes = refused.filter(({ protocol, code }) => protocol === LCP && code === 5);
  assert.deepEqual(
    goodbyes.map(({ data }) => data.toString()),
    ["Authentication failed", "Authentication failed"],
  );
  const closed = new Bench();
  closed.toOpened();
  closed.link.close(0);
  assert.equal(closed.drain()[0]?.data.toString(), "Closed by the server");
});

test("two Terminate-Requests without an Ack are enough", () => {
  const bench = new Bench();
  bench.toOpened();
  bench.link.close(bench.now);
  const sent = [...bench.drain(), ...bench.advance(60_000)];
  assert.deepEqual(
    sent.map(({ code, at }) => [code, at]),
    [
      [5, 0],
      [5, 3_000],
    ],
  );
  assert.deepEqual(bench.kinds.slice(-1), ["down local"]);
});

for (const place of ["establish", "authenticate"] as const) {
  test(`Close in ${place} ends the link`, () => {
    const bench = new Bench();
    if (place === "establish") bench.open();
    else bench.establish();
    bench.link.close(bench.now);
    assert.deepEqual(brief(bench.drain()), ["LCP 5"]);
    bench.say(LCP, 6, 1);
    assert.deepEqual(bench.kinds, ["down local"]);
  });
}

test("Close before Open ends the link at once, and it stays ended", () => {
  const bench = new Bench();
  bench.link.close(0);
  bench.link.close(0);
  assert.deepEqual(bench.open(), []);
  assert.deepEqual(bench.kinds, ["down local"]);
});

test("Open a second time changes nothing", () => {
  const bench = new Bench();
  bench.toOpened();
  bench.link.open(bench.now);
  assert.deepEqual(bench.drain(), []);
  assert.deepEqual(bench.link.counters, {});
  assert.equal(bench.link.phase, "network");
});

test("the peer's Terminate-Request is acknowledged each time, down one restart later", () => {
  const bench = new Bench();
  bench.toOpened();
  const [ack] = bench.say(LCP, 5, 42, [1, 2, 3]);
  assert.deepEqual([ack?.code, ack?.identifier, ...(ack?.data ?? [])], [6, 42, 1, 2, 3]);
  assert.deepEqual(bench.kinds.slice(-1), ["network-down"]);
  assert.equal(bench.link.phase, "terminate");
  bench.advance(2_000);
  assert.equal(bench.say(LCP, 5, 43)[0]?.code, 6);
  bench.advance(999);
  assert.deepEqual(bench.kinds.slice(-1), ["network-down"], "not before (RFC 1661 3.7)");
  bench.advance(1);
  assert.deepEqual(bench.kinds.slice(-1), ["down peer"]);
});

for (const [place, reach] of [
  ["establish", (bench: Bench) => void bench.open()],
  ["authenticate", (bench: Bench) => void bench.establish()],
  ["network", (bench: Bench) => void bench.toNetwork()],
  ["terminate", (bench: Bench) => bench.toOpened() && bench.link.close(bench.now)],
] as const) {
  test(`the peer's Terminate-Request in ${place} is acknowledged, and the link ends`, () => {
    const bench = new Bench();
    reach(bench);
    bench.drain();
    const [ack, ...rest] = bench.say(LCP, 5, 42, [7, 8]);
    assert.deepEqual([ack?.protocol, ack?.code, ack?.identifier], [LCP, 6, 42]);
    assert.deepEqual([...(ack?.data ?? []), rest.length], [7, 8, 0]);
    bench.advance(60_000);
    const ends = bench.kinds.filter((kind) => kind.startsWith("down"));
    assert.deepEqual(ends, [place === "terminate" ? "down local" : "down peer"]);
    assert.equal(bench.link.phase, "dead");
  });
}

test("Terminate-Requests that cross", () => {
  const bench = new Bench();
  bench.toOpened();
  bench.link.close(bench.now);
  bench.drain();
  assert.deepEqual(brief(bench.say(LCP, 5, 1)), ["LCP 6"]);
  bench.say(LCP, 6, 1);
  assert.deepEqual(bench.kinds.slice(-2), ["network-down", "down local"]);
});

test("a peer that gives up in Establish phase is the reason when nothing more comes", () => {
  const bench = new Bench();
  bench.open();
  assert.deepEqual(brief(bench.say(LCP, 5, 1)), ["LCP 6"]);
  bench.advance(60_000);
  assert.deepEqual(bench.kinds, ["down peer"]);
});

test("a peer that comes back after Terminate-Request in Establish phase is heard", () => {
  const bench = new Bench();
  bench.open();
  bench.say(LCP, 5, 1);
  bench.ask(LCP, 2, [MAGIC]);
  assert.equal(bench.link.phase, "establish");
  bench.advance(60_000);
  assert.deepEqual(bench.kinds, ["down negotiation"], "it did not hang up, it fell silent");
});

test("the first reason to end the link is the one that is told", () => {
  const bench = new Bench({ authMethods: ["pap"] });
  bench.establish();
  bench.pap(1);
  bench.answer({ ok: false, message: "" });
  bench.link.close(bench.now);
  bench.say(LCP, 5, 1);
  bench.advance(10_000);
  assert.deepEqual(bench.kinds, ["authenticate", "down authentication"]);
});

test("a Configure-Request in Terminate phase restarts nothing", () => {
  for (const end of ["local", "peer"] as const) {
    const bench = new Bench();
    bench.toOpened();
    if (end === "local") bench.link.close(bench.now);
    else bench.say(LCP, 5, 1);
    bench.drain();
    assert.deepEqual(bench.ask(LCP, 2, [MAGIC]), []);
    bench.advance(60_000);
    assert.deepEqual(bench.kinds.slice(-1), [`down ${end}`]);
  }
});

test("after the end nothing is sent, told or awaited any more", () => {
  const bench = new Bench();
  bench.toOpened();
  bench.link.close(bench.now);
  bench.advance(10_000);
  const told = bench.events.length;
  for (const code of [1, 5, 9]) assert.deepEqual(bench.say(LCP, code, 1, [0, 0, 0, 0]), []);
  bench.link.close(bench.now);
  bench.link.handleTimeout(bench.now + 1e9);
  assert.deepEqual(bench.drain(), []);
  assert.equal(bench.events.length, told);
  assert.equal(bench.link.pollTimeout(), Infinity);
});

test("hang-up from either side of a whole conversation", () => {
  const ours = new Conversation().open().run(1_000);
  ours.link.close(ours.now);
  ours.run(1_000);
  assert.ok(ours.peer.isTerminated);
  assert.deepEqual(ours.kinds, ["authenticate", "network-up", "network-down", "down local"]);
  const theirs = new Conversation().open().run(1_000);
  theirs.peer.send(LCP, 5, 200);
  theirs.run(5_000);
  assert.deepEqual(theirs.kinds, ["authenticate", "network-up", "network-down", "down peer"]);
  assert.equal(theirs.peer.heard.at(-1)?.code, 6);
});

test("a timeout that is not due does nothing, one that is late does its work once", () => {
  const bench = new Bench();
  bench.open();
  bench.link.handleTimeout(499);
  assert.deepEqual(bench.drain(), []);
  bench.link.handleTimeout(50_000);
  assert.equal(bench.drain().length, 1);
  assert.equal(bench.link.pollTimeout(), 51_000);
});
