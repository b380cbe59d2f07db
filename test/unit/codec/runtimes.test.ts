/** simplon/codec runs wherever there are WebAssembly and atob. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";

const entry = fileURLToPath(new URL("../../../src/codec/index.ts", import.meta.url));
const USE = `
  const built = codec.buildControlMessage({ tunnelId: 1, sessionId: 0, ns: 2, nr: 3,
    avps: [{ type: codec.AvpType.HostName, value: codec.textValue("lac") }] });
  const read = codec.parseControlMessage(built);
  const sum = codec.checksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7));
  const { type, value } = read.avps[0];
  const said = [read.nr, codec.avpTypeName(type), codec.readText(value), sum];
`;
const SAID = [3, "Host Name", "lac", 0x220d];

/** Synchronous compilation in a page was limited to this before Chromium 115. */
const PAGE_COMPILE_MAX = 4_096;
const wasm = readFileSync(new URL("../../../build/codec.wasm", import.meta.url));

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "codec",
    platform: "browser",
  });
  return outputFiles[0]?.text ?? "";
}

test("in a browser: no module, no name of Node or Deno, one file", async () => {
  const context = createContext({ atob, TextEncoder, TextDecoder });
  const said = runInContext(`${await bundle()};${USE};JSON.stringify(said)`, context);
  assert.deepEqual(JSON.parse(said), SAID);
});

test("the module is small enough for a page of an older browser", () => {
  assert.ok(wasm.length <= PAGE_COMPILE_MAX, `${wasm.length} octets`);
});

test("where octets are not compiled at run time, with a module that is loaded", async () => {
  const module = new WebAssembly.Module(wasm);
  const globals = { atob, TextEncoder, TextDecoder, module };
  const context = createContext(globals, { codeGeneration: { strings: true, wasm: false } });
  runInContext(await bundle(), context);
  const use = `(() => {${USE};return JSON.stringify(said)})()`;
  assert.throws(() => runInContext(use, context), { name: "CompileError" });
  runInContext("codec.load(module)", context);
  assert.deepEqual(JSON.parse(runInContext(use, context)), SAID);
  assert.throws(() => runInContext("codec.load(module)", context), /in use already/);
});

test("in Deno, without any permission", () => {
  const deno = fileURLToPath(new URL("../../../node_modules/.bin/deno", import.meta.url));
  const program = `import * as codec from ${JSON.stringify(entry)};${USE};
    console.log(JSON.stringify(said));`;
  const args = ["run", "--no-prompt", "--no-config", "--no-check", "--ext=ts", "-"];
  const output = execFileSync(deno, args, { input: program, encoding: "utf8" });
  assert.deepEqual(JSON.parse(output), SAID);
});
