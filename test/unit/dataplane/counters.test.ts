// Counters are read without locks while their worker writes them.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import * as layout from "../../../assembly/layout.ts";
import { recordAt } from "../../../src/dataplane/words.ts";
import { CLIENT, good } from "./frames.ts";
import { Plane } from "./plane.ts";

/** So far below the first 32 bits that the reader sees them carried over. */
const BEFORE = 2 ** 32 - 2_000_000;
const READ_MS = 1_000;
const SAMPLE = 6;

test("a reader sees what a worker has counted, at no time more and never less than before", async () => {
  const plane = new Plane();
  const handle = plane.session(7, 8, CLIENT);
  plane.up(Array.from({ length: layout.BUFFER_COUNT }, good));
  const octets = recordAt(handle.index) + layout.SESSION_RX_OCTETS;
  plane.view.setBigUint64(octets, BigInt(BEFORE), true);
  const each = good().length - 12;
  const packetsBefore = plane.table.traffic(handle).rxPackets;

  const workerData = { memory: plane.memory, worker: plane.worker };
  const thread = new Worker(new URL("./traffic-thread.ts", import.meta.url), { workerData });
  assert.deepEqual(await once(thread, "message"), ["running"]);
  const ended = once(thread, "message");
  const found = new Float64Array(SAMPLE);
  let [packets, sampled, told, all, reads] = [0, 0, BEFORE, 0, 0];
  try {
    for (const end = performance.now() + READ_MS; performance.now() < end; reads++) {
      const traffic = plane.table.traffic(handle);
      plane.table.sample(handle, found, 0);
      const counted = plane.counters()["up.packets"] ?? 0;
      assert.ok(traffic.rxPackets >= packets && traffic.rxOctets >= told && counted >= all);
      assert.ok((found[2] ?? 0) >= sampled, `${found[2]} octets after ${sampled}`);
      [packets, sampled, told, all] = [traffic.rxPackets, found[2] ?? 0, traffic.rxOctets, counted];
    }
  } finally {
    Atomics.store(new Int32Array(plane.memory.buffer), layout.CONTROL_STOP / 4, 1);
  }
  const [{ rounds }] = await ended;
  const sent = rounds * layout.BUFFER_COUNT;
  const { rxPackets, rxOctets } = plane.table.traffic(handle);
  assert.equal(rxPackets, packetsBefore + sent);
  assert.equal(rxOctets, BEFORE + sent * each);
  assert.ok(packets <= rxPackets && told <= rxOctets && sampled <= rxOctets);
  assert.ok(rxOctets > 2 ** 32 && reads > 100, `${rxOctets} octets, ${reads} reads`);
});
