/** Counters of many machines as one flat record. @module */

export type Counters = Readonly<Record<string, number>>;

/** Adds `more` to `sum`, in place: keeps what a machine counted when it goes. */
export function addCounters(sum: Record<string, number>, more: Counters): void {
  for (const [reason, count] of Object.entries(more)) sum[reason] = (sum[reason] ?? 0) + count;
}

/**
 * `{ l2tp: { "wrong-peer": 1 } }` becomes `{ "l2tp.wrong-peer": 1 }`. A group given as several
 * records (one a session, one a worker) is summed.
 */
export function mergeCounters(
  groups: Readonly<Record<string, Counters | Iterable<Counters>>>,
): Record<string, number> {
  const merged: Record<string, number> = {};
  for (const [group, records] of Object.entries(groups)) {
    const sum: Record<string, number> = {};
    for (const record of isIterable(records) ? records : [records]) addCounters(sum, record);
    for (const [reason, count] of Object.entries(sum)) merged[`${group}.${reason}`] = count;
  }
  return merged;
}

function isIterable(value: Counters | Iterable<Counters>): value is Iterable<Counters> {
  return Symbol.iterator in value;
}
