/** Nothing is allocated per packet: see allocation-run.ts. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(root, "test", "property", "allocation-run.ts");
const RUNTIMES = [
  ["Node", process.execPath, []],
  ["Deno", join(root, "node_modules", ".bin", "deno"), ["run", "-A"]],
] as const;
/** Octets of the heap: what the measuring itself takes, several times. */
const SLACK = 300_000;

interface Report {
  readonly packets: number;
  readonly calls: number;
  readonly added: number;
}

for (const [name, command, args] of RUNTIMES) {
  const run = async (...more: readonly string[]): Promise<Report> => {
    const { stdout } = await promisify(execFile)(command, [...args, program, ...more], {
      cwd: root,
    });
    return JSON.parse(stdout);
  };

  test(`ten million packets on ${name} leave the heap as it was`, async () => {
    const { packets, added } = await run();
    assert.ok(packets >= 10_000_000, `${packets} packets`);
    assert.ok(added < SLACK, `${added} octets for ${packets} packets`);
  });

  test(`a BigInt for each write would be seen on ${name}`, async () => {
    const { calls, added } = await run("plant");
    assert.ok(added > 10 * SLACK, `${added} octets for ${calls} calls`);
  });
}
