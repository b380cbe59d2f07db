/**
 * A write past the end of a region is seen: of each that has a guard behind it, one entry too many.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { World } from "./world.ts";

const world = new World([], []);
const received = layout.WORKER_RECEIVE + layout.RECEIVE_BUFFERS;
/** Where it ends within a worker, and what one entry more takes. */
const ENDS: readonly [region: string, end: number, entry: number][] = [
  ["counters", layout.WORKER_EVENTS, 8],
  ["a buffer of datagrams", received + layout.BUFFER_CAPACITY, 1],
  ["the vectors of a write", layout.WORKER_WRITES + 80 + 65 * 16, layout.IOVEC_SIZE],
  ["writes", layout.WORKER_FLOWS, layout.WRITE_SIZE],
  ["flows", layout.WORKER_READ, layout.FLOW_SIZE],
  ["a buffer of packets", layout.WORKER_READ + layout.BUFFER_HEADROOM + layout.BUFFER_CAPACITY, 1],
  ["buffers of packets", layout.WORKER_SEND, layout.BUFFER_SIZE],
  ["the vectors of a message", layout.WORKER_SEND + layout.SEND_MESSAGES + layout.MESSAGE_SIZE, 64],
  ["pairs", layout.WORKER_OPEN, 2 * layout.PAIR_SIZE],
  ["open messages", layout.WORKER_LIMITS, 8 * layout.OPEN_SIZE],
  ["limits", layout.WORKER_PLAIN, layout.MMSGHDR_SIZE],
  ["headers of plain frames", layout.WORKER_PUNT, layout.MMSGHDR_SIZE],
  ["the ring of punted frames", layout.WORKER_INJECT, layout.SLOT_SIZE],
  ["the ring of frames to send", layout.WORKER_INJECT_SEND, layout.SLOT_SIZE],
  ["barriers", layout.WORKER_HANDED, 8 * layout.BARRIER_SIZE],
  ["the ring of what is handed on", layout.WORKER_HANDOVERS, layout.SLOT_SIZE],
  ["a ring between workers", layout.WORKER_HANDOVERS + layout.HANDOVER_SIZE, layout.HANDOVER_LINE],
  ["the last ring between workers", layout.WORKER_ERRORS, layout.HANDOVER_LINE],
  ["errors", layout.WORKER_ECHO_SEND, layout.ERROR_SIZE],
  ["echo replies", layout.WORKER_POOL, layout.SLOT_SIZE],
  ["a frame that waits", layout.WORKER_POOL + 2 * layout.SLOT_SIZE, 16],
  ["frames that wait", layout.WORKER_WHEEL, layout.SLOT_SIZE],
  ["the wheel", layout.WORKER_HOLD, 4],
  ["a frame that is held", layout.WORKER_HOLD + 2 * layout.SLOT_SIZE, 48],
  ["vectors of plain frames", layout.WORKER_PLAIN_END, layout.IOVEC_SIZE],
  ["a worker", layout.WORKER_SIZE + layout.WORKER_EVENTS, 64],
];

for (const [region, end, entry] of ENDS) {
  test(`past the end: ${region}`, () => {
    const at = world.worker + end;
    const before = world.octets.slice(at, at + entry);
    world.checkGuards();
    world.octets.fill(0, at, at + entry);
    assert.throws(() => world.checkGuards(), /nobody's/);
    world.octets.set(before, at);
  });
}

test("the last record of each table, and what is before the workers", () => {
  const ends = [layout.SESSIONS_END, layout.ROUTES_END, layout.SUBNETS_END];
  for (const end of [...ends, layout.PREFIXES_END, layout.SHAPERS_END, layout.WORKERS]) {
    world.checkGuards();
    world.octets[end - 1] = (world.octets[end - 1] ?? 0) ^ 1;
    assert.throws(() => world.checkGuards(), /nobody's/);
    world.octets[end - 1] = (world.octets[end - 1] ?? 0) ^ 1;
  }
});

test("more than a region has", () => {
  const bounds = [
    [layout.WORKER_DOWN_HEADERS, layout.HEADERS_SIZE],
    [layout.WORKER_POOL_USED, layout.POOL_COUNT],
    [layout.WORKER_HELD_USED, layout.HOLD_COUNT],
  ] as const;
  for (const [field, most] of bounds) {
    world.set(world.worker + field, most);
    world.checkGuards();
    world.set(world.worker + field, most + 1);
    assert.throws(() => world.checkGuards(), /are used/);
    world.set(world.worker + field, 0);
  }
});
