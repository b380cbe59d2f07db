/** The binding to libc, on the runtime that runs this file: runtimes.test.ts runs it on the other. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { Epoll, EVENT_SIZE_MAX, nameOfEvent } from "../../../src/linux/epoll.ts";
import { EAGAIN, EBADF, ENOENT } from "../../../src/linux/errno.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { CANARY, loopback, Memory, POLLIN } from "./memory.ts";

const EINVAL = 22;
const ECHILD = 10;
const O_CLOEXEC = 0o2000000;
const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const MSG_TRUNC = 0x20;
const libc = openLibc();

/** Two UDP sockets of the loopback address, the second one connected to the first. */
function udpPair(): { receiver: number; sender: number; port: number } {
  const receiver = libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0);
  const sender = libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0);
  assert.ok(receiver > 2 && sender > 2);
  let port = 40_000;
  while (libc.bind(receiver, loopback(port)) < 0 && port < 41_000) port++;
  assert.equal(libc.connect(sender, loopback(port)), 0);
  return { receiver, sender, port };
}

function close(...fds: readonly number[]): void {
  for (const fd of fds) assert.equal(libc.close(fd), 0);
}

describe("addresses", () => {
  test("of views over one memory differ as the views do, shared or not", () => {
    const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    for (const memory of [buffer, new ArrayBuffer(65_536)]) {
      const base = libc.address(new Uint8Array(memory));
      assert.equal(typeof base, "bigint");
      assert.equal(base % 8n, 0n);
      assert.equal(libc.address(new Uint8Array(memory, 4_097)) - base, 4_097n);
      assert.equal(libc.address(new Uint8Array(memory).subarray(9, 10)) - base, 9n);
    }
  });

  test("of shared memory are the same in every thread", async () => {
    const { memory, base } = new Memory(libc);
    const thread = new Worker(new URL("./thread.ts", import.meta.url), { workerData: { memory } });
    const [said] = await once(thread, "message");
    assert.deepEqual(said, { base, wrong: 0 });
    await thread.terminate();
  });
});

describe("the error number", () => {
  test("is that of the call that failed, however much is collected in between", () => {
    const kept: unknown[] = [];
    let wrong = 0;
    for (let round = 0; round < 20_000; round++) {
      const isOpen = round % 2 === 0;
      const result = isOpen ? libc.open("/nowhere/at/all", O_CLOEXEC) : libc.close(1_000_000);
      kept[round % 64] = new Array(200).fill(round);
      if (result !== -1 || libc.errno() !== (isOpen ? ENOENT : EBADF)) wrong++;
    }
    assert.equal(wrong, 0);
  });

  test("belongs to the thread: another one that fails otherwise changes nothing", async () => {
    const { memory } = new Memory(libc);
    const thread = new Worker(new URL("./thread.ts", import.meta.url), {
      workerData: { memory, rounds: 200_000 },
    });
    let said: { wrong: number } | undefined;
    thread.on("message", (message) => {
      said = message;
    });
    let wrong = 0;
    let rounds = 0;
    while (said === undefined) {
      for (let round = 0; round < 1_000; round++, rounds++) {
        if (libc.close(1_000_000) !== -1 || libc.errno() !== EBADF) wrong++;
      }
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assert.equal(said.wrong, 0);
    assert.equal(wrong, 0);
    assert.ok(rounds > 1_000);
    await thread.terminate();
  });
});

describe("eventfd and poll", () => {
  test("64 bits go in and come out whole; an empty one has nothing to read", () => {
    const memory = new Memory(libc);
    const fd = libc.eventfd();
    const value = memory.place(8);
    assert.equal(libc.eventfdRead(fd, memory.address(value)), -1);
    assert.equal(libc.errno(), EAGAIN);
    assert.equal(libc.eventfdWrite(fd, 0x1234_5678_9abc_def0n), 0);
    assert.equal(libc.eventfdRead(fd, memory.address(value)), 0);
    assert.equal(memory.view.getBigUint64(value, true), 0x1234_5678_9abc_def0n);
    assert.deepEqual(memory.spoiled(), []);
    close(fd);
  });

  test("poll tells which descriptor is ready, and waits no longer than it is told", () => {
    const memory = new Memory(libc);
    const fds = [libc.eventfd(), libc.eventfd()] as const;
    const polls = memory.pollfds(...fds);
    const start = performance.now();
    assert.equal(libc.poll(memory.address(polls), 2n, 60), 0);
    assert.ok(performance.now() - start >= 55);
    libc.eventfdWrite(fds[1], 1n);
    assert.equal(libc.poll(memory.address(polls), 2n, 5_000), 1);
    assert.deepEqual([memory.ready(polls), memory.ready(polls, 1)], [0, POLLIN]);
    assert.deepEqual(memory.spoiled(), []);
    close(...fds);
  });

  test("epoll names those that are ready, as long as they are registered", () => {
    const memory = new Memory(libc);
    const epoll = new Epoll(libc);
    const fds = [libc.eventfd(), libc.eventfd(), libc.eventfd()];
    for (const [index, fd] of fds.entries()) epoll.add(fd, 0xfff0 + index);
    const most = 8;
    const events = memory.place(most * EVENT_SIZE_MAX);
    const ready = (timeoutMs = 0, count = most) => {
      const found = libc.epollWait(epoll.fd, memory.address(events), count, timeoutMs);
      const indices = Array.from({ length: found }, (_, index) => index);
      return indices.map((index) => nameOfEvent(memory.view, events, index)).sort();
    };
    const start = performance.now();
    assert.deepEqual(ready(60), []);
    assert.ok(performance.now() - start >= 55);
    for (const fd of fds.slice(1)) libc.eventfdWrite(fd, 1n);
    assert.deepEqual(ready(5_000), [0xfff1, 0xfff2]);
    assert.deepEqual(ready(), [0xfff1, 0xfff2], "until it is read");
    assert.notDeepEqual(ready(0, 1), ready(0, 1), "each in its turn");
    epoll.remove(fds[1] ?? -1);
    assert.deepEqual(ready(), [0xfff2]);
    assert.throws(() => epoll.remove(fds[1] ?? -1), /epoll_ctl/);
    assert.deepEqual(memory.spoiled(), []);
    epoll.close();
    assert.equal(libc.epollWait(epoll.fd, memory.address(events), most, 0), -1);
    assert.equal(libc.errno(), EBADF);
    close(...fds);
  });

  test("pollAsync leaves the event loop running, and wakes as soon as there is something", async () => {
    const memory = new Memory(libc);
    const fd = libc.eventfd();
    const polls = memory.pollfds(fd);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    assert.equal(await libc.pollAsync(memory.address(polls), 1n, 150), 0);
    assert.ok(ticks >= 5, `${ticks} ticks`);
    const start = performance.now();
    setTimeout(() => libc.eventfdWrite(fd, 1n), 30);
    assert.equal(await libc.pollAsync(memory.address(polls), 1n, 5_000), 1);
    assert.ok(performance.now() - start < 2_500);
    assert.equal(memory.ready(polls), POLLIN);
    clearInterval(timer);
    close(fd);
  });
});

describe("vectors", () => {
  test("datagrams go out and come in by the batch, into their buffers and nowhere else", () => {
    const { receiver, sender, port } = udpPair();
    const memory = new Memory(libc);
    const texts = ["one", "two and a half", "x".repeat(300)].map((text) => Buffer.from(text));
    const sources = texts.map((text) => {
      const at = memory.place(text.length);
      memory.octets.set(text, at);
      return [at, text.length] as const;
    });
    const out = memory.messages(sources);
    for (const index of texts.keys()) out.setName(index, loopback(port));
    assert.equal(libc.sendmmsg(sender, memory.address(out.at), 3, 0), 3);

    const targets = [0, 1, 2, 3].map(() => [memory.place(100), 100] as const);
    const received = memory.messages(targets);
    assert.equal(libc.recvmmsg(receiver, memory.address(received.at), 4, 0), 3);
    for (const [index, text] of texts.entries()) {
      const [at] = targets[index] ?? [0];
      const length = received.length(index);
      assert.equal(length, Math.min(100, text.length));
      assert.ok(text.subarray(0, 100).equals(memory.octets.slice(at, at + length)));
      assert.equal(received.flags(index), text.length > 100 ? MSG_TRUNC : 0);
      assert.deepEqual([...received.name(index).subarray(4, 8)], [127, 0, 0, 1]);
    }
    assert.equal(libc.recvmmsg(receiver, memory.address(received.at), 4, 0), -1);
    assert.equal(libc.errno(), EAGAIN);
    assert.deepEqual(memory.spoiled(), []);
    close(receiver, sender);
  });

  test("writev gathers and readv scatters", () => {
    const ends = new Uint8Array(8);
    assert.equal(libc.pipe2(ends, O_CLOEXEC), 0);
    const view = new DataView(ends.buffer);
    const [reading, writing] = [view.getInt32(0, true), view.getInt32(4, true)];
    const memory = new Memory(libc);
    const [one, two] = [memory.place(3), memory.place(4)];
    memory.octets.set([1, 2, 3], one);
    memory.octets.set([4, 5, 6, 7], two);
    const gathered = memory.iovecs([
      [one, 3],
      [two, 4],
    ]);
    assert.equal(libc.writev(writing, memory.address(gathered), 2), 7);
    const [head, tail] = [memory.place(2), memory.place(16)];
    const scattered = memory.iovecs([
      [head, 2],
      [tail, 16],
    ]);
    assert.equal(libc.readv(reading, memory.address(scattered), 2), 7);
    assert.deepEqual([...memory.octets.slice(head, head + 2)], [1, 2]);
    assert.deepEqual([...memory.octets.slice(tail, tail + 6)], [3, 4, 5, 6, 7, 0]);
    assert.deepEqual(memory.spoiled(), []);
    close(reading, writing);
  });
});

describe("octets of the caller's own", () => {
  test("are read and written in place, from where the view begins to where it ends", () => {
    const { receiver, sender } = udpPair();
    const around = new Uint8Array(32).fill(CANARY);
    around.set([1, 2, 3, 4], 8);
    assert.equal(libc.send(sender, around.subarray(8, 12)), 4);
    around.fill(CANARY);
    assert.equal(libc.recv(receiver, around.subarray(16, 19)), 3); // the fourth is cut off
    const expected = new Uint8Array(32).fill(CANARY);
    expected.set([1, 2, 3], 16);
    assert.deepEqual(around, expected);
    assert.equal(libc.recv(receiver, around), -1);
    assert.equal(libc.errno(), EAGAIN);
    close(receiver, sender);
  });

  test("of an ioctl are answered in: the index of lo is 1", () => {
    const fd = libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0);
    const request = new Uint8Array(40);
    request.set(Buffer.from("lo"));
    assert.equal(libc.ioctl(fd, 0x8933n, request), 0);
    assert.equal(new DataView(request.buffer).getInt32(16, true), 1);
    assert.equal(libc.setsockopt(fd, 1, 2, Uint8Array.of(1, 0, 0, 0)), 0); // SO_REUSEADDR
    assert.equal(libc.setsockopt(fd, 1, 9_999, Uint8Array.of(1, 0, 0, 0)), -1);
    const [value, length] = [new Uint8Array(8), Uint8Array.of(8, 0, 0, 0)];
    assert.equal(libc.getsockopt(fd, 1, 2, value, length), 0);
    assert.deepEqual([value[0], length[0]], [1, 4]);
    assert.equal(libc.getsockopt(fd, 1, 9_999, value, length), -1);
    close(fd);
  });

  test("files: written, read from anywhere, listed; text may be of any language", () => {
    const fd = libc.memfdCreate("Pässe", 1);
    assert.equal(readlinkSync(`/proc/self/fd/${fd}`), "/memfd:Pässe (deleted)");
    assert.equal(libc.write(fd, Buffer.from("over the pass").subarray(5)), 8);
    const part = new Uint8Array(16);
    assert.equal(libc.pread(fd, part, 4n), 4);
    assert.equal(Buffer.from(part.subarray(0, 4)).toString(), "pass");
    assert.equal(libc.pread(fd, part, 0x1_0000_0004n), 0, "no 32 bits of an offset are lost");
    assert.equal(libc.pread(fd, part, -1n), -1);
    assert.equal(libc.fcntl(fd, 1, 0), 1); // F_GETFD: FD_CLOEXEC
    close(fd);

    const directory = libc.open("/proc/self/task", O_CLOEXEC | 0o200000);
    const entries = new Uint8Array(4_096);
    const length = libc.getdents64(directory, entries);
    assert.ok(length > 0 && length < entries.length);
    assert.ok(Buffer.from(entries.subarray(0, length)).includes(`${process.pid}\0`));
    close(directory);
  });
});

test("calls on processes pass their arguments, seen by what they refuse", () => {
  const pair = new Uint8Array(8);
  assert.equal(libc.socketpair(1, 2, 0, pair), 0);
  const [one, other] = new Int32Array(pair.buffer);
  close(one ?? -1, other ?? -1);
  assert.equal(libc.prctl(3, 0n, 0n, 0n, 0n), 1); // PR_GET_DUMPABLE
  assert.equal(libc.prctl(38, 7n, 0n, 0n, 0n), -1); // PR_SET_NO_NEW_PRIVS takes 1 alone
  assert.equal(libc.errno(), EINVAL);
  assert.equal(libc.waitpid(process.pid, new Uint8Array(4), 1), -1);
  assert.equal(libc.errno(), ECHILD);
  const header = new Uint8Array(8); // version 0: the kernel writes the one that it wants
  assert.equal(libc.capset(header, new Uint8Array(24)), -1);
  assert.equal(libc.errno(), EINVAL);
  assert.equal(new DataView(header.buffer).getUint32(0, true), 0x20080522);
  assert.equal(libc.execv("/nowhere/at/all", new Uint8Array(8)), -1);
  assert.equal(libc.errno(), ENOENT);
});
