/** What this kernel really does once offloads are turned on, and with each of them left out. */
import assert from "node:assert/strict";
import { release } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { OFFLOADS, type Offload } from "../../src/offloads.ts";
import { must } from "./support/child.ts";
import { root } from "./support/root.ts";
import { runtimeArgs } from "./support/runtime.ts";

const SEGMENTS = [100, 100, 100, 100, 100];
const WHOLE = [500];
const IP_UDP = 28;
const VIRTIO = 10;

/** Linux 6.2 is the first with USO. */
const [major = 0, minor = 0] = release().split(".").map(Number);
const hasUso = major > 6 || (major === 6 && minor >= 2);
const NO_USO = "this kernel has no USO for TUN devices (Linux 6.2 has)";

async function probe(wanted: readonly Offload[]): Promise<unknown> {
  const program = runtimeArgs(join(root, "test", "system", "support", "probe.ts"), ...wanted);
  const script = 'ip link set lo up && exec "$@"';
  return JSON.parse(await must("unshare", ["--net", "sh", "-c", script, "sh", ...program]));
}

const cases: readonly (readonly Offload[])[] = [
  OFFLOADS,
  ...OFFLOADS.map((left) => OFFLOADS.filter((offload) => offload !== left)),
  ["uso"],
  ["tso"],
  [],
];
for (const wanted of cases) {
  test(`offloads: ${wanted.join(", ") || "none"}`, async () => {
    const runsUso = wanted.includes("uso") && hasUso;
    const header = wanted.includes("tso") || wanted.includes("uso") ? VIRTIO : 0;
    assert.deepEqual(await probe(wanted), {
      refused: wanted.includes("uso") && !hasUso ? { uso: NO_USO } : {},
      received: wanted.includes("udp-gro") ? WHOLE : SEGMENTS,
      sent: WHOLE,
      packets: (runsUso ? WHOLE : SEGMENTS).map((length) => header + IP_UDP + length),
      takesTcp: wanted.includes("tso"),
    });
  });
}
