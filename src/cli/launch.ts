/**
 * Starts the program on the runtime that is there: verbs that call the kernel on a Deno beside
 * simplon or in PATH, without one on the Node that runs this; all others right here. The published
 * bin and the scripts of a checkout both begin with this.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { constants as osConstants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BENCH_FLAGS, DOCTOR_FLAGS, OPENING_FLAGS } from "./flags.ts";

/** The verbs that call the kernel, and what each may do on Deno. */
const KERNEL_VERBS: ReadonlyMap<string, readonly string[]> = new Map([
  ["lns", OPENING_FLAGS],
  ["lac", OPENING_FLAGS],
  ["bench", BENCH_FLAGS],
  ["doctor", DOCTOR_FLAGS],
]);
const FORWARDED_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const;

/** Chooses the runtime where the one that is found is not wanted: "deno" or "node". */
const CHOICE = "SIMPLON_RUNTIME";

/** Runs the module `name` beside this one; the process ends with its exit code. */
export async function launch(name: string, args: readonly string[]): Promise<void> {
  const program = new URL(name, import.meta.url);
  const flags = KERNEL_VERBS.get(args[0] ?? "");
  const choice = process.env[CHOICE] ?? "";
  if (flags === undefined || "Deno" in globalThis || choice === "node") {
    await import(program.href);
    return;
  }
  if (!["", "deno"].includes(choice)) {
    fail(`${CHOICE}: expected "deno" or "node", got ${JSON.stringify(choice)}`, 2);
    return;
  }
  const deno = findDeno(program);
  if (deno !== undefined) execute(deno, [...flags, fileURLToPath(program), ...args]);
  else if (choice === "") await import(program.href);
  else fail(`${CHOICE} is deno, and none is beside simplon or in PATH: npm install deno`, 1);
}

/** The binary of the package `deno` as `from` finds it, or the first in PATH. */
export function findDeno(from: URL): string | undefined {
  const directories = (process.env.PATH ?? "").split(delimiter).filter((path) => path !== "");
  const candidates = [
    ...packagedDeno(from),
    ...directories.map((directory) => join(directory, "deno")),
  ];
  return candidates.find(isExecutable);
}

/** Not its `bin`: that one is a script which waits without forwarding signals. */
function packagedDeno(from: URL): string[] {
  try {
    const require = createRequire(from);
    return [join(dirname(require.resolve("deno/package.json")), "deno")];
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** In the place of this process where Node can (22.15), else as its child. */
function execute(command: string, args: readonly string[]): void {
  const { execve } = process as { execve?: NodeJS.Process["execve"] };
  if (execve === undefined) {
    run(command, args);
  } else {
    process.removeAllListeners("warning"); // Node calls it experimental
    execve.call(process, command, [command, ...args], process.env);
  }
}

function run(command: string, args: readonly string[]): void {
  const child = spawn(command, args, { stdio: "inherit" });
  for (const signal of FORWARDED_SIGNALS) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => fail(`${command} cannot be started (${error.message})`, 1));
  child.on("exit", (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 128 + osConstants.signals[signal];
  });
}

function fail(line: string, exitCode: number): void {
  process.stderr.write(`simplon: ${line}\n`);
  process.exitCode = exitCode;
}
