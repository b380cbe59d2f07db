import assert from "node:assert/strict";
import { test } from "node:test";
import { Pools } from "../../../src/aaa/pools.ts";

const network = (pool: string[], gateway = "10.64.0.1", name = "default") => ({
  name,
  gateway,
  pool,
});
const all = (pools: Pools, name = "default"): string[] => {
  const granted: string[] = [];
  for (let next = pools.grant(name); next !== undefined; next = pools.grant(name))
    granted.push(next);
  return granted;
};

test("a pool gives all but its first and last address and the gateway", () => {
  assert.deepEqual(all(new Pools([network(["10.64.0.0/29"])])), [
    "10.64.0.2",
    "10.64.0.3",
    "10.64.0.4",
    "10.64.0.5",
    "10.64.0.6",
  ]);
  assert.deepEqual(all(new Pools([network(["10.64.0.0/29"], "10.64.0.6")])), [
    "10.64.0.1",
    "10.64.0.2",
    "10.64.0.3",
    "10.64.0.4",
    "10.64.0.5",
  ]);
  assert.deepEqual(all(new Pools([network(["10.64.0.0/30"], "192.0.2.1")])), [
    "10.64.0.1",
    "10.64.0.2",
  ]);
});

test("pools that are too small give nothing, and those after them their own", () => {
  const pools = new Pools([network(["10.0.0.0/32", "10.0.0.2/31", "10.64.0.0/30", "10.1.0.0/30"])]);
  assert.deepEqual(all(pools), ["10.64.0.2", "10.1.0.1", "10.1.0.2"]);
  assert.deepEqual(all(new Pools([network([])])), []);
});

test("pools at the upper end of the address space", () => {
  const pools = new Pools([network(["255.255.255.252/30"])]);
  assert.deepEqual(all(pools), ["255.255.255.253", "255.255.255.254"]);
});

test("an address is out once until it is released", () => {
  const pools = new Pools([network(["10.64.0.0/22"])]);
  const granted = all(pools);
  assert.equal(granted.length, 1021);
  assert.equal(new Set(granted).size, 1021);
  pools.release("default", "10.64.1.200");
  pools.release("default", "10.64.1.200");
  assert.deepEqual(all(pools), ["10.64.1.200"]);
});

test("addresses that were released come last, the longest free first", () => {
  const pools = new Pools([network(["10.64.0.0/29"])]);
  const [a, b, c] = [pools.grant("default"), pools.grant("default"), pools.grant("default")];
  for (const address of [b, a]) pools.release("default", address ?? "");
  assert.deepEqual(all(pools), ["10.64.0.5", "10.64.0.6", b, a]);
  pools.release("default", c ?? "");
  assert.deepEqual(all(pools), [c]);
});

test("the queue of released addresses keeps its order while it grows and turns", () => {
  const pools = new Pools([network(["10.64.0.0/25"])]);
  const held = all(pools);
  for (let turn = 0; turn < 1_000; turn++) {
    const back = held.splice(0, 1 + (turn % 60));
    for (const address of back) pools.release("default", address);
    const again = all(pools);
    assert.deepEqual(again, back);
    held.push(...again);
  }
});

test("what was never given out cannot be released into the pool", () => {
  const pools = new Pools([network(["10.64.0.0/30"])]);
  all(pools);
  for (const address of ["10.64.0.0", "10.64.0.1", "10.64.0.3", "192.0.2.7"]) {
    pools.release("default", address);
    pools.release("nowhere", address);
  }
  assert.deepEqual(all(pools), []);
});

test("networks have their own addresses, the same ones if need be", () => {
  const pools = new Pools([
    network(["10.64.0.0/30"]),
    network(["10.64.0.0/30"], "10.64.0.2", "office"),
  ]);
  assert.equal(pools.grant("default"), "10.64.0.2");
  assert.equal(pools.grant("office"), "10.64.0.1");
  assert.equal(pools.grant("nowhere"), undefined);
});

test("a /8 costs what is given out of it", () => {
  const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  const pools = new Pools([network(["10.0.0.0/8"], "10.0.0.1")]);
  for (let turn = 0; turn < 100_000; turn++) {
    const address = pools.grant("default") ?? "";
    if (turn % 2 === 0) pools.release("default", address);
  }
  const after = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  assert.equal(pools.grant("default"), "10.1.134.162");
  assert.ok(after - before < 64 * 1024 * 1024, `${after - before} octets`);
});

test("pools that overlap, and text that is none, are refused at the start", () => {
  for (const pool of [
    ["10.0.0.0/8", "10.64.0.0/16"],
    ["10.64.0.0/16", "10.0.0.0/8"],
    ["10.0.0.0/8", "10.0.0.0/8"],
  ]) {
    assert.throws(() => new Pools([network(pool)]), /overlap/);
  }
  assert.throws(() => new Pools([network(["10.0.0.1/8"])]), RangeError);
  assert.throws(() => new Pools([network(["10.0.0.0/8"], "gateway")]), RangeError);
});
