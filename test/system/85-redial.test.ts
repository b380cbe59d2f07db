import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { addSources, generator } from "./load/generator.ts";
import type { Child } from "./support/child.ts";
import { Lab } from "./support/lab.ts";
import { Simplon, simplonArgs, USERS, writeConfig } from "./support/simplon.ts";

const TUNNELS = 10_000;
const LIMIT_S = 30;

let lab: Lab;
let config: string;
let lns: Simplon;
let fleet: Child;

before(async () => {
  lab = await Lab.open("redial", 0, { capture: false });
  await addSources(lab);
  config = writeConfig(lab, { level: "error" });
  lns = await start();
  fleet = generator(lab, "fleet.ts", "10.9.128.1", String(TUNNELS), "bob", USERS.bob);
});
after(async () => {
  await fleet?.end();
  await lns?.stop();
  await lab.close();
});

function start(): Promise<Simplon> {
  return Simplon.startWith(lab, config, simplonArgs("lns", "-c", config));
}

/** Lets all clients dial within one second; answers the seconds until the last one is up. */
async function dial(): Promise<number> {
  fleet.lines.splice(0);
  fleet.write("dial 1000\n");
  const line = await fleet.line(new RegExp(`"up":${TUNNELS},`), 120_000);
  return JSON.parse(line).seconds;
}

/** A client that has dialled twice may have left something behind that the LNS finds out about later. */
async function allAreHere(): Promise<void> {
  const peers = new Set((await lns.tunnels()).map(({ peer }) => peer));
  assert.equal(peers.size, TUNNELS);
  const sessions = await lns.sessions();
  const inside = sessions.filter(({ phase, user }) => phase === "network" && user === "bob");
  assert.ok(inside.length >= TUNNELS, `${inside.length} of ${sessions.length} sessions are up`);
  assert.equal(new Set(inside.map(({ address }) => address)).size, inside.length);
}

it(`${TUNNELS} tunnels with one session each`, async (t) => {
  t.diagnostic(`the last is up after ${await dial()} s`);
  await allAreHere();
});

it(`after kill -9 and a new start all of them are back within ${LIMIT_S} s`, async (t) => {
  lns.child.signal("SIGKILL");
  await lns.child.ended(5_000);
  lns = await start();
  const seconds = await dial();
  t.diagnostic(`the last is up after ${seconds} s`);
  assert.ok(seconds <= LIMIT_S, `${seconds} s`);
  await allAreHere();
});
