import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  formatComparison,
  formatValue,
  median,
  type Report,
  type Row,
  readReport,
  rowOf,
} from "../../../bench/report.ts";

const directory = mkdtempSync(join(tmpdir(), "simplon-"));
after(() => rmSync(directory, { recursive: true, force: true }));

function report(rows: readonly Row[]): Report {
  const at = "2026-01-02T03:04:05.000Z";
  return { what: "codec", machine: "a machine", runtime: "Deno 2", at, rows };
}

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

test("the median of an even count is between the two in the middle", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test("a row has its median and half the range in percent of it", () => {
  assert.deepEqual(rowOf("x", "ns", "less", [90, 100, 120]), {
    ...{ name: "x", unit: "ns", value: 100, spread: 15, better: "less" },
  });
});

test("figures have three digits", () => {
  const values = [0.41234, 5.0712, 38.44, 99.96, 1_234.5, Number.NaN];
  assert.deepEqual(values.map(formatValue), ["0.412", "5.07", "38.4", "100", "1,235", "-"]);
});

test("a comparison shows old, new and their ratio, and calls only clear changes by a name", () => {
  const old = report([
    { name: "fast", unit: "M/s", value: 100, spread: 2, better: "more" },
    { name: "cost", unit: "ns", value: 100, spread: 2, better: "less" },
    { name: "same", unit: "ns", value: 100, spread: 5, better: "less" },
    { name: "gone", unit: "ns", value: 1, better: "less" },
  ]);
  const now = report([
    { name: "fast", unit: "M/s", value: 150, spread: 2, better: "more" },
    { name: "cost", unit: "ns", value: 150, spread: 2, better: "less" },
    { name: "same", unit: "ns", value: 109, spread: 5, better: "less" },
    { name: "new", unit: "ns", value: 2, better: "less" },
  ]);
  const lines = formatComparison(old, now).split("\n");
  assert.equal(lines[0], "old: a machine, Deno 2, 2026-01-02T03:04:05.000Z");
  assert.deepEqual(
    lines.slice(3, 8).map((line) => line.trim().split(/\s+/)),
    [
      ["fast", "100", "150", "M/s", "1.50", "better"],
      ["cost", "100", "150", "ns", "1.50", "worse"],
      ["same", "100", "109", "ns", "1.09"],
      ["gone", "1.00", "-", "ns"],
      ["new", "-", "2.00", "ns"],
    ],
  );
});

test("what --compare names is read, or one line says why not", () => {
  const good = report([{ name: "fast", unit: "M/s", value: 1, better: "more" }]);
  assert.deepEqual(readReport(file("good", JSON.stringify(good)), "codec"), good);
  const row = { ...good.rows[0], better: "most" };
  const faults: [string, RegExp][] = [
    [file("other", JSON.stringify({ ...good, what: "forward" })), /bench forward, not of codec/],
    [file("row", JSON.stringify({ ...good, rows: [row] })), /is no result of simplon bench/],
    [file("null", "null"), /is no result of simplon bench/],
    [file("text", "{ no"), /JSON/],
    [join(directory, "missing"), /no such file/],
  ];
  for (const [path, expected] of faults) {
    assert.throws(() => readReport(path, "codec"), { exitCode: 2, message: expected });
    assert.throws(() => readReport(path, "codec"), { message: /^simplon: --compare: [^\n]*$/ });
  }
});
