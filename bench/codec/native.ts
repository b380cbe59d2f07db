/**
 * The same cases in C, compiled by what is here, as a process of its own that reads its own clock.
 *
 * @module
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { arch, tmpdir } from "node:os";
import { join } from "node:path";
import { failure } from "../../src/cli/usage.ts";
import { placeOf } from "../place.ts";

/** What one run of a case took, returned, and left in memory. */
export interface NativeRun {
  readonly ns: number;
  readonly result: number;
  readonly hash: number;
}

export interface Native {
  /** As wide as WebAssembly is: 128 bits. */
  run(key: string, seconds: number): NativeRun;
  /** As wide as the processor is. */
  runWide(key: string, seconds: number): NativeRun;
  end(): void;
}

/** x86-64-v2 is SSE4.2, Advanced SIMD is what every 64-bit ARM has; both are 128 bits wide. */
const WIDTH_FLAGS: Readonly<Record<string, readonly string[]>> = { x64: ["-march=x86-64-v2"] };

/** Undefined where no compiler is installed. */
export function compileNative(image: Uint8Array): Native | undefined {
  const compiler = ["cc", "gcc", "clang"].find(isInstalled);
  if (compiler === undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), "simplon-bench-"));
  const file = join(directory, "image");
  const source = placeOf("bench/codec/codec.c");
  const build = (name: string, flags: readonly string[]): string => {
    const program = join(directory, name);
    const options = ["-O3", "-std=gnu11", ...flags, "-o", program];
    const { status, stderr } = spawnSync(compiler, [...options, source], { encoding: "utf8" });
    if (status === 0) return program;
    const [line = ""] = stderr.split("\n");
    throw failure(`bench codec: ${compiler} cannot compile ${source} (${line})`);
  };
  try {
    writeFileSync(file, image);
    const narrow = build("narrow", WIDTH_FLAGS[arch()] ?? []);
    const wide = build("wide", ["-march=native"]);
    return {
      run: (key, seconds) => run(narrow, file, key, seconds),
      runWide: (key, seconds) => run(wide, file, key, seconds),
      end: () => rmSync(directory, { recursive: true, force: true }),
    };
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** FNV-1a, as codec.c has it. */
export function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash >>> 0;
}

function run(program: string, image: string, key: string, seconds: number): NativeRun {
  const text = execFileSync(program, [image, key, String(seconds)], { encoding: "utf8" });
  const [ns = Number.NaN, result = Number.NaN, hash = Number.NaN] = text.split(" ").map(Number);
  return { ns, result, hash };
}

function isInstalled(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}
