/** Under a flood of SCCRQs: who gets in, what goes out, what stays. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  HALF_OPEN_MAX,
  HALF_OPEN_PER_SOURCE_MAX,
  HALF_OPEN_YOUNG_MS,
  TUNNEL_SETUP_MS,
  TUNNELS_MAX,
  UNPROVEN_ANSWER_MAX,
  UNPROVEN_ANSWERS_BURST,
  UNPROVEN_ANSWERS_PER_SECOND,
  UNPROVEN_ANSWERS_PER_SOURCE_MAX,
  UNPROVEN_MEMORY_MS,
} from "../../../src/limits.ts";
import { newLns, seededRandom } from "../../peer/control.ts";
import { type Flood, FloodedLns } from "../../peer/flood.ts";

const ADDRESSES: Flood = { rate: 20_000, address: (roll) => `10.1.${roll(40)}.${roll(250)}` };
const ONE: Flood = { rate: 20_000, address: () => "10.1.1.1" };

function world(seed: number): FloodedLns {
  const lns = newLns({ maxTunnels: TUNNELS_MAX, random: seededRandom(seed), helloInterval: 0 });
  return new FloodedLns(lns, seed);
}

function run(flooded: FloodedLns, until: number, flood?: Flood, eachMs?: () => void): void {
  while (flooded.now < until) {
    eachMs?.();
    flooded.step(flood);
    if (flooded.now % 1_000 === 0) {
      const open = [...flooded.lns.tunnels()].filter(({ state }) => state !== "established");
      assert.ok(open.length <= HALF_OPEN_MAX, `${open.length} half-open tunnels`);
    }
  }
}

/** Nothing but established tunnels is left a while after the flood. */
function checkReturned(flooded: FloodedLns, established: number): void {
  run(flooded, flooded.now + TUNNEL_SETUP_MS + 1_000);
  const states = [...flooded.lns.tunnels()].map(({ state }) => state);
  assert.deepEqual(states, Array(established).fill("established"));
  assert.equal(flooded.lns.pollTimeout(), Infinity);
}

describe("20,000 SCCRQs a second from 10,000 addresses", () => {
  for (const [seed, clients, until] of [
    [1, 1_000, 15_000],
    [2, 500, 8_000],
  ] as const) {
    test(`${clients} clients get in within 10 s, most at once, seed ${seed}`, () => {
      const flooded = world(seed);
      let joined = 0;
      run(flooded, until, ADDRESSES, () => {
        if (flooded.now % 5 !== 0 || joined === clients) return;
        const peer = `172.16.${joined >> 8}.${joined & 255}`;
        flooded.join(peer, 10 + flooded.roll(HALF_OPEN_YOUNG_MS - 100));
        joined += 1;
      });
      const waits = [...flooded.clients.values()]
        .map(({ establishedAt, begun }) => establishedAt - begun)
        .sort((a, b) => a - b);
      assert.equal(waits.length, clients);
      assert.ok((waits.at(-1) ?? Infinity) <= 10_000, `${waits.at(-1)} ms`);
      // Until the flood's addresses have all had an answer a client may need its second try.
      const median = waits[clients / 2] ?? Infinity;
      assert.ok(median <= HALF_OPEN_YOUNG_MS, `${median} ms`);
      assert.deepEqual([...flooded.names], ["SCCRP"]);
      assert.ok(flooded.largest <= UNPROVEN_ANSWER_MAX);
      const peak = Math.max(...flooded.answered.slice(1));
      assert.ok(peak <= UNPROVEN_ANSWERS_PER_SECOND + 1_000, `${peak} answers in a second`);
      const total = flooded.answered.reduce((sum, count) => sum + count, 0);
      const most = UNPROVEN_ANSWERS_BURST + (until / 1_000) * UNPROVEN_ANSWERS_PER_SECOND;
      assert.ok(total <= most, `${total}`);
      assert.ok(flooded.lns.counters["dropped-rate"] > 50_000);
      assert.ok(flooded.lns.counters["half-open-gave-way"] > 10_000);
      assert.ok(flooded.lns.counters["withheld-sccrp"] > 10_000);
      assert.equal(flooded.lns.counters["dropped-half-open"], 0, "there is always room and an id");
      checkReturned(flooded, clients);
    });
  }

  test("an established tunnel never gives way", () => {
    const flooded = world(3);
    for (let i = 0; i < 200; i++) flooded.join(`172.16.0.${i}`, 10);
    run(flooded, 100);
    assert.equal([...flooded.lns.tunnels()].length, 200);
    run(flooded, 3_000, ADDRESSES);
    const alive = [...flooded.lns.tunnels()].filter(({ state }) => state === "established");
    assert.equal(alive.length, 200);
  });
});

describe("20,000 SCCRQs a second from one address", () => {
  test("others get in at once; the one gets its share and no more", () => {
    const flooded = world(4);
    let joined = 0;
    run(flooded, 20_000, ONE, () => {
      if (flooded.now % 100 === 0) flooded.join(`172.16.0.${joined++}`, 300);
    });
    for (const { establishedAt, begun } of flooded.clients.values()) {
      if (begun < 19_000) assert.equal(establishedAt - begun, 301);
    }
    const answers = flooded.answered.reduce((sum, count) => sum + count, 0);
    const windows = Math.ceil(20_000 / UNPROVEN_MEMORY_MS);
    assert.ok(answers <= windows * UNPROVEN_ANSWERS_PER_SOURCE_MAX, `${answers}`);
    assert.ok(answers >= 256, `${answers}`);
    const own = [...flooded.lns.tunnels()].filter(({ path }) => path.peer === "10.1.1.1");
    assert.ok(own.length <= HALF_OPEN_PER_SOURCE_MAX, `${own.length}`);
    run(flooded, 21_000);
    checkReturned(flooded, flooded.clients.size);
  });
});

test("a burst of 500 clients behind one address is served at once", () => {
  const flooded = world(5);
  const { lns } = flooded;
  for (let i = 0; i < 500; i++) flooded.start(i + 1, { peer: "10.9.9.9", peerPort: 1_024 + i });
  flooded.step();
  assert.equal([...lns.tunnels()].length, 500);
  assert.equal(lns.counters["dropped-rate"], 0);
});
