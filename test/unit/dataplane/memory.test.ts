import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import * as layout from "../../../assembly/layout.ts";
import { instantiate, workerAt } from "../../../src/dataplane/memory.ts";
import { CLIENT, dataMessage, good, HOST, packet, pppFrame } from "./frames.ts";
import { ALL_OFFLOADS, BASE, NO_OFFLOADS, Plane } from "./plane.ts";

test("a second instance leaves every octet of the memory as it was", () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT);
  plane.up([good()]);
  const before = plane.octets.slice();
  instantiate(plane.memory);
  assert.ok(Buffer.from(before.buffer).equals(Buffer.from(plane.octets.slice().buffer)));
  const second = new Plane(); // another memory, to be sure that the comparison can fail
  assert.ok(!Buffer.from(before.buffer).equals(Buffer.from(second.octets.slice().buffer)));
  assert.equal(plane.up([good()]).length, 1);
});

test("a second worker instantiated while traffic runs changes nothing", async () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT);
  plane.up(Array.from({ length: layout.BUFFER_COUNT }, good));
  const workerData = { memory: plane.memory, worker: plane.worker };
  const thread = new Worker(new URL("./traffic-thread.ts", import.meta.url), { workerData });
  assert.deepEqual(await once(thread, "message"), ["running"]);
  const second = workerAt(1);
  for (let n = 0; n < 50; n++) {
    instantiate(plane.memory).layoutWorker(second, BASE, NO_OFFLOADS);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const ended = once(thread, "message");
  Atomics.store(new Int32Array(plane.memory.buffer), layout.CONTROL_STOP / 4, 1);
  const [{ rounds, wrong }] = await ended;
  assert.equal(wrong, 0);
  assert.ok(rounds > 50);
  const packets = plane.counters()["up.packets"];
  assert.equal(packets, (rounds + 1) * layout.BUFFER_COUNT);
  assert.deepEqual(Object.keys(plane.counters()), ["up.packets", "up.octets"]);
});

for (const offloads of [NO_OFFLOADS, ALL_OFFLOADS]) {
  test(`no batch writes outside the regions that it works on, offloads ${offloads}`, () => {
    const plane = new Plane(0, offloads);
    plane.session(7, 8, CLIENT);
    const from = plane.worker + layout.WORKER_SIZE;
    const guard = (at: number, size: number) => plane.octets.slice(at, at + size);
    const next = guard(from, layout.WORKER_SIZE);
    const low = guard(0, layout.WORKERS);
    const largest = dataMessage(7, 8, new Uint8Array(layout.SLOT_CAPACITY - 8).fill(0xc1));
    const batch = (octets: Uint8Array) => Array.from({ length: layout.BUFFER_COUNT }, () => octets);
    plane.up(batch(largest));
    plane.up(batch(good()));
    plane.up(batch(dataMessage(7, 8, pppFrame(packet(CLIENT, HOST, 65_000)))));
    plane.receive(
      batch(new Uint8Array(65_536).fill(0xff)).map((octets) => ({
        octets,
        sender: { address: "192.0.2.9", port: 1701 },
        segment: 1,
      })),
    );
    plane.down(batch(packet(HOST, CLIENT, 1380)));
    plane.down(batch(packet(HOST, CLIENT, 65_000)));
    plane.forwarding.decapsulate(plane.worker, 0xffff_ffff);
    plane.forwarding.encapsulate(plane.worker, 0, 0xffff_ffff);
    assert.deepEqual(guard(from, layout.WORKER_SIZE), next);
    assert.deepEqual(guard(0, layout.WORKERS), low);
  });
}

test("no two words of a worker's region have one place", () => {
  const words = Object.entries(layout).filter(
    ([name, at]) =>
      name.startsWith("WORKER_") && name !== "WORKER_SIZE" && at < layout.WORKER_EVENTS,
  );
  assert.ok(words.length > 15);
  assert.equal(new Set(words.map(([, at]) => at)).size, words.length);
});
