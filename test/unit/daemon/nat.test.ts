import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkConfig } from "../../../src/config/config.ts";
import { addMasquerade, tableName } from "../../../src/daemon/nat.ts";

test("each device has a table of its own, named with what nftables takes", () => {
  const names = ["simplon0", "rv-1", "rv_1", "rv.1", "rv_2d1"].map(tableName);
  assert.equal(names[0], "simplon_simplon0");
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[A-Za-z0-9_]+$/);
});

test("without nft the reason is told, every time", (t) => {
  const { PATH } = process.env;
  process.env.PATH = "/nowhere";
  t.after(() => {
    process.env.PATH = PATH;
  });
  const network: NetworkConfig = {
    name: "default",
    tun: "simplon0",
    gateway: "10.64.0.1",
    pool: ["10.64.0.0/16"],
    pool6: [],
    dns: [],
    nbns: [],
    mtu: 1400,
    nat: true,
  };
  for (let round = 0; round < 50; round++) {
    assert.throws(() => addMasquerade(network), /nft is not installed; install nftables/);
  }
});
