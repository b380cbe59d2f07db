/** `simplon lns`: runs the L2TP network server until it is told to stop. @module */
import { existsSync } from "node:fs";
import { type Config, DEFAULT_FILE } from "../config/config.ts";
import type { RunningLns } from "../daemon/lns.ts";
import { StartError } from "../daemon/start-error.ts";
import { createLog, flushLog, type Logger } from "../observe/log.ts";
import { LineSink, stdoutWrite } from "../observe/sink.ts";
import { configFailure, readConfig } from "./settings.ts";
import { Supervisor } from "./supervise.ts";
import { failure, misuse, parseCommand } from "./usage.ts";

export async function lns(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, { config: { type: "string", short: "c" } });
  if (positionals.length > 0) throw misuse(`unexpected argument ${JSON.stringify(positionals[0])}`);
  const config = await findConfig(values.config);
  const log = createLog({
    level: config.log.level,
    human: process.stdout.isTTY === true,
    sink: new LineSink(stdoutWrite()),
  });
  const supervisor = new Supervisor();
  const running = await start(config, log);
  supervisor.watch(running);
  const code = await running.done;
  await flushLog(log);
  // The daemon is down: nothing that might still hold the event loop is worth waiting for.
  process.exit(code);
}

async function findConfig(path: string | undefined): Promise<Config> {
  if (path !== undefined || existsSync(DEFAULT_FILE)) return readConfig(path ?? DEFAULT_FILE);
  const { firstConfig, firstSteps } = await import("../config/first.ts");
  const error = firstConfig(DEFAULT_FILE);
  if (error !== undefined) throw await configFailure([error]);
  const config = await readConfig(DEFAULT_FILE);
  // For the person who started it: stdout carries the log alone, which must not tell a password.
  process.stderr.write(`${firstSteps(config, DEFAULT_FILE)}\n`);
  return config;
}

async function start(config: Config, log: Logger): Promise<RunningLns> {
  const { startLns } = await import("../daemon/lns.ts");
  try {
    return await startLns(config, log);
  } catch (error) {
    await flushLog(log);
    throw error instanceof StartError ? failure(error.message) : error;
  }
}
