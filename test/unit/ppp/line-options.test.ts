// What a LAC wants of its line, and what it lets the peer have (RFC 3437 2.1, 2.2).
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProxyState } from "../../../src/ppp/index.ts";
import { decodeOptions, encodeOptions, LCP, type OptionList } from "../../peer/ppp.ts";
import { Bench, MAGIC } from "../../peer/ppp-bench.ts";

const ACCM = [2, 0, 0x0a, 0, 0] as const;
const PFC = [7] as const;
const ACFC = [8] as const;
const OURS = [3, 5];

const octets = (list: OptionList) => Uint8Array.from(encodeOptions(list));

function opened(told: ProxyState): Bench {
  const bench = new Bench();
  bench.link.open(0, told);
  bench.drain();
  return bench;
}

const asked = (bench: Bench) => decodeOptions(bench.requests.get(LCP)?.data ?? Buffer.of());
const types = (bench: Bench) => asked(bench).map(([type]) => type);

test("what the LAC wants for its line is asked for, and the ACCM is known once it is agreed on", () => {
  const bench = opened({ want: octets([ACCM, PFC, ACFC]) });
  assert.deepEqual(asked(bench).slice(OURS.length), [ACCM, PFC, ACFC]);
  bench.ask(LCP, 1, [MAGIC]);
  assert.equal(bench.link.phase, "establish");
  bench.ack(LCP);
  assert.equal(bench.link.phase, "authenticate");
  assert.equal(bench.link.accm?.receive, 0x000a0000);
});

test("what the ends have to agree on by themselves is not the LAC's to ask for", () => {
  assert.deepEqual(types(opened({ want: octets([[1, 5, 0], [5, 1, 2, 3, 4], [19, 1], PFC]) })), [
    ...OURS,
    7,
  ]);
});

test("lists that are none ask for nothing", () => {
  for (const want of [[2, 6, 0, 0], [7, 0], [7], [7, 3, 0], [2, 4, 0, 0], [7, 2, 7, 2], []]) {
    assert.deepEqual(types(opened({ want: Uint8Array.from(want) })), OURS, `${want}`);
  }
});

test("what the peer refuses is given up, and asked for when negotiation starts over", () => {
  const bench = opened({ want: octets([ACCM, PFC]) });
  bench.refuse(LCP, 4, [PFC]);
  assert.deepEqual(types(bench), [...OURS, 2]);
  bench.refuse(LCP, 3, [[2, 0xff, 0xff, 0xff, 0xff]]);
  assert.deepEqual(types(bench), OURS);
  bench.ask(LCP, 1, [MAGIC]);
  bench.ack(LCP);
  bench.ask(LCP, 2, [MAGIC]);
  assert.deepEqual(types(bench), [...OURS, 2, 7]);
});

test("the peer gets of the line what the LAC allows, and everything else as ever", () => {
  const mru = [1, 0x05, 0x78] as const;
  for (const [allow, rejected] of [
    [octets([PFC]), [ACCM, ACFC]],
    [octets([[1, 5, 0]]), [ACCM, PFC, ACFC]],
    [octets([ACCM, PFC, ACFC]), []],
    [Uint8Array.of(7, 9), []], // no list of options: it allows what we do
    [undefined, []],
  ] as const) {
    const [answer] = opened({ allow }).ask(LCP, 1, [mru, ACCM, MAGIC, PFC, ACFC]);
    const [code, list] = [answer?.code, decodeOptions(answer?.data ?? Buffer.of())];
    assert.equal(code, rejected.length > 0 ? 4 : 2);
    if (rejected.length > 0) assert.deepEqual(list, rejected);
  }
});
