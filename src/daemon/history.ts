/**
 * The history of this LNS: in memory, and in a file that outlives it.
 *
 * @module
 */

import { type Entry, makeEntry, newestFirst } from "../history/entry.ts";
import { Ring } from "../history/ring.ts";
import { HISTORY_CLOSE_MS, HISTORY_COUNT_MS } from "../limits.ts";
import { HistoryFile, type Loaded, loadHistory } from "./history-file.ts";

interface HistoryOptions {
  /** "" keeps the history in memory only. */
  readonly path: string;
  /** That sets it. */
  readonly key?: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly warn: (fields: Readonly<Record<string, unknown>>, message: string) => void;
}

/** How the run before this one ended, as far as its last entries tell. */
const ENDS: readonly string[] = ["lns-stopped", "lns-failed"];

export class History {
  readonly #options: HistoryOptions;
  readonly #ring: Ring;
  #file: HistoryFile | undefined;
  #timer: NodeJS.Timeout | undefined;
  #corrupt = 0;
  #warned = false;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#ring = new Ring(options.clock().toString(36));
  }

  /**
   * Takes over what earlier runs left, before anything is added, and once no other daemon can be
   * at the file. Never fails: what cannot be read or written is said once, and memory has to do.
   */
  async open(): Promise<void> {
    const { path } = this.#options;
    if (path !== "") await this.#load(path);
    this.#add({ code: "lns-started" });
  }

  get counters(): Readonly<Record<string, number>> {
    const { "write-failed": failed = 0, rewritten = 0 } = this.#file?.counters ?? {};
    const corrupt = this.#corrupt;
    return { entries: this.#ring.size, "write-failed": failed, rewritten, corrupt };
  }

  add(entry: Entry): void {
    const file = this.#file;
    this.#ring.settle(this.#options.clock());
    const added = this.#ring.add(entry);
    if (added !== undefined) file?.append(added);
    if (this.#ring.hasChanged) this.#schedule();
  }

  /** All that is kept, the newest first. */
  entries(): Entry[] {
    return newestFirst(this.#ring.entries());
  }

  /** Writes all that is not written yet; `error` when the program ends because of one. */
  async close(error?: unknown): Promise<void> {
    clearTimeout(this.#timer);
    this.#writeChanged();
    if (error === undefined) this.#add({ code: "lns-stopped" });
    else this.#add({ code: "lns-failed", words: error instanceof Error ? error.message : "" });
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, HISTORY_CLOSE_MS);
    });
    await Promise.race([this.#file?.close(), patience]);
    clearTimeout(timer);
  }

  async #load(path: string): Promise<void> {
    let loaded: Loaded;
    try {
      loaded = await loadHistory(path);
    } catch (error) {
      this.#warn(error);
      return;
    }
    for (const entry of loaded.entries) this.#ring.restore(entry);
    this.#corrupt = loaded.corrupt;
    const snapshot = () => this.#ring.entries();
    const onError = (error: unknown) => this.#warn(error);
    this.#file = new HistoryFile({ path, snapshot, onError });
    await this.#file.open(loaded.length);
    if (loaded.corrupt > 0) this.#file.rewrite();
    const [last] = loaded.entries.filter(({ what }) => what === "lns").slice(-1);
    if (last !== undefined && !ENDS.includes(last.code)) {
      const since = loaded.entries.at(-1)?.at ?? last.at;
      this.#add({ code: "lns-killed", since });
    }
  }

  #add(given: Pick<Entry, "code"> & Partial<Entry>): void {
    const at = this.#options.clock();
    const about = { what: "lns", rank: "user", by: "local", phase: "tunnel" } as const;
    this.add(makeEntry({ at, since: at, ...about, ...given }));
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#writeChanged();
    }, HISTORY_COUNT_MS).unref();
  }

  #writeChanged(): void {
    for (const entry of this.#ring.takeChanged()) this.#file?.append(entry);
  }

  #warn(error: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    const { path, key = "[lns] history" } = this.#options;
    const reason = error instanceof Error ? error.message : String(error);
    const advice = `history is kept in memory only; see ${key}`;
    this.#options.warn({ path, reason }, advice);
  }
}
