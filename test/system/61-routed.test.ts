/**
 * Subnets behind clients: reached from hosts beyond the LNS, used as sources by their own client and by
 * no other, gone with the session.
 */
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { poll, run } from "./support/child.ts";
import type { Guest } from "./support/guest.ts";
import { CORE_ADDRESS, CORE_ADDRESS6, Lab } from "./support/lab.ts";
import { Simplon } from "./support/simplon.ts";

const SUBNET = "192.168.7.0/24";
const BEHIND = "192.168.7.1";
const FARTHER = "192.168.7.200";
const NEAR = "192.168.7.2";
const NOBODY = "192.168.7.77";
const SUBNET6 = "2001:db8:700::/48";
const BEHIND6 = "2001:db8:700:5::1";
const NEIGHBOUR = "192.168.8.1";
const PORT = 5_301;

const RATE = "50M";

let lab: Lab;
let lns: Simplon;
let house: Guest;
let other: Guest;

before(async () => {
  lab = await Lab.open("routed", 2);
  [house, other] = lab.guests as [Guest, Guest];
  const server = lab.startInside("core", ["iperf3", "-s", "--forceflush", "-p", `${PORT}`]);
  await server.line(/listening/i, 10_000);
  lns = await Simplon.start(lab, {
    network: { pool6: ["2001:db8:64::/48"] },
    // All of it is captured, so not as fast as it can.
    users: { bob: { routes: [SUBNET, SUBNET6], "rate-up": RATE, "rate-down": RATE } },
  });
  for (const address of [`${BEHIND}/32`, `${FARTHER}/32`, `${BEHIND6}/128`]) {
    await house.must("behind", { address });
  }
  await house.must("dial", { user: "bob" });
  await other.must("dial", { user: "alice", pass: "alicepw" });
  await house.must("slaac");
});
after(async () => {
  await lns?.stop();
  await lab?.close();
});

async function pings(to: string): Promise<boolean> {
  const argv = ["ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", to];
  const [command, args] = lab.inside("core", argv);
  const { text } = await run(command, args, { ms: 15_000 });
  return / 3 received/.test(text);
}

/** What a TCP server in the guest says to a line that is no command. */
async function asks(to: string): Promise<string> {
  const script = `echo hello | socat -t 5 - TCP4:${to}:7000,connect-timeout=5`;
  const [command, args] = lab.inside("core", ["sh", "-c", script]);
  return (await run(command, args, { ms: 15_000 })).text;
}

it("hosts beyond the LNS reach every address of a subnet, of both families", async () => {
  for (const address of [BEHIND, FARTHER, BEHIND6]) assert.ok(await pings(address), address);
  assert.match(await asks(BEHIND), /no such command: hello/);
});

it("the client speaks from there: ping, and TCP both ways", async () => {
  const before = await lns.counter("up.source-address");
  await house.must("ping", { from: BEHIND });
  await house.must("ping", { from: BEHIND6, to: CORE_ADDRESS6 });
  for (const way of ["up", "down"] as const) {
    const stream = { way, from: BEHIND, to: CORE_ADDRESS, port: PORT, seconds: 2 };
    const { mbit } = await house.must("stream", stream);
    assert.ok(Number(mbit) > 1, `${way}: ${mbit} Mbit/s`);
  }
  assert.equal(await lns.counter("up.source-address"), before);
});

it("another source is dropped and counted: of no subnet, and of a neighbour's", async () => {
  for (const [guest, from] of [
    [house, NEIGHBOUR],
    [other, BEHIND],
  ] as const) {
    const before = await lns.counter("up.source-address");
    assert.ok(!(await guest.run("ping", { from })).ok, `${from} was let through`);
    assert.equal((await lns.counter("up.source-address")) - before, 3);
  }
});

it("what the client has no host for in its subnet does not go round", async () => {
  await house.must("behind", { address: `${NEAR}/32`, route: SUBNET });
  assert.ok(!(await house.run("ping", { from: BEHIND, to: NOBODY })).ok);
  assert.equal(await lns.counter("up.own-subnet"), 3);
});

it("the subnet goes with its session, and comes again with the next one", async () => {
  await house.must("hangup");
  await poll("an LNS with one session", 10_000, async () => (await lns.sessions()).length === 1);
  const before = await lns.counter("down.no-route");
  assert.ok(!(await pings(BEHIND)));
  assert.ok((await lns.counter("down.no-route")) >= before + 3);
  await house.must("dial", { user: "bob" });
  assert.ok(await pings(BEHIND));
});
