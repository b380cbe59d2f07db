/**
 * The offloads on Linux 6.1, which has no USO for TUN devices: simplon runs in a guest, and a
 * generated mix comes out of it as it does without offloads.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { OFFLOADS, type Offload, type OffloadState, STEERING } from "../../src/offloads.ts";
import { assertSame } from "./support/offload/compare.ts";
import { type GuestOutcome, GuestWorld } from "./support/offload/guest-world.ts";
import { seedOf } from "./support/offload/random.ts";

const SIZE = { flows: 150, packets: 2_500, mtu: 1_400 };
const NO_USO = "this kernel has no USO for TUN devices (Linux 6.2 has)";
const OFF = "turned off in the configuration";

const seed = seedOf("SIMPLON_OFFLOAD_SEED");
let world: GuestWorld;
let plain: GuestOutcome;

before(async () => {
  world = await GuestWorld.open("offloads-guest");
  plain = await world.simplon([], seed, SIZE);
});
after(() => world.close());

test("the guest has Linux 6.1", async () => {
  const { kernel = "" } = await world.guest.must("kernel");
  assert.match(kernel, /^6\.1\./);
});

test("without offloads nearly all of the mix goes through", () => {
  const { upSent, up, down } = plain.counts;
  assert.ok(up > 0.9 * upSent, `${up} of ${upSent}, seed ${seed}`);
  assert.ok(down > SIZE.packets, `${down}, seed ${seed}`);
  assert.deepEqual(states(plain), allBut(OFFLOADS, OFF));
});

test("all offloads: USO does not run and says why, every packet is what it was", async () => {
  const outcome = await world.simplon(OFFLOADS, seed, SIZE);
  assert.deepEqual(states(outcome), allBut(["uso"], NO_USO));
  assertSame(plain, outcome, seed);
});

function states({ counters }: GuestOutcome): unknown {
  const { offloads } = counters as unknown as { offloads: readonly OffloadState[] };
  return offloads.filter(({ offload }) => offload !== STEERING);
}

/** What "show counters" tells when all run but these. */
function allBut(lacking: readonly Offload[], why: string): unknown {
  return OFFLOADS.map((offload) => {
    const runs = !lacking.includes(offload);
    return { offload, runs, why: runs ? "" : why };
  });
}
