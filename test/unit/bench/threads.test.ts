/** What threads cost, as rows and tables; and the echoes that are sent to find it out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOptions } from "../../../bench/forward/options.ts";
import { dataMessage, echoRequest, isEchoReply } from "../../../bench/forward/packets.ts";
import { type Threads, threadRows, threadTables } from "../../../bench/forward/thread-results.ts";
import { checkIpv4, checksum } from "../../../src/codec/index.ts";

const run = (workers: number, cost: number) =>
  ({ subject: "node", direction: "up", workers, cost, rate: 1 }) as const;
const FOUND: Threads = {
  workers: [run(1, 1_000), run(2, 1_100), run(1, 500), run(2, 600)],
  idle: [
    { subject: "deno", sleeps: true, time: 180 },
    { subject: "deno", sleeps: false, time: 120 },
  ],
};

test("two workers are compared with one within a round", () => {
  const values = threadRows(FOUND).map(({ name, value }) => [name, value]);
  assert.deepEqual(values, [
    ["workers up node 1", 750],
    ["workers up node 2", 850],
    ["workers up node 2:1", 1.15],
    ["idle deno asleep", 180],
    ["idle deno awake", 120],
    ["idle deno more", 60],
  ]);
});

test("tables show what is to be reached; without runs there is none", () => {
  const [workers = "", idle = ""] = threadTables(FOUND);
  assert.match(workers, /up +simplon, Node +750 +850 +1\.15 \(1\.15\)/);
  assert.match(idle, /simplon, Deno +180 +120 +60\.0 \(200\)/);
  assert.deepEqual(threadTables({ workers: [], idle: [] }), ["", ""]);
});

test("both are asked for by name", () => {
  const { hasWorkers, hasIdle, scenarios } = parseOptions(["--only", "idle"]);
  assert.deepEqual([hasWorkers, hasIdle, scenarios.length], [false, true, 0]);
  assert.equal(parseOptions([]).hasWorkers, true);
});

test("an echo is right in its checksums, and known again by its number", () => {
  const packet = echoRequest({ source: 0x0a40_0002, destination: 0x0a08_0001, sequence: 258 });
  assert.equal(checkIpv4(packet), "ok");
  assert.equal(checksum(packet.subarray(20)), 0);
  const isAnswer = (sequence: number) => {
    const message = dataMessage(7, 9, packet);
    return isEchoReply(new DataView(message.buffer), 0, message.length, sequence);
  };
  assert.equal(isAnswer(258), false, "a request is no answer");
  packet[20] = 0;
  assert.equal(isAnswer(258), true);
  assert.equal(isAnswer(259), false);
});
