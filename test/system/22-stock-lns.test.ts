/**
 * The LNSs that the LAC is to meet, called by the LAC and the client of the tests: what the files after
 * this one rely on.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Child } from "./support/child.ts";
import { type Guest, guestAddress } from "./support/guest.ts";
import { L2TPNS_ADDRESS, L2TPNS_SECRET, L2TPNS_SERVER, L2tpns } from "./support/l2tpns.ts";
import { Lab, LNS_ADDRESS, root } from "./support/lab.ts";

const INSIDE = "10.20.0.1";
const LNS = guestAddress(1);

let lab: Lab;
let guest: Guest;

before(async () => {
  lab = await Lab.open("stock-lns", 1, { capture: false });
  [guest] = lab.guests as [Guest];
});
after(() => lab.close());

function client(user: string, password: string, lns = LNS): Child {
  const argv = support("outside-client.ts", LNS_ADDRESS, lns, user, password);
  return lab.startInside("lns", argv, { input: true });
}

describe("xl2tpd and pppd as LNS", () => {
  for (const auth of ["pap", "chap", "mschapv2"]) {
    it(`let a client in by ${auth}, carry its packets and forget it when it hangs up`, async () => {
      await guest.must("serve", { auth });
      const caller = client("bob", "bobpw");
      assert.equal(await caller.line(/^up /, 10_000), "up 10.20.0.10");
      const call = await guest.must("wait-call");
      assert.deepEqual([call.user, call.address], ["bob", "10.20.0.10"]);
      caller.write(`ping ${INSIDE} 1000\n`);
      await caller.line(/^pong 1000$/, 5_000);
      caller.write("stop\n");
      await caller.line(/^stopped$/, 5_000);
      await guest.must("wait-drop");
    });
  }

  it("keep out who has another password", async () => {
    await guest.must("serve");
    const caller = client("bob", "wrongpw");
    assert.equal((await guest.run("wait-call", { seconds: 5 })).ok, false);
    assert.doesNotMatch(caller.text, /^up/m);
    await caller.end();
  });

  for (const by of ["ppp", "tunnel"]) {
    it(`hang up by ${by}`, async () => {
      await guest.must("serve");
      const caller = client("bob", "bobpw");
      await caller.line(/^up /, 10_000);
      await guest.must("wait-call");
      await guest.must("drop", { by });
      await caller.line(/^closed$/, 10_000);
      await caller.end();
    });
  }

  it("read what is hidden in a call, and send Random Vectors", async () => {
    const secret = "opensesame";
    await guest.must("serve", { secret, hidden: "yes" });
    const numbers = ["0800-555-1234567", "+49.30.5550199.and.more", "a.".repeat(30)];
    const argv = support("hidden-lac.ts", LNS, secret, ...numbers);
    assert.deepEqual(await lab.startInside("lns", argv).ended(20_000), { code: 0, signal: null });
    const heard = await guest.must("heard");
    assert.deepEqual([heard.called, heard.calling, heard.sub_address], numbers);
    assert.deepEqual([heard.session_id, heard.serial, heard.framing], ["9", "1", "sync"]);
  });
});

describe("l2tpns as LNS", () => {
  let l2tpns: L2tpns;

  before(async () => {
    l2tpns = await L2tpns.prepare(lab, "bob", "bobpw");
  });
  after(() => l2tpns.kill());

  for (const auth of ["chap", "pap"]) {
    it(`lets a client in by ${auth} and carries its packets`, async () => {
      await l2tpns.start(auth);
      const caller = client("bob", "bobpw", L2TPNS_ADDRESS);
      await caller.line(/^up 10\.10\.0\./, 10_000);
      caller.write(`ping ${L2TPNS_SERVER} 1000\n`);
      await caller.line(/^pong 1000$/, 5_000);
      caller.write("stop\n");
      await caller.line(/^stopped$/, 5_000);
      await l2tpns.kill();
    });
  }

  it("hangs up", async () => {
    await l2tpns.start();
    const caller = client("bob", "bobpw", L2TPNS_ADDRESS);
    await caller.line(/^up /, 10_000);
    await l2tpns.hangUp();
    await caller.line(/^closed$/, 10_000);
    await l2tpns.kill();
  });

  it("keeps out who has another password", async () => {
    await l2tpns.start();
    const caller = client("bob", "wrongpw", L2TPNS_ADDRESS);
    await caller.line(/^closed$/, 10_000);
    assert.doesNotMatch(caller.text, /^up/m);
    await caller.end();
  });

  it("reads what is hidden in a call", async () => {
    const numbers = ["0800-5551234", "+49.30.5550199", "none"];
    const argv = support("hidden-lac.ts", L2TPNS_ADDRESS, L2TPNS_SECRET, ...numbers);
    assert.deepEqual(await lab.startInside("lns", argv).ended(20_000), { code: 0, signal: null });
    assert.match(l2tpns.log, /AVP 21 \(Called Number\) len 12, hidden, mandatory/);
    assert.match(l2tpns.log, /Called <0800-5551234>/);
    assert.match(l2tpns.log, /Calling <\+49\.30\.5550199>/);
    assert.match(l2tpns.log, /assigned session = 9$/m);
  });
});

function support(file: string, ...args: readonly string[]): string[] {
  return [process.execPath, join(root, "test", "system", "support", file), ...args];
}
