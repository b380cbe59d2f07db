/**
 * Gives memory back to the system after a burst.
 *
 * V8 returns the pages of what has become garbage at its next full collection, and a process with
 * nothing to do comes to none, or to one that keeps the pages: after a flood of requests hundreds
 * of megabytes would stay.
 *
 * @module
 */
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { HEAP_CALM_MS, HEAP_NOISE, HEAP_SLACK } from "../limits.ts";

/** The heap of this thread. */
export interface Heap {
  /** Octets of the pages that it holds. */
  size(): number;
  /** Collects all and releases what is free; takes some 100 ms of this thread. */
  collect(): void;
}

type Collect = (options: { type: string; execution: string; flavor: string }) => void;

/** On Deno `undefined` unless the process was started with `--v8-flags=--expose-gc`. */
export function openHeap(): Heap | undefined {
  const gc = "Deno" in globalThis ? (globalThis as { gc?: Collect }).gc : exposedCollect();
  if (gc === undefined) return undefined;
  return {
    size: () => getHeapStatistics().total_heap_size,
    collect: () => gc({ type: "major", execution: "sync", flavor: "last-resort" }),
  };
}

function exposedCollect(): Collect {
  setFlagsFromString("--expose-gc"); // for contexts made from now on
  return runInNewContext("gc");
}

/** Collects a heap that has grown by more than HEAP_SLACK and has then kept its size for a while. */
export class HeapTrimmer {
  readonly #heap: Heap;
  /** Size after the last collection, and at the last look. */
  #floor: number;
  #last: number;
  #due: number;

  constructor(heap: Heap, now: number) {
    this.#heap = heap;
    this.#floor = heap.size();
    this.#last = this.#floor;
    this.#due = now + HEAP_CALM_MS;
  }

  handleTimeout(now: number): void {
    if (now < this.#due) return;
    this.#due = now + HEAP_CALM_MS;
    const size = this.#heap.size();
    const isGrowing = size > this.#last + HEAP_NOISE;
    this.#last = size;
    if (isGrowing || size - this.#floor <= HEAP_SLACK) return;
    this.#heap.collect();
    this.#floor = this.#heap.size();
    this.#last = this.#floor;
  }
}
