/** The properties of the offloads once more, on Deno. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const deno = join(root, "node_modules", ".bin", "deno");
const FILES = [
  "offload-up.test.ts",
  "offload-down.test.ts",
  "offload-garbage.test.ts",
  "switch.test.ts",
];

test("upwards, downwards and onward on Deno", () => {
  const paths = FILES.map((file) => join(root, "test", "property", file));
  const { status, stdout, stderr } = spawnSync(deno, ["test", "-A", "--no-check", ...paths], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, OFFLOAD_RUNS: "8", NO_COLOR: "1" },
  });
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.match(stdout, /ok \| \d+ passed \| 0 failed/);
});
