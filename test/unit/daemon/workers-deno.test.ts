/** The workers once more, on Deno. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { pathOf, RUNTIMES } from "../cli/process.ts";

test("workers that come, go and fail on Deno", () => {
  const [deno = ""] = RUNTIMES.deno ?? [];
  const args = ["test", "-A", "--no-check", pathOf("test/unit/daemon/workers.test.ts")];
  const { status, stdout, stderr } = spawnSync(deno, args, {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.match(stdout, /ok \| [1-9]\d* passed \(?.*\| 0 failed/);
});
