/**
 * The fuzzer finds what chance does not: a fault of a module of WebAssembly behind two conditions of
 * an octet each.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { blind } from "../blind.ts";
import { fuzz } from "../engine.ts";
import { Crash, type Executor } from "../target.ts";
import { WasmExecutor } from "./executor.ts";
import { Branches, compileMarked } from "./module.ts";

const EXECUTIONS = 300_000;
const ENTRY = "test/fuzz/wasm/planted/index.ts";
const REACHED = 64;
const INPUT = 1_024;

function open(): Executor {
  const module = compileMarked({ name: "planted", entry: ENTRY, target: "codec" });
  const memory = new WebAssembly.Memory({ initial: 4 });
  const reached = new WebAssembly.Global({ value: "i32" }, REACHED);
  const { exports } = new WebAssembly.Instance(module, { env: { memory, reached } });
  const parse = exports.parse as (at: number, length: number) => number;
  const octets = new Uint8Array(memory.buffer);
  return new WasmExecutor(new Branches(module, memory, REACHED, [ENTRY]), (input) => {
    octets.set(input, INPUT);
    parse(INPUT, input.length);
  });
}

const options = { seed: 1, executions: EXECUTIONS, lengthMax: 64 };
const start = [new Uint8Array(16)];

test("a fault two conditions deep is found", async () => {
  const inputs: string[] = [];
  for (let run = 0; run < 2; run++) {
    await assert.rejects(fuzz(open(), start, options), (error) => {
      assert.ok(error instanceof Crash);
      inputs.push(Buffer.from(error.input).toString("hex"));
      return error.message.includes("unreachable");
    });
  }
  assert.equal(inputs[0], inputs[1], "the same seed, another input");
});

test("and is not, where branches are not seen", async () => {
  const { executions, kept } = await fuzz(blind(open()), start, options);
  assert.equal(executions, EXECUTIONS);
  assert.equal(kept.length, 0);
});
