/**
 * Runs inputs of a TypeScript target. V8 is asked once for many of them, which takes it milliseconds;
 * when they have reached something new, their halves are run again, until it is known which did.
 *
 * @module
 */
import { Crash, type Executor, type Target } from "../target.ts";
import { Coverage, startCounting } from "./v8-coverage.ts";

/** Runs one input, and throws when it did what none may do. It leaves nothing behind for the next. */
export type Run = (input: Uint8Array) => void;

export interface Fuzzed {
  readonly name: string;
  /** Whose branches count; from the project's root. */
  readonly files: readonly string[];
  readonly seeds: () => Iterable<Uint8Array>;
  /** Octets of the longest input. */
  readonly lengthMax: number;
  /** Loads what is fuzzed. */
  readonly load: () => Promise<Run>;
}

export function typescript({ name, files, load, ...rest }: Fuzzed): Target {
  const open = async (): Promise<Executor> => {
    startCounting();
    const run = await load();
    run(new Uint8Array()); // what runs once only, runs now
    return new V8Executor(run, new Coverage(files.map(urlOf)));
  };
  return { name: `ts-${name}`, kind: "TypeScript", ...rest, open };
}

function urlOf(file: string): URL {
  return new URL(`../../../${file}`, import.meta.url);
}

/** Inputs that are run at a time: the more, the rarer it is that they bring something new. */
const BATCH_MIN = 256;
const BATCH_MAX = 8_192;

class V8Executor implements Executor {
  batch = BATCH_MIN;
  readonly #run: Run;
  readonly #coverage: Coverage;

  constructor(run: Run, coverage: Coverage) {
    this.#run = run;
    this.#coverage = coverage;
  }

  get branches(): number {
    return this.#coverage.branches;
  }

  get reached(): number {
    return this.#coverage.reached;
  }

  unreached(): readonly string[] {
    return this.#coverage.unreached();
  }

  execute(inputs: readonly Uint8Array[]): readonly Uint8Array[] {
    const finders = this.#findersAmong(inputs);
    const wanted = finders.length === 0 ? this.batch * 2 : this.batch / 2;
    this.batch = Math.min(Math.max(wanted, BATCH_MIN), BATCH_MAX);
    return finders;
  }

  close(): void {}

  #findersAmong(inputs: readonly Uint8Array[]): readonly Uint8Array[] {
    for (const input of inputs) this.#attempt(input);
    const fresh = this.#coverage.fresh();
    if (fresh.length === 0) return [];
    const finders = inputs.length === 1 ? inputs : this.#halves(inputs);
    // What is run once only, in a run that is over, is nobody's.
    this.#coverage.reach(fresh);
    return finders;
  }

  #halves(inputs: readonly Uint8Array[]): readonly Uint8Array[] {
    const middle = inputs.length >> 1;
    const [left, right] = [inputs.slice(0, middle), inputs.slice(middle)];
    return [...this.#findersAmong(left), ...this.#findersAmong(right)];
  }

  #attempt(input: Uint8Array): void {
    try {
      this.#run(input);
    } catch (error) {
      throw new Crash(input, error);
    }
  }
}
