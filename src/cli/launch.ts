/**
 * Runs the program on the runtime that it needs: verbs that call the kernel on Deno, the others
 * right here. The published bin starts with this; the scripts of a checkout call Deno themselves.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { constants as osConstants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The only verb so far that needs system calls. */
const KERNEL_VERBS: readonly string[] = ["lns"];
const FORWARDED_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const;

/** Runs the module `name` beside this one; the process ends with its exit code. */
export async function launch(name: string, args: readonly string[]): Promise<void> {
  const program = new URL(name, import.meta.url);
  if (!KERNEL_VERBS.includes(args[0] ?? "") || "Deno" in globalThis) {
    await import(program.href);
    return;
  }
  const deno = findDeno(program);
  if (deno === undefined) {
    const lack = `"simplon ${args[0]}" runs on Deno 2, and none is beside simplon or in PATH`;
    process.stderr.write(`simplon: ${lack}; "npm install deno" brings one\n`);
    process.exitCode = 1;
    return;
  }
  run(deno, ["run", "--allow-all", "--no-prompt", fileURLToPath(program), ...args]);
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

function run(command: string, args: readonly string[]): void {
  const child = spawn(command, args, { stdio: "inherit" });
  for (const signal of FORWARDED_SIGNALS) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`simplon: ${command} cannot be started (${error.message})\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 128 + osConstants.signals[signal];
  });
}
