/** `simplon lns`: runs the L2TP network server until it is told to stop. @module */
import { existsSync } from "node:fs";
import { type Config, DEFAULT_FILE } from "../config/config.ts";
import { openDevices, TUN_KINDS, type TunKind } from "../daemon/devices.ts";
import { openLibc } from "../daemon/libc.ts";
import { run } from "./run.ts";
import { configFailure, readConfig, withAddresses } from "./settings.ts";
import { misuse, parseCommand } from "./usage.ts";

/** `program` is what the runtime is given to come here again: a path, and arguments before ours. */
export async function lns(args: readonly string[], program: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    config: { type: "string", short: "c" },
    tun: { type: "string" },
    handover: { type: "string" },
  });
  if (positionals.length > 0) throw misuse(`unexpected argument ${JSON.stringify(positionals[0])}`);
  const kind = tunKind(values.tun);
  return run({
    program,
    handover: values.handover,
    config: async () => withAddresses(await findConfig(values.config), values.config),
    open: (config) => openDevices(openLibc(), config, kind),
    start: async () => (await import("../daemon/lns.ts")).startLns,
  });
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
