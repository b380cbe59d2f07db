/**
 * libc through Deno's FFI.
 *
 * One small wrapper per system call, with one type per argument: call sites that see more than one
 * fall off the fast call path.
 *
 * @module
 */
import process from "node:process";
import { bpfNumber, type Libc, type Octets } from "./libc.ts";

const EFD_NONBLOCK = 0o4000;
const NO_TIMEOUT = 0n;

export function openLibc(): Libc {
  const { symbols } = Deno.dlopen("libc.so.6", {
    __errno_location: { parameters: [], result: "pointer" },
    poll: { parameters: ["u64", "u64", "i32"], result: "i32" },
    pollAsync: {
      name: "poll",
      parameters: ["u64", "u64", "i32"],
      result: "i32",
      nonblocking: true,
    },
    epoll_create1: { parameters: ["i32"], result: "i32" },
    epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
    epoll_wait: { parameters: ["i32", "u64", "i32", "i32"], result: "i32" },
    recvmmsg: { parameters: ["i32", "u64", "i32", "i32", "u64"], result: "i32" },
    sendmmsg: { parameters: ["i32", "u64", "i32", "i32"], result: "i32" },
    readv: { parameters: ["i32", "u64", "i32"], result: "i32" },
    writev: { parameters: ["i32", "u64", "i32"], result: "i32" },
    usleep: { parameters: ["u32"], result: "i32" },
    madvise: { parameters: ["u64", "u64", "i32"], result: "i32" },
    eventfd: { parameters: ["u32", "i32"], result: "i32" },
    eventfd_write: { parameters: ["i32", "u64"], result: "i32" },
    eventfd_read: { parameters: ["i32", "u64"], result: "i32" },
    open: { parameters: ["buffer", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
    ioctlValue: { name: "ioctl", parameters: ["i32", "u64", "u64"], result: "i32" },
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    listen: { parameters: ["i32", "i32"], result: "i32" },
    accept: { parameters: ["i32", "u64", "u64"], result: "i32" },
    clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
    send: { parameters: ["i32", "buffer", "u64", "i32"], result: "i32" },
    recv: { parameters: ["i32", "buffer", "u64", "i32"], result: "i32" },
    pread: { parameters: ["i32", "buffer", "u64", "i64"], result: "i32" },
    write: { parameters: ["i32", "buffer", "u64"], result: "i32" },
    getdents64: { parameters: ["i32", "buffer", "u64"], result: "i32" },
    fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
    pipe2: { parameters: ["buffer", "i32"], result: "i32" },
    socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
    memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
    adjtimex: { parameters: ["buffer"], result: "i32" },
    waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
    prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
    capset: { parameters: ["buffer", "buffer"], result: "i32" },
    setns: { parameters: ["i32", "i32"], result: "i32" },
    syscall: { parameters: ["u64", "u64", "buffer", "u64"], result: "i32" },
    execv: { parameters: ["buffer", "buffer"], result: "i32" },
    _exit: { parameters: ["i32"], result: "void" },
  });
  const errnoAt = symbols.__errno_location(); // one address per thread
  if (errnoAt === null) throw new Error("libc gives no address of errno");
  const errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(errnoAt, 4));
  const text = new TextEncoder();
  const bpf = bpfNumber(process.arch);
  let failure = 0;
  /** Keeps the number of a failure: the collector's own system calls may change it at any allocation. */
  const told = (result: number): number => {
    if (result < 0) failure = errno[0] ?? 0;
    return result;
  };

  return {
    errno: () => failure,
    poll: (fds, count, timeoutMs) => told(symbols.poll(fds, count, timeoutMs)),
    epollCreate: (flags) => told(symbols.epoll_create1(flags)),
    epollControl: (epoll, operation, fd, event) =>
      told(symbols.epoll_ctl(epoll, operation, fd, event)),
    epollWait: (epoll, events, count, timeoutMs) =>
      told(symbols.epoll_wait(epoll, events, count, timeoutMs)),
    recvmmsg: (fd, messages, count, flags) =>
      told(symbols.recvmmsg(fd, messages, count, flags, NO_TIMEOUT)),
    sendmmsg: (fd, messages, count, flags) => told(symbols.sendmmsg(fd, messages, count, flags)),
    readv: (fd, vectors, count) => told(symbols.readv(fd, vectors, count)),
    writev: (fd, vectors, count) => told(symbols.writev(fd, vectors, count)),
    usleep: (microseconds) => told(symbols.usleep(microseconds)),
    madvise: (at, octets, advice) => told(symbols.madvise(at, octets, advice)),
    eventfdWrite: (fd, value) => told(symbols.eventfd_write(fd, value)),
    eventfdRead: (fd, value) => told(symbols.eventfd_read(fd, value)),
    address(bytes) {
      // The types leave shared memory out; the call takes it.
      return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes as Octets));
    },
    pollAsync: (fds, count, timeoutMs) => symbols.pollAsync(fds, count, timeoutMs),
    open: (path, flags) => told(symbols.open(text.encode(`${path}\0`), flags)),
    close: (fd) => told(symbols.close(fd)),
    ioctl: (fd, request, argument) => told(symbols.ioctl(fd, request, argument)),
    ioctlValue: (fd, request, value) => told(symbols.ioctlValue(fd, request, value)),
    socket: (family, type, protocol) => told(symbols.socket(family, type, protocol)),
    bind: (fd, address) => told(symbols.bind(fd, address, address.length)),
    connect: (fd, address) => told(symbols.connect(fd, address, address.length)),
    setsockopt: (fd, level, name, value) =>
      told(symbols.setsockopt(fd, level, name, value, value.length)),
    getsockopt: (fd, level, name, value, length) =>
      told(symbols.getsockopt(fd, level, name, value, length)),
    listen: (fd, backlog) => told(symbols.listen(fd, backlog)),
    accept: (fd) => told(symbols.accept(fd, 0n, 0n)),
    clockGettime: (clock, time) => told(symbols.clock_gettime(clock, time)),
    send: (fd, bytes) => told(symbols.send(fd, bytes, BigInt(bytes.length), 0)),
    recv: (fd, bytes) => told(symbols.recv(fd, bytes, BigInt(bytes.length), 0)),
    pread: (fd, bytes, offset) => told(symbols.pread(fd, bytes, BigInt(bytes.length), offset)),
    write: (fd, bytes) => told(symbols.write(fd, bytes, BigInt(bytes.length))),
    getdents64: (fd, entries) => told(symbols.getdents64(fd, entries, BigInt(entries.length))),
    fcntl: (fd, command, argument) => told(symbols.fcntl(fd, command, argument)),
    pipe2: (fds, flags) => told(symbols.pipe2(fds, flags)),
    socketpair: (family, type, protocol, fds) =>
      told(symbols.socketpair(family, type, protocol, fds)),
    memfdCreate: (name, flags) => told(symbols.memfd_create(text.encode(`${name}\0`), flags)),
    bpf: (command, attributes) =>
      told(symbols.syscall(bpf, BigInt(command), attributes, BigInt(attributes.length))),
    adjtimex: (timex) => told(symbols.adjtimex(timex)),
    waitpid: (pid, status, options) => told(symbols.waitpid(pid, status, options)),
    prctl: (option, a, b, c, d) => told(symbols.prctl(option, a, b, c, d)),
    capset: (header, data) => told(symbols.capset(header, data)),
    setns: (fd, kind) => told(symbols.setns(fd, kind)),
    execv: (path, argv) => told(symbols.execv(text.encode(`${path}\0`), argv)),
    exit: (code) => symbols._exit(code),
    eventfd: () => told(symbols.eventfd(0, EFD_NONBLOCK)),
  };
}
