import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import type { Guest } from "./support/guest.ts";
import { CORE_ADDRESS, Lab } from "./support/lab.ts";
import { Simplon } from "./support/simplon.ts";

let lab: Lab;
let first: Guest;
let second: Guest;
let lns: Simplon;
let addresses: string[];

before(async () => {
  lab = await Lab.open("two-clients", 2);
  [first, second] = lab.guests as [Guest, Guest];
  lns = await Simplon.start(lab);
  const dials = [
    first.must("dial", { auth: "chap" }),
    second.must("dial", { auth: "pap", user: "alice", pass: "alicepw" }),
  ];
  addresses = (await Promise.all(dials)).map(({ address = "" }) => address);
});
after(async () => {
  await lns?.stop();
  await lab.close();
});

it("two clients at once have different addresses of the pool", async () => {
  const [one = "", other = ""] = addresses;
  assert.match(one, /^10\.64\./);
  assert.match(other, /^10\.64\./);
  assert.notEqual(one, other);
  const rows = (await lns.sessions()).map(({ user, address }) => `${user} ${address}`);
  assert.deepEqual(rows.sort(), [`alice ${other}`, `bob ${one}`]);
  assert.equal((await lns.tunnels()).length, 2);
});

it("both move files at the same time", async () => {
  const seen = await Promise.all([first.must("fetch"), second.must("fetch")]);
  for (const [index, values] of seen.entries()) {
    assert.equal(values.down_sha256, values.want_sha256);
    assert.equal(values.up_sha256, values.want_sha256);
    assert.equal(values.seen_from, addresses[index]);
  }
});

it("they reach each other through the LNS", async () => {
  const [one = "", other = ""] = addresses;
  await first.must("ping", { to: other });
  await second.must("ping", { to: one });
});

it("a packet that one sends with the other's source is dropped and counted", async () => {
  const [one = "", other = ""] = addresses;
  for (const [guest, foreign] of [
    [first, other],
    [second, one],
  ] as const) {
    const before = await lns.counter("up.source-address");
    const spoofed = await guest.run("ping", { from: foreign, to: CORE_ADDRESS, count: 5 });
    assert.equal(spoofed.values.received, "0");
    assert.equal((await lns.counter("up.source-address")) - before, 5);
  }
});

it("the hang-up of one leaves the other its session", async () => {
  await first.must("hangup");
  await second.must("ping", { to: CORE_ADDRESS });
  const users = (await lns.sessions()).map(({ user }) => user);
  assert.deepEqual(users, ["alice"]);
  await second.must("hangup");
  await lns.empty();
});
