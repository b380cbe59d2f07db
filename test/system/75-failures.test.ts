import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, it } from "node:test";
import type { Guest } from "./support/guest.ts";
import { FAR_ADDRESS, Lab, root } from "./support/lab.ts";
import { runtimeArgs } from "./support/runtime.ts";
import { type SessionRow, Simplon, writeConfig } from "./support/simplon.ts";

const entry = join(root, "test", "system", "support", "failing-lns.ts");

/** One each 0.2 s. */
const PINGS = 30;

let lab: Lab;
let guest: Guest;

before(async () => {
  lab = await Lab.open("failures", 1);
  [guest] = lab.guests as [Guest];
});
after(() => lab.close());
afterEach(() => guest.must("stop", { now: 1 }));

const failures = {
  "an exception out of a timer of the control thread": "timer",
  "a rejection that nobody handles": "rejection",
  "an exception in the control connection's state machine": "machine",
  "an exception in the worker, whose data socket is gone": "worker",
} as const;

for (const [title, kind] of Object.entries(failures)) {
  it(`${title} ends the process within 3 s, with a session up, and leaves no device`, async () => {
    const config = writeConfig(lab, { network: { nat: true } });
    const argv = runtimeArgs(entry, config, kind);
    const lns = await Simplon.startWith(lab, config, argv);
    try {
      const { address = "" } = await guest.must("dial");
      assert.deepEqual(await lab.devices(), ["simplon0"]);
      const start = performance.now();
      lns.child.signal("SIGUSR2");
      // A socket that is gone is not waited for: what is to be sent through it shows that.
      const ping = ["ping", "-c", "4", "-i", "0.2", "-W", "1", address];
      lab.startInside("lns", ping);
      const { code, signal } = await lns.child.ended(10_000);
      const took = performance.now() - start;
      assert.equal(signal, null, lns.child.text);
      assert.ok(code !== null && code !== 0, `exit code ${code}`);
      assert.ok(took < 3_000, `${took} ms`);
      assert.match(lns.child.text, /broken on purpose|sendmmsg failed with error 88/);
      assert.deepEqual(await lab.devices(), []);
      assert.equal(await lab.nftTables(), "");
    } finally {
      await lns.child.end();
    }
  });
}

it("a worker that fails once is replaced, and the session that it had goes on", async (t) => {
  const config = writeConfig(lab, { lns: { workers: 2 }, network: { nat: true } });
  const lns = await Simplon.startWith(lab, config, runtimeArgs(entry, config, "worker-once"));
  try {
    await guest.must("dial");
    const [before] = await lns.sessions();
    const pings = guest.must("ping", { to: FAR_ADDRESS, count: PINGS });
    lns.child.signal("SIGUSR2");
    const { received } = await pings;
    t.diagnostic(`${received} of ${PINGS} pings were answered`);
    assert.ok(Number(received) >= PINGS * 0.8, `${received} of ${PINGS} pings were answered`);
    await lns.child.line(/a worker is lost; another one takes its place/, 1_000);
    const workers = await lns.workers();
    assert.deepEqual(workers.map(({ losses }) => losses).sort(), [0, 1]);
    assert.ok(workers.every(({ state }) => state === "running"));
    await guest.must("ping", { to: FAR_ADDRESS });
    const [after] = await lns.sessions();
    assert.deepEqual(idsOf(after), idsOf(before));
  } catch (error) {
    t.diagnostic(lns.child.text);
    throw error;
  } finally {
    await lns.stop();
  }
});

function idsOf(row: SessionRow | undefined) {
  assert.ok(row);
  const { tunnelId, sessionId, user, address } = row;
  return { tunnelId, sessionId, user, address };
}
