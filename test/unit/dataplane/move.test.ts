import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import * as layout from "../../../assembly/layout.ts";
import { AF_INET6, encodePktinfo, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { CLIENT, good, HOST, packet } from "./frames.ts";
import { FORWARDING, Plane } from "./plane.ts";

const IDS = { tunnelId: 7, sessionId: 8, peerTunnelId: 8, peerSessionId: 9 };
const MOVES = 300_000;

for (const [kind, address, family] of [
  ["an IPv4 peer", "192.0.2.9", undefined],
  ["an IPv6 peer", "2001:db8:99::9", undefined],
  ["an IPv4 peer on a socket of both families", "192.0.2.9", AF_INET6],
  ["a link-local peer", "fe80::9%3", undefined],
] as const) {
  test(`${kind} whose port changes: the new one counts from then on, the old one no more`, () => {
    const plane = new Plane();
    const name = (port: number) => encodeSockaddr(address, port, family);
    const control = encodePktinfo("192.0.2.1");
    const handle = plane.table.publish({ ...IDS, name: name(1701), control });
    assert.ok(handle);
    plane.table.forward(handle, { ...FORWARDING, address: 0x0a40_0002 });
    const from = (port: number) => plane.up([good()], { address, port, family }).length;
    const to = () => plane.down([packet(HOST, CLIENT)])[0]?.name;
    assert.deepEqual([from(1701), from(62_000), to()], [1, 0, name(1701)]);
    plane.table.move(handle, name(62_000));
    assert.deepEqual([from(1701), from(62_000), to()], [0, 1, name(62_000)]);
    plane.inject.put(handle.index, handle.generation, Uint8Array.of(0xc0, 0x21));
    assert.deepEqual(plane.sendInjected()[0]?.name, name(62_000));
    assert.equal(plane.counters()["up.wrong-peer"], 2);
  });
}

test("nothing but the port can change", () => {
  const plane = new Plane();
  const control = encodePktinfo("2001:db8::1");
  const name = encodeSockaddr("2001:db8:99::9", 1701);
  const handle = plane.table.publish({ ...IDS, name, control });
  assert.ok(handle);
  const only = /only the port/;
  for (const other of [
    encodeSockaddr("2001:db8:99::8", 1702),
    encodeSockaddr("fe80::9%3", 1702),
    encodeSockaddr("192.0.2.9", 1702),
    name.slice(0, 16),
  ]) {
    assert.throws(() => plane.table.move(handle, other), only);
  }
  const four = plane.table.publish({ ...IDS, name: encodeSockaddr("192.0.2.9", 1701), control });
  assert.ok(four);
  assert.throws(() => plane.table.move(four, encodeSockaddr("192.0.2.8", 1701)), only);
});

test("a worker that sends meanwhile meets the one name or the other, never a mixture", async () => {
  const plane = new Plane();
  const handle = plane.session(7, 8, CLIENT);
  plane.down([packet(HOST, CLIENT)]);
  // Ports whose octets all differ, so that half of each is another one.
  const names = [0x1122, 0xeedd].map((port) => encodeSockaddr("192.0.2.9", port));
  const words = names.map((name) => new BigUint64Array(name.buffer)[0] ?? 0n);
  plane.table.move(handle, names[0] as Uint8Array);
  const workerData = { memory: plane.memory, worker: plane.worker, words };
  const thread = new Worker(new URL("./move-thread.ts", import.meta.url), { workerData });
  assert.deepEqual(await once(thread, "message"), ["running"]);
  const ended = once(thread, "message");
  for (let n = 0; n < MOVES; n++) {
    plane.table.move(handle, names[n & 1] as Uint8Array);
    // An odd step: the pauses leave the record now with the one name, now with the other.
    if (n % 10_001 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  Atomics.store(new Int32Array(plane.memory.buffer), layout.CONTROL_STOP / 4, 1);
  const [{ sent, torn }] = await ended;
  assert.equal(torn, 0);
  assert.ok(Math.min(...sent) > 1_000, `sent to each: ${sent}`);
});
