/**
 * What V8 counts of source files (`Profiler.startPreciseCoverage`). Node takes types out of a file
 * without moving anything, so that its offsets are those of the source.
 *
 * Counting begins once in a process, and has to before the files are loaded: functions that were
 * compiled without counters have none.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { type Profiler, Session } from "node:inspector";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Branch, branchesOf } from "./branches.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

let session: Session | undefined;

/** Begins to count, if nobody has. */
export function startCounting(): void {
  if (session !== undefined) return;
  session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
}

/** What was run since the last time. */
function takeCoverage(): readonly Profiler.ScriptCoverage[] {
  let scripts: readonly Profiler.ScriptCoverage[] = [];
  session?.post("Profiler.takePreciseCoverage", (error, { result }) => {
    if (error !== null) throw error;
    scripts = result;
  });
  return scripts;
}

interface Source {
  readonly path: string;
  readonly branches: readonly Branch[];
  /** Of the file's first branch, among those of all files. */
  readonly from: number;
}

/** The branches of some files, and which were reached so far. */
export class Coverage {
  readonly #sources = new Map<string, Source>();
  readonly #isReached: boolean[] = [];
  reached = 0;

  /** @param files URLs of source files */
  constructor(files: readonly URL[]) {
    for (const file of files) {
      const branches = branchesOf(readFileSync(file, "utf8"));
      const path = relative(ROOT, fileURLToPath(file));
      this.#sources.set(file.href, { path, branches, from: this.#isReached.length });
      for (const _ of branches) this.#isReached.push(false);
    }
    takeCoverage();
  }

  get branches(): number {
    return this.#isReached.length;
  }

  /** Those that were run since it was asked last, and never before. */
  fresh(): number[] {
    return takeCoverage().flatMap(({ url, functions }) => {
      const source = this.#sources.get(url);
      return source === undefined ? [] : this.#freshOf(source, functions);
    });
  }

  reach(branches: Iterable<number>): void {
    for (const branch of branches) {
      if (!this.#isReached[branch]) this.reached += 1;
      this.#isReached[branch] = true;
    }
  }

  /** "src/ppp/lcp.ts:112" */
  unreached(): string[] {
    return [...this.#sources.values()].flatMap(({ path, branches, from }) =>
      branches.flatMap(({ line }, at) =>
        this.#isReached[from + at] === true ? [] : [`${path}:${line}`],
      ),
    );
  }

  /** A range counts for all in it but for the ranges inside, which come after it. */
  #freshOf(source: Source, functions: readonly Profiler.FunctionCoverage[]): number[] {
    const { branches, from } = source;
    const wasRun = new Uint8Array(branches.length);
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) {
        const end = firstFrom(branches, endOffset);
        wasRun.fill(Math.min(count, 1), firstFrom(branches, startOffset), end);
      }
    }
    const fresh: number[] = [];
    for (const [at, run] of wasRun.entries()) {
      if (run === 1 && !this.#isReached[from + at]) fresh.push(from + at);
    }
    return fresh;
  }
}

/** Index of the first branch that does not lie before `offset`. */
function firstFrom(branches: readonly Branch[], offset: number): number {
  let [low, high] = [0, branches.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((branches[middle]?.at ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
