/** Which queue of a device the kernel gives a packet to, and what a daemon has of that. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { STEERING } from "../../src/offloads.ts";
import { Child, must } from "./support/child.ts";
import { FAR_ADDRESS, Lab, LNS_ADDRESS, root } from "./support/lab.ts";
import { runtimeArgs } from "./support/runtime.ts";
import { Simplon, USERS } from "./support/simplon.ts";

const CLIENT = "10.64.0.2";
const OTHER = "10.64.255.2";
const CLIENT6 = "2001:db8:64:1::2";
const SAME6 = "2001:db8:64:1:ffff::9";
const OTHER6 = "2001:db8:64:100::2";
const client = join(root, "test", "system", "support", "outside-client.ts");

async function probe(before: readonly string[], ...args: readonly string[]): Promise<unknown> {
  const file = join(root, "test", "system", "support", "steering-probe.ts");
  const script = 'ip link set lo up && exec "$@"';
  const program = [...before, ...runtimeArgs(file, ...args)];
  return JSON.parse(await must("unshare", ["--net", "sh", "-c", script, "sh", ...program]));
}

describe("a packet, and a super-packet,", () => {
  for (const [when, args] of [
    ["", []],
    [", also when no capability is left", ["drop"]],
  ] as const) {
    it(`comes to the queue that its destination was given${when}`, async () => {
      const everyone = (queues: readonly number[]) => {
        const addresses = [CLIENT, OTHER, CLIENT6, SAME6, OTHER6];
        const [a, b, c, d] = queues;
        const places = [a, b, c, c, d];
        return Object.fromEntries(
          addresses.map((address, index) => [address, [places[index], places[index]]]),
        );
      };
      assert.deepEqual(await probe([], ...args), {
        before: everyone([0, 0, 0, 0]),
        set: everyone([3, 7, 5, 1]),
        changed: everyone([6, 0, 2, 0]),
        refused: 0,
        full: { refused: 3, client: [6, 6] },
      });
    });
  }

  it("is not steered without the capability, and the reason is told", async () => {
    const without = "-bpf,-sys_admin";
    const seen = await probe(["setpriv", "--bounding-set", without, "--inh-caps", without]);
    assert.deepEqual(seen, { why: "it needs the capability CAP_BPF at the start" });
  });
});

describe("a daemon", () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.open("steering", 0);
  });
  after(() => lab.close());

  it("steers what is for a client, and nothing is handed over", async () => {
    const lns = await Simplon.start(lab, { lns: { workers: 4 }, network: { nat: true } });
    try {
      const argv = [process.execPath, client, "10.9.0.1", LNS_ADDRESS, "bob", USERS.bob];
      for (let run = 0; run < 4; run++) {
        const child = new Child(...lab.inside("lac", argv), { input: true });
        await child.line(/^up /, 10_000);
        for (let octets = 100; octets < 110; octets++) {
          child.write(`ping ${FAR_ADDRESS} ${octets}\n`);
          await child.line(new RegExp(`^pong ${octets}$`), 5_000);
        }
        child.write("stop\n");
        await child.line(/^stopped$/, 5_000);
        await child.end();
      }
      const { offloads, ...counters } = await lns.counters();
      assert.deepEqual(
        (offloads as unknown as { offload: string }[]).find(({ offload }) => offload === STEERING),
        { offload: STEERING, runs: true, why: "" },
      );
      assert.equal(counters["steering.refused"], 0);
      assert.equal(counters["down.packets"], 40);
      assert.equal(counters["down.handed-over"], 0);
    } finally {
      assert.deepEqual(await lns.stop(), { code: 0, signal: null });
    }
  });
});
