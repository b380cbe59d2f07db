/**
 * The LNS of a measurement: the daemon of `simplon lns` as it is, in a process that can be told to
 * collect garbage, and whose workers need not sleep.
 *
 * @module
 */
import { readConfig } from "../../src/cli/settings.ts";
import { openDevices } from "../../src/daemon/devices.ts";
import { openHeap } from "../../src/daemon/heap.ts";
import { startLns } from "../../src/daemon/lns.ts";
import type { Tuning } from "../../src/daemon/workers.ts";
import { openLibc } from "../../src/linux/ffi.ts";
import { createLog } from "../../src/observe/log.ts";
import { answerLines } from "../forward/lines.ts";
import type { LnsQuestion } from "./settings.ts";

export interface LnsSettings extends Tuning {
  /** Path of the configuration. */
  readonly config: string;
}

/** Runs until it is killed, or standard input ends. */
export async function lns({ config: path, ...options }: LnsSettings): Promise<void> {
  const libc = openLibc();
  const config = await readConfig(path);
  const devices = await openDevices(libc, config, "device");
  const sink = { write: (line: string) => process.stderr.write(line) };
  const log = createLog({ level: config.log.level, human: false, sink });
  await startLns(libc, { config, devices }, log, options);
  const heap = openHeap();
  console.log("ready");
  await answerLines<LnsQuestion>(async () => {
    heap?.collect();
    return {};
  });
}
