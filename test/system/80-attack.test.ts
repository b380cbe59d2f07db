import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, it, type TestContext } from "node:test";
import { HEAP_CALM_MS } from "../../src/limits.ts";
import { addSources, generator } from "./load/generator.ts";
import { type Child, poll } from "./support/child.ts";
import type { Guest } from "./support/guest.ts";
import { CORE_ADDRESS, Lab } from "./support/lab.ts";
import { Simplon, USERS } from "./support/simplon.ts";

/**
 * MiB by which the resident memory of an idle JavaScript engine differs from one time to the next.
 * Eight octets kept of each garbage datagram, or 200 of each SCCRQ, would be more.
 */
const MEMORY_SLACK = 64;
const [user, password] = ["bob", USERS.bob];

let lab: Lab;
let guest: Guest;
let lns: Simplon;
/** Resident memory with one session after a first, short attack, in MiB. */
let memoryBefore: number;

before(async () => {
  lab = await Lab.open("attack", 1, { capture: false });
  await addSources(lab);
  // A tunnel whose peer has gone is noticed within 5 + 31 seconds.
  lns = await Simplon.start(lab, { lns: { hello: 5 }, level: "error" });
  [guest] = lab.guests as [Guest];
  await guest.must("dial");
  // What an attack makes the engine compile and its allocators hold, the first one does for good.
  await result(
    generator(lab, "attack.ts", "mutate", "10.9.250.1", "50000", user, password, "1"),
    60_000,
  );
  await result(
    generator(lab, "attack.ts", "flood", "10.9.130.1", "10000", "20000", "200000", "5"),
    60_000,
  );
  await onlyGuestLeft(90_000);
  await new Promise((resolve) => setTimeout(resolve, 2 * HEAP_CALM_MS));
  memoryBefore = resident();
});
after(async () => {
  await lns?.stop();
  await lab.close();
});

/** What a generator said in the end. */
async function result(child: Child, ms: number): Promise<Record<string, number>> {
  return JSON.parse(await child.line(/"done":true/, ms));
}

/** Resident memory, in MiB. */
function resident(): number {
  const [, kib] =
    /^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${lns.child.pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}

/** An engine that has nothing to do gives memory back after a while only. */
async function memoryIsBack(t: TestContext): Promise<void> {
  const isBack = () => resident() < memoryBefore + MEMORY_SLACK;
  await poll("memory as it was", 90_000, isBack).catch(() => undefined);
  const text = `resident memory: ${memoryBefore.toFixed(0)} MiB before, ${resident().toFixed(0)} now`;
  t.diagnostic(text);
  assert.ok(isBack(), text);
}

/** Waits until nothing is left but the tunnel of the guest, with its one session. */
async function onlyGuestLeft(ms: number): Promise<void> {
  await poll("an LNS with the guest's tunnel alone", ms, async () => {
    return (await lns.tunnels()).length === 1 && (await lns.sessions()).length === 1;
  });
}

it("a million mutated and generated datagrams break nothing and leave nothing", async (t) => {
  const attack = generator(
    lab,
    "attack.ts",
    "mutate",
    "10.9.128.1",
    "1000000",
    user,
    password,
    "7",
  );
  const { sent, clients = 0, established = 0 } = await result(attack, 180_000);
  t.diagnostic(`${sent} datagrams of ${clients} clients, of which ${established} got in`);
  assert.equal(sent, 1_000_000);
  assert.ok(clients >= 100);
  // Each of them dialled while the tunnels of those before it were still being torn to pieces.
  assert.ok(established >= clients * 0.95, `${established} of ${clients} got in`);
  assert.equal(lns.child.exit, undefined);
  await guest.must("ping", { to: CORE_ADDRESS });
  const counters = await lns.counters();
  for (const reason of [
    "up.malformed",
    "up.version",
    "l2tp.malformed-avp-length",
    "ppp.malformed-packet",
  ]) {
    assert.ok((counters[reason] ?? 0) > 100, `${reason}: ${counters[reason]}`);
  }
  await onlyGuestLeft(90_000);
  await memoryIsBack(t);
});

it("20,000 SCCRQs and 200,000 garbage datagrams a second for 20 s", async (t) => {
  const attack = generator(
    lab,
    "attack.ts",
    "flood",
    "10.9.130.1",
    "10000",
    "20000",
    "200000",
    "20",
  );
  await attack.line(/requests/, 30_000);
  const fleet = generator(lab, "fleet.ts", "10.9.255.1", "1", user, password);
  fleet.write("dial 0\n");
  const { seconds = Infinity } = JSON.parse(await fleet.line(/"up":1/, 15_000));
  assert.ok(seconds <= 10, `a new client needed ${seconds} s`);
  assert.equal(
    attack.lines.some((line) => line.includes("done")),
    false,
    "the flood was over",
  );
  const sent = await result(attack, 60_000);
  t.diagnostic(`a new client was in after ${seconds} s; sent: ${JSON.stringify(sent)}`);
  assert.ok((sent.requests ?? 0) / (sent.seconds ?? 1) >= 19_000, "too few SCCRQs");
  assert.ok((sent.garbage ?? 0) / (sent.seconds ?? 1) >= 190_000, "too little garbage");
  await guest.must("ping", { to: CORE_ADDRESS });
  await fleet.end();
  await onlyGuestLeft(90_000);
  await memoryIsBack(t);
  await guest.must("ping", { to: CORE_ADDRESS });
});
