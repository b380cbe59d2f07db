/**
 * What threads cost: two workers against one at full load, and workers that sleep against such that
 * never do, when next to nothing is to be done.
 *
 * @module
 */
import { median, progress } from "../report.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { measureUdp } from "./measure.ts";
import type { Options } from "./options.ts";
import { closeAll } from "./places.ts";
import { type SubjectName, TITLES } from "./subjects.ts";
import type { IdleRun, Threads, WorkersRun } from "./thread-results.ts";

const WORKERS = [1, 2] as const;
const CLIENTS = 2;
const SESSIONS = 5;
const LOAD = { size: 200, flows: CLIENTS * SESSIONS, isSegmented: false, isShuffled: false };
const PINGS_PER_SECOND = 100;

export async function measureThreads(
  subjects: readonly SubjectName[],
  options: Options,
): Promise<Threads> {
  const names = subjects.filter((name) => name === "deno" || name === "node");
  const workers: WorkersRun[] = [];
  const idle: IdleRun[] = [];
  for (const name of names) {
    if (options.hasWorkers) workers.push(...(await twoWorkers(name, options)));
  }
  for (const name of names) if (options.hasIdle) idle.push(...(await idleTrips(name, options)));
  return { workers, idle };
}

async function twoWorkers(name: Daemon["name"], options: Options): Promise<WorkersRun[]> {
  const { directions, rounds, seconds } = options;
  const found: WorkersRun[] = [];
  const daemons: Daemon[] = [];
  progress(`${TITLES[name]}: starting one with a worker and one with two`);
  for (const workers of WORKERS) {
    daemons.push(await startDaemon(name, { workers, clients: CLIENTS, sessions: SESSIONS }));
  }
  for (let round = 1; round <= rounds; round++) {
    for (const direction of directions) {
      for (const [index, daemon] of daemons.entries()) {
        const workers = WORKERS[index] ?? 1;
        progress(`round ${round} of ${rounds}: workers ${workers}, ${direction}: ${TITLES[name]}`);
        const { cost, rate } = await measureUdp(daemon, "workers", LOAD, direction, seconds);
        found.push({ subject: name, direction, workers, cost, rate });
      }
    }
  }
  await closeAll();
  return found;
}

/** Each run has an LNS of its own, as one that never sleeps would take the core from another. */
async function idleTrips(name: Daemon["name"], options: Options): Promise<IdleRun[]> {
  const { rounds, seconds } = options;
  const found: IdleRun[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const sleeps of [true, false]) {
      const what = sleeps ? "asleep" : "awake";
      progress(`round ${round} of ${rounds}: idle, workers ${what}: ${TITLES[name]}`);
      const threads = { workers: 1, clients: 1, sessions: 1, ...(!sleeps && { sleepMs: 0 }) };
      const daemon = await startDaemon(name, threads);
      const question = { do: "ping", seconds, rate: PINGS_PER_SECOND };
      const times = await daemon.client.ask<number[]>(question);
      found.push({ subject: name, sleeps, time: median(times) });
      await daemon.close();
    }
  }
  return found;
}
