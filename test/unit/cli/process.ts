/** Runs programs of the project as processes of their own. @module */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { findDeno } from "../../../src/cli/launch.ts";

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const deno = findDeno(new URL(import.meta.url));
if (deno === undefined) throw new Error("the package deno is not installed: npm ci");

/** The command that runs a TypeScript file on each runtime. */
export const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  node: [process.execPath, "--no-warnings"],
  deno: [deno, "run", "--allow-all", "--no-check"],
};

export function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, new URL("../../../", import.meta.url)));
}

export function start(runtime: string, file: string, args: readonly string[], cwd?: string) {
  const [command = "", ...options] = RUNTIMES[runtime] ?? [];
  return spawn(command, [...options, pathOf(file), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
  });
}

/** `simplon ARGS` in the directory `cwd`. */
export async function simplon(
  runtime: string,
  args: readonly string[],
  cwd?: string,
): Promise<Outcome> {
  const child = start(runtime, "src/cli/main.ts", args, cwd);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}
