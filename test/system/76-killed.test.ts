/** kill -9: what is left of the LNS stands in the way of nothing, and its clients come back. */
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { poll } from "./support/child.ts";
import type { Guest } from "./support/guest.ts";
import { FAR_ADDRESS, Lab } from "./support/lab.ts";
import { Simplon, simplonArgs, writeConfig } from "./support/simplon.ts";

/** From the first moments of the start, before anything is open, until it serves. */
const MOMENTS_MS = [60, 120, 180, 240, 320, 420, 600];
/** Longer than any thread may be silent, and then time to notice one that is. */
const STOPPED_MS = 5_000;
const AFTER_MS = 3_000;

let lab: Lab;
let guest: Guest;
let lns: Simplon;
let config: string;

before(async () => {
  lab = await Lab.open("killed", 1);
  [guest] = lab.guests as [Guest];
  config = writeConfig(lab, { lns: { workers: 2 }, network: { nat: true } });
});
after(async () => {
  await lns?.stop();
  await lab.close();
});

function start(): Promise<Simplon> {
  return Simplon.startWith(lab, config, simplonArgs("lns", "-c", config));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function kill(simplon: Simplon): Promise<void> {
  simplon.child.signal("SIGKILL");
  assert.deepEqual(await simplon.child.ended(5_000), { code: null, signal: "SIGKILL" });
}

it("the client, which knows of nothing, redials and gets in", async (t) => {
  lns = await start();
  await guest.must("dial", { echo: 1, redial: 1, retries: 2 });
  await guest.must("ping", { to: FAR_ADDRESS });

  const dropped = guest.must("wait-drop", { seconds: 30 });
  await kill(lns);
  lns = await start();
  assert.deepEqual(await lns.sessions(), [], "nothing is known of the old session");
  assert.deepEqual(await lab.devices(), ["simplon0"]);
  await dropped;
  const { up_ms } = await guest.must("wait-up");
  t.diagnostic(`up again ${up_ms} ms after the client has noticed`);

  await guest.must("ping", { to: FAR_ADDRESS });
  const sessions = await lns.sessions();
  assert.deepEqual(
    sessions.map(({ user, phase }) => [user, phase]),
    [["bob", "network"]],
  );
  assert.equal((await lns.tunnels()).length, 1);
});

it("at whatever moment of its start, the next start serves", async () => {
  await kill(lns);
  for (const ms of MOMENTS_MS) {
    const killed = new Simplon(lab, config, simplonArgs("lns", "-c", config));
    await new Promise((resolve) => setTimeout(resolve, ms));
    await kill(killed);
  }
  lns = await start();
  await guest.must("stop", { now: 1 });
  await guest.must("dial");
  await guest.must("ping", { to: FAR_ADDRESS });
});

it("stopped for 5 s it goes on with the same session and the same workers", async () => {
  const [before] = await lns.sessions();
  lns.child.signal("SIGSTOP");
  await sleep(STOPPED_MS);
  lns.child.signal("SIGCONT");
  await guest.must("ping", { to: FAR_ADDRESS });
  await sleep(AFTER_MS);
  const [after] = await lns.sessions();
  assert.deepEqual(
    [after?.tunnelId, after?.sessionId, after?.address],
    [before?.tunnelId, before?.sessionId, before?.address],
  );
  const workers = await lns.workers();
  assert.deepEqual(
    workers.map(({ state, losses }) => ({ state, losses })),
    [0, 1].map(() => ({ state: "running", losses: 0 })),
  );
  assert.doesNotMatch(lns.child.text, /worker is lost|worker begins anew|does not answer/);
});

it("and after an end in order nothing is left of any of them", async () => {
  assert.deepEqual(await lns.stop(), { code: 0, signal: null });
  assert.deepEqual(await lab.devices(), []);
  await poll("no nft table", 3_000, async () => (await lab.nftTables()) === "");
});
