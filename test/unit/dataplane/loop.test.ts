// The worker's loop against a kernel made of arrays: what is refused, partial or full.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { HEARTBEAT_STALE_MS } from "../../../src/limits.ts";
import { EAGAIN, EBADF, EBADFD, ENOBUFS } from "../../../src/linux/errno.ts";
import { CLIENT, dataMessage, HOST, packet, pppFrame } from "./frames.ts";
import { start, WAKE, WAKE_CONTROL } from "./kernel.ts";

const EINVAL = 22;
const ENETUNREACH = 101;

const up = (index: number) => dataMessage(7, 8, pppFrame(packet(CLIENT, HOST, index)));
const down = (index: number) => dataMessage(8, 9, pppFrame(packet(HOST, CLIENT, index)));
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

test("both ways at once, in order, a batch a turn", () => {
  const { plane, kernel, loop } = start();
  plane.session(7, 8, CLIENT);
  kernel.datagrams.push(...range(100).map(up));
  kernel.packets.push(...range(100).map((index) => packet(HOST, CLIENT, index)));
  loop.turn(0);
  assert.equal(kernel.written.length, layout.BUFFER_COUNT);
  assert.equal(kernel.sent.length, layout.BUFFER_COUNT);
  loop.turn(0);
  assert.deepEqual(
    kernel.written,
    range(100).map((index) => packet(CLIENT, HOST, index)),
  );
  assert.deepEqual(kernel.sent, range(100).map(down));
  assert.deepEqual(kernel.woken, []);
});

test("a punted frame wakes the control thread", () => {
  const { plane, kernel, loop } = start();
  plane.session(7, 8);
  kernel.datagrams.push(dataMessage(7, 8, Uint8Array.of(0xc0, 0x21, 9, 1, 0, 4)));
  loop.turn(0);
  assert.deepEqual(kernel.woken, [WAKE_CONTROL]);
});

test("injected frames go out when the worker is woken, all of them", () => {
  const { plane, kernel, loop } = start();
  const { index, generation } = plane.session(7, 8);
  const frame = (id: number) => Uint8Array.of(0xc0, 0x21, 9, id, 0, 4);
  for (const id of range(150)) assert.ok(plane.inject.put(index, generation, frame(id)));
  kernel.eventfdWrite(WAKE);
  for (let turns = 0; turns < 4; turns++) loop.turn(0);
  assert.deepEqual(
    kernel.sent,
    range(150).map((id) => dataMessage(8, 9, frame(id))),
  );
  assert.deepEqual(kernel.woken, []);
});

test("sendmmsg that takes a part is asked for the rest", () => {
  const { plane, kernel, loop } = start();
  plane.session(7, 8, CLIENT);
  kernel.sendAtMost = 7;
  kernel.packets.push(...range(50).map((index) => packet(HOST, CLIENT, index)));
  loop.turn(0);
  assert.deepEqual(kernel.sent, range(50).map(down));
});

test("a message that the kernel refuses is passed over and counted, the others go out", () => {
  const { plane, kernel, loop } = start();
  plane.session(7, 8, CLIENT);
  kernel.sendAtMost = 10;
  kernel.refusals.sendmmsg = [0, ENETUNREACH, 0, EINVAL];
  kernel.packets.push(...range(30).map((index) => packet(HOST, CLIENT, index)));
  loop.turn(0);
  const lost = [10, 21];
  assert.deepEqual(
    kernel.sent,
    range(30)
      .filter((index) => !lost.includes(index))
      .map(down),
  );
  assert.equal(plane.counters()["down.send"], 2);
});

for (const [name, errno] of Object.entries({ EAGAIN, ENOBUFS })) {
  test(`a full socket buffer (${name}) drops what is left of the batch, counted, and nothing later`, () => {
    const { plane, kernel, loop } = start();
    plane.session(7, 8, CLIENT);
    kernel.sendAtMost = 10;
    kernel.refusals.sendmmsg = [0, errno];
    kernel.packets.push(...range(30).map((index) => packet(HOST, CLIENT, index)));
    loop.turn(0);
    assert.deepEqual(kernel.sent, range(10).map(down));
    assert.equal(plane.counters()["down.send"], 20);
    kernel.packets.push(packet(HOST, CLIENT, 99));
    loop.turn(0);
    assert.deepEqual(kernel.sent.at(-1), down(99));
  });

  test(`frames of the control thread that find it full (${name}) are dropped and counted`, () => {
    const { plane, kernel, loop } = start();
    const { index, generation } = plane.session(7, 8);
    const frame = (id: number) => Uint8Array.of(0xc0, 0x21, 9, id, 0, 4);
    const inject = (id: number) => plane.inject.put(index, generation, frame(id));
    kernel.refusals.sendmmsg = [errno];
    for (const id of [1, 2, 3]) inject(id);
    kernel.eventfdWrite(WAKE);
    loop.turn(0);
    assert.deepEqual(kernel.sent, []);
    assert.equal(plane.counters()["down.send"], 3);
    inject(4);
    kernel.eventfdWrite(WAKE);
    loop.turn(0);
    assert.deepEqual(kernel.sent, [dataMessage(8, 9, frame(4))]);
  });
}

for (const [name, errno] of Object.entries({ EINVAL, EAGAIN, ENOBUFS })) {
  test(`a packet that the device refuses (${name}) is counted, the others go through`, () => {
    const { plane, kernel, loop } = start();
    plane.session(7, 8, CLIENT);
    kernel.refusals.writev = [0, errno];
    kernel.datagrams.push(...range(3).map(up));
    loop.turn(0);
    assert.deepEqual(
      kernel.written,
      [0, 2].map((index) => packet(CLIENT, HOST, index)),
    );
    assert.equal(plane.counters()["up.tun-write"], 1);
  });
}

for (const call of ["recvmmsg", "sendmmsg", "writev"] as const) {
  test(`a closed descriptor is a bug of ours: ${call} throws`, () => {
    const { plane, kernel, loop } = start();
    plane.session(7, 8, CLIENT);
    kernel.refusals[call] = [EBADF];
    kernel.datagrams.push(up(0));
    kernel.packets.push(packet(HOST, CLIENT));
    assert.throws(() => loop.turn(0), new RegExp(`${call} failed with error 9`));
  });
}

test("the loop ends when the stop word is set", () => {
  const { plane, loop } = start();
  plane.view.setInt32(layout.CONTROL_STOP, 1, true);
  loop.run();
});

test("a process that was stopped for long keeps its workers", () => {
  let now = 0;
  const { plane, kernel, loop } = start(() => now);
  kernel.epollWait = () => {
    now += now === 1_000 ? 60_000 : 100;
    if (now <= 1_000 || now >= 61_200) plane.view.setInt32(layout.CONTROL_HEARTBEAT, now, true);
    if (now > 70_000) plane.view.setInt32(layout.CONTROL_STOP, 1, true);
    return 0;
  };
  loop.run();
  assert.ok(now > 70_000, `left at ${now}`);
});

test("a device that was removed ends the loop with a word for it", () => {
  const { kernel, loop } = start();
  kernel.packets.push(new Uint8Array(20));
  kernel.refusals.readv = [EBADFD];
  assert.throws(() => loop.turn(0), /TUN device was removed/);
});

test("the loop ends when the control thread shows no heartbeat, and not before", () => {
  let now = 0;
  const { plane, kernel, loop } = start(() => now);
  let turns = 0;
  kernel.epollWait = () => {
    turns++;
    now += 100;
    if (now <= 10_000) plane.view.setInt32(layout.CONTROL_HEARTBEAT, now, true);
    return 0;
  };
  loop.run();
  assert.equal(now, 10_000 + HEARTBEAT_STALE_MS);
  assert.equal(turns, now / 100);
});
