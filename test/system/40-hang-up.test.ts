import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { must } from "./support/child.ts";
import type { Guest } from "./support/guest.ts";
import { CORE_ADDRESS, Lab } from "./support/lab.ts";
import { Simplon } from "./support/simplon.ts";
import { type Message, messagesOf, pppFrames, resultCode } from "./support/traffic.ts";

const LCP = 0xc021;
const TERMINATE_ACK = 6;
const ECHO_REQUEST = 9;

let lab: Lab;
let guest: Guest;
let lns: Simplon;

before(async () => {
  lab = await Lab.open("hang-up", 1);
  [guest] = lab.guests as [Guest];
});
after(() => lab.close());
afterEach(async () => {
  await lns?.stop();
  await guest.must("stop", { now: 1 });
});

/** LCP packets of one code of ours that passed while `work` ran. */
async function lcpCount(code: number, work: () => Promise<unknown>) {
  const count = () => {
    const frames = pppFrames(lab.captureFile, true);
    return frames.filter(([protocol, first]) => protocol === LCP && first === code).length;
  };
  const before = count();
  await work();
  return count() - before;
}

describe("a client that hangs up", () => {
  it("by LCP Terminate is answered, and its session and tunnel go", async () => {
    lns = await Simplon.start(lab);
    await guest.must("dial");
    let messages: Message[] = [];
    const acknowledged = await lcpCount(TERMINATE_ACK, async () => {
      messages = await messagesOf(lab.captureFile, async () => {
        await guest.must("hangup", { by: "ppp" });
        await lns.empty();
      });
    });
    assert.equal(acknowledged, 1);
    const names = messages.map(({ name }) => name);
    assert.ok(names.includes("CDN") && names.includes("StopCCN"), names.join(" "));
    assert.deepEqual(await lns.sessions(), []);
    await guest.must("dial", { keep: 1 });
  });

  it("by StopCCN takes session and tunnel with it", async () => {
    lns = await Simplon.start(lab);
    await guest.must("dial");
    await guest.must("hangup", { by: "tunnel" });
    await lns.empty();
  });

  it("without a word is found out by HELLO, and its address is free again", async () => {
    lns = await Simplon.start(lab, {
      lns: { hello: 1, "retransmit-count": 1 },
      network: { pool: ["10.64.0.0/30"] },
    });
    await guest.must("dial");
    await must("ip", ["-n", lab.namespace("lac"), "link", "set", "to-lns", "down"]);
    try {
      await lns.empty(15_000);
      assert.deepEqual(await lns.tunnels(), []);
    } finally {
      await must("ip", ["-n", lab.namespace("lac"), "link", "set", "to-lns", "up"]);
      await must("ip", [
        "-n",
        lab.namespace("lac"),
        "route",
        "replace",
        "default",
        "via",
        "10.9.0.2",
      ]);
    }
    assert.equal((await guest.must("dial")).address, "10.64.0.2");
  });
});

it("a client that is idle is kept: HELLO and LCP Echo-Request are answered", async () => {
  lns = await Simplon.start(lab, { lns: { hello: 1 } });
  await guest.must("dial", { echo: 60 });
  let hellos = 0;
  const echoes = await lcpCount(ECHO_REQUEST, async () => {
    const messages = await messagesOf(lab.captureFile, () =>
      guest.run("wait-drop", { seconds: 23 }),
    );
    hellos = messages.filter(({ name, isOurs }) => name === "HELLO" && isOurs).length;
  });
  assert.ok(hellos >= 5, `${hellos} HELLO`);
  assert.ok(echoes >= 1, "no Echo-Request");
  await guest.must("ping", { to: CORE_ADDRESS });
});

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  it(`${signal} hangs up on every client, and nothing of us is left`, async () => {
    lns = await Simplon.start(lab, { network: { nat: true } });
    await guest.must("dial");
    assert.deepEqual(await lab.devices(), ["simplon0"]);
    let took = 0;
    const messages = await messagesOf(lab.captureFile, async () => {
      const dropped = guest.must("wait-drop");
      const start = performance.now();
      lns.child.signal(signal);
      assert.deepEqual(await lns.child.ended(10_000), { code: 0, signal: null });
      took = performance.now() - start;
      await dropped;
    });
    assert.ok(took < 3_000, `${took} ms`);
    const ours = messages.filter(({ isOurs }) => isOurs);
    const goodbye = ours.map((message) => [message.name, resultCode(message)]);
    assert.deepEqual(goodbye, [
      ["CDN", 3],
      ["StopCCN", 6],
    ]);
    assert.deepEqual(await lab.devices(), []);
    assert.equal(await lab.nftTables(), "");
  });
}

it("SIGTERM with a client that does not answer ends the process all the same", async () => {
  lns = await Simplon.start(lab);
  await guest.must("dial");
  await must("ip", ["-n", lab.namespace("lns"), "route", "replace", "blackhole", "10.9.101.2/32"]);
  try {
    const start = performance.now();
    lns.child.signal("SIGTERM");
    assert.deepEqual(await lns.child.ended(10_000), { code: 0, signal: null });
    assert.ok(performance.now() - start < 3_500);
    assert.deepEqual(await lab.devices(), []);
  } finally {
    await must("ip", ["-n", lab.namespace("lns"), "route", "del", "blackhole", "10.9.101.2/32"]);
  }
});
