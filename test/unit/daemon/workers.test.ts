// Worker threads that come and go under traffic, and such as fail; workers-deno.test.ts runs it too.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { readCounters } from "../../../src/dataplane/counters.ts";
import { workerAt } from "../../../src/dataplane/memory.ts";
import {
  HEARTBEAT_STALE_MS,
  POLL_MS,
  WORKER_LOSSES_MAX,
  WORKERS_MAX,
} from "../../../src/limits.ts";
import { until } from "../until.ts";
import { FAULT_AT, FAULTS } from "./faulty-worker.ts";
import { WorkersHouse } from "./workers-house.ts";

const PORT = "Deno" in globalThis ? 22_000 : 24_000;

/** Two seconds, and half a one for a machine that has other things to do. */
const NOTICED_MS = 2_500;

/** Each number once and in its order. */
function assertComplete({ arrived, sent }: WorkersHouse): void {
  for (const [slot, numbers] of arrived.entries()) {
    assert.ok(numbers.length > 0, `slot ${slot} had no traffic`);
    assert.deepEqual(
      numbers,
      Array.from({ length: sent[slot] ?? 0 }, (_, index) => index + 1),
    );
  }
}

/** Traffic while `change` is done and a little longer. */
async function under(house: WorkersHouse, change: () => Promise<unknown>): Promise<void> {
  let isDone = false;
  const changed = change().finally(() => {
    isDone = true;
  });
  const before = house.arrived[0]?.length ?? 0;
  await house.traffic(() => isDone && (house.arrived[0]?.length ?? 0) > before + 20, 8_000);
  await changed;
}

test("workers are added, restarted and drained: nothing is lost, doubled or overtaken", async () => {
  const house = new WorkersHouse(PORT);
  try {
    const { workers } = house;
    workers.start(1);
    await under(house, () => Promise.resolve());
    await under(house, () => workers.add());
    assert.deepEqual(
      workers.rows().map(({ slots }) => slots.length),
      [4, 4],
    );
    await under(house, () => workers.add());
    await under(house, () => workers.restart(1));
    await under(house, () => workers.drain(0));
    const rows = workers.rows();
    assert.deepEqual(
      rows.map(({ index, state, losses }) => ({ index, state, losses })),
      [1, 2].map((index) => ({ index, state: "running", losses: 0 })),
    );
    assert.deepEqual(rows.flatMap(({ slots }) => slots).sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
    await under(house, () => workers.add());
    await under(house, () => workers.drain(2));
    await under(house, () => workers.drain(1));
    await assert.rejects(workers.drain(0), /the last worker cannot be drained/);
    await assert.rejects(workers.restart(5), /there is no worker 5; there are: 0/);
    assertComplete(house);
    assert.deepEqual(house.failures, []);
  } finally {
    await house.end();
  }
});

for (const fault of ["throws", "leaves"] as const) {
  test(`a worker that ${fault} is replaced; the others do not notice`, async () => {
    const house = new WorkersHouse(PORT + 200);
    try {
      house.workers.start(2);
      await house.traffic(() => (house.arrived[7]?.length ?? 0) > 10);
      const others = house.workers.rows()[0]?.slots ?? [];
      house.plant(1, FAULTS[fault], FAULT_AT);
      const isBack = () =>
        house.workers.rows().some(({ losses, state }) => losses === 1 && state === "running");
      await house.traffic(isBack, 8_000);
      house.forgive();
      await under(house, () => Promise.resolve());
      assert.deepEqual(house.failures, []);
      for (const slot of others) {
        assert.equal(house.arrived[slot]?.length, house.sent[slot], `slot ${slot}`);
      }
      assert.equal(house.logged.length, 1);
      assert.match(house.logged[0] ?? "", /a worker is lost; another one takes its place/);
      if (fault === "throws") assert.match(house.logged[0] ?? "", /planted/);
    } finally {
      await house.end();
    }
  });
}

test("what the kernel gives to another worker is handed over, in order, each once", async () => {
  const house = new WorkersHouse(PORT + 1_400);
  const count = 20_000;
  try {
    house.workers.start(2);
    const [first, second] = house.workers.rows();
    const [at = 0, to = 0] = [first?.slots[0], second?.slots[0]];
    const got: number[] = [];
    let sent = 0;
    await until("all have come", () => {
      for (let n = 0; n < 200 && sent - got.length < 100 && sent < count; n++) {
        if (house.sendDown(at, to, sent)) sent++;
      }
      got.push(...house.receivedBy(to));
      return got.length >= count;
    });
    assert.deepEqual(
      got,
      Array.from({ length: count }, (_, number) => number),
    );
    const counters = readCounters(house.memory, workerAt(first?.index ?? 0));
    assert.equal(counters["down.handed-over"], count);
    assert.equal(counters["down.handover-ring-full"], 0);
  } finally {
    await house.end();
  }
});

test("workers that are lost leave no descriptor behind, whatever they end by", async () => {
  const house = new WorkersHouse(PORT + 1_200);
  const open = () => readdirSync("/proc/self/fd").length;
  try {
    house.workers.start(2);
    const lose = async (fault: number) => {
      const losses = () => house.workers.rows()[1]?.losses ?? 0;
      const before = losses();
      house.plant(1, fault, FAULT_AT);
      const isBack = () => losses() > before && house.workers.rows()[1]?.state === "running";
      await until("back", isBack);
    };
    await lose(FAULTS.throws); // a runtime opens some of its own at the first
    await until("at rest", () => house.workers.rows().every(({ state }) => state === "running"));
    const before = open();
    await lose(FAULTS.throws);
    await lose(FAULTS.leaves);
    await lose(FAULTS.leaves);
    await until(`no more than ${before}`, () => open() <= before);
    assert.deepEqual(house.failures, []);
  } finally {
    await house.end();
  }
});

test("a worker that is lost time and again ends the process", async () => {
  const house = new WorkersHouse(PORT + 400);
  try {
    house.workers.start(2);
    for (let losses = 1; losses <= WORKER_LOSSES_MAX; losses++) {
      house.plant(1, FAULTS.throws, FAULT_AT);
      const isBack = () =>
        house.workers.rows()[1]?.losses === losses && house.workers.rows()[1]?.state === "running";
      await until("back", isBack);
      assert.deepEqual(house.failures, []);
    }
    house.plant(1, FAULTS.throws, FAULT_AT);
    await until("given up", () => house.failures.length === 1);
    assert.match(house.failures[0]?.message ?? "", /planted/);
  } finally {
    await house.end();
  }
});

test("workers that find no heartbeat leave, and come back when there is one: no loss", async () => {
  const house = new WorkersHouse(PORT + 600);
  try {
    house.workers.start(WORKERS_MAX);
    await under(house, () => Promise.resolve());
    const resume = performance.now() + HEARTBEAT_STALE_MS + 3_000;
    while (performance.now() < resume); // the control thread does nothing at all
    const areBack = () => house.workers.rows().every(({ state }) => state === "running");
    // On a busy host one may miss it twice.
    await until("back", () => house.logged.length >= WORKERS_MAX && areBack());
    await under(house, () => Promise.resolve());
    assertComplete(house);
    assert.deepEqual(house.failures, []);
    assert.ok(house.workers.rows().every(({ losses }) => losses === 0));
    for (const line of house.logged) assert.match(line, /a worker begins anew/);
  } finally {
    await house.end();
  }
});

test("a worker that hangs is noticed, and the end does not wait for it", async () => {
  const house = new WorkersHouse(PORT + 800);
  house.workers.start(2);
  await under(house, () => Promise.resolve());
  const planted = performance.now();
  house.plant(1, FAULTS.hangs, FAULT_AT);
  await until("noticed", () => house.failures.length > 0);
  const noticed = performance.now() - planted;
  assert.ok(noticed < NOTICED_MS, `after ${noticed} ms`);
  assert.match(house.failures[0]?.message ?? "", /^worker 1 does not answer any more$/);
  const ending = performance.now();
  await house.end();
  assert.ok(performance.now() - ending < POLL_MS);
  house.plant(1, 0, FAULT_AT);
});

test("a worker that hangs while it is to leave is noticed, and its slots are not given up", async () => {
  const house = new WorkersHouse(PORT + 1_000);
  try {
    house.workers.start(2);
    await under(house, () => Promise.resolve());
    house.plant(1, FAULTS.hangs, FAULT_AT);
    const planted = performance.now();
    const words = new Int32Array(house.memory.buffer);
    await until("it hangs", () => Atomics.load(words, FAULT_AT / 4) === 0);
    const restarted = assert.rejects(house.workers.restart(1), /worker 1 does not leave/);
    await until("noticed", () => house.failures.length > 0);
    const noticed = performance.now() - planted;
    assert.ok(noticed < NOTICED_MS, `after ${noticed} ms`);
    assert.match(house.failures[0]?.message ?? "", /^worker 1 does not answer any more$/);
    await restarted;
    house.plant(1, 0, FAULT_AT);
    await under(house, () => Promise.resolve());
    assertComplete(house);
  } finally {
    house.plant(1, 0, FAULT_AT);
    await house.end();
  }
});
