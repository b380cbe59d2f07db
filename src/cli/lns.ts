/**
 * `simplon lns`: runs the L2TP network server until it is told to stop.
 *
 * The program runs twice, one after the other in the same process: see `../daemon/privileges.ts`.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { type Config, DEFAULT_FILE } from "../config/config.ts";
import { openDevices, TUN_KINDS, type TunKind } from "../daemon/devices.ts";
import { openLibc } from "../daemon/libc.ts";
import type { RunningLns } from "../daemon/lns.ts";
import {
  assertUnprivileged,
  handOver,
  type Inheritance,
  isIgnored,
  takeOver,
} from "../daemon/privileges.ts";
import { StartError } from "../daemon/start-error.ts";
import { createLog, flushLog, type Logger } from "../observe/log.ts";
import { LineSink, stdoutWrite } from "../observe/sink.ts";
import { servingFlags } from "./flags.ts";
import { configFailure, readConfig } from "./settings.ts";
import { Supervisor } from "./supervise.ts";
import { failure, misuse, parseCommand } from "./usage.ts";

/** `program` is what a runtime is given to come here again: a path, and arguments before ours. */
export async function lns(args: readonly string[], program: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    config: { type: "string", short: "c" },
    tun: { type: "string" },
    handover: { type: "string" },
  });
  if (positionals.length > 0) throw misuse(`unexpected argument ${JSON.stringify(positionals[0])}`);
  try {
    if (values.handover !== undefined) return await serve(Number(values.handover));
    const kind = tunKind(values.tun);
    return await prepare(await findConfig(values.config), kind, program);
  } catch (error) {
    throw error instanceof StartError ? failure(error.message) : error;
  }
}

/** The first run: opens what needs privileges, drops them and hands over. */
async function prepare(config: Config, kind: TunKind, program: readonly string[]): Promise<never> {
  const libc = openLibc();
  const devices = await openDevices(libc, config, kind);
  const [file = "", ...args] = program;
  return handOver(libc, { config, devices }, [process.execPath, file], (descriptor) => [
    process.execPath,
    ...servingFlags(),
    file,
    ...args,
    "--handover",
    String(descriptor),
  ]);
}

/** The second run: serves on what the first has opened. */
async function serve(descriptor: number): Promise<number> {
  const libc = openLibc();
  const inheritance = takeOver(libc, descriptor);
  if (inheritance === undefined) throw misuse("--handover is for simplon's own use");
  const log = createLog({
    level: inheritance.config.log.level,
    human: process.stdout.isTTY === true,
    sink: new LineSink(stdoutWrite()),
  });
  const supervisor = new Supervisor((signal) => isIgnored(libc, signal));
  const running = await start(libc, inheritance, log);
  supervisor.watch(running);
  const code = await running.done;
  await flushLog(log);
  // The daemon is down: nothing that might still hold the event loop is worth waiting for.
  process.exit(code);
}

function tunKind(text: string | undefined): TunKind {
  const kind = TUN_KINDS.find((candidate) => candidate === (text ?? "device"));
  if (kind === undefined) throw misuse(`--tun: expected "none", got ${JSON.stringify(text)}`);
  return kind;
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

async function start(
  libc: ReturnType<typeof openLibc>,
  inheritance: Inheritance,
  log: Logger,
): Promise<RunningLns> {
  const { startLns } = await import("../daemon/lns.ts");
  try {
    const { threads } = assertUnprivileged(libc);
    log.info({ threads }, "privileges dropped");
    return await startLns(libc, inheritance, log);
  } catch (error) {
    await flushLog(log);
    throw error;
  }
}
