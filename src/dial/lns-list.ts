/**
 * The LNSs of a list: what is known of each, and which is tried next.
 *
 * An LNS that does not answer, has no room for a call, refuses the tunnel or loses it is locked out for
 * a while, longer each time, so that calls do not wait for it one by one.
 *
 * @module
 */
import { LOCKOUT_FIRST_MS, LOCKOUT_MOST_MS } from "../limits.ts";
import type { Random } from "../sansio/machine.ts";
import { Timer } from "../sansio/timers.ts";
import { share } from "./chance.ts";
import type { Target } from "./types.ts";

/** One LNS and the tunnel to it, whatever lists it stands in. */
export class KnownLns {
  readonly target: Target;
  /** While the tunnel opens: until when it has to be open. While nobody uses it: how long it stays. */
  readonly timer: Timer<KnownLns> = new Timer<KnownLns>(this);
  lockedUntil = -Infinity;
  tunnelId: number | undefined;
  isOpen = false;
  /** Calls in its tunnel. */
  calls = 0;
  #lockout = LOCKOUT_FIRST_MS;

  constructor(target: Target) {
    this.target = target;
  }

  /** Calls that fail together are one failure. */
  lockOut(now: number): void {
    if (this.lockedUntil > now) return;
    this.lockedUntil = now + this.#lockout;
    this.#lockout = Math.min(2 * this.#lockout, LOCKOUT_MOST_MS);
  }

  /** It has taken a call. */
  trust(): void {
    this.lockedUntil = -Infinity;
    this.#lockout = LOCKOUT_FIRST_MS;
  }
}

export interface Entry {
  readonly lns: KnownLns;
  readonly target: Target;
}

/**
 * The next LNS for a call that has `tried` some: of those that are not locked out the lowest
 * priority, among equals by weight (as RFC 2782 has it). Where all are locked out the first try goes
 * to the one that will be free first: somebody has to find out that an LNS is back.
 */
export function choose(
  entries: readonly Entry[],
  tried: ReadonlySet<KnownLns>,
  now: number,
  random: Random,
): Entry | undefined {
  const left = entries.filter(({ lns }) => !tried.has(lns));
  const free = left.filter(({ lns }) => lns.lockedUntil <= now);
  if (free.length === 0) return tried.size === 0 ? soonest(left) : undefined;
  const lowest = Math.min(...free.map(({ target }) => target.priority));
  const equals = free.filter(({ target }) => target.priority === lowest);
  const total = equals.reduce((sum, { target }) => sum + target.weight, 0);
  let drawn = share(random) * total;
  return equals.find(({ target }) => {
    drawn -= target.weight;
    return drawn < 0;
  });
}

function soonest(entries: readonly Entry[]): Entry | undefined {
  return entries.reduce<Entry | undefined>(
    (first, entry) =>
      first === undefined || entry.lns.lockedUntil < first.lns.lockedUntil ? entry : first,
    undefined,
  );
}

/** The lists by name. An LNS that stands in several, with one secret, has one tunnel for all. */
export function listsOf(targets: readonly Target[]): ReadonlyMap<string, readonly Entry[]> {
  const known = new Map<string, KnownLns>();
  const lists = new Map<string, Entry[]>();
  for (const target of targets) {
    const { address, port, secret, hideAvps } = target;
    const key = JSON.stringify([address, port, secret, hideAvps]);
    const lns = known.get(key) ?? new KnownLns(target);
    known.set(key, lns);
    const list = lists.get(target.name) ?? [];
    list.push({ lns, target });
    lists.set(target.name, list);
  }
  return lists;
}
