/** Full rings, full buffers and calls that take a part once more, on Deno. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { pathOf, RUNTIMES } from "../cli/process.ts";

const FILES = ["loop", "loop-offloads", "rings", "handover", "pulse", "switch", "numbers"];

test("the loop, the rings, hand-over and switching on Deno", () => {
  const [deno = ""] = RUNTIMES.deno ?? [];
  const paths = FILES.map((name) => pathOf(`test/unit/dataplane/${name}.test.ts`));
  const { status, stdout, stderr } = spawnSync(deno, ["test", "-A", "--no-check", ...paths], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  assert.equal(status, 0, `${stdout}${stderr}`);
  const passed = stdout.match(/ok \| (\d+) passed.*\| 0 failed/);
  assert.ok(Number(passed?.[1]) > 40, stdout);
});
