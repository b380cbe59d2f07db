import assert from "node:assert/strict";
import { test } from "node:test";
import { LCP } from "../../peer/ppp.ts";
import { Bench, brief, MAGIC } from "../../peer/ppp-bench.ts";

test("an Echo-Request in Opened gets its Data back, with our Magic-Number", () => {
  const bench = new Bench();
  bench.establish();
  const ours = bench.requests.get(LCP)?.data.subarray(-4);
  const [reply] = bench.say(LCP, 9, 77, [0xaa, 0xbb, 0xcc, 0xdd, 1, 2, 3]);
  assert.equal(reply?.code, 10);
  assert.equal(reply?.identifier, 77);
  assert.deepEqual([...(reply?.data ?? [])], [...(ours ?? []), 1, 2, 3]);
});

test("an Echo-Reply is not larger than the peer's MRU", () => {
  const bench = new Bench();
  bench.establish([MAGIC, [1, 0, 128]]);
  const [reply] = bench.say(LCP, 9, 1, new Uint8Array(1400));
  assert.equal(reply?.data.length, 124);
});

test("an Echo-Request larger than our MRU is answered, cut to the peer's MRU", () => {
  const bench = new Bench({ mru: 1400 });
  bench.establish([MAGIC, [1, 1480 >> 8, 1480 & 0xff]]);
  const octets = Uint8Array.from({ length: 1996 }, (_, at) => at);
  for (const size of [1397, 1476, 1488, 1497, 1996]) {
    const [reply, ...rest] = bench.say(LCP, 9, 3, octets.subarray(0, size));
    assert.deepEqual([reply?.code, reply?.identifier, rest.length], [10, 3, 0]);
    const length = Math.min(size, 1476);
    assert.equal(reply?.data.length, length, `${size} octets`);
    assert.deepEqual([...(reply?.data ?? [])].slice(4), [...octets.subarray(4, length)]);
  }
  assert.equal(bench.link.phase, "authenticate");
});

test("outside of Opened, and too short, an Echo-Request is silently discarded", () => {
  const bench = new Bench();
  bench.open();
  assert.deepEqual(bench.say(LCP, 9, 1, [0, 0, 0, 0]), []);
  bench.ask(LCP, 1, [MAGIC]);
  bench.ack(LCP);
  assert.deepEqual(bench.say(LCP, 9, 1, [0, 0, 0]), []);
  assert.equal(bench.link.counters["malformed-packet"], 1);
});

test("a foreign Magic-Number is counted and answered all the same", () => {
  const bench = new Bench();
  bench.establish();
  assert.deepEqual(brief(bench.say(LCP, 9, 1, [1, 2, 3, 4])), ["LCP 10"]);
  assert.equal(bench.link.counters["foreign-magic-number"], 1);
});

test("in silence four Echo-Requests go out, then the link is ended", () => {
  const bench = new Bench();
  bench.toOpened();
  const sent = bench.advance(300_000);
  assert.deepEqual(
    sent.map(({ code, at }) => [code, at / 1000]),
    [
      [9, 20],
      [9, 40],
      [9, 60],
      [9, 80],
      [5, 100],
      [5, 103],
    ],
  );
  assert.equal(new Set(sent.map(({ identifier }) => identifier)).size, 6);
  assert.deepEqual(bench.kinds.slice(-2), ["network-down", "down echo-timeout"]);
});

test("whatever the peer sends puts the next Echo-Request off", () => {
  const bench = new Bench();
  bench.toOpened();
  for (let turn = 0; turn < 20; turn++) {
    assert.deepEqual(bench.advance(19_000), []);
    bench.say(LCP, 11, turn, [0, 0, 0, 0]);
  }
  assert.deepEqual(brief(bench.advance(20_000)), ["LCP 9"]);
});

test("packets that pass elsewhere put it off too, counted from when they were seen", () => {
  const bench = new Bench();
  bench.toOpened();
  for (let turn = 0; turn < 20; turn++) {
    assert.deepEqual(bench.advance(15_000), []);
    bench.link.heard(bench.now - 4_000);
  }
  assert.equal(bench.link.heardAt, bench.now - 4_000);
  assert.deepEqual(brief(bench.advance(16_000)), ["LCP 9"]);
  assert.equal(bench.link.heardAt, bench.now - 20_000, "a question is no sign of life");
  bench.link.heard(bench.now - 21_000);
  assert.deepEqual(brief(bench.advance(20_000)), ["LCP 9"], "what is older is no news");
  bench.link.heard(bench.now - 1_000);
  const sent = bench.advance(19_000 + 4 * 20_000);
  assert.deepEqual(brief(sent), ["LCP 9", "LCP 9", "LCP 9", "LCP 9", "LCP 5"], "counted anew");
});

test("before LCP is opened nothing is put off", () => {
  const bench = new Bench();
  bench.open();
  bench.link.heard(bench.now + 1);
  assert.equal(bench.link.heardAt, Number.NEGATIVE_INFINITY);
});

test("an Echo-Reply sets the count back", () => {
  const bench = new Bench();
  bench.toOpened();
  for (let turn = 0; turn < 10; turn++) {
    const [request] = bench.advance(20_000);
    assert.equal(request?.code, 9);
    if (turn % 3 === 2) bench.say(LCP, 10, request?.identifier ?? 0, [0xaa, 0xbb, 0xcc, 0xdd]);
  }
  assert.equal(bench.link.phase, "network");
});

test("a peer that knows no Echo-Request gets no more of them", () => {
  const bench = new Bench();
  bench.toOpened();
  const [request] = bench.advance(20_000);
  bench.say(LCP, 7, 1, [9, request?.identifier ?? 0, 0, 8, 0, 0, 0, 0]);
  assert.deepEqual(bench.advance(600_000), []);
  assert.equal(bench.link.phase, "network");
});
