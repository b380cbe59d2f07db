import assert from "node:assert/strict";
import { test } from "node:test";
import { CHAP, decodeOptions, encodeOptions, IPCP, LCP, type OptionList } from "../../peer/ppp.ts";
import { Bench, brief, MAGIC } from "../../peer/ppp-bench.ts";

test("a Configure-Request goes out ten times, soon at first, then the link is down", () => {
  const bench = new Bench();
  const sent = [...bench.open(), ...bench.advance(60_000)];
  assert.deepEqual(
    sent.map(({ at }) => at),
    [0, 0.5, 1.5, 3.5, 6.5, 9.5, 12.5, 15.5, 18.5, 21.5].map((seconds) => seconds * 1000),
  );
  assert.equal(new Set(sent.map(({ identifier }) => identifier)).size, 1);
  assert.equal(new Set(sent.map(({ data }) => data.toString("hex"))).size, 1);
  assert.deepEqual(bench.kinds, ["down negotiation"]);
  assert.equal(bench.link.phase, "dead");
  assert.equal(bench.link.pollTimeout(), Infinity);
});

test("an Ack to a retransmission still counts, and the next request has a new Identifier", () => {
  const bench = new Bench();
  const [first] = bench.open();
  bench.advance(3_000);
  assert.deepEqual(bench.ack(LCP), []);
  const [next] = bench.advance(3_000);
  assert.equal(next?.identifier, ((first?.identifier ?? 0) + 1) & 0xff);
});

test("after an Ack the time between requests begins small again (RFC 1661 4.4, irc)", () => {
  const bench = new Bench();
  bench.open();
  bench.advance(8_000);
  bench.ack(LCP);
  const times = bench.advance(8_000).map(({ at }) => at);
  assert.deepEqual(times, [9_500, 10_000, 11_000, 13_000, 16_000]);
});

test("with a lower MRU of ours the default is still taken (RFC 1661 6.1)", () => {
  const bench = new Bench({ mru: 1400 });
  bench.toNetwork();
  assert.equal(brief(bench.say(LCP, 5, 1, new Uint8Array(1496)))[0], "LCP 6");
});

test("of an option that is Nak'ed twice in one packet one value is asked for (RFC 1661 5.3)", () => {
  const bench = new Bench({ mru: 1400 });
  bench.open();
  const twice = [
    [1, 4, 0xb0],
    [1, 4, 0x60],
  ] as const;
  bench.refuse(LCP, 3, twice);
  const options = decodeOptions(bench.requests.get(LCP)?.data ?? Buffer.of());
  assert.deepEqual(
    options.filter(([type]) => type === 1),
    [twice[1]],
  );
});

test("stale, foreign and altered replies do not move the automaton", () => {
  const bench = new Bench();
  const [request] = bench.open();
  assert.ok(request);
  const altered = Buffer.from(request.data);
  altered[2] = 0xff;
  bench.say(LCP, 2, request.identifier + 1, request.data);
  bench.say(LCP, 2, request.identifier, altered);
  bench.say(LCP, 2, request.identifier, request.data.subarray(0, -6));
  bench.say(LCP, 3, request.identifier + 1, encodeOptions([[1, 2, 3]]));
  assert.equal(bench.link.counters["stale-reply"], 4);
  bench.say(LCP, 3, request.identifier, []);
  bench.say(LCP, 4, request.identifier, []);
  bench.say(LCP, 4, request.identifier, encodeOptions([[5, 9, 9, 9, 9]]));
  assert.equal(bench.link.counters["malformed-packet"], 3);
  bench.ask(LCP, 1, [MAGIC]);
  assert.deepEqual(brief(bench.ack(LCP)), ["CHAP 1"], "the true Ack opens the link");
});

test("a second reply to one request is discarded: no crossed connection by repetition", () => {
  const bench = new Bench();
  bench.open();
  const [request] = [...bench.requests.values()];
  assert.ok(request);
  bench.ask(LCP, 1, [MAGIC]);
  bench.ack(LCP);
  assert.deepEqual(bench.say(LCP, 2, request.identifier, request.data), []);
  assert.deepEqual(bench.refuse(LCP, 4, [[3, 0xc2, 0x23, 5]]), []);
  assert.equal(bench.link.phase, "authenticate");
});

test("padding after Length is ignored, a wrong Length discards the packet", () => {
  const bench = new Bench();
  bench.open();
  const good = [1, 7, 0, 10, ...encodeOptions([MAGIC])];
  for (const bad of [[], [1], [1, 7, 0], [1, 7, 0, 3], [1, 7, 0, 11, ...good.slice(4)]]) {
    assert.deepEqual(bench.sayRaw(LCP, bad), []);
  }
  assert.equal(bench.link.counters["malformed-packet"], 5);
  const [ack] = bench.sayRaw(LCP, [...good, 0xde, 0xad]);
  assert.equal(ack?.code, 2);
  assert.equal(ack?.identifier, 7);
  assert.deepEqual([...(ack?.data ?? [])], good.slice(4));
});

test("a packet over our MRU is discarded", () => {
  const bench = new Bench();
  bench.toNetwork();
  assert.deepEqual(bench.say(LCP, 5, 1, new Uint8Array(1497)), []);
  assert.equal(bench.link.counters["malformed-packet"], 1);
  assert.equal(brief(bench.say(LCP, 5, 1, new Uint8Array(1496)))[0], "LCP 6");
});

test("one bad option length discards the whole Configure-Request", () => {
  const bench = new Bench();
  bench.open();
  for (const tail of [[7], [7, 0], [7, 1], [7, 3], [1, 4, 5], [7, 1, 4, 5, 0xdc]]) {
    assert.deepEqual(bench.say(LCP, 1, 1, [...encodeOptions([MAGIC]), ...tail]), []);
  }
  assert.equal(bench.link.counters["malformed-packet"], 6);
  assert.equal(bench.link.phase, "establish");
});

test("Reject goes before Nak before Ack, each with only its options and in their order", () => {
  const bench = new Bench();
  bench.open();
  const callback = [13, 6] as const;
  const quality = [4, 0xc0, 0x25, 0, 0, 0, 0] as const;
  const small = [1, 0, 64] as const;
  const [reject] = bench.ask(LCP, 1, [callback, small, MAGIC, quality]);
  assert.equal(reject?.code, 4);
  assert.deepEqual(decodeOptions(reject?.data ?? Buffer.of()), [callback, quality]);
  const [nak] = bench.ask(LCP, 2, [MAGIC, small]);
  assert.equal(nak?.code, 3);
  assert.deepEqual(decodeOptions(nak?.data ?? Buffer.of()), [[1, 0, 128]]);
  const unsorted = [[8], [7], MAGIC, [2, 0, 0, 0, 0], [1, 5, 0xd4]] as const;
  const [ack] = bench.ask(LCP, 3, unsorted);
  assert.equal(ack?.code, 2);
  assert.deepEqual(decodeOptions(ack?.data ?? Buffer.of()), unsorted);
});

test("a second instance of an option is rejected", () => {
  const bench = new Bench();
  bench.open();
  const [reject] = bench.ask(LCP, 1, [MAGIC, [1, 5, 0xd4], [1, 5, 0xd0]]);
  assert.equal(reject?.code, 4);
  assert.deepEqual(decodeOptions(reject?.data ?? Buffer.of()), [[1, 5, 0xd0]]);
});

test("after five Naks the sixth is a Reject; an Ack starts the count again", () => {
  const bench = new Bench();
  bench.open();
  const codes = [1, 2, 3, 4, 5, 6].map((id) => bench.ask(LCP, id, [MAGIC, [1, 0, 1]])[0]);
  assert.deepEqual(
    codes.map((answer) => answer?.code),
    [3, 3, 3, 3, 3, 4],
  );
  assert.deepEqual(decodeOptions(codes[5]?.data ?? Buffer.of()), [[1, 0, 1]]);
  const mixed = [[1, 0, 1], MAGIC, [13, 6], [2, 7]] as const;
  const [reject] = bench.ask(LCP, 20, mixed);
  assert.equal(reject?.code, 4);
  assert.deepEqual(decodeOptions(reject?.data ?? Buffer.of()), [
    [1, 0, 1],
    [13, 6],
    [2, 7],
  ]);
  assert.equal(bench.ask(LCP, 7, [MAGIC])[0]?.code, 2);
  assert.equal(bench.ask(LCP, 8, [MAGIC, [1, 0, 1]])[0]?.code, 3);
});

test("a Configure-Request full of options is answered in whole, in its order, in no time", () => {
  const bench = new Bench();
  bench.open();
  const many: OptionList = Array.from({ length: 700 }, (_, at) => [100 + (at % 100)]);
  for (let turn = 1; turn <= 6; turn++) {
    // Six times over, so that Max-Failure is passed too.
    const [reject] = bench.ask(LCP, turn, [[1, 0, 1], ...many]);
    assert.equal(reject?.code, 4);
    assert.deepEqual(decodeOptions(reject?.data ?? Buffer.of()), many);
  }
  for (let turn = 7; turn <= 11; turn++) bench.ask(LCP, turn, [[1, 0, 1]]);
  const [last] = bench.ask(LCP, 12, [many[0] ?? [100], [1, 0, 1], many[1] ?? [101]]);
  assert.deepEqual(decodeOptions(last?.data ?? Buffer.of()), [[100], [1, 0, 1], [101]]);
});

test("a MRU above all that we send is acknowledged, and an Echo-Reply stays what was asked", () => {
  const bench = new Bench();
  bench.establish([MAGIC, [1, 0xff, 0xff]]);
  assert.equal(bench.link.phase, "authenticate");
  assert.equal(bench.say(LCP, 9, 1, new Uint8Array(1400))[0]?.data.length, 1400);
});

test("a peer that negotiates for ever is shown the door", () => {
  const bench = new Bench();
  bench.open();
  let turns = 0;
  while (bench.link.phase === "establish" && turns < 1_000) {
    turns += 1;
    bench.ask(LCP, turns & 0xff, [[13, turns & 0xff]]);
  }
  assert.equal(turns, 65);
  bench.advance(10_000);
  assert.deepEqual(bench.kinds, ["down negotiation"]);
});

test("a peer that acknowledges for ever but never asks is shown the door too", () => {
  const bench = new Bench();
  bench.open();
  for (let turn = 0; turn < 100 && bench.link.phase === "establish"; turn++) {
    bench.ack(LCP);
    bench.advance(3_000);
  }
  bench.advance(10_000);
  assert.deepEqual(bench.kinds, ["down negotiation"]);
});

test("an unknown code is answered with Code-Reject, cut to the peer's MRU", () => {
  const bench = new Bench();
  bench.open();
  const [early] = bench.say(LCP, 14, 9, [1, 2, 3]);
  assert.equal(early?.code, 7);
  assert.deepEqual([...(early?.data ?? [])], [14, 9, 0, 7, 1, 2, 3]);
  const [second] = bench.say(LCP, 0, 9, []);
  assert.notEqual(second?.identifier, early?.identifier, "RFC 1661 5.6");

  const narrow = new Bench();
  narrow.toNetwork([MAGIC, [1, 0, 200]]);
  const [cut] = narrow.say(LCP, 99, 1, new Uint8Array(1000));
  assert.equal(cut?.data.length, 196);
  const [ipcp] = narrow.say(IPCP, 9, 1, new Uint8Array(1000));
  assert.equal(ipcp?.protocol, IPCP, "an Echo-Request is none of IPCP's codes");
  assert.equal(ipcp?.code, 7);
  assert.equal(ipcp?.data.length, 196);
});

test("Code-Reject of a fundamental code ends the link, of another it does not", () => {
  for (const code of [1, 2, 3, 4, 5, 6, 7]) {
    const bench = new Bench();
    bench.open();
    bench.say(LCP, 7, 1, [code, 1, 0, 4]);
    assert.deepEqual(bench.kinds, ["down negotiation"], `code ${code}`);
  }
  const bench = new Bench();
  bench.open();
  bench.say(LCP, 7, 1, [12, 1, 0, 4]);
  bench.say(LCP, 7, 1, []);
  assert.equal(bench.link.phase, "establish");
  bench.ask(LCP, 1, [MAGIC]);
  assert.deepEqual(brief(bench.ack(LCP)), ["CHAP 1"]);
  bench.say(LCP, 7, 2, [2, 1, 0, 4]);
  assert.equal(bench.link.phase, "terminate", "RXJ- in Opened sends Terminate-Request");
});

test("Terminate-Ack in Opened starts negotiation over", () => {
  const bench = new Bench();
  bench.toOpened();
  assert.deepEqual(brief(bench.say(LCP, 6, 1)), ["LCP 1"]);
  assert.equal(bench.link.phase, "establish");
  assert.deepEqual(bench.kinds.slice(-1), ["network-down"]);
});

test("what the peer could receive before a renegotiation does not count in it", () => {
  const bench = new Bench();
  bench.toNetwork([MAGIC, [1, 0, 128]]);
  bench.say(LCP, 6, 1);
  const [reject] = bench.say(LCP, 99, 1, new Uint8Array(1000));
  assert.equal(reject?.data.length, 1004);
});

test("Configure-Request in Opened starts negotiation over and authenticates anew", () => {
  const bench = new Bench();
  bench.toOpened();
  assert.deepEqual(brief(bench.ask(LCP, 9, [MAGIC])), ["LCP 1", "LCP 2"]);
  assert.equal(bench.link.phase, "establish");
  assert.equal(bench.link.user, "");
  assert.deepEqual(bench.kinds, ["authenticate", "network-up", "network-down"]);
  const [challenge] = bench.ack(LCP);
  assert.equal(challenge?.protocol, CHAP);
  assert.deepEqual(bench.ask(IPCP, 1, [[3, 10, 64, 0, 7]]), [], "no IPCP before it has passed");
  bench.say(CHAP, 2, challenge?.identifier ?? 0, [16, ...new Uint8Array(16), 0x61]);
  bench.answer();
  bench.ask(IPCP, 2, [[3, 10, 64, 0, 7]]);
  bench.ack(IPCP);
  assert.deepEqual(bench.kinds.slice(3), ["authenticate", "network-up"]);
  assert.equal(bench.link.user, "a");
});
