/**
 * `simplon bench setup`: how fast sessions come up, and how much memory they take. Needs root,
 * iproute2, nftables and two cores.
 *
 *   --quick                  a first look
 *   --rounds N               of each measurement; the median of the rounds is shown
 *   --only NAME[,NAME]       cases.ts has the names
 *   --runtime deno|node
 *   --json, --compare FILE
 *
 * A whole LNS has core 0 for itself; the peers of the test suite call it from core 1. Each run has
 * an LNS of its own.
 *
 * @module
 */
import { assertPossible, removeAbandoned } from "../forward/lab.ts";
import { untilInterrupted } from "../forward/places.ts";
import { missing } from "../forward/programs.ts";
import { present, progress, progressEnd, readReport, reportOf } from "../report.ts";
import { type Measured, measure } from "./measure.ts";
import { type Options, parseOptions } from "./options.ts";
import { linesOf, reportRows, table } from "./results.ts";

export async function setup(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.compare !== undefined) readReport(options.compare, "setup");
  assertPossible("bench setup");
  removeAbandoned();
  return untilInterrupted(async () => {
    const lines = linesOf(options.cases, await measureAll(options));
    progressEnd();
    present(reportOf("setup", reportRows(lines)), options, () => table(lines));
    return 0;
  });
}

async function measureAll({ cases, runtimes, rounds, warm }: Options): Promise<Measured[]> {
  const there = runtimes.filter((runtime) => {
    const why = missing(runtime);
    if (why !== "") progress(`${runtime} is left out: ${why}`);
    return why === "";
  });
  const measured: Measured[] = [];
  const total = rounds * cases.length * there.length;
  for (let round = 1; round <= rounds; round++) {
    for (const each of cases) {
      for (const runtime of there) {
        const what = `${each.title}, ${runtime}`;
        progress(`${measured.length + 1} of ${total}, round ${round} of ${rounds}: ${what}`);
        measured.push(await measure(runtime, each, warm));
      }
    }
  }
  return measured;
}
