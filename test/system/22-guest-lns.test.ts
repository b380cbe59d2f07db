/** The guest as LNS, called by the LAC and the client of the tests: what the files after it rely on. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Child } from "./support/child.ts";
import { type Guest, guestAddress } from "./support/guest.ts";
import { Lab, LNS_ADDRESS, root } from "./support/lab.ts";

const INSIDE = "10.20.0.1";
const LNS = guestAddress(1);

let lab: Lab;
let guest: Guest;

before(async () => {
  lab = await Lab.open("guest-lns", 1, { capture: false });
  [guest] = lab.guests as [Guest];
});
after(() => lab.close());

function client(user: string, password: string): Child {
  const argv = support("outside-client.ts", LNS_ADDRESS, LNS, user, password);
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

function support(file: string, ...args: readonly string[]): string[] {
  return [process.execPath, join(root, "test", "system", "support", file), ...args];
}
