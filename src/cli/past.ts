/** The history, from the running daemon or, when none runs, from its file. @module */
import { existsSync } from "node:fs";
import { type Config, DEFAULT_FILE } from "../config/config.ts";
import { placesFor } from "../config/places.ts";
import type { Filter } from "../daemon/api-messages.ts";
import { select } from "../daemon/api-select.ts";
import { loadHistory } from "../daemon/history-file.ts";
import { type Entry, newestFirst } from "../history/entry.ts";
import { ask, NoServerError } from "./ask.ts";
import { daemonOf, readConfig } from "./settings.ts";
import { CommandError } from "./usage.ts";

/** Where daemon and history are; the whole configuration, if there is one to read. */
export interface Place {
  readonly socket: string;
  readonly history: string;
  readonly config: Config | undefined;
}

export async function findPlace(file: string | undefined): Promise<Place> {
  if (file === undefined && !existsSync(DEFAULT_FILE)) {
    return { ...placesFor(DEFAULT_FILE), config: undefined };
  }
  const config = await readConfig(file ?? DEFAULT_FILE);
  const { socket, history } = daemonOf(config);
  return { socket, history, config };
}

/** Asks for entries, the newest first. */
export type Past = (filter: Filter) => Promise<Entry[]>;

export interface Opened {
  readonly past: Past;
  /** Why the file has to do; absent while a daemon runs. */
  readonly absence?: string;
}

/** @throws {CommandError} when neither a daemon nor its file can be asked. */
export async function openPast({ socket, history }: Place): Promise<Opened> {
  try {
    await ask(socket, "history", { last: 1 });
    return { past: (filter) => ask(socket, "history", filter) };
  } catch (error) {
    if (!(error instanceof NoServerError) || history === "") throw error;
    const entries = await read(history, error);
    return { past: async (filter) => [...select(entries, filter)], absence: error.message };
  }
}

async function read(path: string, absence: NoServerError): Promise<Entry[]> {
  try {
    const { entries } = await loadHistory(path);
    return newestFirst(entries);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === undefined ? message : `the history ${path} cannot be read (${code})`;
    throw new CommandError(`${absence.message}\nsimplon: ${reason}`, absence.exitCode);
  }
}
