/**
 * Runs inputs on a module whose branches are marked.
 *
 * @module
 */
import { Crash, type Executor } from "../target.ts";
import type { Branches } from "./module.ts";

export class WasmExecutor implements Executor {
  readonly branches: number;
  readonly #branches: Branches;
  readonly #run: (input: Uint8Array) => void;

  /** `run` throws when something is not as it must be. */
  constructor(branches: Branches, run: (input: Uint8Array) => void) {
    this.branches = branches.all;
    this.#branches = branches;
    this.#run = run;
  }

  execute(inputs: readonly Uint8Array[]): readonly Uint8Array[] {
    return inputs.filter((input) => {
      try {
        this.#run(input);
      } catch (error) {
        throw new Crash(input, error);
      }
      return this.#branches.isNew();
    });
  }

  get files(): ReadonlySet<string> {
    return this.#branches.files;
  }

  get reached(): number {
    return this.branches - this.#branches.unreached().length;
  }

  unreached(): readonly string[] {
    return this.#branches.unreached();
  }

  /** Nothing is open: memory goes when nobody refers to it. */
  close(): void {}
}

/** Compares without the cost of an assertion. */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (!Object.is(actual, expected)) throw new Error(`${what}: is ${actual}, not ${expected}`);
}
