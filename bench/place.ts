/** Where the files of the project are, from a checkout and from the published package. @module */
import { fileURLToPath } from "node:url";

const isSource = import.meta.url.endsWith(".ts");

/** The absolute path of a file that is in both, from its path in the project. */
export function placeOf(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

/**
 * The command that runs `simplon` with `args` as this process was started: on this runtime, from
 * the source in a checkout, from dist/ when published.
 */
export function simplon(...args: readonly string[]): [string, ...string[]] {
  const program = placeOf(isSource ? "src/cli/main.ts" : "dist/cli.js");
  const isDeno = process.versions.deno !== undefined;
  return [process.execPath, ...(isDeno ? ["run", "-A"] : []), program, ...args];
}
