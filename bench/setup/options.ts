/** What `simplon bench setup` is asked for. @module */
import { misuse, parseCommand } from "../../src/cli/usage.ts";
import { choices, whole } from "../options.ts";
import { CASES, type Case, QUICK } from "./cases.ts";

export const RUNTIMES = ["deno", "node"] as const;
export type Runtime = (typeof RUNTIMES)[number];

export interface Options {
  readonly rounds: number;
  readonly cases: readonly Case[];
  readonly runtimes: readonly Runtime[];
  /** Sessions that come and go before anything is measured. */
  readonly warm: number;
  readonly json: boolean;
  readonly compare: string | undefined;
}

const WARM = { quick: 500, usual: 2_000 };
const ROUNDS = 3;
const ROUNDS_MAX = 1_000;

/** @throws CommandError */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseCommand(args, {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    compare: { type: "string" },
    rounds: { type: "string" },
    runtime: { type: "string" },
    only: { type: "string" },
  });
  const [extra] = positionals;
  if (extra !== undefined) throw misuse(`bench setup: unexpected ${JSON.stringify(extra)}`);
  const { quick, json, compare, rounds, only } = values;
  const known = quick ? QUICK : CASES;
  const names = known.map(({ name }) => name);
  const wanted = choices("--only", only, names);
  const runtimes = choices("--runtime", values.runtime, RUNTIMES);
  return {
    rounds: whole("--rounds", rounds, quick ? 1 : ROUNDS, { min: 1, max: ROUNDS_MAX }),
    cases: known.filter(({ name }) => wanted.length === 0 || wanted.includes(name)),
    runtimes: runtimes.length > 0 ? runtimes : RUNTIMES,
    warm: quick ? WARM.quick : WARM.usual,
    ...{ json, compare },
  };
}
