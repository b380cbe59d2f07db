/**
 * Each target is fuzzed by the command for some thousands of executions, and the shared memory
 * attacked for some seconds: no input crashes.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { it } from "node:test";
import { promisify } from "node:util";
import { TARGETS } from "../fuzz/targets.ts";
import { root } from "./support/root.ts";

/** About two minutes on two processors. */
const EXECUTIONS = { WebAssembly: 100_000, TypeScript: 10_000 };
const ATTACK_S = 20;
const SEED = "1";
const PROCESSORS = 2;

async function run(...args: readonly string[]): Promise<string> {
  const options = { cwd: root, maxBuffer: 1 << 24 };
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  return stdout;
}

it("no target crashes", async (context) => {
  const waiting = [...TARGETS];
  const worker = async () => {
    for (let target = waiting.pop(); target !== undefined; target = waiting.pop()) {
      const { name, kind } = target;
      const executions = String(EXECUTIONS[kind]);
      const fuzz = ["test/fuzz/main.ts", name, "--executions", executions, "--seed", SEED];
      const line = (await run(...fuzz)).trimEnd().split("\n").at(-1) ?? "";
      assert.ok(line.startsWith(name) && line.includes(executions), line);
      context.diagnostic(line);
    }
  };
  await Promise.all(Array.from({ length: PROCESSORS }, worker));
});

it("nothing leaves its bounds while the memory is attacked", async (context) => {
  const attack = ["test/fuzz/shared/main.ts", "--seconds", String(ATTACK_S), "--seed", SEED];
  const line = (await run(...attack)).trimEnd().split("\n").at(-1) ?? "";
  assert.match(line, /^20 s: [1-9]\d* inputs run, [1-9]\d* bits flipped$/);
  context.diagnostic(line);
});
