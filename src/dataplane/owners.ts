/**
 * Which worker owns which slot.
 *
 * @module
 */
import { CONTROL_OWNERS, CONTROL_STEER, SLOT_COUNT } from "../../assembly/layout.ts";

/** What a slot is made from: the lowest bits of the Tunnel ID or of the Session ID. */
export type Steer = "tunnel" | "session";

/**
 * Owners by slot when `workers` share all slots. As many slots as can be stay with the owner that they
 * have in `before`; no worker has two more than another.
 */
export function share(before: readonly number[], workers: readonly number[]): number[] {
  const [first] = workers;
  if (first === undefined) throw new RangeError("slots need a worker");
  const counts = new Map(workers.map((worker) => [worker, 0]));
  const larger = SLOT_COUNT % workers.length;
  const least = Math.floor(SLOT_COUNT / workers.length);
  let atMost = larger; // workers that may have one slot more than the others
  const owners = Array.from({ length: SLOT_COUNT }, (_, slot) => {
    const owner = before[slot] ?? -1;
    const count = counts.get(owner);
    if (count === undefined || count > least || (count === least && atMost === 0)) return -1;
    if (count === least) atMost--;
    counts.set(owner, count + 1);
    return owner;
  });
  const fewest = () => [...counts].reduce((a, b) => (b[1] < a[1] ? b : a), [first, Infinity])[0];
  return owners.map((owner) => {
    if (owner !== -1) return owner;
    const next = fewest();
    counts.set(next, (counts.get(next) ?? 0) + 1);
    return next;
  });
}

/** The owners as the workers read them. Only to be changed while no worker runs. */
export class Owners {
  readonly #owners: Uint32Array;
  readonly #steer: Steer;

  constructor(memory: WebAssembly.Memory, steer: Steer) {
    this.#owners = new Uint32Array(memory.buffer, CONTROL_OWNERS, SLOT_COUNT);
    this.#steer = steer;
    new Uint32Array(memory.buffer, CONTROL_STEER, 1)[0] = steer === "session" ? 1 : 0;
  }

  /** By slot; changes when they do. */
  get bySlot(): ArrayLike<number> {
    return this.#owners;
  }

  set(owners: readonly number[]): void {
    this.#owners.set(owners);
  }

  /** Index of the worker of a session. */
  of(tunnelId: number, sessionId: number): number {
    const id = this.#steer === "session" ? sessionId : tunnelId;
    return this.#owners[id & (SLOT_COUNT - 1)] ?? 0;
  }

  slotsOf(worker: number): number[] {
    return [...this.#owners.keys()].filter((slot) => this.#owners[slot] === worker);
  }
}
