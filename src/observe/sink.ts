/**
 * Takes log lines without waiting for who reads them: a stopped terminal or a full pipe must not
 * stop the control thread, whose heartbeat the workers watch. The buffer is bounded; lines that
 * find no place are dropped, counted, and the count is logged when there is place again.
 *
 * @module
 */
import { write } from "node:fs";
import { LOG_BUFFER_MAX, LOG_RETRY_MS } from "../limits.ts";

/** Writes some of `octets`, at least one, without blocking the thread; says how many. */
export type AsyncWrite = (octets: Uint8Array) => Promise<number>;

export class LineSink {
  readonly #write: AsyncWrite;
  readonly #encoder = new TextEncoder();
  #queue: Uint8Array[] = [];
  #queued = 0;
  #dropped = 0;
  #isWriting = false;
  #isBroken = false;
  #waiting: (() => void)[] = [];

  constructor(writeAsync: AsyncWrite) {
    this.#write = writeAsync;
  }

  write(line: string): void {
    const octets = this.#encoder.encode(line);
    if (this.#isBroken || this.#queued + octets.length > LOG_BUFFER_MAX) {
      this.#dropped++;
      return;
    }
    this.#queue.push(octets);
    this.#queued += octets.length;
    if (!this.#isWriting) void this.#drain();
  }

  /** Calls back when all lines so far are written, or nobody is left to read them. */
  flush(done: () => void): void {
    if (this.#isWriting) this.#waiting.push(done);
    else done();
  }

  async #drain(): Promise<void> {
    this.#isWriting = true;
    // Lines of one turn go together.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const octets = Buffer.concat(this.#queue);
      this.#queue = [];
      await this.#writeAll(octets);
      this.#queued -= octets.length;
      if (this.#dropped > 0 && !this.#isBroken) this.#tellDropped();
    }
    this.#isWriting = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }

  async #writeAll(octets: Uint8Array): Promise<void> {
    for (let at = 0; at < octets.length && !this.#isBroken; ) {
      try {
        at += await this.#write(octets.subarray(at));
      } catch (error) {
        // A parent may have made the pipe non-blocking. All else (EPIPE, EIO) is for good, and a
        // log without a reader is no reason to stop serving.
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") this.#isBroken = true;
        else await new Promise((resolve) => setTimeout(resolve, LOG_RETRY_MS));
      }
    }
  }

  #tellDropped(): void {
    const fields = { level: "warn", time: new Date().toISOString(), dropped: this.#dropped };
    this.#dropped = 0;
    this.write(
      `${JSON.stringify({ ...fields, msg: "log lines dropped, their reader is slow" })}\n`,
    );
  }
}

/** Deno's `node:fs` writes to stdout on the calling thread, its own interface does not. */
export function stdoutWrite(): AsyncWrite {
  const { Deno: deno } = globalThis as { Deno?: { stdout: { write: AsyncWrite } } };
  if (deno !== undefined) return (octets) => deno.stdout.write(octets);
  return (octets) =>
    new Promise((resolve, reject) => {
      write(1, octets, (error, count) => (error === null ? resolve(count) : reject(error)));
    });
}
