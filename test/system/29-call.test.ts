/** `simplon call`: our LNS asks a LAC, `simplon lac`, for calls to the number of its client. */
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { must } from "./support/child.ts";
import { addressOf, DEVICE, down, startLac, up } from "./support/clients.ts";
import { CORE_ADDRESS, Lab, LNS_ADDRESS } from "./support/lab.ts";
import { Simplon } from "./support/simplon.ts";
import { messagesOf, resultCode } from "./support/traffic.ts";

const NUMBER = "5551234";
const SECRET = "opensesame";
const LAC_ADDRESS = "10.9.0.1";
const NOBODY_PORT = 1799;

let lab: Lab;
let lns: Simplon;
let lac: Simplon;

before(async () => {
  lab = await Lab.open("call", 0);
  lns = await Simplon.start(lab, {
    peers: [
      { name: "branches", address: `${LAC_ADDRESS}:1701`, secret: SECRET },
      { name: "away", address: `${LAC_ADDRESS}:${NOBODY_PORT}` },
    ],
  });
  lac = await newLac();
});
after(async () => {
  await lac?.stop();
  await lns?.stop();
  await lab.close();
});

/** Where it dials by itself nobody takes calls; but who is there may call it. */
function newLac(): Promise<Simplon> {
  const peer = { address: `${LNS_ADDRESS}:${NOBODY_PORT}` };
  const settings = { lac: { secret: SECRET }, peers: [peer], clients: [{ number: NUMBER }] };
  return startLac(lab, settings, "lac");
}

async function said(simplon: Simplon, ...wish: readonly string[]) {
  const { code, text } = await simplon.call(...wish);
  return { code, text: text.trim() };
}

it("a client that is called has a session like one that dials, and pings through it", async () => {
  const messages = await messagesOf(lab.captureFile, async () => {
    const { code, text } = await said(lns, NUMBER, "--peer", "branches");
    const address = await up(lab, 15_000, DEVICE, "lac");
    const ping = ["ping", "-c", "3", "-W", "2", "-I", DEVICE, CORE_ADDRESS];
    await must(...lab.inside("lac", ping));
    const [session] = await lns.sessions();
    const { user, tunnelId, sessionId, peer } = session ?? assert.fail("no session");
    assert.deepEqual([user, session?.address, peer], ["bob", address, `${LAC_ADDRESS}:1701`]);
    const line = `call up: session ${sessionId} in tunnel ${tunnelId} at ${peer}`;
    assert.deepEqual({ code, text }, { code: 0, text: line });
  });
  const calls = messages.filter(({ name }) => name.startsWith("OC"));
  assert.deepEqual(
    calls.map(({ name, isOurs }) => [name, isOurs]),
    [
      ["OCRQ", true],
      ["OCRP", false],
      ["OCCN", false],
    ],
  );
  await lns.child.line(/call placed/, 1_000);
});

it("a LAC that does not take the call is quoted", async () => {
  const refused =
    'simplon: no LAC of "branches" takes the call; 10.9.0.1:1701 was tried last: CDN ';
  const messages = await messagesOf(lab.captureFile, async () => {
    const busy =
      '8 (call failed due to detection of a busy signal), "the client is connected already"';
    const text = refused + busy;
    assert.deepEqual(await said(lns, NUMBER, "--peer", "branches"), { code: 1, text });
    const wrong = await said(lns, "5550000", "--peer", "branches");
    assert.deepEqual(wrong, { code: 1, text: `${refused}6 (invalid destination)` });
  });
  const refusals = messages.filter(({ name }) => name === "CDN");
  assert.deepEqual(refusals.map(resultCode), [8, 6]);
  // All calls pass by one tunnel.
  assert.deepEqual(
    messages.filter(({ name, isOurs }) => isOurs && name === "SCCRQ"),
    [],
  );
  assert.equal((await lns.sessions()).length, 1, "the call that is up stays");
});

it("where nobody is, or no list, or no LNS, one line says so", async () => {
  const list = await said(lns, NUMBER, "--peer", "nowhere");
  const text = 'simplon: there is no [[peer]] "nowhere" (branches, away)';
  assert.deepEqual(list, { code: 1, text });
  const nobody = await said(lns, NUMBER, "--peer", "away");
  const words = `no LAC of "away" takes the call; ${LAC_ADDRESS}:${NOBODY_PORT} was tried last: no answer`;
  assert.deepEqual(nobody, { code: 1, text: `simplon: ${words}` });
  const { code, text: refusal } = await said(lac, NUMBER, "--peer", "office");
  assert.equal(code, 1);
  assert.match(refusal, /^simplon: a LAC answers there, which takes calls and places none/);
});

it("the client that hangs up is called again", async () => {
  assert.deepEqual(await lac.stop(), { code: 0, signal: null });
  await lns.empty();
  await lns.child.line(/"user":"bob","code":"peer-hung-up".*"session down"/, 1_000);
  lac = await newLac();
  assert.equal((await said(lns, NUMBER, "--peer", "branches")).code, 0);
  await up(lab, 15_000, DEVICE, "lac");
});

it("an LNS that ends hangs up", async () => {
  assert.notEqual(await addressOf(lab, DEVICE, "lac"), "");
  assert.deepEqual(await lns.stop(), { code: 0, signal: null });
  await down(lab, 10_000, DEVICE, "lac");
});
