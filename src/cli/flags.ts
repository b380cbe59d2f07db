/**
 * The permissions that each run of the program has on Deno: as few as work. The reason of each
 * stands in docs/OPERATIONS.md. Node has no such flags that are worth having: its permission model
 * is off by default, and native code, which koffi is, goes past it.
 *
 * @module
 */

/** Options of the runtime with which the second run of `simplon lns` serves. */
export function servingFlags(): string[] {
  if (!("Deno" in globalThis)) return [...process.execArgv];
  return ["run", "--no-prompt", "-A"];
}
