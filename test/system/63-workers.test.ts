/** Two workers: packets of many sessions in shared GRO buffers, and workers that come and go. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { must, run } from "./support/child.ts";
import { Lab, root } from "./support/lab.ts";
import { Simplon } from "./support/simplon.ts";

const load = join(root, "test", "system", "load", "ordered.ts");
const down = join(root, "test", "system", "load", "ordered-down.ts");
const PACKETS = 10_000_000;
const DOWN_SECONDS = 6;
/** Packets a second to two slots: a queue as the kernel makes it is full after a twentieth of one. */
const DOWN_RATE = 20_000;
const LACS = 4;

interface Ordered {
  readonly sent: number;
  readonly arrived: number;
  readonly wrong: number;
  readonly perSecond: number;
}

let lab: Lab;

before(async () => {
  lab = await Lab.open("workers", 0, { capture: false });
});
after(() => lab.close());

async function ordered(packets: number): Promise<Ordered> {
  const argv = [process.execPath, load, String(packets), String(LACS)];
  const { code, text } = await run(...lab.inside("lns", argv), { ms: 240_000 });
  assert.equal(code, 0, text);
  return JSON.parse(text.trim().split("\n").at(-1) ?? "{}") as Ordered;
}

describe("two workers", () => {
  let lns: Simplon;
  before(async () => {
    lns = await Simplon.start(lab, { lns: { workers: 2 } });
  });
  after(() => lns?.stop());

  it(`${PACKETS / 1e6} million packets in mixed buffers: in order, each once`, async (t) => {
    const { sent, arrived, wrong, perSecond } = await ordered(PACKETS);
    t.diagnostic(`${perSecond} packets/s, the generator and both workers on two cores`);
    assert.deepEqual({ arrived, wrong }, { arrived: sent, wrong: 0 });
    const workers = await lns.workers();
    assert.equal(workers.length, 2);
    for (const { index, packets } of workers) {
      assert.ok(packets > sent / 4, `worker ${index} had ${packets} of ${sent}`);
    }
    await lns.empty();
  });

  it("workers are added, restarted and drained meanwhile: in order, each once", async () => {
    const traffic = ordered(PACKETS / 4);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    for (const change of [["add"], ["restart", "1"], ["drain", "0"], ["add"], ["drain", "2"]]) {
      const { code, text } = await lns.changeWorkers(...change);
      assert.equal(code, 0, `${change}: ${text}`);
    }
    const { sent, arrived, wrong } = await traffic;
    assert.deepEqual({ arrived, wrong }, { arrived: sent, wrong: 0 });
    await lns.empty();
  });

  it("and under traffic to clients, at a rate that queues hold while a worker is away", async () => {
    const argv = [process.execPath, down, `${DOWN_SECONDS}`, `${DOWN_RATE}`, "2"];
    const traffic = run(...lab.inside("lns", argv), { ms: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const indices = (await lns.workers()).map(({ index }) => `${index}`);
    for (const index of indices) {
      const { code, text } = await lns.changeWorkers("restart", index);
      assert.equal(code, 0, text);
    }
    const { code, text } = await traffic;
    assert.equal(code, 0, text);
    const { sent, arrived, wrong } = JSON.parse(text.trim().split("\n").at(-1) ?? "") as Ordered;
    assert.deepEqual({ arrived, wrong }, { arrived: sent, wrong: 0 });
    assert.equal(await lns.counter("down.device-full"), 0);
    await lns.empty();
  });

  it("what the queues do not hold is counted", async () => {
    const argv = [process.execPath, down, "4", `${DOWN_RATE}`, "2"];
    await must("ip", ["-n", lab.namespace("lns"), "link", "set", "simplon0", "txqueuelen", "10"]);
    const traffic = run(...lab.inside("lns", argv), { ms: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    for (const { index } of await lns.workers()) await lns.changeWorkers("restart", `${index}`);
    const { text } = await traffic;
    const { sent, arrived } = JSON.parse(text.trim().split("\n").at(-1) ?? "") as Ordered;
    assert.ok(sent > arrived);
    assert.equal(await lns.counter("down.device-full"), sent - arrived);
    await lns.empty();
  });
});

describe("two workers, steered by session", () => {
  let lns: Simplon;
  before(async () => {
    lns = await Simplon.start(lab, { lns: { workers: 2, steer: "session" } });
  });
  after(() => lns?.stop());

  it("one LAC's sessions go to both, in order, each once", async () => {
    const argv = [process.execPath, load, String(PACKETS / 20), "1"];
    const { code, text } = await run(...lab.inside("lns", argv), { ms: 240_000 });
    assert.equal(code, 0, text);
    const { sent, arrived, wrong } = JSON.parse(text.trim().split("\n").at(-1) ?? "{}") as Ordered;
    assert.deepEqual({ arrived, wrong }, { arrived: sent, wrong: 0 });
    for (const { index, packets } of await lns.workers()) {
      assert.ok(packets > 0, `worker ${index} had none of ${sent}`);
    }
    await lns.empty();
  });
});
