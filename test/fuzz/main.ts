// npm run fuzz -- [TARGET…] [--executions N] [--seed N] [--keep] [--raise] [--record] [--replay HEX] [--list]
// Fuzzes targets, all unless some are named, and says what was reached. With --keep what reached
// something new goes into their corpora, and their ceilings become what those leave unreached: never
// more than before, unless --raise says that there are more branches now. With --record the figures go
// to docs/RELIABILITY.md; --replay runs one input of one target.
import { parseArgs } from "node:util";
import { readCorpus, smallest, writeCeiling, writeCorpus } from "./corpus.ts";
import { fuzz } from "./engine.ts";
import { type Row, recordRows, table } from "./report.ts";
import { Crash, type Target } from "./target.ts";
import { TARGETS, targetOf } from "./targets.ts";

const PROGRESS_MS = 3_000;
const LENGTH_MAX = 2_048;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    executions: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    keep: { type: "boolean", default: false },
    raise: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
    replay: { type: "string" },
    list: { type: "boolean", default: false },
  },
});
const targets = positionals.length === 0 ? TARGETS : positionals.map(targetOf);
const print = (line: string) => process.stdout.write(`${line}\n`);

if (values.list) for (const { name, kind } of targets) print(`${name} (${kind})`);
else if (values.replay !== undefined) await replay(targets, values.replay);
else await run(targets);

async function replay([target, other]: readonly Target[], hex: string): Promise<void> {
  if (target === undefined || other !== undefined) throw new Error("--replay needs one TARGET");
  const executor = await target.open();
  await executor.execute([Uint8Array.from(Buffer.from(hex, "hex"))]);
  print(`${target.name}: no crash, ${executor.reached} of ${executor.branches} branches`);
  executor.close();
}

async function run(targets: readonly Target[]): Promise<void> {
  const rows: Row[] = [];
  for (const target of targets) {
    try {
      rows.push(await fuzzTarget(target));
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      const hex = Buffer.from(error.input).toString("hex");
      print(`${target.name} CRASH ${error.message}`);
      print(`npm run fuzz -- ${target.name} --replay ${hex}`);
      process.exitCode = 1;
    }
  }
  print(table(rows));
  if (values.record) recordRows(rows);
}

async function fuzzTarget(target: Target): Promise<Row> {
  const { name, dictionary, lengthMax = LENGTH_MAX } = target;
  const start = [...target.seeds(), ...readCorpus(name)];
  const executor = await target.open();
  const begun = performance.now();
  let told = begun;
  const progress = (executions: number, kept: number) => {
    if (performance.now() - told < PROGRESS_MS) return;
    told = performance.now();
    const reached = `${executor.reached} of ${executor.branches} branches`;
    print(`${name}: ${executions} executions, ${reached}, ${kept} inputs kept`);
  };
  const { executions, kept } = await fuzz(executor, start, {
    seed: Number(values.seed),
    executions: Number(values.executions),
    lengthMax,
    ...(dictionary === undefined ? {} : { dictionary }),
    progress,
  });
  const seconds = (performance.now() - begun) / 1_000;
  const { branches, reached } = executor;
  executor.close();
  if (values.keep) await keep(target, kept);
  return {
    target: name,
    executions,
    perSecond: Math.round(executions / seconds),
    reached,
    branches,
    kept: kept.length,
  };
}

async function keep(target: Target, kept: readonly Uint8Array[]): Promise<void> {
  const executor = await target.open();
  const corpus = await smallest(executor, kept);
  const unreached = executor.unreached();
  executor.close();
  const isKept = writeCeiling(target.name, unreached.length, values.raise);
  if (isKept) writeCorpus(target.name, corpus);
  else process.exitCode = 1;
  print(
    isKept
      ? `${target.name}: ${corpus.length} inputs in its corpus; unreached:`
      : `${target.name}: not kept, more is unreached than its ceiling allows (--raise raises it):`,
  );
  for (const place of unreached) print(`  ${place}`);
}
