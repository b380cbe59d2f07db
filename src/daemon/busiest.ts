/**
 * Which sessions had the most traffic since somebody asked last: their counters are looked at in one
 * pass, and rows are made of the few that are wanted only.
 *
 * @module
 */
import { SESSION_COUNT } from "../../assembly/layout.ts";
import type { SessionHandle, SessionTable } from "../dataplane/session-table.ts";
import { BUSIEST_SAMPLE_MS } from "../limits.ts";
import type { BusyOrder, BusyRow, SessionRow, Traffic } from "./api-messages.ts";

/** Numbers that are kept of a session: its generation, then its counters. */
const WIDTH = 6;
const SIZE = (SESSION_COUNT + 1) * WIDTH;
const [GENERATION, RX_PACKETS, RX_OCTETS, TX_PACKETS, TX_OCTETS, DROPS] = [0, 1, 2, 3, 4, 5];

export class Busiest {
  readonly #table: Pick<SessionTable, "sample">;
  /** What was found last, and room for what is found next; none before somebody has asked. */
  #base: Float64Array | undefined;
  #room: Float64Array | undefined;
  #baseAt = 0;

  constructor(table: Pick<SessionTable, "sample">) {
    this.#table = table;
  }

  /**
   * `count` rows at most, the busiest first. Each tells what has come and gone since the last time, and
   * how long ago that was. Who asks again at once is told since the time before: two who ask do not
   * take each other's time away.
   */
  rows<S extends { readonly handle: SessionHandle }>(
    subscribers: ReadonlyMap<number, S>,
    rowOf: (subscriber: S) => SessionRow,
    by: BusyOrder,
    count: number,
    now: number,
  ): BusyRow[] {
    const base = this.#base ?? new Float64Array(SIZE);
    const ms = this.#base === undefined ? 0 : now - this.#baseAt;
    const found = this.#room ?? new Float64Array(SIZE);
    const best = new Best(count);
    for (const { handle } of subscribers.values()) {
      const { index } = handle;
      const at = index * WIDTH;
      this.#table.sample(handle, found, at);
      best.offer(index, scoreOf(found, base, at, by));
    }
    const rows = best.indices().flatMap((index) => {
      const subscriber = subscribers.get(index);
      if (subscriber === undefined) return [];
      const during = { ms, ...lately(found, base, index * WIDTH) };
      return [{ ...rowOf(subscriber), during }];
    });
    const isDue = this.#base === undefined || ms >= BUSIEST_SAMPLE_MS;
    [this.#base, this.#room] = isDue ? [found, base] : [base, found];
    if (isDue) this.#baseAt = now;
    return rows;
  }
}

/** A record that another session had then, or none, began at 0. */
function since(found: Float64Array, base: Float64Array, at: number, field: number): number {
  const isSame = base[at + GENERATION] === found[at + GENERATION];
  return (found[at + field] ?? 0) - (isSame ? (base[at + field] ?? 0) : 0);
}

function scoreOf(found: Float64Array, base: Float64Array, at: number, by: BusyOrder): number {
  if (by === "drops") return since(found, base, at, DROPS);
  const [rx, tx] = by === "packets" ? [RX_PACKETS, TX_PACKETS] : [RX_OCTETS, TX_OCTETS];
  return since(found, base, at, rx) + since(found, base, at, tx);
}

function lately(found: Float64Array, base: Float64Array, at: number): Traffic {
  return {
    rxPackets: since(found, base, at, RX_PACKETS),
    rxOctets: since(found, base, at, RX_OCTETS),
    txPackets: since(found, base, at, TX_PACKETS),
    txOctets: since(found, base, at, TX_OCTETS),
    drops: since(found, base, at, DROPS),
  };
}

/** The `count` highest scores of many: a sorted list, as most of many are below its last. */
class Best {
  readonly #count: number;
  readonly #found: { index: number; score: number }[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  offer(index: number, score: number): void {
    const found = this.#found;
    const last = found[found.length - 1];
    if (found.length === this.#count && last !== undefined && score <= last.score) return;
    let place = found.length;
    while (place > 0 && (found[place - 1]?.score ?? 0) < score) place--;
    found.splice(place, 0, { index, score });
    if (found.length > this.#count) found.pop();
  }

  indices(): number[] {
    return this.#found.map(({ index }) => index);
  }
}
