/**
 * The file of the history: a header, then one JSON object a line, only ever appended to. When it
 * has reached its bound it is written anew from memory beside itself and put in its place.
 *
 * Entries of a moment are written together and without waiting. Whatever fails (no directory, no
 * space, no permission) is counted and said once; entries go on in memory, and the whole file is
 * written anew at the next attempt.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { type Entry, formatLine, parseLine } from "../history/entry.ts";
import {
  HISTORY_CHUNK,
  HISTORY_FILE_MAX,
  HISTORY_PENDING_MAX,
  HISTORY_RETRY_MS,
  HISTORY_WRITE_MS,
} from "../limits.ts";

export const HEADER = '{"simplon":"history","version":1}\n';
const MODE = 0o600;

export interface Loaded {
  readonly entries: readonly Entry[];
  /** Lines that are no entries. */
  readonly corrupt: number;
  /** Octets up to the end of the last whole line. */
  readonly length: number;
}

/** The file exists and is something else: it must not be written to. */
class ForeignFileError extends Error {
  override readonly name = "ForeignFileError";
}

/**
 * What a history file holds; nothing, where there is none.
 *
 * @throws {ForeignFileError} when it is no history, or an error of the system.
 */
export async function loadHistory(path: string): Promise<Loaded> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return { entries: [], corrupt: 0, length: 0 };
  }
  try {
    const { size } = await file.stat();
    const header = (await readOctets(file, 0, HEADER.length)).toString("utf8");
    if (!HEADER.startsWith(header) || header.length < Math.min(size, HEADER.length)) {
      throw new ForeignFileError(`${path} exists and is no history of simplon`);
    }
    if (header.length < HEADER.length) return { entries: [], corrupt: 0, length: 0 };
    const start = Math.max(HEADER.length, size - 2 * HISTORY_FILE_MAX);
    const octets = await readOctets(file, start, size - start);
    // Of the octets, not of the text: what is no UTF-8 has another length there.
    return {
      ...parseHistory(octets.toString("utf8")),
      length: start + octets.lastIndexOf("\n") + 1,
    };
  } finally {
    await file.close();
  }
}

async function readOctets(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const octets = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(octets, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return octets.subarray(0, filled);
}

/** Without the line that a crash tore. */
function wholeLines(text: string): string {
  return text.slice(0, text.lastIndexOf("\n") + 1);
}

/** Of the text behind the header; a line that a crash tore is no line. */
export function parseHistory(text: string): { entries: Entry[]; corrupt: number } {
  const entries: Entry[] = [];
  const byId = new Map<string, number>();
  let corrupt = 0;
  for (const line of wholeLines(text).split("\n")) {
    if (line === "") continue;
    const entry = parseLine(line);
    if (entry === undefined) {
      corrupt += 1;
      continue;
    }
    const earlier = entry.id === undefined ? undefined : byId.get(entry.id);
    if (earlier !== undefined) entries[earlier] = entry;
    else entries.push(entry);
    if (entry.id !== undefined) byId.set(entry.id, earlier ?? entries.length - 1);
  }
  return { entries, corrupt };
}

interface FileOptions {
  readonly path: string;
  /** All that is kept, for writing the file anew. */
  readonly snapshot: () => readonly Entry[];
  readonly onError: (error: unknown) => void;
}

export class HistoryFile {
  readonly counters = { "write-failed": 0, rewritten: 0 };
  readonly #options: FileOptions;
  #handle: FileHandle | undefined;
  #octets = 0;
  #pending: string[] = [];
  #pendingOctets = 0;
  #isStale = false;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: FileOptions) {
    this.#options = options;
  }

  /** Makes the file and its directory, or cuts off what a crash tore. `length`: what is whole. */
  async open(length: number): Promise<void> {
    const { path } = this.#options;
    try {
      this.#handle = await openOrMake(path);
      await this.#handle.chmod(MODE);
      await this.#handle.truncate(length);
      this.#octets = length;
      if (length === 0) await this.#write(HEADER);
    } catch (error) {
      await this.#fail(error);
      this.#schedule(HISTORY_RETRY_MS);
    }
  }

  append(entry: Entry): void {
    if (this.#isStale) return;
    const line = `${formatLine(entry)}\n`;
    this.#pending.push(line);
    this.#pendingOctets += Buffer.byteLength(line);
    // What waits for too long is in memory all the same.
    if (this.#pendingOctets > HISTORY_PENDING_MAX) this.rewrite();
    this.#schedule(HISTORY_WRITE_MS);
  }

  /** The file is to be written anew with what is kept. */
  rewrite(): void {
    this.#isStale = true;
    this.#forget();
    this.#schedule(HISTORY_WRITE_MS);
  }

  /** Writes what waits, a failed file once more, and closes. */
  async close(): Promise<void> {
    await this.#writing;
    clearTimeout(this.#timer);
    await this.#drain();
    await this.#handle?.close().catch(() => undefined);
  }

  #schedule(delay: number): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#drain().then((isDone) => {
        this.#writing = undefined;
        const isMore = this.#isStale || this.#pending.length > 0;
        if (isMore) this.#schedule(isDone ? HISTORY_WRITE_MS : HISTORY_RETRY_MS);
      });
    }, delay).unref();
  }

  /** Writes what waits; false when it could not. */
  async #drain(): Promise<boolean> {
    try {
      const text = this.#pending.join("");
      const isFull = this.#octets + this.#pendingOctets > HISTORY_FILE_MAX;
      this.#forget();
      if (this.#isStale || isFull) await this.#rewriteAll();
      else if (text !== "") await this.#write(text);
      return true;
    } catch (error) {
      await this.#fail(error);
      return false;
    }
  }

  async #write(text: string): Promise<void> {
    await this.#handle?.appendFile(text);
    this.#octets += Buffer.byteLength(text);
  }

  /** Into a new file, which takes the place of the old one when it is whole and on the disk. */
  async #rewriteAll(): Promise<void> {
    const { path, snapshot } = this.#options;
    // What comes from here on waits for the new file.
    this.#isStale = false;
    const entries = snapshot();
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
    const next = await open(`${path}.new`, "w", MODE);
    try {
      this.#octets = HEADER.length;
      await next.appendFile(HEADER);
      for (let at = 0; at < entries.length; at += HISTORY_CHUNK) {
        const lines = entries
          .slice(at, at + HISTORY_CHUNK)
          .map((entry) => `${formatLine(entry)}\n`);
        const text = lines.join("");
        await next.appendFile(text);
        this.#octets += Buffer.byteLength(text);
      }
      await next.sync();
    } finally {
      await next.close();
    }
    await rename(`${path}.new`, path);
    this.#handle = await open(path, "a", MODE);
    this.counters.rewritten += 1;
  }

  async #fail(error: unknown): Promise<void> {
    this.counters["write-failed"] += 1;
    this.#isStale = true;
    this.#forget();
    this.#options.onError(error);
    // Lines after a torn one would be lost with it: nothing is appended to this file any more.
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
  }

  #forget(): void {
    this.#pending = [];
    this.#pendingOctets = 0;
  }
}

/** A directory that is there is left alone: the program may have no permission to name it. */
async function openOrMake(path: string): Promise<FileHandle> {
  try {
    return await open(path, "a", MODE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    // Its own directory and none above, which somebody else has to have wanted.
    mkdirSync(dirname(path), { mode: 0o750 });
    return open(path, "a", MODE);
  }
}
