/**
 * Where the daemon keeps what a configuration does not place: root's in the directories of the
 * system, another user's beside the configuration, where whoever names the same file finds it.
 *
 * @module
 */
import { dirname, join, resolve } from "node:path";
import {
  DEFAULT_HISTORY,
  DEFAULT_LAC_HISTORY,
  DEFAULT_LAC_SOCKET,
  DEFAULT_SOCKET,
} from "./config.ts";

export interface Places {
  /** The control socket that `simplon show` asks. */
  readonly socket: string;
  /** The file of the history. */
  readonly history: string;
  /** The same of `simplon lac`. */
  readonly lacSocket: string;
  readonly lacHistory: string;
}

export const ROOT_PLACES: Places = {
  socket: DEFAULT_SOCKET,
  history: DEFAULT_HISTORY,
  lacSocket: DEFAULT_LAC_SOCKET,
  lacHistory: DEFAULT_LAC_HISTORY,
};

/** For the user who runs this, with the configuration `file`. */
export function placesFor(file: string, uid = process.getuid?.()): Places {
  if (uid === 0) return ROOT_PLACES;
  const directory = dirname(resolve(file));
  return {
    socket: join(directory, "simplon.sock"),
    history: join(directory, "simplon.history"),
    lacSocket: join(directory, "simplon-lac.sock"),
    lacHistory: join(directory, "simplon-lac.history"),
  };
}
