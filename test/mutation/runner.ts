/**
 * Runs our tests for Stryker: all in one process that has loaded them once, and for each mutant only
 * those that come past it.
 *
 * @module
 */
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Checker, type CheckResult, CheckStatus } from "@stryker-mutator/api/check";
import type { Mutant, MutantCoverage } from "@stryker-mutator/api/core";
import { PluginKind } from "@stryker-mutator/api/plugin";
import {
  type CompleteDryRunResult,
  type DryRunResult,
  DryRunStatus,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult,
} from "@stryker-mutator/api/test-runner";
import fc from "fast-check";
import { type DeclaredTest, declared, declaring, LEFT_OUT, leftOut } from "./tests.ts";

const TESTS = new URL("tests.ts", import.meta.url).href;
const SEED = 1;
/** A test is endless that takes so many times the steps that it takes without a mutant, and some. */
const STEPS_FACTOR = 10;
const STEPS_MORE = 100_000;
const FILES = [
  "test/unit/{l2tp,ppp,dial}/*.test.ts",
  "test/unit/cells.test.ts",
  "test/regress/{ack-vs-rto,late-event,number-avps,stale-timer}.test.ts",
];
/** Tens of thousands of tunnels or messages each: too long to run for every mutant. */
const LONG = ["**/{flood,scale,spread,delivery}.test.ts"];

/** Steps of each test, by its id. What the first run has counted lies in the sandbox for all workers. */
const stepsOf = new Map<string, number>();
const STEPS = "steps.json";

/**
 * What the instrumented code and we say to each other. It asks at each step which mutant is active: so
 * steps are counted, and a loop ends that would not, on any machine after the same time.
 */
class Conversation {
  mutantCoverage?: MutantCoverage;
  currentTestId?: string;
  active: string | undefined;
  steps = 0;
  stepsMax = Infinity;

  get activeMutant(): string | undefined {
    this.steps += 1;
    if (this.steps > this.stepsMax) throw new Error("endless");
    return this.active;
  }
}

const stryker = new Conversation();
Object.assign(globalThis, { __stryker__: stryker });
fc.configureGlobal({ seed: SEED });

registerHooks({
  resolve(specifier, context, next) {
    return specifier === "node:test"
      ? { url: TESTS, shortCircuit: true }
      : next(specifier, context);
  },
});

class InProcessRunner implements TestRunner {
  capabilities() {
    return { reloadEnvironment: false };
  }

  async dryRun(): Promise<DryRunResult> {
    const coverage = { static: {}, perTest: {} };
    stryker.mutantCoverage = coverage;
    await this.#load();
    // Backwards: a test that needs one before it is no test for us, and is seen here.
    const result = runAll(declared.toReversed());
    delete stryker.mutantCoverage;
    writeFileSync(STEPS, JSON.stringify([...stepsOf]));
    return { ...result, mutantCoverage: coverage };
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    stryker.active = undefined;
    if (declared.length === 0) await this.#load();
    stryker.active = options.activeMutant.id;
    const chosen = new Set(options.testFilter);
    const tests = declared.filter(({ id }) => chosen.has(id));
    return toMutantRunResult(runUntilFailure(shortestFirst(tests)));
  }

  /** The working directory is the copy whose code is mutated. */
  async #load(): Promise<void> {
    for (const file of globSync(FILES, { exclude: LONG }).sort()) {
      declaring(file);
      await import(pathToFileURL(resolve(file)).href);
    }
    if (leftOut.length !== LEFT_OUT) throw new Error(`left out are\n${leftOut.join("\n")}`);
    if (existsSync(STEPS)) {
      const counted: [string, number][] = JSON.parse(readFileSync(STEPS, "utf8"));
      for (const [id, steps] of counted) stepsOf.set(id, steps);
    }
  }
}

/** Lets through every so-manieth mutant; the others are no part of the result. */
class Sample implements Checker {
  readonly #each = Number(process.env.MUTATION_SAMPLE ?? 1);

  async init(): Promise<void> {}

  async check(mutants: Mutant[]): Promise<Record<string, CheckResult>> {
    return Object.fromEntries(
      mutants.map(({ id }): [string, CheckResult] => [
        id,
        Number(id) % this.#each === 0
          ? { status: CheckStatus.Passed }
          : { status: CheckStatus.CompileError, reason: "not in the sample" },
      ]),
    );
  }
}

function runAll(tests: readonly DeclaredTest[]): CompleteDryRunResult {
  const results = tests.map((test) => {
    const result = runOne(test);
    stepsOf.set(test.id, stryker.steps);
    return result;
  });
  return complete(results);
}

function runUntilFailure(tests: readonly DeclaredTest[]): DryRunResult {
  const results: TestResult[] = [];
  for (const test of tests) {
    const result = runOne(test, STEPS_FACTOR * (stepsOf.get(test.id) ?? 0) + STEPS_MORE);
    if (stryker.steps > stryker.stepsMax) return { status: DryRunStatus.Timeout, reason: test.id };
    results.push(result);
    if (result.status === TestStatus.Failed) break;
  }
  return complete(results);
}

function runOne(test: DeclaredTest, stepsMax = Infinity): TestResult {
  const { id, file } = test;
  const begin = performance.now();
  const named = () => ({ id, name: id, fileName: file, timeSpentMs: performance.now() - begin });
  Object.assign(stryker, { currentTestId: id, steps: 0, stepsMax });
  try {
    test.run();
    return { ...named(), status: TestStatus.Success };
  } catch (error) {
    const failureMessage = error instanceof Error ? error.message : String(error);
    return { ...named(), status: TestStatus.Failed, failureMessage };
  } finally {
    delete stryker.currentTestId;
  }
}

function complete(tests: TestResult[]): CompleteDryRunResult {
  return { status: DryRunStatus.Complete, tests };
}

function shortestFirst(tests: readonly DeclaredTest[]): DeclaredTest[] {
  const steps = ({ id }: DeclaredTest) => stepsOf.get(id) ?? 0;
  return tests.toSorted((a, b) => steps(a) - steps(b));
}

export const strykerPlugins = [
  { kind: PluginKind.TestRunner, name: "in-process", injectableClass: InProcessRunner },
  { kind: PluginKind.Checker, name: "sample", injectableClass: Sample },
];
