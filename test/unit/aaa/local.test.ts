import assert from "node:assert/strict";
import { test } from "node:test";
import { type AaaResult, LocalUsers } from "../../../src/aaa/index.ts";
import type { Network } from "../../../src/aaa/pools.ts";

const NETWORKS = [
  { name: "default", gateway: "10.64.0.1", pool: ["10.64.0.0/29"] },
  {
    name: "office",
    gateway: "10.65.0.1",
    pool: ["10.65.0.0/30"],
    dns: ["192.0.2.53"],
    nbns: ["192.0.2.137"],
  },
];
const USERS = [
  { name: "demo", password: "demo", network: "default" },
  { name: "jo", password: "secret", network: "office" },
];
const aaa = () => new LocalUsers({ users: USERS, networks: NETWORKS });
const ask = (from: LocalUsers, name: string, password: string): Promise<AaaResult> =>
  from.authenticate({ method: "pap", name, password: new TextEncoder().encode(password) });

test("a user gets an address and the servers of its own network", async () => {
  const result = await ask(aaa(), "jo", "secret");
  const profile = {
    gateway: "10.65.0.1",
    address: "10.65.0.2",
    dns: ["192.0.2.53"],
    nbns: ["192.0.2.137"],
  };
  assert.ok(result.ok);
  const service = { rateDown: 0, rateUp: 0, idle: 0, routes: [] };
  assert.deepEqual(result.grant, { user: "jo", network: "office", profile, service });
  const demo = await ask(aaa(), "demo", "demo");
  assert.ok(demo.ok);
  assert.deepEqual(demo.grant.profile, {
    gateway: "10.64.0.1",
    address: "10.64.0.2",
    dns: [],
    nbns: [],
  });
});

test("rates of a user stand in for those of its network, and all others share an object", async () => {
  const networks = [
    { ...NETWORKS[0], ...{ rateDown: 1_000, rateUp: 2_000, idle: 60_000 } } as Network,
  ];
  const user = { password: "p", network: "default" };
  const routes = ["192.168.7.0/24"];
  const local = new LocalUsers({
    networks,
    users: [
      { ...user, name: "a" },
      { ...user, name: "b" },
      { ...user, name: "fast", rateDown: 0 },
      { ...user, name: "router", routes },
    ],
  });
  const service = async (name: string) => {
    const result = await ask(local, name, "p");
    assert.ok(result.ok);
    return result.grant.service;
  };
  assert.deepEqual(await service("a"), {
    rateDown: 1_000,
    rateUp: 2_000,
    idle: 60_000,
    routes: [],
  });
  assert.equal(await service("a"), await service("b"));
  assert.deepEqual(await service("fast"), { rateDown: 0, rateUp: 2_000, idle: 60_000, routes: [] });
  assert.deepEqual(await service("router"), {
    rateDown: 1_000,
    rateUp: 2_000,
    idle: 60_000,
    routes,
  });
});

test("a wrong password and an unknown user get the same answer, and no address goes", async () => {
  const local = aaa();
  const wrong = await ask(local, "jo", "guess");
  const unknown = await ask(local, "nobody", "guess");
  assert.ok(!wrong.ok && wrong.reason === "credentials");
  assert.ok(!unknown.ok && unknown.reason === "credentials");
  // The operator may know which it was, the peer may not.
  assert.deepEqual([wrong.detail, unknown.detail], ["wrong-password", "unknown-user"]);
  assert.deepEqual({ ...wrong, detail: undefined }, { ...unknown, detail: undefined });
  assert.ok((await ask(local, "jo", "secret")).ok);
});

test("an empty pool says so, and a release helps", async () => {
  const local = aaa();
  const first = await ask(local, "jo", "secret");
  const second = await ask(local, "jo", "secret");
  assert.ok(first.ok && !second.ok);
  assert.equal(second.reason, "pool-exhausted");
  assert.ok((await ask(local, "demo", "demo")).ok, "the other network has addresses");
  local.release(first.grant);
  assert.ok((await ask(local, "jo", "secret")).ok);
});

test("a grant is released once: the next holder of the address keeps it", async () => {
  const local = aaa();
  const first = await ask(local, "jo", "secret");
  assert.ok(first.ok);
  local.release(first.grant);
  assert.ok((await ask(local, "jo", "secret")).ok);
  local.release(first.grant);
  assert.ok(!(await ask(local, "jo", "secret")).ok);
});

test("the answer to a wrong password does not hold it", async () => {
  assert.ok(!JSON.stringify(await ask(aaa(), "jo", "hunter2")).includes("hunter2"));
});

test("a user of a network that is not there is refused at the start, without its password", () => {
  const users = [{ name: "jo", password: "hunter2", network: "nowhere" }];
  const make = () => new LocalUsers({ users, networks: NETWORKS });
  assert.throws(
    make,
    (error: Error) => error instanceof RangeError && !error.message.includes("hunter2"),
  );
});
