/**
 * The fuzzer finds what chance does not: a fault of TypeScript behind two conditions of an octet each.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { blind } from "../blind.ts";
import { fuzz } from "../engine.ts";
import { Crash } from "../target.ts";
import { typescript } from "./executor.ts";

const EXECUTIONS = 60_000;

const planted = typescript({
  name: "planted",
  files: ["test/fuzz/typescript/planted.ts"],
  seeds: () => [],
  lengthMax: 64,
  load: async () => (await import("./planted.ts")).parse,
});

const options = { seed: 1, executions: EXECUTIONS, lengthMax: 64 };
const start = [new Uint8Array(16)];

test("a fault two conditions deep is found, and V8 tells which branch led there", async () => {
  const executor = await planted.open();
  await assert.rejects(fuzz(executor, start, options), (error) => {
    assert.ok(error instanceof Crash);
    assert.deepEqual([...error.input.subarray(0, 2)], [0xc8, 0x5a]);
    return error.message.includes("planted");
  });
  assert.deepEqual(
    [executor.branches, executor.unreached()],
    [4, ["test/fuzz/typescript/planted.ts:11"]],
  );
});

test("and is not, where branches are not seen", async () => {
  const { executions, kept } = await fuzz(blind(await planted.open()), start, options);
  assert.equal(executions, EXECUTIONS);
  assert.deepEqual(kept, []);
});
