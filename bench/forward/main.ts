/**
 * `simplon bench forward`: packet rates and CPU time of a whole LNS, beside a reference in C that
 * marks the limit, and beside l2tpns. Needs root, iproute2, nftables and two cores.
 *
 * The program under test has core 0 for itself; all that loads it is on core 1. Each program has
 * a network of its own, and all are asked in turn in each round, so that what disturbs the machine
 * falls on all alike. A figure is the median of its rounds.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { failure, misuse } from "../../src/cli/usage.ts";
import { present, progress, progressEnd, readReport, reportOf } from "../report.ts";
import { measure, measureLatency, measureUdp } from "./measure.ts";
import { type Latency, latencyRows, type Many, manyRow, rowsOf, tables } from "./results.ts";
import {
  DIRECTIONS,
  type Direction,
  MANY,
  type Measured,
  SCENARIOS,
  type Scenario,
  SESSIONS,
} from "./scenarios.ts";
import {
  missing,
  SUBJECTS,
  type Subject,
  type SubjectName,
  startSubject,
  TITLES,
} from "./subjects.ts";

interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly directions: readonly Direction[];
  readonly subjects: readonly SubjectName[];
  readonly scenarios: readonly Scenario[];
  readonly hasLatency: boolean;
  readonly hasMany: boolean;
  readonly json: boolean;
  readonly compare: string | undefined;
}

const QUICK = { rounds: 1, seconds: 0.3 };
const USUAL = { rounds: 5, seconds: 2 };
const LATENCY_SIZE = 200;
const LATENCY_LOAD = "udp-200";
const EXTRAS = ["latency", "many"];

export async function forward(args: readonly string[]): Promise<number> {
  const options = parse(args);
  if (process.getuid?.() !== 0) throw failure("bench forward needs root: it makes namespaces");
  if (options.compare !== undefined) readReport(options.compare, "forward");
  const names = options.subjects.filter((name) => {
    const why = missing(name);
    if (why !== "") progress(`${TITLES[name]} is left out: ${why}`);
    return why === "";
  });
  const subjects: Subject[] = [];
  const leave = () => void closeAll(subjects).then(() => process.exit(1));
  process.once("SIGINT", leave);
  process.once("SIGTERM", leave);
  try {
    for (const name of names) {
      progress(`starting ${TITLES[name]}`);
      subjects.push(await startSubject(name, subjects.length, SESSIONS));
    }
    const measured = await rounds(subjects, options);
    const latencies = options.hasLatency ? await latency(subjects, measured, options) : [];
    const many = options.hasMany ? await manySessions(names, subjects, options) : [];
    progressEnd();
    const rows = [...rowsOf(measured), ...latencyRows(latencies), ...many.map(manyRow)];
    const report = reportOf("forward", rows);
    present(report, options, () => tables(options.scenarios, measured, latencies, many));
  } finally {
    process.off("SIGINT", leave);
    process.off("SIGTERM", leave);
    await closeAll(subjects);
  }
  return 0;
}

async function closeAll(subjects: Subject[]): Promise<void> {
  for (const subject of subjects.splice(0)) await subject.close();
}

/** Each round measures everything once with each program. */
async function rounds(subjects: readonly Subject[], options: Options): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const scenario of options.scenarios) {
      for (const direction of options.directions) {
        for (const subject of subjects) {
          const what = `${scenario.title}, ${direction}: ${TITLES[subject.name]}`;
          progress(`round ${round} of ${options.rounds}: ${what}`);
          measured.push(await measure(subject, scenario, direction, options.seconds));
        }
      }
    }
  }
  return measured;
}

/** At half of the rate that the program has shown. */
async function latency(
  subjects: readonly Subject[],
  measured: readonly Measured[],
  { directions, seconds }: Options,
): Promise<Latency[]> {
  const found: Latency[] = [];
  for (const direction of directions) {
    for (const subject of subjects) {
      progress(`latency at half load, ${direction}: ${TITLES[subject.name]}`);
      const rates = measured.filter(
        (each) =>
          each.scenario === LATENCY_LOAD &&
          each.subject === subject.name &&
          each.direction === direction,
      );
      const rate = Math.max(...rates.map((each) => each.rate)) / 2;
      if (!Number.isFinite(rate)) continue;
      const run = await measureLatency(subject, LATENCY_SIZE, direction, seconds, rate);
      found.push({ subject: subject.name, direction, rate, ...run });
    }
  }
  return found;
}

/** Many sessions of one flow each, against one session of as many flows. */
async function manySessions(
  names: readonly SubjectName[],
  others: Subject[],
  { directions, rounds: count, seconds }: Options,
): Promise<Many[]> {
  const found: Many[] = [];
  await closeAll(others);
  for (const name of names.filter((each) => each !== "l2tpns")) {
    const both: Subject[] = [];
    try {
      for (const sessions of [1, MANY]) {
        progress(`${TITLES[name]}: setting up ${sessions} session${sessions === 1 ? "" : "s"}`);
        both.push(await startSubject(name, both.length, sessions));
      }
      for (let round = 1; round <= count; round++) {
        for (const direction of directions) {
          for (const [index, subject] of both.entries()) {
            const flows = index === 0 ? ("many" as const) : ("session" as const);
            const load = { size: LATENCY_SIZE, flows, isSegmented: false, count: MANY };
            progress(`round ${round} of ${count}: ${flows}, ${direction}: ${TITLES[name]}`);
            const one = await measureUdp(subject, flows, load, direction, seconds);
            found.push({ subject: name, direction, flows, cost: one.cost });
          }
        }
      }
    } finally {
      await closeAll(both);
    }
  }
  return found;
}

function parse(args: readonly string[]): Options {
  const { values } = parseStrict(args);
  const usual = values.quick ? QUICK : USUAL;
  const only = choices("--only", values.only, [...SCENARIOS.map(({ name }) => name), ...EXTRAS]);
  const isWanted = (name: string) => only.length === 0 || only.includes(name);
  const directions = choices("--direction", values.direction, DIRECTIONS);
  const subjects = choices("--with", values.with, SUBJECTS);
  return {
    rounds: number("--rounds", values.rounds, usual.rounds),
    seconds: number("--seconds", values.seconds, usual.seconds),
    directions: directions.length > 0 ? directions : DIRECTIONS,
    subjects: subjects.length > 0 ? subjects : SUBJECTS,
    scenarios: SCENARIOS.filter(({ name }) => isWanted(name)),
    hasLatency: isWanted("latency") && isWanted(LATENCY_LOAD),
    hasMany: isWanted("many") && !(values.quick && only.length === 0),
    json: values.json,
    compare: values.compare,
  };
}

function parseStrict(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        compare: { type: "string" },
        rounds: { type: "string" },
        seconds: { type: "string" },
        direction: { type: "string" },
        with: { type: "string" },
        only: { type: "string" },
      },
    });
  } catch (error) {
    const [line = ""] = String(error instanceof Error ? error.message : error).split(".");
    throw misuse(`bench forward: ${line}`);
  }
}

/** A list of names with commas between them. */
function choices<Name extends string>(
  option: string,
  text: string | undefined,
  names: readonly Name[],
): Name[] {
  const wanted = text?.split(",") ?? [];
  const wrong = wanted.find((name) => !names.includes(name as Name));
  if (wrong === undefined) return names.filter((name) => wanted.includes(name));
  throw misuse(`${option}: expected ${names.join(", ")}, got ${JSON.stringify(wrong)}`);
}

function number(option: string, text: string | undefined, usual: number): number {
  const value = text === undefined ? usual : Number(text);
  if (value > 0 && value <= 3_600) return value;
  throw misuse(`${option}: expected a number above 0, got ${JSON.stringify(text)}`);
}
