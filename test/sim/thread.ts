/**
 * One thread of a pool: goes through the worlds that it is told, and says what came of them.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";
import type { Said } from "./pool.ts";
import { runWorlds } from "./runner.ts";

const say = (said: Said) => parentPort?.postMessage(said);

parentPort?.on("message", async (wanted: { first: number; worlds: number }) => {
  const { totals } = await runWorlds({ ...wanted, print: (line) => say({ line }) });
  say({ totals });
});
