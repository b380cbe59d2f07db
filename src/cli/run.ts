/**
 * A daemon from the first run to its end. The program runs twice, one after the other in the same
 * process: `../daemon/privileges.ts` says why.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import type { Start } from "../daemon/daemon.ts";
import type { Devices } from "../daemon/devices.ts";
import { openLibc } from "../daemon/libc.ts";
import { takeServiceManager } from "../daemon/notify.ts";
import { handOver } from "../daemon/privileges.ts";
import { StartError } from "../daemon/start-error.ts";
import { servingFlags } from "./flags.ts";
import { failure } from "./usage.ts";

interface Daemon {
  /** What the runtime is given to come here again: a path, and arguments before ours. */
  readonly program: readonly string[];
  /** The descriptor that the first run has handed over; absent in the first run. */
  readonly handover: string | undefined;
  /** The configuration as it is served. */
  readonly config: () => Promise<Config>;
  /** Opens what needs privileges. */
  readonly open: (config: Config) => Promise<Devices>;
  readonly start: () => Promise<Start>;
}

export async function run({ program, handover, config, open, start }: Daemon): Promise<number> {
  try {
    if (handover === undefined) return await openAndHandOver(await config(), open, program);
    const { serve } = await import("./serve.ts");
    return await serve(Number(handover), await start());
  } catch (error) {
    throw error instanceof StartError ? failure(error.message) : error;
  }
}

/** The first run: opens what needs privileges, drops them and hands over. */
async function openAndHandOver(
  config: Config,
  open: Daemon["open"],
  program: readonly string[],
): Promise<never> {
  const libc = openLibc();
  const manager = takeServiceManager(process.env);
  const devices = await open(config);
  const [file = "", ...args] = program;
  const flags = "Deno" in globalThis ? servingFlags(config) : process.execArgv;
  return handOver(libc, { config, devices, manager }, [process.execPath, file], (descriptor) => [
    process.execPath,
    ...flags,
    file,
    ...args,
    "--handover",
    String(descriptor),
  ]);
}
