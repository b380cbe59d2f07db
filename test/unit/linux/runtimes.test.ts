/** The binding to libc on each runtime, and what a process does that has opened it. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { POLL_MS } from "../../../src/limits.ts";
import { pathOf, RUNTIMES } from "../cli/process.ts";

/** What starting a runtime may cost on a busy machine. */
const START_MS = 8_000;
const MISSING = /^on Node this needs the optional package koffi, which is not installed; [^\n]*\n$/;

function run(command: string, args: readonly string[]) {
  const start = performance.now();
  return new Promise<{ code: unknown; text: string; took: number }>((resolve) => {
    const options = { timeout: 60_000, killSignal: "SIGKILL" } as const;
    execFile(command, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : (error.code ?? error.signal);
      resolve({ code, text: stdout + stderr, took: performance.now() - start });
    });
  });
}

test("deno: every test of the binding", async () => {
  const [deno = ""] = RUNTIMES.deno ?? [];
  const args = ["test", "--allow-all", "--no-check", pathOf("test/unit/linux/libc.test.ts")];
  const { code, text } = await run(deno, args);
  assert.equal(code, 0, text);
  assert.match(text, /\| [1-9]\d* passed \(\d+ steps\) \| 0 failed/);
});

for (const [runtime, [command = "", ...options]] of Object.entries(RUNTIMES)) {
  const program = [...options, pathOf("test/unit/linux/pending.ts")];

  test(`${runtime}: a poll that is waited for keeps the process until it is over`, async () => {
    const { code, text, took } = await run(command, [...program, "300"]);
    assert.deepEqual({ code, text }, { code: 0, text: "ready 0\n" });
    assert.ok(took >= 300);
  });

  test(`${runtime}: process.exit waits for a poll no longer than that lasts`, async () => {
    const { code, text, took } = await run(command, [...program, String(POLL_MS), "exit"]);
    assert.deepEqual({ code, text }, { code: 7, text: "" });
    assert.ok(took < POLL_MS + START_MS, `${took} ms`);
  });

  test(`${runtime}: exit does not wait for who writes and is not read`, async () => {
    const argv = [...options, pathOf("test/unit/linux/blocked.ts")];
    const child = spawn(command, argv, { stdio: ["ignore", "pipe", "inherit"] });
    const deadline = setTimeout(() => child.kill("SIGKILL"), START_MS);
    assert.deepEqual(await once(child, "exit"), [9, null]);
    clearTimeout(deadline);
  });
}

test("node: without koffi one line says what to install", async (t) => {
  const scratch = mkdtempSync(join(tmpdir(), "simplon-"));
  t.after(() => rmSync(scratch, { recursive: true, force: true }));
  cpSync(pathOf("src/linux"), join(scratch, "linux"), { recursive: true });
  writeFileSync(join(scratch, "package.json"), '{ "type": "module" }');
  const program = `
    const { openLibc } = await import(${JSON.stringify(join(scratch, "linux", "ffi.ts"))});
    try { openLibc(); } catch (error) { console.log(error.message); }`;
  const args = ["--no-warnings", "--input-type=module", "--eval", program];
  const { code, text } = await run(process.execPath, args);
  assert.equal(code, 0, text);
  assert.match(text, MISSING);
});
