/** What `simplon bench setup` is asked for, and what it makes of what it has found. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CASES, type Case } from "../../../bench/setup/cases.ts";
import type { Measured } from "../../../bench/setup/measure.ts";
import { parseOptions } from "../../../bench/setup/options.ts";
import { linesOf, reportRows, table } from "../../../bench/setup/results.ts";

const COMMON: Measured = {
  ...{ runtime: "node", name: "1000", sessions: 1_000, rate: 2_400, cpu: 0.0004 },
  ...{ busy: 0.96, generatorBusy: 0.5, memory: 9_999 },
};

function found(...runs: Partial<Measured>[]) {
  const measured: Measured[] = runs.map((run) => ({ ...COMMON, ...run }));
  return linesOf(CASES, measured);
}

const many = { name: "60000", sessions: 60_000, memory: 4_000 };

test("all cases on both runtimes, unless some are chosen", () => {
  const names = (...args: string[]) => parseOptions(args).cases.map(({ name }) => name);
  assert.deepEqual(names(), ["1000", "10000", "60000", "tunnels", "1"]);
  assert.deepEqual(names("--only", "1,60000"), ["60000", "1"]);
  assert.deepEqual(parseOptions([]).runtimes, ["deno", "node"]);
  assert.deepEqual(parseOptions(["--runtime", "node"]).runtimes, ["node"]);
});

test("a first look has fewer sessions and one round", () => {
  const { cases, rounds } = parseOptions(["--quick"]);
  const sum = (all: readonly Case[]) => all.reduce((count, { sessions }) => count + sessions, 0);
  assert.ok(sum(cases) < 2_000);
  assert.equal(rounds, 1);
});

for (const [args, message] of [
  [["--only", "1000,7"], /--only: expected 1000, 10000, 60000, tunnels, 1, got "7"/],
  [["--quick", "--only", "60000"], /--only: expected 1000, 1, tunnels, got "60000"/],
  [["--runtime", "bun"], /--runtime: expected deno, node, got "bun"/],
  [["--rounds", "0"], /--rounds: expected a whole number from 1 to 1000, got "0"/],
  [["fast"], /unexpected "fast"/],
] as const) {
  test(`asked wrongly: ${args.join(" ")}`, () => {
    assert.throws(() => parseOptions(args), message);
  });
}

test("rows have what a session costs; memory only where there are enough of them", () => {
  const rows = reportRows(found({}, many));
  const values = rows.map(({ name, value }) => [name, Math.round(value)]);
  assert.deepEqual(values, [
    ["1000 node rate", 2_400],
    ["1000 node cpu", 400],
    ["1000 node generator", 50],
    ["60000 node rate", 2_400],
    ["60000 node cpu", 400],
    ["60000 node generator", 50],
    ["60000 node memory", 4_000],
    ["60000 node :1000", 1],
  ]);
});

test("rates are compared within a round, few sessions over many", () => {
  const rows = reportRows(
    found({ rate: 3_000 }, { rate: 1_000 }, { ...many, rate: 1_500 }, { ...many, rate: 1_000 }),
  );
  assert.equal(rows.find(({ name }) => name === "60000 node :1000")?.value, 1.5);
});

test("tables show what is to be reached, and say when the generator could do no more", () => {
  const text = table(found({}, { ...many, generatorBusy: 0.95 }));
  assert.match(text, /sessions\/s \(≥ 2,000\) .*\(≤ 1\.2\) .*octets\/session \(≤ 4,096\)/);
  assert.match(text, /60,000 sessions in one tunnel +Node +2,400 +1\.00 +400 +96 % +95 % +4,000/);
  assert.match(text, /60,000 sessions in one tunnel, Node: the generator was busy/);
  assert.doesNotMatch(text, /1,000 sessions in one tunnel, Node: the generator/);
});
