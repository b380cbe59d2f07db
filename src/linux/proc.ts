/**
 * Files of proc(5), read through libc: a runtime with narrow permissions opens none of them itself.
 *
 * @module
 */
import { readAll } from "./descriptor.ts";
import { checked, ENOENT, ESRCH, SystemError } from "./errno.ts";
import type { Libc } from "./libc.ts";

const O_RDONLY_CLOEXEC = 0o2000000;
const O_DIRECTORY = 0o200000;
const CHUNK = 4_096;
/** struct linux_dirent64: inode, offset, then the length of the record, the type and the name. */
const DIRENT_LENGTH = 16;
const DIRENT_NAME = 19;

/** The whole text of a file. @throws {SystemError} */
export function readText(libc: Libc, path: string): string {
  const fd = checked(libc, "open", libc.open(path, O_RDONLY_CLOEXEC));
  try {
    return new TextDecoder().decode(readAll(libc, fd));
  } finally {
    libc.close(fd);
  }
}

/** Ids of the threads of this process. @throws {SystemError} */
export function threads(libc: Libc): number[] {
  const flags = O_RDONLY_CLOEXEC | O_DIRECTORY;
  const fd = checked(libc, "open", libc.open("/proc/self/task", flags));
  const ids: number[] = [];
  try {
    for (;;) {
      const entries = new Uint8Array(CHUNK);
      const count = checked(libc, "getdents64", libc.getdents64(fd, entries));
      if (count === 0) return ids;
      for (const name of names(entries.subarray(0, count))) {
        if (/^\d+$/.test(name)) ids.push(Number(name));
      }
    }
  } finally {
    libc.close(fd);
  }
}

/** A process that no longer is there, or a thread that has just ended. */
export function isGone(error: unknown): boolean {
  return error instanceof SystemError && (error.errno === ENOENT || error.errno === ESRCH);
}

/** What one line of a status file says, such as "CapEff". */
export function statusField(status: string, name: string): string | undefined {
  const line = status.split("\n").find((candidate) => candidate.startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

/** Whether the process ignores a signal: SigIgn of proc_pid_status(5), bit 0 is signal 1. */
export function isIgnored(libc: Libc, signal: number): boolean {
  const mask = statusField(readText(libc, "/proc/self/status"), "SigIgn") ?? "0";
  return ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

function* names(entries: Uint8Array): Generator<string> {
  const view = new DataView(entries.buffer, entries.byteOffset, entries.length);
  for (let at = 0; at < entries.length; at += view.getUint16(at + DIRENT_LENGTH, true)) {
    const end = entries.indexOf(0, at + DIRENT_NAME);
    yield new TextDecoder().decode(entries.subarray(at + DIRENT_NAME, end));
  }
}
