/**
 * The libc that simplon calls, as one interface over the runtimes' bindings.
 *
 * An address is a number of 64 bits and always travels as a BigInt: a number argument costs
 * twenty times as much on Deno. Nothing behind this interface checks an address or a length.
 * Addresses come from two places only: `address()` of a buffer that the caller keeps alive, and
 * the vectors that the WebAssembly code lays out.
 *
 * Each function is one call of libc; -1 means that `errno()` tells why.
 *
 * @module
 */

/** Octets that a system call reads or writes; never shared memory. */
export type Octets = Uint8Array<ArrayBuffer>;

export interface Libc {
  /** Error number of this thread's last call that failed. */
  errno(): number;
  /** Address of the first octet of `bytes`, which must stay referenced while it is used. */
  address(bytes: Uint8Array): bigint;

  poll(fds: bigint, count: bigint, timeoutMs: number): number;
  /** `poll` on another thread, so that the event loop goes on. Leaves no error number. */
  pollAsync(fds: bigint, count: bigint, timeoutMs: number): Promise<number>;
  epollCreate(flags: number): number;
  epollControl(epoll: number, operation: number, fd: number, event: Octets): number;
  epollWait(epoll: number, events: bigint, count: number, timeoutMs: number): number;
  recvmmsg(fd: number, messages: bigint, count: number, flags: number): number;
  sendmmsg(fd: number, messages: bigint, count: number, flags: number): number;
  readv(fd: number, vectors: bigint, count: number): number;
  writev(fd: number, vectors: bigint, count: number): number;
  usleep(microseconds: number): number;
  madvise(at: bigint, octets: bigint, advice: number): number;
  eventfd(): number;
  eventfdWrite(fd: number, value: bigint): number;
  eventfdRead(fd: number, value: bigint): number;

  open(path: string, flags: number): number;
  close(fd: number): number;
  ioctl(fd: number, request: bigint, argument: Octets): number;
  /** For requests that take a number where others take an address. */
  ioctlValue(fd: number, request: bigint, value: bigint): number;
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Octets): number;
  connect(fd: number, address: Octets): number;
  setsockopt(fd: number, level: number, name: number, value: Octets): number;
  /** `length` is an i32 of how many octets `value` has room for, and then of how many there are. */
  getsockopt(fd: number, level: number, name: number, value: Octets, length: Octets): number;
  listen(fd: number, backlog: number): number;
  /** The address of who connects is not asked for. */
  accept(fd: number): number;
  send(fd: number, bytes: Octets): number;
  recv(fd: number, bytes: Octets): number;

  pread(fd: number, bytes: Octets, offset: bigint): number;
  write(fd: number, bytes: Octets): number;
  getdents64(fd: number, entries: Octets): number;
  fcntl(fd: number, command: number, argument: number): number;
  /** `fds` takes two i32: the end to read, the end to write. */
  pipe2(fds: Octets, flags: number): number;
  socketpair(family: number, type: number, protocol: number, fds: Octets): number;
  memfdCreate(name: string, flags: number): number;
  /** `time` takes a timespec: seconds, then nanoseconds, 64 bits each. */
  clockGettime(clock: number, time: Octets): number;
  /** With a timex of zeros nothing is set: answers the state of the clock (adjtimex(2)). */
  adjtimex(timex: Octets): number;
  waitpid(pid: number, status: Octets, options: number): number;
  prctl(option: number, a: bigint, b: bigint, c: bigint, d: bigint): number;
  capset(header: Octets, data: Octets): number;
  /** bpf(2), which libc has no function of its own for. */
  bpf(command: number, attributes: Octets): number;
  /** Moves this thread, not the process, into the namespace that `fd` stands for. */
  setns(fd: number, kind: number): number;
  /** `argv` begins with the addresses of the arguments, the last one 0. */
  execv(path: string, argv: Octets): number;
  /** Ends the process at once: no thread is waited for, nothing that is buffered is written. */
  exit(code: number): void;
}

/** Why libc cannot be called here, for a person: one line that says what to install. */
export class LibcUnavailable extends Error {
  override readonly name = "LibcUnavailable";
}

/** The number of bpf(2); no such system call on a machine that is not known here. */
export function bpfNumber(machine: string): bigint {
  return { x64: 321n, arm64: 280n }[machine] ?? -1n;
}
