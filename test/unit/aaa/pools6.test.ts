import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LocalUsers } from "../../../src/aaa/index.ts";
import { Pools6 } from "../../../src/aaa/pools6.ts";

const network = (pool6: string[], name = "default") => ({ name, pool6 });
const all = (pools: Pools6, name = "default"): string[] => {
  const granted: string[] = [];
  for (let next = pools.grant(name); next !== undefined; next = pools.grant(name))
    granted.push(next.prefix6);
  return granted;
};

test("a pool gives each of its /64s but the first, which is the server's own", () => {
  const pools = new Pools6([network(["2001:db8:64::/62"])]);
  const gateway6 = "2001:db8:64::1";
  assert.deepEqual(pools.grant("default"), { prefix6: "2001:db8:64:1::/64", gateway6 });
  assert.deepEqual(all(pools), ["2001:db8:64:2::/64", "2001:db8:64:3::/64"]);
});

test("the pools of a network follow one another, and only the first has an own /64", () => {
  const pools = new Pools6([network(["2001:db8:9::/63", "2001:db8::/63", "fd00::/64"])]);
  assert.deepEqual(all(pools), [
    "2001:db8:9:1::/64",
    "2001:db8::/64",
    "2001:db8:0:1::/64",
    "fd00::/64",
  ]);
});

test("a pool of nothing but the server's own /64 gives nothing, a network without has no IPv6", () => {
  const pools = new Pools6([network(["2001:db8::/64"]), network([], "office")]);
  assert.deepEqual([all(pools), pools.serves("default")], [[], true]);
  assert.deepEqual([all(pools, "office"), pools.serves("office")], [[], false]);
  assert.deepEqual([all(pools, "nowhere"), pools.serves("nowhere")], [[], false]);
});

test("a /64 at the upper end of the address space", () => {
  const pools = new Pools6([network(["ffff:ffff:ffff:fffe::/63"])]);
  assert.deepEqual(all(pools), ["ffff:ffff:ffff:ffff::/64"]);
});

test("released /64s come last, the longest free first, each once", () => {
  const pools = new Pools6([network(["2001:db8:64::/61"])]);
  const [a = "", b = ""] = [pools.grant("default")?.prefix6, pools.grant("default")?.prefix6];
  for (const prefix of [b, a, b, a]) pools.release("default", prefix);
  const rest = ["3", "4", "5", "6", "7"].map((digit) => `2001:db8:64:${digit}::/64`);
  assert.deepEqual(all(pools), [...rest, b, a]);
});

test("whatever is granted and released, in whatever order: each /64 is out once, none is lost", () => {
  const turns = fc.array(fc.oneof(fc.constant(-1), fc.nat(20)), { maxLength: 200, size: "max" });
  fc.assert(
    fc.property(turns, (steps) => {
      const pools = new Pools6([network(["2001:db8:64::/61", "2001:db8:65::/62"])]);
      const out: string[] = [];
      const idle: string[] = [];
      const seen = new Set<string>();
      for (const step of steps) {
        if (step >= 0) {
          const [prefix] = out.splice(step % Math.max(out.length, 1), 1);
          if (prefix === undefined) continue;
          pools.release("default", prefix);
          idle.push(prefix);
          continue;
        }
        const prefix = pools.grant("default")?.prefix6;
        if (seen.size === 11 && idle.length === 0) assert.equal(prefix, undefined);
        else if (seen.size === 11) assert.equal(prefix, idle.shift());
        else assert.ok(prefix !== undefined && !seen.has(prefix));
        if (prefix !== undefined) {
          seen.add(prefix);
          out.push(prefix);
        }
      }
      assert.equal(new Set(out).size, out.length);
    }),
  );
});

test("what is not out cannot be released into the pool, nor what was never in it", () => {
  const pools = new Pools6([network(["2001:db8:64::/63"])]);
  all(pools);
  for (const prefix of ["2001:db8:64::/64", "2001:db8:65::/64", "::/64"]) {
    pools.release("default", prefix);
    pools.release("nowhere", prefix);
  }
  assert.deepEqual(all(pools), []);
});

test("a /32 costs what is given out of it", () => {
  const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  const pools = new Pools6([network(["2001:db8::/32"])]);
  for (let turn = 0; turn < 100_000; turn++) {
    const prefix = pools.grant("default")?.prefix6 ?? "";
    if (turn % 2 === 0) pools.release("default", prefix);
  }
  const after = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  assert.equal(pools.grant("default")?.prefix6, "2001:db8:1:86a1::/64");
  assert.ok(after - before < 64 * 1024 * 1024, `${after - before} octets`);
});

test("pools that overlap, are too long, or are none are refused at the start", () => {
  for (const pool of [
    ["2001:db8::/32", "2001:db8:64::/48"],
    ["2001:db8:64::/48", "2001:db8::/32"],
    ["2001:db8::/48", "2001:db8::/48"],
  ]) {
    assert.throws(() => new Pools6([network(pool)]), /overlap/);
  }
  for (const pool of ["2001:db8::/65", "2001:db8::1/64", "10.0.0.0/8", "2001:db8::"]) {
    assert.throws(() => new Pools6([network([pool])]), RangeError);
  }
});

test("a user gets a /64 with its address, and gives both back; without one it gets IPv4 alone", async () => {
  const aaa = new LocalUsers({
    networks: [
      { name: "n", gateway: "10.64.0.1", pool: ["10.64.0.0/24"], pool6: ["2001:db8:64::/63"] },
    ],
    users: [{ name: "jo", password: "secret", network: "n" }],
  });
  const password = new TextEncoder().encode("secret");
  const ask = () => aaa.authenticate({ method: "pap", name: "jo", password });
  const first = await ask();
  assert.ok(first.ok && first.isPrefixMissing === false);
  const { prefix6, gateway6 } = first.grant.profile;
  assert.deepEqual([prefix6, gateway6], ["2001:db8:64:1::/64", "2001:db8:64::1"]);
  const second = await ask();
  assert.ok(second.ok && second.isPrefixMissing === true);
  assert.equal(second.grant.profile.address, "10.64.0.3");
  assert.equal(second.grant.profile.prefix6, undefined);
  aaa.release(first.grant);
  aaa.release(first.grant);
  const third = await ask();
  assert.ok(third.ok);
  assert.equal(third.grant.profile.prefix6, "2001:db8:64:1::/64");
});
