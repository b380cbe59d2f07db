/**
 * Descriptors as such: pipes, pairs of sockets, memory with a descriptor, and which of them a
 * program that is executed inherits.
 *
 * @module
 */
import { checked } from "./errno.ts";
import type { Libc, Octets } from "./libc.ts";

const F_GETFD = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const O_CLOEXEC = 0o2000000;
const AF_UNIX = 1;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
const MFD_CLOEXEC = 1;
const PAIR_SIZE = 8;
const CHUNK = 4_096;

/** Whether a program that this one executes, or starts, has the descriptor too. */
export function setInherited(libc: Libc, fd: number, isInherited: boolean): void {
  checked(libc, "fcntl", libc.fcntl(fd, F_SETFD, isInherited ? 0 : FD_CLOEXEC));
}

export function isOpen(libc: Libc, fd: number): boolean {
  return libc.fcntl(fd, F_GETFD, 0) >= 0;
}

/** The end to read and the end to write. */
export function openPipe(libc: Libc): readonly [number, number] {
  const fds = new Uint8Array(PAIR_SIZE);
  checked(libc, "pipe2", libc.pipe2(fds, O_CLOEXEC));
  return pair(fds);
}

/** Two sockets: a datagram written to one is read from the other. Neither ever waits. */
export function openPair(libc: Libc): readonly [number, number] {
  const fds = new Uint8Array(PAIR_SIZE);
  checked(libc, "socketpair", libc.socketpair(AF_UNIX, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0, fds));
  return pair(fds);
}

/** Two ends of a stream, both ways. Ours never waits, theirs does. */
export function openStream(libc: Libc): { readonly ours: number; readonly theirs: number } {
  const fds = new Uint8Array(PAIR_SIZE);
  checked(libc, "socketpair", libc.socketpair(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, fds));
  const [ours, theirs] = pair(fds);
  checked(libc, "fcntl", libc.fcntl(ours, F_SETFL, O_NONBLOCK));
  return { ours, theirs };
}

/** Memory that holds `text` and has a descriptor; nothing is left open if it throws. */
export function textToDescriptor(libc: Libc, text: string): number {
  const fd = checked(libc, "memfd_create", libc.memfdCreate("simplon", MFD_CLOEXEC));
  try {
    let rest: Octets = new TextEncoder().encode(text);
    while (rest.length > 0) rest = rest.subarray(checked(libc, "write", libc.write(fd, rest)));
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

export function descriptorToText(libc: Libc, fd: number): string {
  return new TextDecoder().decode(readAll(libc, fd));
}

/** All octets behind a descriptor, from its beginning. @throws {SystemError} */
export function readAll(libc: Libc, fd: number): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const part = new Uint8Array(CHUNK);
    const count = checked(libc, "pread", libc.pread(fd, part, BigInt(length)));
    if (count === 0) break;
    parts.push(part.subarray(0, count));
    length += count;
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function pair(fds: Octets): readonly [number, number] {
  const view = new DataView(fds.buffer);
  return [view.getInt32(0, true), view.getInt32(4, true)];
}

/** Nothing is left open if it throws. */
export function openEventfds(libc: Libc, count: number): number[] {
  const opened: number[] = [];
  try {
    while (opened.length < count) opened.push(checked(libc, "eventfd", libc.eventfd()));
    return opened;
  } catch (error) {
    for (const fd of opened) libc.close(fd);
    throw error;
  }
}
