/**
 * `simplon bench codec [--quick] [--rounds N] [--seconds S] [--json] [--compare FILE]`. No root
 * needed.
 *
 * Each case is done by codec.wasm, by a DataView codec that allocates nothing, and by C compiled
 * here, on the same generated packets: one after the other in each round, so that what else the
 * machine does falls on all alike. A figure is the median of the rounds, a ratio that of the ratios
 * of each round. Then the cost of a call of libc, and single calls by benchmark.js.
 *
 * @module
 */
import { type Column, formatTable } from "../src/cli/table.ts";
import { failure, misuse, parseCommand } from "../src/cli/usage.ts";
import { nsPerRun } from "./codec/clock.ts";
import { type Ffi, openFfi } from "./codec/ffi.ts";
import { type Case, layOut } from "./codec/image.ts";
import { measureMicro } from "./codec/micro.ts";
import { compileNative, hashOf, type Native } from "./codec/native.ts";
import {
  formatRows,
  formatValue,
  type Output,
  present,
  progress,
  progressEnd,
  type Row,
  readReport,
  reportOf,
  rowOf,
} from "./report.ts";

interface Plan extends Output {
  readonly rounds: number;
  /** How long one measurement takes. */
  readonly seconds: number;
}

const ROUNDS_MIN = 5;
const ROUNDS_MAX = 1_000;
const SECONDS_MAX = 60;
const FULL = { rounds: 9, seconds: 0.1 };
const QUICK = { rounds: ROUNDS_MIN, seconds: 0.02 };
/** Before the first round, so that the runtime's compilers have done their best. */
const WARM_SECONDS = 0.15;
const FFI = "call of libc, no system call";

/** Nanoseconds per run of a case, one for each round. */
interface Rounds {
  readonly wasm: number[];
  readonly dataView: number[];
  readonly c: number[];
  readonly wide: number[];
}

/** The result: exit code 1 when a call of libc takes longer than it may. */
export async function codec(args: readonly string[]): Promise<number> {
  const plan = planOf(args);
  const { cases, wasm } = layOut();
  progress("bench codec: compiling");
  const native = compileNative(wasm);
  try {
    if (native !== undefined) assertAgreement(cases, wasm, native);
    return run(plan, cases, native);
  } finally {
    native?.end();
  }
}

function planOf(args: readonly string[]): Plan {
  const { values, positionals } = parseCommand(args, {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    json: { type: "boolean", default: false },
    compare: { type: "string" },
  });
  const [extra] = positionals;
  if (extra !== undefined) throw misuse(`bench codec: unexpected ${JSON.stringify(extra)}`);
  const usual = values.quick ? QUICK : FULL;
  const rounds = Number(values.rounds ?? usual.rounds);
  if (!(Number.isInteger(rounds) && rounds >= ROUNDS_MIN && rounds <= ROUNDS_MAX)) {
    throw misuse(`--rounds: expected ${ROUNDS_MIN} to ${ROUNDS_MAX}, got ${values.rounds}`);
  }
  const seconds = Number(values.seconds ?? usual.seconds);
  if (!(seconds > 0 && seconds <= SECONDS_MAX)) {
    throw misuse(`--seconds: expected more than 0 up to ${SECONDS_MAX}, got ${values.seconds}`);
  }
  if (values.compare !== undefined) readReport(values.compare, "codec");
  return { rounds, seconds, json: values.json, compare: values.compare };
}

/** C and the module do the same, or the comparison says nothing. */
function assertAgreement(cases: readonly Case[], memory: Uint8Array, native: Native): void {
  const before = Uint8Array.from(memory);
  for (const { key, name, wasm } of cases) {
    memory.set(before);
    const result = wasm() >>> 0;
    const hash = hashOf(memory);
    for (const found of [native.run(key, 0), native.runWide(key, 0)]) {
      if (found.result !== result || found.hash !== hash) {
        throw failure(`bench codec: ${name}: C does something else than the module`);
      }
    }
  }
  memory.set(before);
}

function run(plan: Plan, cases: readonly Case[], native: Native | undefined): number {
  const measured = cases.map((): Rounds => ({ wasm: [], dataView: [], c: [], wide: [] }));
  const ffi = openFfi();
  const ffiNs: number[] = [];
  for (const { wasm, dataView } of cases) {
    nsPerRun(wasm, WARM_SECONDS);
    nsPerRun(dataView, WARM_SECONDS);
  }
  ffi?.measure(WARM_SECONDS);
  for (let round = 1; round <= plan.rounds; round++) {
    progress(`bench codec: round ${round} of ${plan.rounds}`);
    for (const [i, each] of cases.entries()) measure(each, measured[i], native, plan.seconds);
    if (ffi !== undefined) ffiNs.push(ffi.measure(plan.seconds));
  }
  const rows = cases.flatMap((each, i) => rowsOf(each, measured[i]));
  if (ffi !== undefined) rows.push(rowOf(FFI, "ns", "less", ffiNs));
  progress("bench codec: single calls");
  const micro = measureMicro(plan.seconds);
  progressEnd();
  const report = reportOf("codec", [...rows, ...(micro ?? [])]);
  present(report, plan, () => table(cases, report.rows));
  const notes = [
    ...(native === undefined ? ["no C compiler is installed: without the rows of C"] : []),
    ...(ffi === undefined ? ["koffi is not installed: without the cost of a call of libc"] : []),
    ...(micro === undefined ? ["benchmark is not installed: without single calls"] : []),
  ];
  for (const note of notes) process.stderr.write(`bench codec: ${note}\n`);
  return judge(rows, ffi);
}

function measure(
  { key, wasm, dataView }: Case,
  rounds: Rounds | undefined,
  native: Native | undefined,
  seconds: number,
): void {
  rounds?.wasm.push(nsPerRun(wasm, seconds));
  if (native !== undefined) {
    rounds?.c.push(native.run(key, seconds).ns);
    rounds?.wide.push(native.runWide(key, seconds).ns);
  }
  rounds?.dataView.push(nsPerRun(dataView, seconds));
}

/** Items per nanosecond are billions a second. */
function rowsOf({ name, unit, count }: Case, rounds: Rounds | undefined): Row[] {
  if (rounds === undefined) return [];
  const { wasm, dataView, c, wide } = rounds;
  const scale = unit === "M/s" ? 1_000 : 1;
  const speed = (who: string, ns: readonly number[]) =>
    rowOf(
      `${name}, ${who}`,
      unit,
      "more",
      ns.map((each) => (count * scale) / each),
    );
  const ratio = (who: string, ns: readonly number[]) => {
    const ratios = ns.map((each, round) => each / (wasm[round] ?? Number.NaN));
    return rowOf(`${name}, WASM : ${who}`, "×", "more", ratios);
  };
  const withC = c.length > 0;
  return [
    speed("WASM", wasm),
    speed("DataView", dataView),
    ...(withC ? [speed("C", c), speed("C -march=native", wide)] : []),
    ratio("DataView", dataView),
    ...(withC ? [ratio("C", c), ratio("C -march=native", wide)] : []),
  ];
}

/** A line a case; below it what is no case. */
function table(cases: readonly Case[], rows: readonly Row[]): string {
  const found = new Map(rows.map((row) => [row.name, row]));
  const cell = (name: string, who: string) => {
    const row = found.get(`${name}, ${who}`);
    return row === undefined ? "-" : formatValue(row.value);
  };
  const whose = ["WASM", "DataView", "C", "C -march=native"];
  const ratios = ["WASM : C", "WASM : C -march=native", "WASM : DataView"];
  const columns: Column<Case>[] = [
    { title: "", align: "left", value: ({ name }) => name },
    { title: "", align: "left", value: ({ unit }) => unit },
    ...[...whose, ...ratios].map(
      (who): Column<Case> => ({
        title: who.replace("-march=", ""),
        align: "right",
        value: ({ name }) => cell(name, who),
      }),
    ),
    { title: "±%", align: "right", value: ({ name }) => spreadOf(found.get(`${name}, WASM`)) },
  ];
  const others = rows.filter((row) => !cases.some(({ name }) => row.name.startsWith(`${name}, `)));
  return `${formatTable(columns, cases)}\n${formatRows(others)}`;
}

function spreadOf(row: Row | undefined): string {
  return row?.spread?.toFixed(1) ?? "";
}

function judge(rows: readonly Row[], ffi: Ffi | undefined): number {
  const ns = rows.find(({ name }) => name === FFI)?.value ?? 0;
  if (ffi === undefined || ns <= ffi.limitNs) return 0;
  const found = `a call of libc takes ${formatValue(ns)} ns, more than ${ffi.limitNs}`;
  process.stderr.write(`bench codec: ${found}: it has left the fast path of the runtime\n`);
  return 1;
}
