/** The kernel's count of what a socket had no room for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openLibc } from "../../../src/linux/ffi.ts";
import type { Libc } from "../../../src/linux/libc.ts";
import { droppedBySockets } from "../../../src/linux/meminfo.ts";
import { loopback } from "./memory.ts";

const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SENT = 500;

test("datagrams that a full socket did not take are told, of all sockets together", () => {
  const libc = openLibc();
  const open = () => libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0);
  const [receiver, other, sender] = [open(), open(), open()];
  const small = new Uint8Array(new Int32Array([4_096]).buffer);
  assert.equal(libc.setsockopt(receiver, SOL_SOCKET, SO_RCVBUF, small), 0);
  let port = 41_000;
  while (libc.bind(receiver, loopback(port)) < 0 && port < 42_000) port++;
  assert.equal(libc.connect(sender, loopback(port)), 0);
  assert.equal(droppedBySockets(libc, [receiver]), 0);
  for (let n = 0; n < SENT; n++) assert.equal(libc.send(sender, new Uint8Array(100)), 100);
  let received = 0;
  while (libc.recv(receiver, new Uint8Array(200)) > 0) received++;
  assert.ok(received > 0 && received < SENT);
  assert.equal(droppedBySockets(libc, [other, receiver]), SENT - received);
  for (const fd of [receiver, other, sender]) libc.close(fd);
});

test("a kernel that does not tell has dropped nothing", () => {
  const libc = { getsockopt: () => -1 } as Partial<Libc> as Libc;
  assert.equal(droppedBySockets(libc, [3, 4]), 0);
});
