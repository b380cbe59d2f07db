/**
 * libc through koffi, for Node.
 *
 * The package is optional, so it is looked for when libc is opened, and not before: a program that
 * calls no kernel runs without it.
 *
 * @module
 */
import { createRequire } from "node:module";
import type { LibraryHandle } from "koffi";
import { bpfNumber, type Libc, LibcUnavailable } from "./libc.ts";

type Koffi = typeof import("koffi");

const EFD_NONBLOCK = 0o4000;
const NO_TIMEOUT = 0n;
/** A BigInt is taken as it is; so is a number, but none is ever given. */
const WORD = "uint64_t";
const INT = "int32_t";
const UINT = "uint32_t";
/** A typed array, whose octets the call reads or writes where they lie. */
const OCTETS = "void *";
const TEXT = "str";

export function openLibc(): Libc {
  const koffi = loadKoffi();
  const lib = koffi.load("libc.so.6");
  // What koffi hands out takes and gives anything: the interface says what each call really takes.
  const call = (name: string, ...parameters: string[]) => lib.func(name, INT, parameters);
  return {
    errno: () => koffi.errno(),
    address: (bytes) => koffi.address(bytes),
    ...packetCalls(lib),
    ...lengthCalls(lib),
    eventfd: eventfd(lib),
    bpf: bpf(lib),
    epollCreate: call("epoll_create1", INT),
    epollControl: call("epoll_ctl", INT, INT, INT, OCTETS),
    open: call("open", TEXT, INT),
    close: call("close", INT),
    ioctl: call("ioctl", INT, WORD, OCTETS),
    ioctlValue: call("ioctl", INT, WORD, WORD),
    socket: call("socket", INT, INT, INT),
    getsockopt: call("getsockopt", INT, INT, INT, OCTETS, OCTETS),
    listen: call("listen", INT, INT),
    madvise: call("madvise", WORD, WORD, INT),
    clockGettime: call("clock_gettime", INT, OCTETS),
    fcntl: call("fcntl", INT, INT, INT),
    pipe2: call("pipe2", OCTETS, INT),
    socketpair: call("socketpair", INT, INT, INT, OCTETS),
    memfdCreate: call("memfd_create", TEXT, UINT),
    adjtimex: call("adjtimex", OCTETS),
    waitpid: call("waitpid", INT, OCTETS, INT),
    prctl: call("prctl", INT, WORD, WORD, WORD, WORD),
    capset: call("capset", OCTETS, OCTETS),
    setns: call("setns", INT, INT),
    execv: call("execv", TEXT, OCTETS),
    exit: lib.func("_exit", "void", [INT]),
  };
}

type PacketCalls = Pick<
  Libc,
  | "poll"
  | "pollAsync"
  | "epollWait"
  | "recvmmsg"
  | "sendmmsg"
  | "readv"
  | "writev"
  | "usleep"
  | "eventfdRead"
  | "eventfdWrite"
>;

/** What a worker calls for every batch: nothing stands between it and koffi where nothing must. */
function packetCalls(lib: LibraryHandle): PacketCalls {
  const poll = lib.func("poll", INT, [WORD, WORD, INT]);
  const recvmmsg = lib.func("recvmmsg", INT, [INT, WORD, INT, INT, WORD]);
  return {
    poll,
    pollAsync: (fds, count, timeoutMs) =>
      new Promise((resolve, reject) => {
        const done = (error: unknown, ready: number) => (error ? reject(error) : resolve(ready));
        poll.async(fds, count, timeoutMs, done);
      }),
    epollWait: lib.func("epoll_wait", INT, [INT, WORD, INT, INT]),
    recvmmsg: (fd, messages, count, flags) => recvmmsg(fd, messages, count, flags, NO_TIMEOUT),
    sendmmsg: lib.func("sendmmsg", INT, [INT, WORD, INT, INT]),
    readv: lib.func("readv", INT, [INT, WORD, INT]),
    writev: lib.func("writev", INT, [INT, WORD, INT]),
    usleep: lib.func("usleep", INT, [UINT]),
    eventfdWrite: lib.func("eventfd_write", INT, [INT, WORD]),
    eventfdRead: lib.func("eventfd_read", INT, [INT, WORD]),
  };
}

type LengthCalls = Pick<
  Libc,
  "bind" | "connect" | "accept" | "setsockopt" | "send" | "recv" | "pread" | "write" | "getdents64"
>;

/** Calls that are told how many octets there are. */
function lengthCalls(lib: LibraryHandle): LengthCalls {
  const bind = lib.func("bind", INT, [INT, OCTETS, UINT]);
  const connect = lib.func("connect", INT, [INT, OCTETS, UINT]);
  const accept = lib.func("accept", INT, [INT, WORD, WORD]);
  const setsockopt = lib.func("setsockopt", INT, [INT, INT, INT, OCTETS, UINT]);
  const send = lib.func("send", INT, [INT, OCTETS, WORD, INT]);
  const recv = lib.func("recv", INT, [INT, OCTETS, WORD, INT]);
  const pread = lib.func("pread", INT, [INT, OCTETS, WORD, "int64_t"]);
  const write = lib.func("write", INT, [INT, OCTETS, WORD]);
  const getdents64 = lib.func("getdents64", INT, [INT, OCTETS, WORD]);
  return {
    bind: (fd, address) => bind(fd, address, address.length),
    connect: (fd, address) => connect(fd, address, address.length),
    accept: (fd) => accept(fd, 0n, 0n),
    setsockopt: (fd, level, name, value) => setsockopt(fd, level, name, value, value.length),
    send: (fd, bytes) => send(fd, bytes, bytes.length, 0),
    recv: (fd, bytes) => recv(fd, bytes, bytes.length, 0),
    pread: (fd, bytes, offset) => pread(fd, bytes, bytes.length, offset),
    write: (fd, bytes) => write(fd, bytes, bytes.length),
    getdents64: (fd, entries) => getdents64(fd, entries, entries.length),
  };
}

function eventfd(lib: LibraryHandle): () => number {
  const open = lib.func("eventfd", INT, [UINT, INT]);
  return () => open(0, EFD_NONBLOCK);
}

function bpf(lib: LibraryHandle): Libc["bpf"] {
  const syscall = lib.func("syscall", INT, [WORD, WORD, OCTETS, WORD]);
  const number = bpfNumber(process.arch);
  return (command, attributes) => syscall(number, command, attributes, attributes.length);
}

function loadKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)("koffi") as Koffi;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND";
    const what = isMissing ? "is not installed" : `cannot be loaded (${firstLine(error)})`;
    throw new LibcUnavailable(
      `on Node this needs the optional package koffi, which ${what}; ` +
        "install it with: npm install koffi, or a Deno with: npm install deno",
    );
  }
}

function firstLine(error: unknown): string {
  const [line = ""] = String((error as Error).message ?? error).split("\n");
  return line.trim();
}
