/**
 * `simplon lns`: runs the L2TP network server until it is told to stop.
 *
 * The program runs twice, one after the other in the same process: `../daemon/privileges.ts` says
 * why.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { type Config, DEFAULT_FILE } from "../config/config.ts";
import { openDevices, TUN_KINDS, type TunKind } from "../daemon/devices.ts";
import { openLibc } from "../daemon/libc.ts";
import { takeServiceManager } from "../daemon/notify.ts";
import { handOver } from "../daemon/privileges.ts";
import { StartError } from "../daemon/start-error.ts";
import { servingFlags } from "./flags.ts";
import { configFailure, readConfig } from "./settings.ts";
import { failure, misuse, parseCommand } from "./usage.ts";

/** `program` is what the runtime is given to come here again: a path, and arguments before ours. */
export async function lns(args: readonly string[], program: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    config: { type: "string", short: "c" },
    tun: { type: "string" },
    handover: { type: "string" },
  });
  if (positionals.length > 0) throw misuse(`unexpected argument ${JSON.stringify(positionals[0])}`);
  try {
    if (values.handover !== undefined) {
      const { serve } = await import("./serve.ts");
      return await serve(Number(values.handover));
    }
    const kind = tunKind(values.tun);
    return await open(await findConfig(values.config), kind, program);
  } catch (error) {
    throw error instanceof StartError ? failure(error.message) : error;
  }
}

/** The first run: opens what needs privileges, drops them and hands over. */
async function open(config: Config, kind: TunKind, program: readonly string[]): Promise<never> {
  const libc = openLibc();
  const manager = takeServiceManager(process.env);
  const devices = await openDevices(libc, config, kind);
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

function tunKind(text = "device"): TunKind {
  const kind = TUN_KINDS.find((candidate) => candidate === text);
  if (kind === undefined) throw misuse(`--tun: expected "none", got ${JSON.stringify(text)}`);
  return kind;
}

async function findConfig(path: string | undefined): Promise<Config> {
  if (path !== undefined || existsSync(DEFAULT_FILE)) {
    return readConfig(path ?? DEFAULT_FILE, "lns");
  }
  const { firstConfig, firstSteps } = await import("../config/first.ts");
  const error = firstConfig(DEFAULT_FILE);
  if (error !== undefined) throw await configFailure([error]);
  const config = await readConfig(DEFAULT_FILE);
  // For the person who started it: stdout carries the log alone, which must not tell a password.
  process.stderr.write(`${firstSteps(config, DEFAULT_FILE)}\n`);
  return config;
}
