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
    recvmmsg: { parameters: ["i32", "u64", "i32", "i32", "u64"], result: "i32" },
    sendmmsg: { parameters: ["i32", "u64", "i32", "i32"], result: "i32" },
    readv: { parameters: ["i32", "u64", "i32"], result: "i32" },
    writev: { parameters: ["i32", "u64", "i32"], result: "i32" },
    usleep: { parameters: ["u32"], result: "i32" },
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

  return {
    errno: () => errno[0] ?? 0,
    poll: (fds, count, timeoutMs) => symbols.poll(fds, count, timeoutMs),
    recvmmsg: (fd, messages, count, flags) =>
      symbols.recvmmsg(fd, messages, count, flags, NO_TIMEOUT),
    sendmmsg: (fd, messages, count, flags) => symbols.sendmmsg(fd, messages, count, flags),
    readv: (fd, vectors, count) => symbols.readv(fd, vectors, count),
    writev: (fd, vectors, count) => symbols.writev(fd, vectors, count),
    usleep: (microseconds) => symbols.usleep(microseconds),
    eventfdWrite: (fd, value) => symbols.eventfd_write(fd, value),
    eventfdRead: (fd, value) => symbols.eventfd_read(fd, value),
    address(bytes) {
      // The types leave shared memory out; the call takes it.
      return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes as Octets));
    },
    pollAsync: (fds, count, timeoutMs) => symbols.pollAsync(fds, count, timeoutMs),
    open: (path, flags) => symbols.open(text.encode(`${path}\0`), flags),
    close: (fd) => symbols.close(fd),
    ioctl: (fd, request, argument) => symbols.ioctl(fd, request, argument),
    ioctlValue: (fd, request, value) => symbols.ioctlValue(fd, request, value),
    socket: (family, type, protocol) => symbols.socket(family, type, protocol),
    bind: (fd, address) => symbols.bind(fd, address, address.length),
    connect: (fd, address) => symbols.connect(fd, address, address.length),
    setsockopt: (fd, level, name, value) =>
      symbols.setsockopt(fd, level, name, value, value.length),
    getsockopt: (fd, level, name, value, length) =>
      symbols.getsockopt(fd, level, name, value, length),
    listen: (fd, backlog) => symbols.listen(fd, backlog),
    accept: (fd) => symbols.accept(fd, 0n, 0n),
    clockGettime: (clock, time) => symbols.clock_gettime(clock, time),
    send: (fd, bytes) => symbols.send(fd, bytes, BigInt(bytes.length), 0),
    recv: (fd, bytes) => symbols.recv(fd, bytes, BigInt(bytes.length), 0),
    pread: (fd, bytes, offset) => symbols.pread(fd, bytes, BigInt(bytes.length), offset),
    write: (fd, bytes) => symbols.write(fd, bytes, BigInt(bytes.length)),
    getdents64: (fd, entries) => symbols.getdents64(fd, entries, BigInt(entries.length)),
    fcntl: (fd, command, argument) => symbols.fcntl(fd, command, argument),
    pipe2: (fds, flags) => symbols.pipe2(fds, flags),
    socketpair: (family, type, protocol, fds) => symbols.socketpair(family, type, protocol, fds),
    memfdCreate: (name, flags) => symbols.memfd_create(text.encode(`${name}\0`), flags),
    bpf: (command, attributes) =>
      symbols.syscall(bpf, BigInt(command), attributes, BigInt(attributes.length)),
    adjtimex: (timex) => symbols.adjtimex(timex),
    waitpid: (pid, status, options) => symbols.waitpid(pid, status, options),
    prctl: (option, a, b, c, d) => symbols.prctl(option, a, b, c, d),
    capset: (header, data) => symbols.capset(header, data),
    setns: (fd, kind) => symbols.setns(fd, kind),
    execv: (path, argv) => symbols.execv(text.encode(`${path}\0`), argv),
    exit: (code) => symbols._exit(code),
    eventfd: () => symbols.eventfd(0, EFD_NONBLOCK),
  };
}
