/**
 * Of WebAssembly nothing is left out: each file that has a branch counts in some target.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WasmExecutor } from "./executor.ts";
import { CODEC, compileMarked, DATAPLANE, fileOf, placesOf } from "./module.ts";
import { wasmTargets } from "./targets.ts";

test("each file of assembly/ counts in a target", async () => {
  const modules = [CODEC, DATAPLANE].map(compileMarked);
  const files = new Set(modules.flatMap(placesOf).map(fileOf));
  assert.ok(files.size > 30, `${files.size} files`);
  for (const target of wasmTargets) {
    const executor = await target.open();
    assert.ok(executor instanceof WasmExecutor);
    for (const file of executor.files) files.delete(file);
    executor.close();
  }
  assert.deepEqual([...files], []);
});
