/** Rejects, Naks and echoes of the peer that are not what they should be (RFC 1661 5.3 to 5.8). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MRU_MIN } from "../../../src/limits.ts";
import { decodeOptions, LCP, type OptionList } from "../../peer/ppp.ts";
import { Bench, brief, MAGIC } from "../../peer/ppp-bench.ts";

const [CODE_REJECT, PROTOCOL_REJECT] = [7, 8];
const [ECHO_REQUEST, ECHO_REPLY, IDENTIFICATION] = [9, 10, 12];

/** The options that we ask for. */
function asked(bench: Bench): [number, ...number[]][] {
  return decodeOptions(bench.requests.get(LCP)?.data ?? Buffer.of());
}

test("a Reject of what was not asked for, in type or in value, whole or in part, is discarded", () => {
  const bench = new Bench({ mru: 1_400 });
  bench.open();
  const [[type, ...data] = [0], other] = asked(bench);
  assert.ok(other !== undefined);
  const wrong: OptionList[] = [
    [[type + 100, ...data]],
    [[type, ...data.map((octet) => octet ^ 1)]],
    [
      [type, ...data],
      [other[0], ...other.slice(1).map((octet) => octet ^ 1)],
    ],
    [],
  ];
  for (const options of wrong) assert.deepEqual(bench.refuse(LCP, 4, options), []);
  assert.equal(bench.link.counters["malformed-packet"], wrong.length);
  assert.deepEqual(brief(bench.refuse(LCP, 4, [[type, ...data]])), ["LCP 1"]);
});

test("a Nak or a Reject whose options run past its end is discarded", () => {
  for (const code of [3, 4]) {
    const bench = new Bench();
    bench.open();
    const { identifier = 0 } = bench.requests.get(LCP) ?? {};
    assert.deepEqual(bench.say(LCP, code, identifier, [1, 9, 5, 0xdc]), []);
    assert.equal(bench.link.counters["malformed-packet"], 1);
  }
});

test("the smallest MRU is one that a Nak may name, and one less is not", () => {
  for (const [mru, taken] of [
    [MRU_MIN, MRU_MIN],
    [MRU_MIN - 1, 1_400],
  ] as const) {
    const bench = new Bench({ mru: 1_400 });
    bench.open();
    bench.refuse(LCP, 3, [[1, mru >> 8, mru & 0xff]]);
    assert.deepEqual(
      asked(bench).find(([type]) => type === 1),
      [1, taken >> 8, taken & 0xff],
    );
  }
});

test("a Nak about a loop names another Magic-Number than the one that came back", () => {
  const bench = new Bench();
  bench.open();
  const ours = asked(bench).find(([type]) => type === 5) ?? [5];
  const [nak] = bench.ask(LCP, 1, [ours]);
  assert.equal(nak?.code, 3);
  assert.deepEqual([nak.data.length, ...nak.data.subarray(0, 2)], [6, 5, 6]);
  assert.notDeepEqual([5, ...nak.data.subarray(2)], ours);
});

test("who has no Magic-Number of ours is in no loop with it", () => {
  const bench = new Bench();
  bench.open();
  const ours = asked(bench).find(([type]) => type === 5) ?? [5];
  bench.refuse(LCP, 4, [ours]);
  for (let turn = 0; turn < 8; turn++) bench.ask(LCP, turn, [[5, 0, 0, 0, 0]]);
  assert.equal(bench.link.ending, undefined, "a zero is no number that comes back");
  assert.equal(bench.link.phase, "establish");
});

test("our own Magic-Number in an Echo-Reply is a peer that copies, in an Echo-Request a loop", () => {
  for (const [code, phase] of [
    [ECHO_REPLY, "authenticate"],
    [ECHO_REQUEST, "terminate"],
  ] as const) {
    const bench = new Bench();
    bench.establish();
    const ours =
      asked(bench)
        .find(([type]) => type === 5)
        ?.slice(1) ?? [];
    bench.say(LCP, code, 1, ours);
    assert.equal(bench.link.phase, phase);
  }
});

test("before LCP is opened our own Magic-Number in an Echo-Request is no loop", () => {
  const bench = new Bench();
  bench.open();
  bench.say(
    LCP,
    ECHO_REQUEST,
    1,
    asked(bench)
      .find(([type]) => type === 5)
      ?.slice(1) ?? [],
  );
  assert.equal(bench.link.phase, "establish");
});

test("an Echo-Request with the number that the peer has negotiated is not foreign, nor is a zero", () => {
  const bench = new Bench();
  bench.establish();
  for (const number of [MAGIC.slice(1), [0, 0, 0, 0]]) {
    assert.deepEqual(brief(bench.say(LCP, ECHO_REQUEST, 1, number)), ["LCP 10"]);
  }
  assert.equal(bench.link.counters["foreign-magic-number"], undefined);
});

test("a zero is nobody's number where neither end has one", () => {
  const bench = new Bench();
  bench.open();
  const ours = asked(bench).find(([type]) => type === 5) ?? [5];
  bench.refuse(LCP, 4, [ours]);
  bench.ack(LCP);
  bench.ask(LCP, 1, []);
  assert.deepEqual(brief(bench.say(LCP, ECHO_REQUEST, 1, [0, 0, 0, 0])), ["LCP 10"]);
  assert.equal(bench.link.phase, "authenticate");
});

test("a Code-Reject of one code that we may do without leaves the others", () => {
  const bench = new Bench();
  bench.toOpened();
  bench.say(LCP, CODE_REJECT, 1, [IDENTIFICATION, 1, 0, 4]);
  assert.deepEqual(brief(bench.sayRaw(0x0057, [6])), ["LCP 8"], "Protocol-Reject");
  assert.deepEqual(brief(bench.advance(20_000)), ["LCP 9"], "Echo-Request");
});

test("a Code-Reject of nothing is malformed, one of code 0 is of no code that has to be known", () => {
  const bench = new Bench();
  bench.establish();
  assert.deepEqual(bench.say(LCP, CODE_REJECT, 1), []);
  assert.equal(bench.link.counters["malformed-packet"], 1);
  assert.deepEqual(bench.say(LCP, CODE_REJECT, 1, [0, 1, 0, 4]), []);
  assert.equal(bench.link.phase, "authenticate");
});

test("a Protocol-Reject too short for a protocol is malformed, and one before Opened of no phase", () => {
  const bench = new Bench();
  bench.open();
  bench.say(LCP, PROTOCOL_REJECT, 1, [0xc0]);
  assert.deepEqual(bench.link.counters, { "malformed-packet": 1 });
  bench.say(LCP, PROTOCOL_REJECT, 1, [0xc0, 0x21]);
  assert.deepEqual(bench.link.counters, { "malformed-packet": 1, "wrong-phase": 1 });
});
