/**
 * The entries that are kept, in three shares by what it costs to make an entry: a password, an
 * address that answers, or one forged datagram. Each share is bounded in entries and octets and
 * loses its oldest entry first. Repetitions of the latter two are counted in one entry.
 *
 * @module
 */
import {
  HISTORY_ENTRIES_MAX,
  HISTORY_ENTRY_OCTETS,
  HISTORY_NEW_MAX,
  HISTORY_REPEAT_MS,
} from "../limits.ts";
import { Fifo } from "../sansio/fifo.ts";
import { type Entry, formatLine, makeEntry, RANKS, type Rank } from "./entry.ts";

/** An entry in its place; repetitions put a newer one there. */
interface Held {
  entry: Entry;
  octets: number;
}

/** An entry that further repetitions go into, until `until`. */
interface Open {
  readonly held: Held;
  readonly key: string;
  readonly until: number;
}

export class Ring {
  readonly #shares: Readonly<Record<Rank, Share>> = {
    user: new Share(HISTORY_ENTRIES_MAX.user),
    visitor: new Share(HISTORY_ENTRIES_MAX.visitor),
    stranger: new Share(HISTORY_ENTRIES_MAX.stranger),
  };
  readonly #open = new Map<string, Open>();
  /** Entries whose count has changed since they were written. */
  readonly #changed = new Set<Held>();
  readonly #fresh = { visitor: 0, stranger: 0 };
  #freshSince = -Infinity;
  readonly #run: string;
  #ids = 0;

  /** `run` keeps ids of one run of the program apart from those of others. */
  constructor(run: string) {
    this.#run = run;
  }

  get size(): number {
    return RANKS.reduce((sum, rank) => sum + this.#shares[rank].size, 0);
  }

  /** After `settle`. Takes an entry; returns it to be written, unless it is a repetition. */
  add(entry: Entry): Entry | undefined {
    if (entry.rank === "user") {
      this.#shares.user.push(entry);
      return entry;
    }
    const single = this.#admit(entry, entry.rank);
    const key = keyOf(single);
    const open = this.#open.get(key);
    if (open !== undefined) {
      open.held.entry = repeated(open.held.entry, single);
      this.#changed.add(open.held);
      return undefined;
    }
    this.#ids += 1;
    const first = { ...single, id: `${this.#run}.${this.#ids}` };
    const held = this.#shares[entry.rank].push(first);
    this.#open.set(key, { held, key, until: entry.at + HISTORY_REPEAT_MS });
    return first;
  }

  /** Takes an entry of an earlier run. */
  restore(entry: Entry): Held {
    return this.#shares[entry.rank].push(entry);
  }

  /** Ends the time of repetitions that is over at `now`. */
  settle(now: number): void {
    for (const open of this.#open.values()) {
      // In the order of their ends, unless the clock was set back: then they end at once.
      if (open.until > now && open.until - now <= HISTORY_REPEAT_MS) break;
      this.#open.delete(open.key);
    }
  }

  /** Whether counts have changed that are not written. */
  get hasChanged(): boolean {
    return this.#changed.size > 0;
  }

  /** Entries that are to be written again for their counts. */
  takeChanged(): Entry[] {
    const changed = [...this.#changed].map(({ entry }) => entry);
    this.#changed.clear();
    return changed;
  }

  /** All entries; within a share the oldest first. */
  entries(): Entry[] {
    return RANKS.flatMap((rank) => this.#shares[rank].entries());
  }

  /** The entry, without who it was when there are more in a minute than can be told apart. */
  #admit(entry: Entry, rank: "visitor" | "stranger"): Entry {
    if (this.#open.has(keyOf(entry))) return entry;
    if (entry.at - this.#freshSince >= HISTORY_REPEAT_MS || entry.at < this.#freshSince) {
      this.#freshSince = entry.at;
      this.#fresh.visitor = 0;
      this.#fresh.stranger = 0;
    }
    if (this.#fresh[rank] < HISTORY_NEW_MAX[rank]) {
      this.#fresh[rank] += 1;
      return entry;
    }
    const { at, since, what, code, by, phase, count } = entry;
    return makeEntry({ rank, at, since, what, code, by, phase, count });
  }
}

class Share {
  readonly #entriesMax: number;
  readonly #held = new Fifo<Held>();
  #octets = 0;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get size(): number {
    return this.#held.length;
  }

  push(entry: Entry): Held {
    const held = { entry, octets: utf8Length(formatLine(entry)) };
    this.#held.push(held);
    this.#octets += held.octets;
    while (
      this.#held.length > this.#entriesMax ||
      this.#octets > this.#entriesMax * HISTORY_ENTRY_OCTETS
    ) {
      this.#octets -= this.#held.shift()?.octets ?? 0;
    }
    return held;
  }

  entries(): Entry[] {
    return Array.from({ length: this.size }, (_, index) => this.#held.at(index)?.entry).filter(
      (entry) => entry !== undefined,
    );
  }
}

/** Octets of a line in UTF-8. It has whole characters: JSON escapes halves of them. */
function utf8Length(text: string): number {
  let octets = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // The two units of a pair are four octets.
    octets += unit < 0x800 || (unit & 0xf800) === 0xd800 ? 1 : 2;
  }
  return octets;
}

/** What repetitions have in common. Ports of one source change. */
function keyOf({ rank, what, code, user, peer }: Entry): string {
  const source = peer.slice(0, peer.lastIndexOf(":"));
  return [rank, what, code, source, user].join("\n");
}

/** The newer entry, counted with what was before it. */
function repeated(before: Entry, now: Entry): Entry {
  const count = before.count + now.count;
  const { id, since } = before;
  return { ...now, ...(id === undefined ? {} : { id }), since, count };
}
