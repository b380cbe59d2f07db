/**
 * What one node has sent to addresses that have not shown that they are there (RFC 2661 has no
 * bound for it; `src/limits.ts` has).
 *
 * @module
 */
import { UNPROVEN_MEMORY_MS } from "../../src/limits.ts";

const SECOND_MS = 1_000;

export class Answers {
  /** Requests and answers, by address and the Tunnel ID that it names. */
  readonly #requests = new Map<string, number>();
  readonly #given = new Map<string, number>();
  /** When answers were given lately: in all, and by address. */
  readonly #inAll: number[] = [];
  readonly #bySource = new Map<string, number[]>();

  /** A message came that asks for an answer. */
  asked(source: string, tunnelId: number): void {
    const key = `${source} ${tunnelId}`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
  }

  given(source: string, tunnelId: number, now: number): void {
    const key = `${source} ${tunnelId}`;
    this.#given.set(key, (this.#given.get(key) ?? 0) + 1);
    note(this.#inAll, now, SECOND_MS);
    const lately = this.#bySource.get(source) ?? [];
    note(lately, now, UNPROVEN_MEMORY_MS);
    this.#bySource.set(source, lately);
  }

  /** Answers for each request of a tunnel. */
  factor(source: string, tunnelId: number): number {
    const key = `${source} ${tunnelId}`;
    return (this.#given.get(key) ?? 0) / (this.#requests.get(key) ?? 0);
  }

  /** When the last one was given: those within a second, and those to a source that count. */
  get inAll(): number {
    return this.#inAll.length;
  }

  to(source: string): number {
    return this.#bySource.get(source)?.length ?? 0;
  }
}

/** Adds a time and drops those that are longer ago. */
function note(times: number[], now: number, ms: number): void {
  while ((times[0] ?? now) <= now - ms) times.shift();
  times.push(now);
}
