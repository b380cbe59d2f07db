import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createMemory } from "../../../src/dataplane/memory.ts";
import { openLibc } from "../../../src/linux/ffi.ts";
import { wantHugePages } from "../../../src/linux/huge-pages.ts";

const PAGE = 0x20_0000n;

function asked(base: bigint, octets: number): (bigint | number)[][] {
  const calls: (bigint | number)[][] = [];
  const madvise = (...args: [bigint, bigint, number]) => calls.push(args);
  wantHugePages({ madvise }, base, octets);
  return calls;
}

test("whole pages within the memory are asked for, and nothing beside it", () => {
  assert.deepEqual(asked(8n * PAGE, 0x60_0000), [[8n * PAGE, 3n * PAGE, 14]]);
  assert.deepEqual(asked(8n * PAGE + 0x1_0000n, 0x60_0000), [[9n * PAGE, 2n * PAGE, 14]]);
  assert.deepEqual(asked(8n * PAGE + 0x1_0000n, 0x20_0000), []);
  assert.deepEqual(asked(8n * PAGE, 0), []);
});

test("the memory of the data plane is one that the kernel may put into them", () => {
  const libc = openLibc();
  const memory = createMemory();
  const base = libc.address(new Uint8Array(memory.buffer));
  wantHugePages(libc, base, memory.buffer.byteLength);
  const text = readFileSync("/proc/self/smaps", "utf8");
  const first = ((base + PAGE - 1n) / PAGE) * PAGE;
  const from = text.indexOf(`\n${first.toString(16)}-`);
  assert.notEqual(from, -1, "the advice has not made a mapping of its own");
  const [, flags] = /^VmFlags: (.*)$/m.exec(text.slice(from)) ?? [];
  assert.match(`${flags}`, /\bhg\b/);
});
