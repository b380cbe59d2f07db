/**
 * `simplon bench plot FILE --out DIRECTORY`: pictures of a result of `simplon bench forward --json`.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { misuse, parseCommand } from "../src/cli/usage.ts";
import { type BarChart, barChart } from "./chart.ts";
import { SCENARIOS } from "./forward/scenarios.ts";
import { SUBJECTS, TITLES } from "./forward/subjects.ts";
import { type Report, readReport } from "./report.ts";

const DIRECTIONS = ["up", "down"];
const PERCENTILES = { p50: "50 %", p90: "90 %", p99: "99 %", p999: "99.9 %" } as const;

export async function plot(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, { out: { type: "string", default: "." } });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw misuse("bench plot: give one file");
  const report = readReport(file, "forward");
  mkdirSync(values.out, { recursive: true });
  for (const [name, chart] of Object.entries(charts(report))) {
    if (chart.groups.length === 0) continue;
    const path = join(values.out, `${name}.svg`);
    writeFileSync(path, barChart(chart));
    console.log(path);
  }
  return 0;
}

function charts(report: Report): Record<string, BarChart> {
  const { machine } = report;
  return {
    "forward-tcp": {
      title: "TCP in bulk: CPU time of the LNS",
      note: `CPU-s per GiB, less is better · ${machine}`,
      series: SUBJECTS.map((name) => TITLES[name]),
      groups: costs(report, "tcp"),
    },
    "forward-udp": {
      title: "UDP: CPU time of the LNS",
      note: `CPU-ns per packet, less is better · ${machine}`,
      series: SUBJECTS.map((name) => TITLES[name]),
      groups: costs(report, "udp"),
    },
    "forward-latency": {
      title: "Latency at half load, UDP of 200 octets",
      note: `µs, less is better · ${machine}`,
      series: SUBJECTS.map((name) => TITLES[name]),
      groups: latencies(report),
    },
  };
}

function costs(report: Report, kind: "tcp" | "udp"): BarChart["groups"] {
  return SCENARIOS.filter((scenario) => scenario.kind === kind).flatMap(({ name, title }) =>
    DIRECTIONS.map((direction) => ({
      label: `${title}, ${direction}`,
      values: SUBJECTS.map((subject) => find(report, `${name} ${direction} ${subject} cost`)),
    })).filter(isSomething),
  );
}

function latencies(report: Report): BarChart["groups"] {
  return DIRECTIONS.flatMap((direction) =>
    Object.entries(PERCENTILES)
      .map(([part, title]) => ({
        label: `${direction}, ${title}`,
        values: SUBJECTS.map((subject) => find(report, `latency ${direction} ${subject} ${part}`)),
      }))
      .filter(isSomething),
  );
}

function find({ rows }: Report, name: string): number | undefined {
  return rows.find((row) => row.name === name)?.value;
}

function isSomething({ values }: BarChart["groups"][number]): boolean {
  return values.some((value) => value !== undefined);
}
