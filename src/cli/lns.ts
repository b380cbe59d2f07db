/** `simplon lns`: runs the L2TP network server until it is told to stop. @module */
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { type Config, DEFAULT_FILE } from "../config/config.ts";
import type { RunningLns } from "../daemon/lns.ts";
import { StartError } from "../daemon/start-error.ts";
import { SIGNAL_ECHO_MS } from "../limits.ts";
import { createLog, flushLog, type Logger, stdoutSink } from "../observe/log.ts";
import { configFailure, readConfig } from "./settings.ts";
import { failure, misuse, parseCommand } from "./usage.ts";

export async function lns(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, { config: { type: "string", short: "c" } });
  if (positionals.length > 0) throw misuse(`unexpected argument ${JSON.stringify(positionals[0])}`);
  const config = await findConfig(values.config);
  const log = createLog({
    level: config.log.level,
    human: process.stdout.isTTY === true,
    sink: stdoutSink(),
  });
  const code = await run(config, log);
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
  process.stdout.write(`${firstSteps(config, DEFAULT_FILE)}\n`);
  return config;
}

async function run(config: Config, log: Logger): Promise<number> {
  const signals = new Signals();
  const running = await start(config, log);
  signals.stopWith(running);
  // An exception is a bug of ours: the process ends, but leaves the host as it found it.
  process.on("uncaughtException", (error) => void running.fail(error));
  process.on("unhandledRejection", (error) => void running.fail(error));
  return running.done;
}

async function start(config: Config, log: Logger): Promise<RunningLns> {
  const { startLns } = await import("../daemon/lns.ts");
  try {
    return await startLns(config, log);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    await flushLog(log);
    throw failure(error.message);
  }
}

/**
 * SIGTERM and SIGINT stop the daemon in order; a second signal ends the process at once. One that
 * comes while the daemon still starts is kept until it can be stopped.
 */
class Signals {
  #running: RunningLns | undefined;
  #first: number | undefined;

  constructor() {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => this.#receive(128 + constants.signals[signal]));
    }
  }

  stopWith(running: RunningLns): void {
    this.#running = running;
    if (this.#first !== undefined) void running.stop();
  }

  #receive(exitCode: number): void {
    const now = performance.now();
    if (this.#first === undefined) {
      this.#first = now;
      void this.#running?.stop();
    } else if (now - this.#first > SIGNAL_ECHO_MS) {
      process.exit(exitCode);
    }
  }
}
