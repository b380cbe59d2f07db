/**
 * The fast path against the plain one over real sockets, a real device and real wires: with offloads
 * every packet comes out once, bit for bit as without any, in order within its flow.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { OFFLOADS, type Offload, type OffloadState, STEERING } from "../../src/offloads.ts";
import { must } from "./support/child.ts";
import { root } from "./support/lab.ts";
import { assertSame, differences, type Flows } from "./support/offload/compare.ts";
import { seedOf } from "./support/offload/random.ts";
import { sameZero } from "./support/offload/same-zero.ts";
import { type Outcome, type Shape, World } from "./support/offload/world.ts";
import type { Simplon } from "./support/simplon.ts";

const seed = seedOf("SIMPLON_OFFLOAD_SEED");
const FLOWS = 300;
/** What PPP itself and the kernel say in a session depends on time. */
const TIMED = [
  ...["up.punted", "down.injected", "down.not-routable"],
  "down.device-full", // so is an MLD report of the host that finds the device not ready yet
  ...["down.icmp-errors", "down.icmp-errors-limited"], // and one is for a whole super-packet
];

interface Run extends Outcome {
  /** What simplon has counted of packets. */
  readonly counters: Awaited<ReturnType<Simplon["counters"]>>;
  /** The offloads that it says run. */
  readonly running: readonly Offload[];
}

const isOffload = (state: OffloadState): state is Status => state.offload !== STEERING;
type Status = OffloadState & { readonly offload: Offload };

before(() => must(join(root, "bench", "reference", "build.sh"), []));

const PATHS: readonly (Shape & { readonly packets: number; readonly left: readonly Offload[] })[] =
  [
    { mtu: 1_400, outerMtu: 1_500, packets: 4_000, left: OFFLOADS },
    { mtu: 1_500, outerMtu: 1_500, packets: 2_000, left: OFFLOADS },
    { mtu: 1_500, outerMtu: 1_492, packets: 2_000, left: OFFLOADS },
    { mtu: 1_500, outerMtu: 1_500, mru: 1_400, packets: 2_000, left: [] },
  ];

for (const { mtu, outerMtu, mru, packets, left } of PATHS) {
  const forWhom = mru === undefined ? "" : `, for a client with an MRU of ${mru}`;
  describe(`packets of up to ${mtu} octets over a path of ${outerMtu}${forWhom}`, () => {
    const size = { flows: FLOWS, packets, mtu };
    let world: World;
    let plain: Run;
    let fast: Run;

    before(async () => {
      world = await World.open("offloads", { mtu, outerMtu, mru });
    });
    after(() => world.close());

    async function through(offloads: readonly Offload[]): Promise<Run> {
      let counters: Run["counters"] = {};
      const outcome = await world.simplon(offloads, seed, size, async (simplon) => {
        counters = await simplon.counters();
      });
      const packetCounters = Object.entries(counters).filter(
        ([name]) => /^(up|down)\./.test(name) && !TIMED.includes(name),
      );
      const running = statuses(counters).filter(({ runs }) => runs);
      return {
        ...outcome,
        counters: Object.fromEntries(packetCounters),
        running: running.map(({ offload }) => offload),
      };
    }

    function assertLikePlain(run: Outcome, canonical = (flows: Flows) => flows): void {
      const expected = { up: plain.up, down: canonical(plain.down) };
      assertSame(expected, { up: run.up, down: canonical(run.down) }, seed);
    }

    it("come out without any offload, nearly all of them", async (t) => {
      plain = await through([]);
      assert.deepEqual(plain.running, []);
      const { up, down, counts } = plain;
      t.diagnostic(JSON.stringify(counts));
      const flows = Math.min(up.size, down.size);
      // Runs of hundreds of packets are part of a mix: one in six has fewer than a twentieth.
      assert.ok(flows > packets / 100, `${up.size} and ${down.size} flows`);
      assert.ok(counts.up > counts.upSent * 0.9, `${counts.up} of ${counts.upSent} came up`);
      assert.ok(counts.down > counts.downSent, `${counts.down} of ${counts.downSent} came down`);
    });

    it("come out the same with all, by fewer calls", async (t) => {
      fast = await through(OFFLOADS);
      t.diagnostic(`reads, writes, messages in and out: ${fast.effort}, were ${plain.effort}`);
      assertLikePlain(fast);
      assert.deepEqual(fast.running, OFFLOADS);
      assert.deepEqual(fast.counters, plain.counters);
      fast.effort.forEach((calls, index) => {
        assert.ok(
          calls < (plain.effort[index] ?? 0),
          `${fast.effort} with all, ${plain.effort} without`,
        );
      });
    });

    for (const offload of left) {
      it(`come out the same without ${offload}, by more calls of that kind`, async () => {
        const wanted = OFFLOADS.filter((other) => other !== offload);
        const run = await through(wanted);
        assertLikePlain(run, offload === "tso" ? sameZero : undefined);
        assert.deepEqual(run.running, wanted);
        assert.deepEqual(run.counters, plain.counters);
        const kind = { tso: 0, uso: 0, "udp-gro": 2, "udp-gso": 3 }[offload];
        const [few = 0, many = 0] = [fast.effort[kind], run.effort[kind]];
        assert.ok(few < many, `${fast.effort} with all, ${run.effort} without`);
      });
    }

    // The program in C drops what exceeds the MTU, where a router cuts it.
    if (mru === undefined) {
      it("come out of the program in C the same", async () => {
        const run = await world.reference([], plain.ends, seed, size);
        assertLikePlain(run);
      });
    }

    it("would not go unnoticed when lost, doubled, changed, or in another order", () => {
      for (const flows of [plain.up, plain.down]) {
        const [name, all] = [...flows].find(([, packets]) => packets.length > 2) ?? ["", []];
        const [first = new Uint8Array(), second = new Uint8Array(), ...rest] = all;
        const changed = second.slice().fill(~(second.at(-1) ?? 0), -1);
        for (const wrong of [
          [first, ...rest],
          [first, second, second, ...rest],
          [first, changed, ...rest],
          [...rest, first, second],
        ]) {
          const [found, ...more] = differences(flows, new Map([...flows, [name, wrong]]));
          assert.equal(found?.flow, name);
          assert.deepEqual(more, []);
        }
      }
    });
  });
}

function statuses(counters: Run["counters"]): readonly Status[] {
  const { offloads = [] } = counters as unknown as { offloads?: readonly OffloadState[] };
  return offloads.filter(isOffload);
}
