/**
 * The memory of a node with the program's own WebAssembly over it, for one world after the other:
 * one ends, and a node crashes, with nothing left in it.
 *
 * @module
 */
import * as layout from "../../../assembly/layout.ts";
import { readCounters } from "../../../src/dataplane/counters.ts";
import { Loop } from "../../../src/dataplane/loop.ts";
import type { InjectOf, SessionHandle } from "../../../src/dataplane/session-table.ts";
import { SessionTable } from "../../../src/dataplane/session-table.ts";
import { BASE, NO_OFFLOADS, Plane } from "../../unit/dataplane/plane.ts";
import { dataSocket, type Queues, SimKernel, tunQueue, WAKE_CONTROL, wakeOf } from "./kernel.ts";

export const WORKERS_MOST = 2;
const NETWORKS = 2;
const SLOTS = Array.from({ length: layout.SLOT_COUNT }, (_, slot) => slot);

const FULL = [
  "up.punt-ring-full",
  "up.punt-share-full",
  "up.handover-ring-full",
  "down.handover-ring-full",
] as const;

/** It knows what is published, so that a crash can take it away. */
class SimTable extends SessionTable {
  readonly live = new Map<number, SessionHandle>();

  override publish(...[addressing]: Parameters<SessionTable["publish"]>) {
    const handle = super.publish(addressing);
    if (handle !== undefined) this.live.set(handle.index, handle);
    return handle;
  }

  override withdraw(handle: SessionHandle): void {
    this.live.delete(handle.index);
    super.withdraw(handle);
  }
}

/** A worker thread, stepped. */
export interface SimWorker {
  readonly plane: Plane;
  readonly kernel: SimKernel;
  readonly loop: Loop;
}

export class Machine {
  readonly #planes: Plane[] = [new Plane(0, NO_OFFLOADS)];
  table: SimTable;
  workers: readonly SimWorker[] = [];
  #full = 0;

  constructor() {
    this.table = this.#newTable();
  }

  get memory(): WebAssembly.Memory {
    return this.#first.memory;
  }

  readonly injectOf: InjectOf = (tunnelId) => {
    const { plane } = this.workers[tunnelId % this.workers.length] ?? {};
    return (plane ?? this.#first).inject;
  };

  /** Tables and workers as after a start. */
  boot(workers: number, queues: Queues, clock: () => number): void {
    const { memory, view } = this.#first;
    while (this.#planes.length < workers) {
      this.#planes.push(new Plane(this.#planes.length, NO_OFFLOADS, memory));
    }
    for (const slot of SLOTS) {
      view.setUint32(layout.CONTROL_OWNERS + slot * 4, slot % workers, true);
    }
    for (const { view, worker } of this.#planes) {
      // How much fits into an empty one depends on where it begins.
      for (let producer = 0; producer < layout.PRODUCER_COUNT; producer++) {
        const ring = worker + layout.WORKER_HANDOVERS + producer * layout.HANDOVER_SIZE;
        view.setUint32(ring + layout.HANDOVER_HEAD, 0, true);
        view.setUint32(ring + layout.HANDOVER_TAIL, 0, true);
      }
    }
    this.table = this.#newTable();
    const wakes = Array.from({ length: workers }, (_, worker) => wakeOf(worker));
    const tuns = Array.from({ length: NETWORKS }, (_, n) => SLOTS.map((s) => tunQueue(n, s)));
    this.workers = this.#planes.slice(0, workers).map((plane) => {
      const kernel = new SimKernel(memory, queues);
      const sockets = { link: [], data: SLOTS.map(dataSocket), tuns };
      const place = { memory, base: BASE, worker: plane.worker };
      const loop = new Loop(kernel, plane.forwarding, {
        ...{ ...place, ...sockets, wakes, wakeControl: WAKE_CONTROL, clock },
      });
      return { plane, kernel, loop };
    });
  }

  /** The process is gone, and with it what was in its memory. */
  crash(): void {
    for (const { plane } of this.workers) {
      plane.releaseHeld(true);
      plane.release(true);
      plane.takeHanded();
      while (plane.punt.take() !== undefined);
      while (plane.handed.take() !== undefined);
      while (plane.inject.head !== plane.inject.tail) plane.sendInjected();
    }
    for (const handle of this.table.live.values()) this.table.withdraw(handle);
    this.#reclaim();
  }

  /** Frames of sessions that are no more, up to the last place. */
  fillInject(): void {
    const frame = new Uint8Array(4);
    for (const { plane } of this.workers) while (plane.inject.put(0, 0, frame));
  }

  /** How often something found no place in a ring between threads since this was asked last. */
  ringsFull(): number {
    let count = 0;
    for (const plane of this.#planes) {
      const counters = readCounters(this.memory, plane.worker);
      for (const name of FULL) count += counters[name] ?? 0;
    }
    const before = this.#full;
    this.#full = count;
    return count - before;
  }

  /** Records whose last frames were sent since are free with the next one that comes and goes. */
  #reclaim(): void {
    const [name, control] = [new Uint8Array(16), new Uint8Array(0)];
    const ids = { tunnelId: 1, sessionId: 1, peerTunnelId: 1, peerSessionId: 1 };
    const last = this.table.publish({ ...ids, name, control });
    if (last !== undefined) this.table.withdraw(last);
  }

  /** Session records that are not free. */
  get recordsInUse(): number {
    this.#reclaim();
    const { view } = this.#first;
    let count = 0;
    for (let index = 1; index <= RECORDS_LOOKED_AT; index++) {
      const state = layout.SESSION_RECORDS + index * layout.SESSION_SIZE + layout.SESSION_STATE;
      if (view.getUint32(state, true) !== layout.SESSION_STATE_FREE) count++;
    }
    return count;
  }

  /** Entries of all rings between threads. */
  get inRings(): number {
    let count = 0;
    for (const { plane } of this.workers) {
      const { punt, inject, handed, view, worker } = plane;
      for (const { head, tail } of [punt, inject, handed]) count += head - tail;
      for (let producer = 0; producer < layout.PRODUCER_COUNT; producer++) {
        const ring = worker + layout.WORKER_HANDOVERS + producer * layout.HANDOVER_SIZE;
        const at = (field: number) => view.getUint32(ring + field, true);
        if (at(layout.HANDOVER_HEAD) !== at(layout.HANDOVER_TAIL)) count++;
      }
    }
    return count;
  }

  get #first(): Plane {
    return this.#planes[0] as Plane;
  }

  #newTable(): SimTable {
    return new SimTable(this.memory, this.#first.forwarding, (...ids) => this.injectOf(...ids));
  }
}

/** Records are taken in the order of their index until enough have rested. */
const RECORDS_LOOKED_AT = 1_024;
