/**
 * The permissions that each run of a daemon has on Deno: as few as work. docs/OPERATIONS.md
 * gives the reason of each. Node gets none: its permission model does not hold native code, which
 * calls libc here.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "../config/config.ts";
import { DEFAULT_FILE } from "../config/config.ts";

/** Both runs: no question is asked, no code comes from elsewhere, libc is called. */
const COMMON = ["run", "--no-prompt", "--no-remote", "--allow-ffi"];

/** The first run, which opens what needs privileges. */
export const OPENING_FLAGS: readonly string[] = [
  ...COMMON,
  "--allow-read",
  `--allow-write=${DEFAULT_FILE}`,
  "--allow-run=/bin/sh",
  "--allow-env=PATH,NODE_V8_COVERAGE,NOTIFY_SOCKET,WATCHDOG_USEC,WATCHDOG_PID",
  "--allow-net",
  "--allow-sys=networkInterfaces,uid",
];

/** `simplon bench` serves nobody, but starts programs, makes namespaces and compiles C. */
export const BENCH_FLAGS: readonly string[] = ["run", "--no-prompt", "--no-remote", "--allow-all"];

/** `simplon doctor` reads in /proc and /sys, which Deno opens with all permissions only. */
export const DOCTOR_FLAGS: readonly string[] = BENCH_FLAGS;

/** The second run, which serves: nothing but its control socket and its history. */
export function servingFlags({ lns: { socket, history } }: Config): string[] {
  const places = [socket, ...historyFiles(history)];
  return [
    ...COMMON,
    "--v8-flags=--expose-gc",
    list("--allow-read", [...places, ...sources()]),
    list("--allow-write", places),
    list("--allow-net", [`unix:${socket}`]),
    "--allow-env=NODE_V8_COVERAGE,MSGPACKR_NATIVE_ACCELERATION_DISABLED",
    "--allow-sys=hostname,umask",
  ];
}

/** The file and the one that takes its place; before its first day also their directory. */
function historyFiles(path: string): string[] {
  if (path === "") return [];
  const directory = dirname(path);
  return existsSync(directory) ? [path, `${path}.new`] : [directory];
}

/** Where the code of the worker threads is: in a checkout, or beside this file when published. */
function sources(): string[] {
  if (!import.meta.url.endsWith(".ts")) return [fileURLToPath(new URL(".", import.meta.url))];
  const rooms = ["../../src", "../../assembly", "../../build"];
  return rooms.map((room) => fileURLToPath(new URL(room, import.meta.url)));
}

/** Commas separate the elements; one of an element is written twice. */
function list(flag: string, elements: readonly string[]): string {
  return `${flag}=${elements.map((element) => element.replaceAll(",", ",,")).join(",")}`;
}
