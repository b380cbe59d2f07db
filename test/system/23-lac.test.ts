/** `simplon lac` and an LNS that is not ours: xl2tpd and pppd in a guest. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { poll } from "./support/child.ts";
import { DEVICE, down, fetch, startLac, up } from "./support/clients.ts";
import { type Guest, guestAddress } from "./support/guest.ts";
import { Lab } from "./support/lab.ts";
import type { Keys, Simplon } from "./support/simplon.ts";
import { type Message, messagesOf, resultCode } from "./support/traffic.ts";

const INSIDE = "10.20.0.1";
const BEHIND = "10.20.0.0/24";
const SECRET = "opensesame";
const LNS = `${guestAddress(1)}:1701`;

let lab: Lab;
let guest: Guest;
let lac: Simplon;

before(async () => {
  lab = await Lab.open("lac", 1);
  [guest] = lab.guests as [Guest];
});
after(() => lab.close());
afterEach(async () => {
  await lac?.stop();
  await guest.must("stop", { now: 1 });
});

/** Dials with these keys of the peer and of the client. */
async function dial(peer: Keys = {}, client: Keys = {}, keys: Keys = {}): Promise<void> {
  lac = await startLac(lab, {
    lac: keys,
    peers: [{ address: LNS, ...peer }],
    clients: [{ methods: ["mschapv2", "chap", "pap"], routes: [BEHIND], ...client }],
  });
}

async function transfer(address: string): Promise<void> {
  const seen = await fetch(lab, INSIDE);
  assert.match(seen.want, /^[0-9a-f]{64}$/);
  assert.deepEqual(seen, { want: seen.want, down: seen.want, up: seen.want, seenFrom: address });
}

/** What we sent while `work` ran, without acknowledgements. */
async function sent(work: () => Promise<unknown>): Promise<Message[]> {
  return (await messagesOf(lab.captureFile, work)).filter(({ isOurs }) => isOurs);
}

const named = (messages: readonly Message[], name: string) =>
  messages.filter((message) => message.name === name).map(resultCode);

describe("a client of simplon lac", () => {
  for (const auth of ["pap", "chap", "mschapv2"]) {
    it(`is let in by ${auth}, carries a file each way, and says goodbye`, async () => {
      await guest.must("serve", { auth });
      await dial();
      const call = await guest.must("wait-call");
      const address = await up(lab);
      assert.deepEqual([call.user, call.address], ["bob", address]);
      await transfer(address);
      const goodbye = await sent(async () => {
        assert.deepEqual(await lac.stop(), { code: 0, signal: null });
        await guest.must("wait-drop");
      });
      assert.equal(named(goodbye, "CDN").length, 1);
      assert.equal(named(goodbye, "StopCCN").length, 1);
      assert.deepEqual(await lab.devices(), []);
    });
  }

  for (const by of ["ppp", "tunnel"]) {
    it(`that is hung up on by ${by} dials again`, async () => {
      await guest.must("serve");
      await dial();
      await guest.must("wait-call");
      await up(lab);
      await guest.must("drop", { by });
      await guest.must("wait-call", { seconds: 30 });
      await guest.must("ping", { to: await up(lab) });
    });
  }

  it("with another password is refused, does not dial without end, and says why", async () => {
    await guest.must("serve");
    await dial({}, { password: "wrongpw" });
    const calls = await sent(async () => {
      await lac.child.line(/authenticat/i, 15_000);
      assert.equal((await guest.run("wait-call", { seconds: 10 })).ok, false);
    });
    assert.ok(named(calls, "ICRQ").length <= 4, `${named(calls, "ICRQ").length} calls`);
    assert.doesNotMatch(lac.child.text, /wrongpw/);
  });

  it("has no route through a device that is down, and one that is up", async () => {
    await guest.must("serve");
    await dial();
    await up(lab);
    const route = () => lab.hasRoute("lns", `${BEHIND} dev ${DEVICE}`);
    await poll("a route", 5_000, route);
    await guest.must("stop", { now: 1 });
    await lac.stop();
    assert.equal(await route(), false);
  });
});

describe("the tunnel secret of a peer", () => {
  it("is proved by both ends", async () => {
    await guest.must("serve", { secret: SECRET });
    await dial({ secret: SECRET });
    await guest.must("wait-call");
    await up(lab);
  });

  it("that is another than the LNS's keeps us from it: StopCCN, not authorised", async () => {
    await guest.must("serve", { secret: "another" });
    const messages = await sent(async () => {
      await dial({ secret: SECRET });
      assert.equal((await guest.run("wait-call", { seconds: 8 })).ok, false);
    });
    assert.equal(named(messages, "StopCCN")[0], 4);
    assert.deepEqual(named(messages, "ICRQ"), []);
    assert.ok(!lac.child.text.includes(SECRET));
  });

  it("hides what may be hidden, and xl2tpd reads it; its Random Vectors are taken", async () => {
    await guest.must("serve", { secret: SECRET, hidden: "yes" });
    const number = "0800-555-1234567-and-then-some";
    let called = "";
    const messages = await sent(async () => {
      await dial({ secret: SECRET, "hide-avps": true }, { number });
      await guest.must("wait-call");
      await transfer(await up(lab));
      called = (await guest.must("heard")).called ?? "";
    });
    assert.equal(called, number);
    const [request] = messages.filter(({ name }) => name === "ICRQ");
    const hidden = request?.avps.filter((avp) => avp.hidden).map(({ type }) => type);
    assert.deepEqual(hidden?.includes(14) && hidden.includes(15) && hidden.includes(21), true);
  });
});

describe("an LNS that is not there", () => {
  const patience = { "retransmit-count": 1, hello: 2 };

  it("at first is dialled until it is", async () => {
    await dial({}, {}, patience);
    await lac.child.line(/lns-silent/, 10_000);
    await guest.must("serve");
    await guest.must("wait-call", { seconds: 30 });
    await transfer(await up(lab));
  });

  it("any more is found out, and dialled until it is back", async () => {
    await guest.must("serve");
    await dial({}, {}, patience);
    await up(lab);
    await guest.must("stop", { now: 1 });
    await down(lab, 15_000);
    await guest.must("serve");
    await guest.must("wait-call", { seconds: 40 });
    await transfer(await up(lab));
  });

  it("is left for the next of the list", async () => {
    await guest.must("serve");
    const addresses = ["10.9.0.77:1701", LNS];
    lac = await startLac(lab, {
      lac: patience,
      peers: addresses.map((address, index) => ({ address, priority: index + 1 })),
      clients: [{ routes: [BEHIND] }],
    });
    await guest.must("wait-call", { seconds: 15 });
    await transfer(await up(lab));
  });
});
