/** Calls to lists of LNSs, in virtual time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { target, World } from "./world.ts";

const TWO = [target("a", { priority: 1 }), target("b", { priority: 2 })];
const HANG_UP = { code: 3 };

test("the LNS of the lowest priority gets the call", () => {
  const world = new World(TWO, {});
  world.dial();
  assert.deepEqual(world.run(100), ["1 trying a", "1 up a"]);
  assert.deepEqual(world.sent, ["SCCRQ a", "ICRQ a"]);
});

test("calls to one LNS share its tunnel, which stays a while after the last", () => {
  const world = new World([...TWO, target("a", { name: "other" })], {});
  world.dial();
  world.dial("other");
  const early = world.run(100);
  assert.deepEqual(early, ["1 trying a", "2 trying a", "1 up a", "2 up a"]);
  world.dialler.hangUp(1, HANG_UP, world.now);
  world.dialler.hangUp(2, HANG_UP, world.now);
  world.run(9_000);
  world.dial();
  assert.deepEqual(
    world.run(11_000),
    ["3 trying a", "3 up a"],
    "the tunnel is there yet, and stays",
  );
  world.dialler.hangUp(3, HANG_UP, world.now);
  world.run(11_000);
  assert.deepEqual(world.sent, [
    ...["SCCRQ a", "ICRQ a", "ICRQ a", "CDN a", "CDN a"],
    ...["ICRQ a", "CDN a", "StopCCN a"],
  ]);
});

test("another secret is another tunnel", () => {
  const world = new World([target("a"), target("a", { name: "other", secret: "s" })], {});
  world.dial();
  world.dial("other");
  world.run(100);
  assert.deepEqual(world.sent, ["SCCRQ a", "SCCRQ a", "ICRQ a", "ICRQ a"]);
});

test("the next LNS is tried when one does not answer in time, and all calls move on", () => {
  const world = new World(TWO, { a: "silent" });
  world.dial();
  world.run(1_000);
  world.dial();
  assert.deepEqual(world.run(6_900), ["2 trying a"]);
  assert.deepEqual(world.run(1_000), [
    ...["1 missed a no-answer", "2 missed a no-answer"],
    ...["1 trying b", "2 trying b", "1 up b", "2 up b"],
  ]);
  assert.deepEqual(world.sent.slice(0, 3), ["SCCRQ a", "StopCCN a", "SCCRQ b"]);
});

for (const manner of ["refuses-tunnel", "refuses-call"] as const) {
  test(`the next LNS is tried at once when one ${manner}`, () => {
    const world = new World(TWO, { a: manner });
    world.dial();
    assert.deepEqual(world.run(200), ["1 trying a", "1 missed a ended", "1 trying b", "1 up b"]);
  });
}

test("an LNS that does not take a call in time misses it and keeps its tunnel", () => {
  const world = new World(TWO, { a: "ignores-call" });
  world.dial();
  const told = world.run(8_200);
  assert.deepEqual(told, ["1 trying a", "1 missed a no-answer", "1 trying b", "1 up b"]);
  assert.deepEqual(world.sent, ["SCCRQ a", "ICRQ a", "CDN a", "SCCRQ b", "ICRQ b"]);
  world.dial();
  assert.deepEqual(world.run(4_000), ["2 trying b", "2 up b"], "the next one does not wait for it");
  world.run(1_000);
  world.dial();
  assert.deepEqual(world.run(8_200).slice(0, 2), ["3 trying a", "3 missed a no-answer"]);
  world.run(5_000);
  world.dial();
  assert.deepEqual(world.run(10), ["4 trying b"], "10 s now, though its tunnel is there");
});

test("calls that one LNS does not take together are one failure of it", () => {
  const world = new World(TWO, { a: "ignores-call" });
  for (let call = 0; call < 5; call++) world.dial();
  world.run(8_200 + 5_000);
  world.dial();
  assert.deepEqual(world.run(10), ["6 trying a"]);
});

test("an LNS without facilities is locked out; one that refuses a caller is not", () => {
  for (const [manner, next] of [
    ["has-no-room", "b"],
    ["refuses-call", "a"],
  ] as const) {
    const world = new World(TWO, { a: manner });
    world.dial();
    assert.deepEqual(world.run(200), ["1 trying a", "1 missed a ended", "1 trying b", "1 up b"]);
    world.dial();
    assert.deepEqual(world.run(10), [`2 trying ${next}`], manner);
  }
});

test("a call does not go back to where it comes from", () => {
  const world = new World(TWO, {});
  world.dial("office", "a");
  assert.deepEqual(world.run(100), ["1 missed a origin", "1 trying b", "1 up b"]);
  const alone = new World([target("a")], {});
  alone.dial("office", "a");
  assert.deepEqual(alone.run(100), ["1 missed a origin", "1 failed"]);
  assert.deepEqual(alone.sent, []);
});

test("an LNS that refuses tunnels is locked out for a while, longer each time", () => {
  const world = new World(TWO, { a: "refuses-tunnel" });
  const tries = () => {
    const id = world.dial();
    const told = world.run(100);
    world.dialler.hangUp(id, HANG_UP, world.now);
    return told
      .filter((line) => line.includes("trying"))
      .map((line) => line.at(-1))
      .join("");
  };
  assert.equal(tries(), "ab");
  assert.equal(tries(), "b");
  world.run(5_000);
  assert.equal(tries(), "ab");
  world.run(5_000);
  assert.equal(tries(), "b", "10 s now");
  world.run(5_000);
  assert.equal(tries(), "ab");
  world.run(20_000);
  world.manners.a = "takes";
  assert.equal(tries(), "a", "it takes calls again");
  world.manners.a = "refuses-tunnel";
  world.loseTunnel("a");
  world.run(5_200);
  assert.equal(tries(), "ab", "and is trusted again: 5 s after it was lost");
});

test("where all are locked out, the one that is free first is asked whether it is back", () => {
  const world = new World(TWO, { a: "refuses-tunnel", b: "refuses-tunnel" });
  world.dial();
  const first = ["1 trying a", "1 missed a ended", "1 trying b", "1 missed b ended", "1 failed"];
  assert.deepEqual(world.run(200), first);
  world.manners.a = "takes";
  world.dial();
  assert.deepEqual(world.run(200), ["2 trying a", "2 up a"]);
});

test("who loses the tunnel is told of each call, and that LNS is not the next", () => {
  const world = new World(TWO, {});
  world.dial();
  world.dial();
  world.run(100);
  world.loseTunnel("a");
  assert.deepEqual(world.run(100), ["1 down a", "2 down a"]);
  world.dial();
  assert.deepEqual(world.run(100), ["3 trying b", "3 up b"]);
});

test("an LNS whose own tunnel won the tie is not locked out", () => {
  const world = new World(TWO, {});
  world.dial();
  world.run(100);
  world.loseTunnel("a", { by: "local", result: { code: 3 }, reason: "tie-breaker-lost" });
  world.run(100);
  world.dial();
  assert.deepEqual(world.run(100), ["2 trying a", "2 up a"]);
});

test("a call that the LNS ends says so, and nothing else ends", () => {
  const world = new World(TWO, {});
  world.dial();
  world.run(100);
  world.endCalls("a");
  assert.deepEqual(world.run(100), ["1 down a"]);
  world.dial();
  assert.deepEqual(world.run(100), ["2 trying a", "2 up a"]);
});

test("nothing is told of a call after it was hung up, wherever it was", () => {
  const world = new World(TWO, { a: "silent", b: "silent" });
  const waiting = world.dial();
  world.run(1_000);
  world.dialler.hangUp(waiting, HANG_UP, world.now);
  world.dialler.hangUp(waiting, HANG_UP, world.now);
  assert.deepEqual(world.run(30_000), []);
  assert.equal(world.dialler.pollTimeout(), Infinity);
});

test("equals get calls by their weight", () => {
  const equals = [target("a", { weight: 1 }), target("b", { weight: 3 })];
  for (const [chance, chosen] of [
    [0, "a"],
    [63, "a"],
    [64, "b"],
    [255, "b"],
  ] as const) {
    const world = new World(equals, {}, chance);
    world.dial();
    assert.deepEqual(world.run(10), [`1 trying ${chosen}`], String(chance));
  }
});

test("once it is stopped no LNS is tried any more", () => {
  const world = new World(TWO, { a: "refuses-tunnel" });
  world.dial();
  world.dialler.stop();
  assert.deepEqual(world.run(100), ["1 trying a", "1 missed a ended", "1 failed"]);
});
