/** Finds the configuration that a command works with. @module */
import { existsSync } from "node:fs";
import { type Config, DEFAULT_FILE } from "../config/config.ts";
import type { ConfigError } from "../config/errors.ts";
import type { Purpose } from "../config/load.ts";
import { placesFor } from "../config/places.ts";
import { CommandError, failure, MISUSE } from "./usage.ts";

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

/**
 * The configuration in `path` as a daemon serves it: with addresses for the names of LNSs.
 *
 * @throws {CommandError} when a name has none. That may change, unlike a mistake in the file.
 */
export async function withAddresses(config: Config, path = DEFAULT_FILE): Promise<Config> {
  const { resolvePeers } = await import("../config/resolve.ts");
  const result = await resolvePeers(config, path);
  if ("lns" in result) return result;
  const { formatConfigError } = await import("../config/errors.ts");
  throw failure(formatConfigError(result));
}

/**
 * Where the daemon of `path` listens; without a file at hand, where it does by default. Clients are
 * a LAC's to tell of.
 */
export async function findSocket(path: string | undefined, about = ""): Promise<string> {
  const isLac = about === "clients";
  if (path === undefined && !existsSync(DEFAULT_FILE)) {
    const { socket, lacSocket } = placesFor(DEFAULT_FILE);
    return isLac ? lacSocket : socket;
  }
  const config = await readConfig(path ?? DEFAULT_FILE);
  return isLac ? config.lac.socket : daemonOf(config).socket;
}

/** Of a file for both it is the LNS that is asked. */
export function daemonOf({ networks, lns, lac }: Config): Config["lns"] | Config["lac"] {
  return networks.length > 0 ? lns : lac;
}

export async function configFailure(errors: readonly ConfigError[]): Promise<CommandError> {
  const { formatConfigError } = await import("../config/errors.ts");
  return new CommandError(errors.map(formatConfigError).join("\n"), MISUSE);
}
