/**
 * LAC, switch and LNS, all of them simplon: what comes in for a realm goes on to the LNS in core, all
 * of it in one tunnel. Ten sessions have devices, the others are a crowd without.
 */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Child } from "./support/child.ts";
import { poll } from "./support/child.ts";
import { down, fetch, startLac, up } from "./support/clients.ts";
import { CORE_ADDRESS, Lab, LNS_ADDRESS, root } from "./support/lab.ts";
import { Simplon } from "./support/simplon.ts";

const CROWD = 990;
const DEVICES = Array.from({ length: 10 }, (_, index) => `office${index}`);
const SESSIONS = CROWD + DEVICES.length;
const USER = "bob@upstream.test";
const PASSWORD = "bobpw";
const SECRET = "between us";
const INSIDE = "10.64.0.1";
/** Of the file that is fetched: ten times this passes twice by each capture. */
const OCTETS = 300_000;

let lab: Lab;
let lns: Simplon;
let lts: Simplon;
let lac: Simplon;
let crowd: Child;
let markers: Child;

before(async () => {
  lab = await Lab.open("switch", 0, { beyond: true });
  const files = join(lab.directory, "files");
  mkdirSync(files);
  writeFileSync(
    join(files, "file"),
    Buffer.alloc(OCTETS).map(() => Math.random() * 256),
  );
  await lab
    .start("servers.sh", [files, lab.namespace("core")])
    .line(/^RESULT servers=ready$/, 20_000);
  markers = lab.startInside("core", load("markers.ts"));
  await markers.line(/^ready$/, 10_000);
  lns = await startLns();
  lts = await Simplon.start(lab, {
    level: "info",
    peers: [{ name: "upstream", address: `${CORE_ADDRESS}:1701`, secret: SECRET }],
    forwards: [{ realm: "upstream.test", peer: "upstream" }],
  });
});
after(async () => {
  for (const program of [lac, lts, lns]) await program?.stop();
  await lab.close();
});

function startLns(): Promise<Simplon> {
  const users = { [USER]: { password: PASSWORD } };
  return Simplon.start(lab, { lns: { secret: SECRET }, users, level: "info" }, "core");
}

function load(file: string, ...args: readonly string[]): string[] {
  return [process.execPath, join(root, "test", "system", "load", file), ...args];
}

/** Waits for a report of the crowd. */
async function reported(keys: Readonly<Record<string, number>>, ms: number): Promise<void> {
  const holds = () => {
    const last = JSON.parse(crowd.lines.at(-1) ?? "{}");
    return Object.entries(keys).every(([key, value]) => last[key] === value);
  };
  await poll(`a crowd of ${JSON.stringify(keys)}`, ms, holds).catch((error) => {
    throw new Error(`${error.message}; it is ${crowd.lines.at(-1)}`);
  });
}

describe(`${SESSIONS} sessions through a switch`, () => {
  it("have one tunnel to the LNS, which knows each of them by name and address", async () => {
    const argv = load("crowd.ts", LNS_ADDRESS, String(CROWD), USER, PASSWORD, INSIDE);
    crowd = lab.startInside("lac", argv, { input: true });
    crowd.write("dial\n");
    await reported({ up: CROWD }, 90_000);
    const clients = DEVICES.map((name) => ({ name, tun: name, user: USER, password: PASSWORD }));
    lac = await startLac(lab, { peers: [{ address: `${LNS_ADDRESS}:1701` }], clients }, "lac");
    const own = await Promise.all(DEVICES.map((device) => up(lab, 30_000, device, "lac")));

    const [tunnel, ...others] = await lns.tunnels();
    assert.deepEqual(others, []);
    assert.equal(tunnel?.sessions, SESSIONS);
    const sessions = await lns.sessions();
    const addresses = new Set(sessions.map(({ address }) => address));
    assert.equal(addresses.size, SESSIONS);
    assert.ok(own.every((address) => addresses.has(address)));
    assert.ok(sessions.every(({ user, phase }) => user === USER && phase === "network"));
  });

  it("carry files each way by TCP, ten at a time", async () => {
    const seen = await Promise.all(
      DEVICES.map(async (device) => {
        const address = await up(lab, 1_000, device, "lac");
        return { address, ...(await fetch(lab, INSIDE, device, "lac")) };
      }),
    );
    assert.equal(new Set(seen.map(({ want }) => want)).size, 1);
    for (const { address, want, down: below, up: above, seenFrom } of seen) {
      assert.match(want, /^[0-9a-f]{64}$/);
      assert.deepEqual([below, above, seenFrom], [want, want, address]);
    }
  });

  it("keep their packets apart: each arrives from its own address and its answer at its own end", async () => {
    crowd.write("probe\n");
    await reported({ answered: CROWD, foreign: 0 }, 20_000);
    assert.equal(markers.lines.at(-1), JSON.stringify({ sources: CROWD, wrong: 0 }));
  });

  it("may not use each other's addresses", async () => {
    const before = await lns.counter("up.source-address");
    crowd.write("spoof\n");
    await poll("dropped packets", 20_000, async () => {
      return (await lns.counter("up.source-address")) - before === CROWD;
    });
    await reported({ answered: 0, foreign: 0 }, 5_000);
    assert.equal(markers.lines.at(-1), JSON.stringify({ sources: CROWD, wrong: 0 }));
  });

  it("end at the LNS when a client hangs up", async () => {
    crowd.write("hang-up 3\n");
    await poll("a session less", 5_000, async () => (await lns.sessions()).length === SESSIONS - 1);
    assert.equal((await lns.tunnels()).length, 1);
    assert.deepEqual(await lac.stop(), { code: 0, signal: null });
    const left = SESSIONS - 1 - DEVICES.length;
    await poll("ten sessions less", 5_000, async () => (await lns.sessions()).length === left);
  });

  it("end at the clients when the LNS hangs up", async () => {
    assert.deepEqual(await lns.stop(), { code: 0, signal: null });
    await reported({ closed: CROWD, up: 0 }, 10_000);
    await lts.empty();
  });

  it("come back when the LNS does", async () => {
    const clients = DEVICES.map((name) => ({ name, tun: name, user: USER, password: PASSWORD }));
    lac = await startLac(lab, { peers: [{ address: `${LNS_ADDRESS}:1701` }], clients }, "lac");
    const [device = ""] = DEVICES;
    await assert.rejects(up(lab, 2_000, device, "lac"));
    lns = await startLns();
    await Promise.all(DEVICES.map((each) => up(lab, 90_000, each, "lac")));
    assert.equal((await fetch(lab, INSIDE, device, "lac")).want.length, 64);
    await lns.stop();
    await Promise.all(DEVICES.map((each) => down(lab, 10_000, each, "lac")));
  });
});
