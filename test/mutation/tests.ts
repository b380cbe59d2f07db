/**
 * Stands in for node:test while mutants are tried: keeps what a file declares, so that the same tests
 * run again and again in one process, each alone. It has what the tests of the cores use and no more.
 *
 * @module
 */

export interface DeclaredTest {
  readonly id: string;
  readonly file: string;
  readonly run: () => void;
}

/** Says what all others together have done. */
const OF_ALL = "no cell is left out";

const AsyncFunction = (async () => {}).constructor;

type Body = () => void;

/** In the order of their declaration. */
export const declared: DeclaredTest[] = [];

/** Those that are no tests for us: what waits for something cannot run here, nor what asks the others. */
export const leftOut: string[] = [];
/** So many: one of each automaton whose cells are walked, and one that reads the files of them all. */
export const LEFT_OUT = 12;

let file = "";
let names: readonly string[] = [];

/** Who declares what comes now. */
export function declaring(path: string): void {
  file = path;
}

export function test(name: string, run: Body): void {
  if (run.length > 0) throw new Error(`${file}: "${name}" wants a test context`);
  const id = [file, ...names, name].join(" > ");
  if (name.endsWith(OF_ALL) || run instanceof AsyncFunction) leftOut.push(id);
  else declared.push({ id, file, run });
}

export function describe(name: string, body: Body): void {
  const outer = names;
  names = [...names, name];
  body();
  names = outer;
}

/** What comes after all tests prints only. */
export const after = (): void => undefined;
