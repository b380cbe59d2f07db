/** Finds the configuration that a command works with. @module */
import { existsSync } from "node:fs";
import { type Config, DEFAULT_FILE } from "../config/config.ts";
import type { ConfigError } from "../config/errors.ts";
import type { Purpose } from "../config/load.ts";
import { placesFor } from "../config/places.ts";
import { CommandError, MISUSE } from "./usage.ts";

/**
 * The configuration in `path`, checked.
 *
 * @throws {CommandError} with a line for each thing that is wrong.
 */
export async function readConfig(path: string, purpose?: Purpose): Promise<Config> {
  const { loadConfig } = await import("../config/load.ts");
  const result = loadConfig(path, placesFor(path), purpose);
  if (Array.isArray(result)) throw await configFailure(result);
  return result;
}

/** Where the daemon of `path` listens; without a file at hand, where an LNS does by default. */
export async function findSocket(path: string | undefined): Promise<string> {
  if (path === undefined && !existsSync(DEFAULT_FILE)) return placesFor(DEFAULT_FILE).socket;
  return daemonOf(await readConfig(path ?? DEFAULT_FILE)).socket;
}

/** Of a file for both it is the LNS that is asked. */
export function daemonOf({ networks, lns, lac }: Config): Config["lns"] | Config["lac"] {
  return networks.length > 0 ? lns : lac;
}

export async function configFailure(errors: readonly ConfigError[]): Promise<CommandError> {
  const { formatConfigError } = await import("../config/errors.ts");
  return new CommandError(errors.map(formatConfigError).join("\n"), MISUSE);
}
