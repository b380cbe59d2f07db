/** Pictures of results. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { barChart } from "../../../bench/chart.ts";
import { bench } from "../../../bench/main.ts";

test("bars are as long as their values, and a text is a text", () => {
  const svg = barChart({
    title: "a < b & c",
    note: "n",
    series: ["one", "two"],
    groups: [
      { label: "first", values: [10, 5] },
      { label: "second", values: [undefined, 2.5] },
    ],
  });
  const widths = [...svg.matchAll(/<rect x="220" y="\d+" width="([\d.]+)"/g)].map(([, width]) =>
    Number(width),
  );
  assert.deepEqual(widths, [480, 240, 120]);
  assert.match(svg, /a &lt; b &amp; c/);
  assert.doesNotMatch(svg, /undefined|NaN/);
});

test("a result of bench forward becomes a file for each kind of figure", async () => {
  const folder = mkdtempSync(join(tmpdir(), "simplon-plot-"));
  try {
    const row = (name: string, value: number) => ({ name, unit: "u", value, better: "less" });
    const rows = [row("tcp up deno cost", 0.4), row("udp-200 down l2tpns cost", 1_500)];
    const at = "2026-01-01T00:00:00.000Z";
    const report = { what: "forward", machine: "m", runtime: "r", at, rows };
    writeFileSync(join(folder, "result.json"), JSON.stringify(report));
    const { log } = console;
    const lines: string[] = [];
    console.log = (line: string) => lines.push(line);
    try {
      assert.equal(await bench(["plot", join(folder, "result.json"), "--out", folder]), 0);
    } finally {
      console.log = log;
    }
    assert.deepEqual(
      lines.map((line) => line.slice(folder.length + 1)),
      ["forward-tcp.svg", "forward-udp.svg"],
    );
    assert.match(readFileSync(join(folder, "forward-tcp.svg"), "utf8"), />0\.400</);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
