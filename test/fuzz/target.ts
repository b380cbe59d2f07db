/**
 * What is fuzzed, and what runs it: the same for WebAssembly and for TypeScript.
 *
 * @module
 */
export interface Target {
  /** As on the command line, and of its corpus: "wasm-header", "ts-lcp". */
  readonly name: string;
  readonly kind: "WebAssembly" | "TypeScript";
  /** Inputs to begin with, beside those of the corpus. */
  readonly seeds: () => Iterable<Uint8Array>;
  /** Octets that mean something to it, which chance would not find. */
  readonly dictionary?: readonly Uint8Array[];
  /** Octets of the longest input that is made. */
  readonly lengthMax?: number;
  readonly open: () => Promise<Executor>;
}

/** Runs inputs and knows which branches they have reached. */
export interface Executor {
  /**
   * Runs all of them, in their order.
   *
   * @returns those that reached a branch which none had reached before
   * @throws {Crash} what must not be
   */
  execute(inputs: readonly Uint8Array[]): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** Inputs that it is best given at a time. */
  readonly batch?: number;
  /** Branches of what is fuzzed. */
  readonly branches: number;
  /** Those that were reached, of `branches`. */
  readonly reached: number;
  /** Where the others are: "file:line". */
  unreached(): readonly string[];
  close(): void;
}

/** An input did what no input may do. */
export class Crash extends Error {
  readonly input: Uint8Array;

  constructor(input: Uint8Array, cause: unknown) {
    const what = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    super(`${Buffer.from(input).toString("hex")}: ${what}`, { cause });
    this.input = input;
  }
}
