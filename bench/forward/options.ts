/**
 * What `simplon bench forward` is asked for.
 *
 * @module
 */
import { misuse, parseCommand } from "../../src/cli/usage.ts";
import { choices, whole } from "../options.ts";
import { FLOWS_MAX } from "./loads.ts";
import { STAMP_AT } from "./packets.ts";
import { SUBJECTS, type SubjectName } from "./programs.ts";
import { SCENARIOS, type Scenario, SESSIONS, singles } from "./scenarios.ts";
import { DIRECTIONS, type Direction } from "./settings.ts";

export interface Options {
  readonly rounds: number;
  /** How long each measurement takes. */
  readonly seconds: number;
  readonly directions: readonly Direction[];
  readonly subjects: readonly SubjectName[];
  readonly scenarios: readonly Scenario[];
  readonly sessions: number;
  readonly hasLatency: boolean;
  /** Sessions of the comparison of many sessions with one, which also tells their memory; or 0. */
  readonly many: number;
  /** Two workers against one, and workers that sleep against such that never do. */
  readonly hasWorkers: boolean;
  readonly hasIdle: boolean;
  /** Sessions that go on to another server. */
  readonly hasSwitch: boolean;
  readonly json: boolean;
  readonly compare: string | undefined;
}

/** The scenario at half of whose rate latencies are taken. */
export const LATENCY_LOAD = "udp-200";

const QUICK = { rounds: 1, seconds: 0.1, many: 500 };
const USUAL = { rounds: 5, seconds: 2, many: 60_000 };
const EXTRAS = ["latency", "many", "workers", "idle", "switch"];
const SIZE = 200;
/** Room for the headers up to a time stamp, and for those of the tunnel on the way. */
const SIZE_MIN = STAMP_AT + 4;
const SIZE_MAX = 1_400;
const SESSIONS_MAX = 60_000;
const ROUNDS_MAX = 1_000;
const SECONDS_MAX = 600;

/** @throws CommandError */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseCommand(args, {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    compare: { type: "string" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    direction: { type: "string" },
    with: { type: "string" },
    runtime: { type: "string" },
    only: { type: "string" },
    size: { type: "string" },
    flows: { type: "string" },
    sessions: { type: "string" },
  });
  const [extra] = positionals;
  if (extra !== undefined) throw misuse(`bench forward: unexpected ${JSON.stringify(extra)}`);
  const { quick, json, compare, only, size, flows } = values;
  const usual = quick ? QUICK : USUAL;
  const count = (option: string, text: string | undefined, usually: number, max: number) =>
    whole(option, text, usually, { min: 1, max });
  const sessions = count("--sessions", values.sessions, SESSIONS, SESSIONS_MAX);
  const wanted = choices("--only", only, [...SCENARIOS.map(({ name }) => name), ...EXTRAS]);
  const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name);
  const common = {
    rounds: count("--rounds", values.rounds, usual.rounds, ROUNDS_MAX),
    seconds: seconds(values.seconds, usual.seconds),
    directions: all(choices("--direction", values.direction, DIRECTIONS), DIRECTIONS),
    subjects: subjectsOf(values.with, values.runtime),
    ...{ sessions, json, compare },
  };
  if (size === undefined && flows === undefined) {
    return {
      ...common,
      scenarios: SCENARIOS.filter(({ name }) => isWanted(name)),
      hasLatency: isWanted("latency"),
      many: isWanted("many") ? usual.many : 0,
      hasWorkers: isWanted("workers"),
      hasIdle: isWanted("idle"),
      hasSwitch: isWanted("switch"),
    };
  }
  if (only !== undefined) throw misuse("bench forward: --size and --flows choose what --only does");
  const octets = whole("--size", size, SIZE, { min: SIZE_MIN, max: SIZE_MAX });
  const flowCount = count("--flows", flows, sessions, FLOWS_MAX * sessions);
  const title = `UDP ${octets}, ${flowCount} flow${flowCount === 1 ? "" : "s"}`;
  const scenario = singles(`udp-${octets}-${flowCount}`, title, octets, flowCount);
  const none = { hasLatency: false, many: 0, hasWorkers: false, hasIdle: false, hasSwitch: false };
  return { ...common, scenarios: [scenario], ...none };
}

/** `simplon` stands for it on each runtime, or on the one that is chosen. */
function subjectsOf(text: string | undefined, runtime: string | undefined): SubjectName[] {
  const names = choices("--with", text, ["simplon", ...SUBJECTS]);
  const runtimes = choices("--runtime", runtime, ["deno", "node"]);
  return SUBJECTS.filter((name) => {
    const isSimplon = name === "deno" || name === "node";
    if (isSimplon && runtimes.length > 0 && !runtimes.includes(name)) return false;
    return names.length === 0 || names.includes(name) || (isSimplon && names.includes("simplon"));
  });
}

function all<Name>(chosen: readonly Name[], names: readonly Name[]): readonly Name[] {
  return chosen.length > 0 ? chosen : names;
}

function seconds(text: string | undefined, usual: number): number {
  const value = text === undefined ? usual : Number(text);
  if (value > 0 && value <= SECONDS_MAX) return value;
  throw misuse(`--seconds: expected a number up to ${SECONDS_MAX}, got ${JSON.stringify(text)}`);
}
