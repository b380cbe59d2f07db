/**
 * What a session with rates gets, and what it leaves to others. Octets of IP are those that the LNS
 * counts: down what it sends, up what it lets pass.
 */
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { ask } from "../../src/cli/ask.ts";
import type { Answer, Guest } from "./support/guest.ts";
import { CORE_ADDRESS, Lab } from "./support/lab.ts";
import { Simplon } from "./support/simplon.ts";

const RATE = "10M";
const LEAST = { down: 9.5, up: 8.5 } as const;
const MOST = 10.2;
const MEASURE_MS = 20_000;
/** Until TCP is up to speed. */
const WARM_MS = 1_500;
const ALONE_MS = 6_000;
/** The other session has no rate; its sender keeps to what this host can do beside the guests. */
const OTHER_MBIT = 50;
const SLOWED_MOST = 0.05;
const PING_MS = 150;
const PINGS = 90; // one each 0.2 s
/** A full queue drops the heads of its longest, and a policer what comes at the wrong moment. */
const ANSWERED_LEAST = 0.8;
const PORTS = { bob: 5_301, alice: 5_302 } as const;

type Way = "down" | "up";
type User = keyof typeof PORTS;
type Octets = Readonly<Record<User, number>> & { readonly at: number };

let lab: Lab;
let lns: Simplon;
let shaped: Guest;
let other: Guest;

before(async () => {
  lab = await Lab.open("shaping", 2, { capture: false });
  [shaped, other] = lab.guests as [Guest, Guest];
  for (const port of Object.values(PORTS)) {
    const server = lab.startInside("core", ["iperf3", "-s", "--forceflush", "-p", `${port}`]);
    await server.line(/listening/i, 10_000);
  }
  lns = await Simplon.start(lab, { users: { bob: { "rate-down": RATE, "rate-up": RATE } } });
  await Promise.all([
    shaped.must("dial", { user: "bob" }),
    other.must("dial", { user: "alice", pass: "alicepw" }),
  ]);
});
after(async () => {
  await lns?.stop();
  await lab?.close();
});

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** One TCP connection; it ends by itself. */
function stream(guest: Guest, way: Way, port: number, ms: number, mbit = 0): Promise<Answer> {
  const seconds = Math.ceil(ms / 1_000);
  return guest.run("stream", { to: CORE_ADDRESS, way, port, seconds, mbit });
}

async function octets(way: Way): Promise<Octets> {
  const at = performance.now();
  const rows = await ask(lns.socket, "sessions");
  const of = (name: User) => {
    const row = rows.find(({ user }) => user === name);
    assert.ok(row, `${name} has no session`);
    return way === "down" ? row.txOctets : row.rxOctets;
  };
  return { bob: of("bob"), alice: of("alice"), at };
}

/** Mbit/s of IP of both in the next `ms`. */
async function measured(way: Way, ms: number): Promise<Readonly<Record<User, number>>> {
  const before = await octets(way);
  await sleep(ms);
  const after = await octets(way);
  const of = (user: User) => ((after[user] - before[user]) * 8) / (after.at - before.at) / 1_000;
  return { bob: of("bob"), alice: of("alice") };
}

for (const way of ["down", "up"] as const) {
  const range = `${LEAST[way]} to ${MOST} Mbit/s`;
  it(`${way}: TCP gets ${range} of 10 Mbit/s, and takes nothing from another session`, async (t) => {
    const all = 2 * WARM_MS + ALONE_MS + MEASURE_MS + 2_000;
    const others = stream(other, way, PORTS.alice, all, OTHER_MBIT);
    await sleep(WARM_MS);
    const alone = await measured(way, ALONE_MS);
    const bulk = stream(shaped, way, PORTS.bob, MEASURE_MS + WARM_MS + 1_000);
    await sleep(WARM_MS);
    const pings = shaped.run("ping", { to: CORE_ADDRESS, count: PINGS });
    const beside = await measured(way, MEASURE_MS);
    const [ping, ...streams] = await Promise.all([pings, bulk, others]);
    const { received, max_ms: longest } = ping.values;
    t.diagnostic(JSON.stringify({ way, alone, beside, received, longest }));
    for (const { ok, text } of streams) assert.ok(ok, text);
    assert.ok(beside.bob >= LEAST[way] && beside.bob <= MOST, `it got ${beside.bob} Mbit/s`);
    assert.ok(Number(received) >= PINGS * ANSWERED_LEAST, `${received} of ${PINGS} came back`);
    assert.ok(Number(longest) <= PING_MS, `a ping took ${longest} ms`);
    assert.ok(alone.alice >= OTHER_MBIT * 0.9, `alone the other got ${alone.alice} Mbit/s`);
    const slowed = 1 - beside.alice / alone.alice;
    assert.ok(slowed <= SLOWED_MOST, `the other was slowed by ${slowed}`);
    const drops = await lns.counter(way === "down" ? "down.shaped" : "up.policed");
    assert.ok(drops > 0, "nothing was dropped: the rate was no bound");
  });
}
