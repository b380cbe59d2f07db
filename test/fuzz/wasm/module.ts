/**
 * Modules of WebAssembly whose branches are marked, built from the sources of the real ones into
 * build/fuzz/ when those are newer.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const OUTPUT = join(root, "build", "fuzz");
const TRANSFORM = "test/fuzz/wasm/transform.ts";
const SECTION = "branches";

export interface Source {
  /** Of the file that is built. */
  readonly name: string;
  /** From the project's root. */
  readonly entry: string;
  /** Of asconfig.json. */
  readonly target: "codec" | "dataplane";
}

export const CODEC: Source = { name: "codec", entry: "assembly/codec.ts", target: "codec" };
export const DATAPLANE: Source = {
  name: "dataplane",
  entry: "assembly/dataplane.ts",
  target: "dataplane",
};

/** What a marked module says it has reached: a count, and behind it an octet for each branch. */
export class Branches {
  readonly places: readonly string[];
  readonly #at: number;
  readonly #isOwn: readonly boolean[];
  readonly #octets: Uint8Array;
  readonly #count: Uint32Array;
  #seen = 0;

  /** Of all branches, those count that are in `files` and not in `others`; either may be a folder. */
  constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    at: number,
    files: readonly string[],
    others: readonly string[] = [],
  ) {
    this.places = placesOf(module);
    this.#at = at + 4;
    this.#octets = new Uint8Array(memory.buffer);
    this.#count = new Uint32Array(memory.buffer, at, 1);
    const isIn = (place: string, some: readonly string[]) =>
      some.some((file) => place.startsWith(file));
    this.#isOwn = this.places.map((place) => isIn(place, files) && !isIn(place, others));
  }

  /** Whether a branch was reached since the last time. */
  isNew(): boolean {
    const count = this.#count[0] ?? 0;
    if (count === this.#seen) return false;
    this.#seen = count;
    return true;
  }

  /** Those that have a branch that counts. */
  get files(): ReadonlySet<string> {
    return new Set(this.places.filter((_, branch) => this.#isOwn[branch]).map(fileOf));
  }

  get all(): number {
    return this.#isOwn.filter((isOwn) => isOwn).length;
  }

  unreached(): string[] {
    return this.places.filter(
      (_, branch) => this.#isOwn[branch] && this.#octets[this.#at + branch] === 0,
    );
  }
}

/** Where each branch of a marked module is: "file:line". */
export function placesOf(module: WebAssembly.Module): string[] {
  const [section] = WebAssembly.Module.customSections(module, SECTION);
  return new TextDecoder().decode(section).split("\n");
}

export function fileOf(place: string): string {
  return place.slice(0, place.lastIndexOf(":"));
}

export function compileMarked(source: Source): WebAssembly.Module {
  const wasm = join(OUTPUT, `${source.name}.wasm`);
  if (!isFresh(wasm, source)) build(wasm, source);
  return new WebAssembly.Module(readFileSync(wasm));
}

function isFresh(wasm: string, { entry }: Source): boolean {
  const assembly = readdirSync(join(root, "assembly"), { recursive: true, encoding: "utf8" });
  const sources = [
    "asconfig.json",
    entry,
    TRANSFORM,
    ...assembly.map((name) => `assembly/${name}`),
  ];
  const changed = sources.map((name) => statSync(join(root, name)).mtimeMs);
  return (statSync(wasm, { throwIfNoEntry: false })?.mtimeMs ?? 0) > Math.max(...changed);
}

/** Tests that run at once may build it at once: each puts a whole file in place. */
function build(wasm: string, { entry, target }: Source): void {
  mkdirSync(OUTPUT, { recursive: true });
  const mine = `${wasm}.${process.pid}`;
  const asc = join(root, "node_modules", "assemblyscript", "bin", "asc.js");
  const transform = join(root, TRANSFORM);
  const options = [entry, "--target", target, "--transform", transform, "--outFile", mine];
  execFileSync(process.execPath, [asc, ...options], { cwd: root, stdio: "inherit" });
  renameSync(mine, wasm);
}
