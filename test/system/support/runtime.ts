/** The runtime that the program is tested on: SIMPLON_RUNTIME, without it Deno. */
import { join } from "node:path";
import { root } from "./root.ts";

export const RUNTIMES = ["deno", "node"] as const;
export type Runtime = (typeof RUNTIMES)[number];

export const deno = join(root, "node_modules", ".bin", "deno");

export const runtime = chosen(process.env.SIMPLON_RUNTIME ?? "deno");

/** What starts a file of this checkout. */
const COMMANDS: Readonly<Record<Runtime, readonly string[]>> = {
  deno: [deno, "run", "-A"],
  node: [process.execPath],
};

/** Command and arguments that run a file of this checkout on the chosen runtime. */
export function runtimeArgs(file: string, ...args: readonly string[]): string[] {
  return [...COMMANDS[runtime], file, ...args];
}

function chosen(name: string): Runtime {
  const found = RUNTIMES.find((candidate) => candidate === name);
  if (found === undefined) throw new Error(`SIMPLON_RUNTIME is ${RUNTIMES.join(" or ")}`);
  return found;
}
