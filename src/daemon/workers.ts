/**
 * The worker threads: who owns which slot, who is alive, and how workers come and go while traffic
 * runs.
 *
 * A thread that ends by an error is replaced by another one on the same region: sockets, queues and
 * rings stay, and what waits there is found. One that does not answer any more is not replaced, as
 * nobody knows what it still does to the memory: then the process ends in order.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import * as layout from "../../assembly/layout.ts";
import { dropsOf, readCounters } from "../dataplane/counters.ts";
import { type Leave, NO_HEARTBEAT } from "../dataplane/loop.ts";
import { type Forwarding, workerAt } from "../dataplane/memory.ts";
import { Owners, type Steer, share } from "../dataplane/owners.ts";
import { Pulse } from "../dataplane/pulse.ts";
import { givenTo, type InjectRing, isDrained } from "../dataplane/rings.ts";
import {
  POLL_MS,
  WORKER_CHANGE_MS,
  WORKER_LOSSES_MAX,
  WORKER_LOSSES_MS,
  WORKER_STALE_MS,
  WORKER_STATE_MS,
} from "../limits.ts";
import type { Libc } from "../linux/libc.ts";
import type { Logger } from "../observe/log.ts";
import type { WorkerChange, WorkerRow } from "./api-messages.ts";
import type { WorkerData } from "./worker.ts";
import { WorkerRings } from "./worker-rings.ts";
import { WorkersError } from "./workers-error.ts";

export interface WorkersOptions {
  readonly libc: Libc;
  readonly memory: WebAssembly.Memory;
  readonly base: bigint;
  readonly forwarding: Forwarding;
  /** OFFLOAD_ bits. */
  readonly offloads: number;
  readonly steer: Steer;
  /** Sockets by slot. */
  readonly link: readonly number[];
  readonly data: readonly number[];
  readonly tuns: readonly (readonly number[])[];
  /** eventfds that wake the workers, WORKERS_MAX of them, and the one of the control thread. */
  readonly wakes: readonly number[];
  readonly wakeControl: number;
  readonly clock: () => number;
  readonly log: Logger;
  /** Told when the process has to end. */
  readonly onFailure: (error: Error) => void;
  /** Longest sleep of a worker, ms. */
  readonly sleepMs?: number;
  /** What a thread runs. */
  readonly entry?: URL;
}

/** What measurements change. */
export type Tuning = Pick<WorkersOptions, "sleepMs">;

interface Running {
  readonly thread: Worker;
  /** Settles when the thread is gone. */
  readonly gone: Promise<void>;
  readonly pulse: Pulse;
  isLeaving: boolean;
}

/** The thread's file lies beside this one, as source in a checkout and built when published. */
const ENTRY = new URL(
  import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js",
  import.meta.url,
);
const { COMMAND_LEAVE, COMMAND_PAUSE, COMMAND_RUN, STATE_OUT, STATE_PAUSED, STATE_RUNNING } =
  layout;

export class Workers {
  readonly owners: Owners;
  /** By index, also of those that do not run. */
  readonly rings: readonly WorkerRings[];
  readonly #options: WorkersOptions;
  readonly #words: Int32Array;
  readonly #running = new Map<number, Running>();
  readonly #losses: number[] = [];
  readonly #lossesOf = new Map<number, number>();
  /** The change that is under way; they come one after the other. */
  #change: Promise<unknown> = Promise.resolve();
  #drained: number | undefined;
  /** What a thread that starts is told. */
  #usual = COMMAND_RUN;
  /** Positions of the inject rings up to which the workers were woken. */
  readonly #injected: number[];

  constructor(options: WorkersOptions) {
    const { memory, steer } = options;
    this.#options = options;
    this.#words = new Int32Array(memory.buffer);
    this.owners = new Owners(memory, steer);
    const indices = Array.from({ length: layout.WORKERS_MAX }, (_, index) => index);
    this.rings = indices.map((index) => new WorkerRings(memory, workerAt(index)));
    this.#injected = indices.map(() => 0);
  }

  /** Starts `count` workers that share all slots. */
  start(count: number): void {
    const indices = Array.from({ length: count }, (_, index) => index);
    this.owners.set(share([], indices));
    for (const index of indices) this.#start(index);
  }

  /** Where frames for a session are put. */
  injectOf(tunnelId: number, sessionId: number): InjectRing {
    return (this.rings[this.owners.of(tunnelId, sessionId)] as WorkerRings).inject;
  }

  /** Wakes the workers whose inject ring has got something. */
  wakeInjected(): void {
    for (const index of this.#running.keys()) {
      const head = this.rings[index]?.inject.head ?? 0;
      if (head === this.#injected[index]) continue;
      this.#injected[index] = head;
      this.wake(index);
    }
  }

  /** Hands a data message to the worker of its session; false when there is no room. */
  handOver(tunnelId: number, sessionId: number, datagram: Uint8Array, name: Uint8Array): boolean {
    const index = this.owners.of(tunnelId, sessionId);
    const isTaken = this.rings[index]?.handover.put(datagram, name) === true;
    if (isTaken) this.wake(index);
    return isTaken;
  }

  wake(index: number): void {
    const { libc, wakes } = this.#options;
    libc.eventfdWrite(wakes[index] ?? -1, 1n);
  }

  get count(): number {
    return this.#running.size;
  }

  /** Whether all workers answer; to be called at least every TURN_MS. */
  check(now: number): boolean {
    for (const index of this.#running.keys()) {
      if (this.#answers(index, now)) continue;
      this.#options.onFailure(new Error(`worker ${index} does not answer any more`));
      return false;
    }
    return this.#running.size > 0;
  }

  async change({ change, index = -1 }: WorkerChange): Promise<void> {
    if (change === "add") await this.add();
    else if (change === "drain") await this.drain(index);
    else await this.restart(index);
  }

  /** One worker more; its index. */
  add(): Promise<number> {
    return this.#inTurn(async () => {
      const indices = Array.from({ length: layout.WORKERS_MAX }, (_, index) => index);
      const index = indices.find((each) => !this.#running.has(each));
      if (index === undefined) {
        throw new WorkersError(`there are ${layout.WORKERS_MAX} workers, which is the most`);
      }
      this.#start(index);
      await this.#reach(index, STATE_RUNNING);
      await this.#share([...this.#running.keys()]);
      return index;
    });
  }

  /** Gives the slots of a worker to the others, then ends it. */
  drain(index: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#assertRuns(index);
      const others = [...this.#running.keys()].filter((each) => each !== index);
      if (others.length === 0) throw new WorkersError("the last worker cannot be drained");
      this.#drained = index;
      try {
        await this.#share(others);
        await this.#leave(index);
      } finally {
        this.#drained = undefined;
      }
    });
  }

  /** Ends a worker and starts another one in its place; meanwhile its packets wait. */
  restart(index: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#assertRuns(index);
      await this.#leave(index);
      this.#start(index);
      await this.#reach(index, STATE_RUNNING);
    });
  }

  rows(): WorkerRow[] {
    return [...this.#running.keys()].sort().map((index) => {
      const counters = readCounters(this.#options.memory, workerAt(index));
      return {
        index,
        state: this.#stateOf(index),
        slots: this.owners.slotsOf(index),
        packets: (counters["up.packets"] ?? 0) + (counters["down.packets"] ?? 0),
        drops: dropsOf(counters),
        losses: this.#lossesOf.get(index) ?? 0,
      };
    });
  }

  /** Ends all workers and waits until those that answer are gone, for a moment only. */
  async stop(): Promise<void> {
    Atomics.store(this.#words, layout.CONTROL_STOP / 4, 1);
    for (const [index, running] of this.#running) {
      running.isLeaving = true;
      this.wake(index);
    }
    const late = new Promise<void>((resolve) => setTimeout(resolve, 2 * POLL_MS).unref());
    const now = this.#options.clock();
    const answering = [...this.#running].filter(([index]) => this.#answers(index, now));
    await Promise.race([Promise.all(answering.map(([, { gone }]) => gone)), late]);
  }

  #answers(index: number, now: number): boolean {
    const isStarting = this.#word(index, layout.WORKER_STATE) === STATE_OUT;
    const staleMs = isStarting ? WORKER_CHANGE_MS : WORKER_STALE_MS;
    return this.#running.get(index)?.pulse.isFelt(now, staleMs) === true;
  }

  #start(index: number): void {
    const { memory, base, forwarding, offloads, link, data, tuns, wakes } = this.#options;
    const { wakeControl, clock, sleepMs, entry = ENTRY } = this.#options;
    const worker = workerAt(index);
    forwarding.layoutWorker(worker, base, offloads);
    this.#command(index, this.#usual);
    const common = { memory, base, worker, link, data, tuns, wakes, wakeControl };
    const workerData: WorkerData = sleepMs === undefined ? common : { ...common, sleepMs };
    const thread = new Worker(entry, { workerData });
    const pulse = new Pulse(this.#words, worker + layout.WORKER_BEAT, clock());
    let why: unknown;
    thread.on("message", (message: Error | Leave) => {
      why = message;
    });
    const gone = new Promise<void>((resolve) => {
      const end = () => {
        if (this.#running.get(index)?.thread !== thread) return;
        this.#lose(index, why);
        resolve();
      };
      thread.on("error", (error) => {
        why ??= error;
        end();
      });
      thread.on("exit", end);
    });
    this.#running.set(index, { thread, gone, pulse, isLeaving: false });
    this.wake(index); // its rings may hold what its predecessor was woken for
  }

  /** A thread is gone. */
  #lose(index: number, why: unknown): void {
    const { libc, clock, log, onFailure } = this.#options;
    const isWanted = this.#running.get(index)?.isLeaving === true;
    this.#running.delete(index);
    Atomics.store(this.#words, (workerAt(index) + layout.WORKER_STATE) / 4, STATE_OUT);
    const epoll = Atomics.exchange(this.#words, (workerAt(index) + layout.WORKER_EPOLL) / 4, 0);
    if (epoll > 0) libc.close(epoll); // it ended without a word of its own
    if (isWanted) return;
    if (why === NO_HEARTBEAT) {
      // It has done what it ought to: the control thread was away, and is back as it hears of this.
      log.warn({ worker: index }, "the control thread was away; a worker begins anew");
      this.#start(index);
      return;
    }
    const error = why instanceof Error ? why : new Error(`worker ${index} has left: ${why}`);
    const now = clock();
    this.#losses.push(now);
    while ((this.#losses[0] ?? now) < now - WORKER_LOSSES_MS) this.#losses.shift();
    if (this.#losses.length > WORKER_LOSSES_MAX) {
      onFailure(error);
      return;
    }
    this.#lossesOf.set(index, (this.#lossesOf.get(index) ?? 0) + 1);
    log.error({ err: error, worker: index }, "a worker is lost; another one takes its place");
    this.#start(index);
  }

  /** All workers pause, `workers` get the slots, and all go on. */
  async #share(workers: readonly number[]): Promise<void> {
    const all = [...this.#running.keys()];
    this.#usual = COMMAND_PAUSE;
    for (const index of all) this.#command(index, COMMAND_PAUSE);
    try {
      for (const index of all) await this.#reach(index, STATE_PAUSED);
      await this.#settle(all);
      this.owners.set(share(Array.from(this.owners.bySlot), workers));
    } finally {
      this.#usual = COMMAND_RUN;
      for (const index of all) this.#command(index, COMMAND_RUN);
    }
  }

  /**
   * Until no paused worker has anything in hand that another thread has given it: rings are empty,
   * then each ends the turn that it is in, and in none of them anything new was handed over.
   */
  async #settle(all: readonly number[]): Promise<void> {
    const { memory } = this.#options;
    const given = () => all.map((index) => givenTo(memory, workerAt(index))).join();
    for (let before = ""; before !== given(); ) {
      await this.#until(() => all.every((index) => this.#isDrained(index)), "rings do not empty");
      before = given();
      const beats = all.map((index) => this.#word(index, layout.WORKER_BEAT));
      for (const index of all) this.wake(index);
      const isOver = () =>
        all.every((index, place) => this.#word(index, layout.WORKER_BEAT) !== beats[place]);
      await this.#until(isOver, "workers do not answer");
    }
  }

  async #leave(index: number): Promise<void> {
    const running = this.#running.get(index);
    if (running === undefined) return;
    running.isLeaving = true;
    this.#command(index, COMMAND_LEAVE);
    try {
      await this.#until(() => !this.#running.has(index), `worker ${index} does not leave`);
    } catch (error) {
      // It has its slots still: if it goes on it serves them, and if it ends another one does.
      running.isLeaving = false;
      this.#command(index, this.#usual);
      throw error;
    }
  }

  #reach(index: number, state: number): Promise<void> {
    const reached = () => this.#word(index, layout.WORKER_STATE) === state;
    return this.#until(reached, `worker ${index} does not answer`);
  }

  async #until(isSo: () => boolean, complaint: string): Promise<void> {
    const { clock } = this.#options;
    const deadline = clock() + WORKER_CHANGE_MS;
    while (!isSo()) {
      if (clock() > deadline) throw new WorkersError(complaint);
      await new Promise((resolve) => setTimeout(resolve, WORKER_STATE_MS));
    }
  }

  #isDrained(index: number): boolean {
    return isDrained(this.#options.memory, workerAt(index));
  }

  #command(index: number, command: number): void {
    Atomics.store(this.#words, (workerAt(index) + layout.WORKER_COMMAND) / 4, command);
    this.wake(index);
  }

  #word(index: number, field: number): number {
    return Atomics.load(this.#words, (workerAt(index) + field) / 4);
  }

  #stateOf(index: number): WorkerRow["state"] {
    const state = this.#word(index, layout.WORKER_STATE);
    if (state === STATE_OUT) return "starting";
    if (index === this.#drained) return "draining";
    return state === STATE_PAUSED ? "paused" : "running";
  }

  #assertRuns(index: number): void {
    if (this.#running.has(index)) return;
    const indices = [...this.#running.keys()].sort().join(", ");
    throw new WorkersError(`there is no worker ${index}; there are: ${indices}`);
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#change.then(change);
    this.#change = result.catch(() => undefined);
    return result;
  }
}
