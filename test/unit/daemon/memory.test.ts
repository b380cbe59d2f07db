// What a session takes of the heap while it is up: tens of thousands are at a time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LocalUsers } from "../../../src/aaa/index.ts";
import { openHeap } from "../../../src/daemon/heap.ts";
import { House, NETWORK, USERS } from "./house.ts";

const SESSIONS = 4_000;
/**
 * Some 2,000 to 2,060 are taken, by how far the tables have just grown. The records of the data
 * plane, some 420 octets, and what L2TP keeps, some 250, are not among them.
 */
const OCTETS_MAX = 2_304;

test(`a session that is up takes at most ${OCTETS_MAX} octets of the heap`, async () => {
  const heap = openHeap();
  assert.ok(heap !== undefined);
  const networks = [{ ...NETWORK, pool: ["10.64.0.0/16"] }];
  const house = new House(new LocalUsers({ networks, users: USERS }));
  const dial = async (from: number, to: number) => {
    for (let id = from; id <= to; id++) await house.open(id).establish();
    house.granted.length = 0;
    heap.collect();
    return process.memoryUsage().heapUsed;
  };
  const before = await dial(1, 500);
  const after = await dial(501, 500 + SESSIONS);
  assert.equal(house.rows.filter(({ phase }) => phase === "network").length, 500 + SESSIONS);
  const octets = (after - before) / SESSIONS;
  assert.ok(octets <= OCTETS_MAX, `${octets.toFixed(0)} octets a session`);
});
