// The worker's loop with offloads: what the kernel does not take as a whole, and what it costs.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { GATHER_FROM, GATHER_TO, GATHER_US, SEGMENT_LIMIT_MS } from "../../../src/limits.ts";
import { EAGAIN, EINVAL, EIO, EMSGSIZE } from "../../../src/linux/errno.ts";
import { split } from "../../reference/offload.ts";
import { CLIENT, dataMessage, HOST, packet, pppFrame } from "./frames.ts";
import { type Kernel, start, WAKE } from "./kernel.ts";
import { ALL_OFFLOADS } from "./plane.ts";

const PLAIN = new Uint8Array(layout.VIRTIO_SIZE);
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** A packet of the device whose first octet of payload is `mark`. */
function read(payload: number, mark = 0): Uint8Array {
  const octets = packet(HOST, CLIENT, payload);
  octets[20] = mark;
  return Uint8Array.of(...PLAIN, ...octets);
}

function frame(payload: number, mark = 0): Uint8Array {
  return dataMessage(8, 9, pppFrame(read(payload, mark).subarray(PLAIN.length)));
}

/** What the peer gets. */
function frames(kernel: Kernel): Uint8Array[] {
  return kernel.sent.flatMap((octets, index) => split(octets, kernel.segments[index] ?? 0));
}

for (const errno of [EINVAL, EMSGSIZE]) {
  test(`frames beyond the path MTU (error ${errno}) go one by one, shorter ones together`, () => {
    const { plane, kernel, loop } = start(undefined, ALL_OFFLOADS);
    plane.session(7, 8, CLIENT);
    Object.assign(kernel, { segmentAtMost: 1_300, segmentError: errno });
    kernel.packets.push(...range(10).map((mark) => read(1_380, mark)));
    loop.turn(0);
    assert.deepEqual(
      kernel.sent,
      range(10).map((mark) => frame(1_380, mark)),
    );
    assert.equal(plane.counters()["down.send"], undefined);
    // From now on none as long is even tried; shorter ones still are.
    kernel.sent.length = 0;
    kernel.segments.length = 0;
    kernel.segmentError = EAGAIN;
    kernel.packets.push(...range(3).map((mark) => read(1_380, mark)));
    loop.turn(0);
    kernel.packets.push(...range(3).map((mark) => read(1_000, mark)));
    loop.turn(0);
    assert.deepEqual(kernel.segments, [0, 0, 0, frame(1_000).length]);
    const expected = [1_380, 1_000].flatMap((size) => range(3).map((mark) => frame(size, mark)));
    assert.deepEqual(frames(kernel), expected);
    assert.equal(plane.counters()["down.send"], undefined);
  });
}

test("a path that takes no UDP_SEGMENT gets every frame by itself, for a minute", () => {
  let now = 0;
  const { plane, kernel, loop } = start(() => now, ALL_OFFLOADS);
  plane.session(7, 8, CLIENT);
  Object.assign(kernel, { segmentAtMost: 0, segmentError: EIO });
  const send = () => {
    kernel.packets.push(...range(4).map((mark) => read(100, mark)));
    loop.turn(0);
  };
  send();
  send();
  assert.deepEqual(
    kernel.segments,
    range(8).map(() => 0),
  );
  assert.deepEqual(
    frames(kernel),
    [...range(4), ...range(4)].map((mark) => frame(100, mark)),
  );
  kernel.segmentAtMost = 65_535;
  const wait = kernel.epollWait.bind(kernel);
  let turns = 0;
  kernel.epollWait = (...args) => {
    now += SEGMENT_LIMIT_MS;
    plane.view.setInt32(layout.CONTROL_HEARTBEAT, now, true);
    if (++turns === 3) plane.view.setInt32(layout.CONTROL_STOP, 1, true);
    if (turns === 3) kernel.packets.push(...range(4).map((mark) => read(100, mark)));
    return wait(...args);
  };
  loop.run();
  assert.equal(kernel.segments.at(-1), frame(100).length);
});

test("a message that is lost counts as the frames that are in it", () => {
  const { plane, kernel, loop } = start(undefined, ALL_OFFLOADS);
  plane.session(7, 8, CLIENT);
  kernel.refusals.sendmmsg = [EAGAIN];
  kernel.packets.push(...range(10).map(() => read(500)), ...range(7).map(() => read(600)));
  loop.turn(0);
  assert.deepEqual(kernel.sent, []);
  assert.equal(plane.counters()["down.send"], 17);
});

test("packets that come fast and singly are gathered for a moment", () => {
  const { alone, beside } = GATHER_US;
  for (const [count, size, others, slept] of [
    [GATHER_FROM - 1, 100, [], []],
    [GATHER_FROM, 100, [], [alone]],
    [GATHER_TO, 100, [], [alone]],
    [GATHER_TO, 100, [3], [beside]],
    [GATHER_TO + 1, 100, [], []],
  ] as const) {
    for (const isUp of [true, false]) {
      const { plane, kernel, loop } = start(undefined, ALL_OFFLOADS, others);
      plane.session(7, 8, CLIENT);
      const datagram = dataMessage(7, 8, pppFrame(packet(CLIENT, HOST, size)));
      if (isUp) kernel.datagrams.push(...range(count).map(() => datagram));
      else kernel.packets.push(...range(count).map(() => read(size)));
      loop.turn(0);
      assert.deepEqual(kernel.slept, []);
      kernel.eventfdWrite(WAKE);
      loop.turn(0);
      assert.deepEqual(kernel.slept, slept, `${count} of ${size}`);
    }
  }
});
