/** `simplon lac` and l2tpns. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { down, fetch, startLac, up } from "./support/clients.ts";
import { L2TPNS_ADDRESS, L2TPNS_SECRET, L2TPNS_SERVER, L2tpns } from "./support/l2tpns.ts";
import { Lab } from "./support/lab.ts";
import type { Keys, Simplon } from "./support/simplon.ts";
import { messagesOf, resultCode } from "./support/traffic.ts";

let lab: Lab;
let l2tpns: L2tpns;
let lac: Simplon;

before(async () => {
  lab = await Lab.open("lac-l2tpns", 0);
  l2tpns = await L2tpns.prepare(lab, "bob", "bobpw");
});
after(async () => {
  await l2tpns?.kill();
  await lab.close();
});
afterEach(async () => {
  await lac?.stop();
  await l2tpns.kill();
});

async function dial(peer: Keys = {}, client: Keys = {}): Promise<void> {
  lac = await startLac(lab, {
    lac: { "retransmit-count": 1, hello: 2 },
    peers: [{ address: `${L2TPNS_ADDRESS}:1701`, ...peer }],
    clients: [{ methods: ["chap", "pap"], routes: ["10.11.0.0/24"], ...client }],
  });
}

async function transfer(): Promise<void> {
  const address = await up(lab);
  const seen = await fetch(lab, L2TPNS_SERVER);
  assert.match(seen.want, /^[0-9a-f]{64}$/);
  assert.deepEqual(seen, { want: seen.want, down: seen.want, up: seen.want, seenFrom: address });
}

describe("a client of simplon lac at l2tpns", () => {
  for (const auth of ["chap", "pap"]) {
    it(`is let in by ${auth}, carries a file each way, and says goodbye`, async () => {
      await l2tpns.start(auth);
      await dial();
      await transfer();
      assert.deepEqual(await lac.stop(), { code: 0, signal: null });
      assert.match(l2tpns.log, /StopCCN|Shutting down tunnel/);
      assert.deepEqual(await lab.devices(), []);
    });
  }

  it("that is hung up on dials again", async () => {
    await l2tpns.start();
    await dial();
    await up(lab);
    const messages = await messagesOf(lab.captureFile, async () => {
      await l2tpns.hangUp();
      await lac.child.line(/disconnect|CDN|hung up|down/i, 10_000);
      await new Promise((resolve) => setTimeout(resolve, 500));
      await up(lab, 30_000);
    });
    assert.ok(messages.some(({ name, isOurs }) => name === "CDN" && !isOurs));
    await transfer();
  });

  it("with another password is refused", async () => {
    await l2tpns.start();
    await dial({}, { password: "wrongpw" });
    await lac.child.line(/refused|failed|authenticat/i, 15_000);
    await assert.rejects(up(lab, 3_000));
  });

  it("comes back after l2tpns was away", async () => {
    await dial();
    await lac.child.line(/lns-silent/, 10_000);
    await l2tpns.start();
    await up(lab, 30_000);
    await l2tpns.kill();
    await down(lab, 15_000);
    await l2tpns.start();
    await up(lab, 40_000);
    await transfer();
  });
});

describe("the tunnel secret", () => {
  it("hides numbers, which l2tpns reads", async () => {
    await l2tpns.start();
    const number = "0800-5551234";
    await dial({ secret: L2TPNS_SECRET, "hide-avps": true }, { number });
    await transfer();
    assert.match(l2tpns.log, new RegExp(`Called <${number}>`));
    assert.match(l2tpns.log, /AVP 21 \(Called Number\) len 12, hidden, mandatory/);
  });

  it("that is another than that of l2tpns is found out by us: StopCCN, not authorised", async () => {
    await l2tpns.start();
    const messages = await messagesOf(lab.captureFile, async () => {
      await dial({ secret: "another" });
      await lac.child.line(/secret|response|authoris/i, 10_000);
    });
    const ours = messages.filter(({ isOurs }) => isOurs);
    const stop = ours.find(({ name }) => name === "StopCCN");
    assert.equal(stop && resultCode(stop), 4);
    assert.deepEqual(
      ours.filter(({ name }) => name === "ICRQ"),
      [],
    );
  });
});
