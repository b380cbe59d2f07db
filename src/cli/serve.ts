/** The second run of a daemon: serves on what the first has opened. @module */

import type { Running, Start } from "../daemon/daemon.ts";
import { isIgnored, openLibc } from "../daemon/libc.ts";
import { assertUnprivileged, takeOver } from "../daemon/privileges.ts";
import { createLog, flushLog } from "../observe/log.ts";
import { LineSink, stdoutWrite } from "../observe/sink.ts";
import { Supervisor } from "./supervise.ts";
import { misuse } from "./usage.ts";

/**
 * `descriptor` is what the first run has handed over.
 *
 * @throws {StartError}
 */
export async function serve(descriptor: number, start: Start): Promise<number> {
  const libc = openLibc();
  const inheritance = takeOver(libc, descriptor);
  if (inheritance === undefined) throw misuse("--handover is for simplon's own use");
  const log = createLog({
    level: inheritance.config.log.level,
    human: process.stdout.isTTY === true,
    sink: new LineSink(stdoutWrite()),
  });
  // Not process.exit: on Node that waits for a thread which writes to a terminal that was stopped.
  const exit = (exitCode: number) => libc.exit(exitCode);
  const supervisor = new Supervisor((signal) => isIgnored(libc, signal), exit);
  let running: Running;
  try {
    const threads = await assertUnprivileged(libc, inheritance.devices);
    log.info({ threads }, "privileges dropped");
    running = await start(libc, inheritance, log);
  } catch (error) {
    await flushLog(log);
    throw error;
  }
  supervisor.watch(running);
  const code = await running.done;
  await flushLog(log);
  // The daemon is down: nothing that might still hold the event loop is worth waiting for.
  exit(code);
  return code;
}
