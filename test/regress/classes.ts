/**
 * The table of README.md: every row of it, whatever its class is called.
 *
 * @module
 */
import { readFileSync } from "node:fs";

export const README = readFileSync(new URL("README.md", import.meta.url), "utf8");

/** The number of a row, the class without its backquotes, and which tests it has or what it waits for. */
export const CLASSES = [...README.matchAll(/^\| (\d+) \| `?(.+?)`? \| (.+) \|$/gm)].map(
  ([, row, name = "", what = ""]) => ({ row: Number(row), name, what }),
);
