import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { buildDist } from "../../../scripts/dist.ts";
import { findDeno } from "../../../src/cli/launch.ts";
import { configJsonSchema } from "../../../src/config/json-schema.ts";
import { type Outcome, pathOf } from "./process.ts";

const deno = findDeno(new URL(import.meta.url)) ?? "";

/** Inside the project, where the packages are found; beside what the build makes. */
const out = `build/dist-test-${process.pid}`;
const bin = pathOf(`${out}/simplon.js`);
const scratch = mkdtempSync(join(tmpdir(), "simplon-"));

before(() => buildDist(pathOf("."), out));
after(() => {
  rmSync(pathOf(out), { recursive: true, force: true });
  rmSync(scratch, { recursive: true, force: true });
});

async function node(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome> {
  const options = env === undefined ? {} : { env };
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...text };
}

test("the bin answers what needs no kernel by itself", async () => {
  const { version } = JSON.parse(readFileSync(pathOf("package.json"), "utf8"));
  const expected = { code: 0, stdout: `simplon ${version}\n`, stderr: "" };
  assert.deepEqual(await node([bin, "--version"], {}), expected);
  assert.match((await node([bin, "--help"], {})).stdout, /simplon lns/);
  assert.equal((await node([bin, "dance"], {})).code, 2);
});

test("what needs the kernel runs on Deno, its exit code is passed on", async () => {
  const file = join(scratch, "none.toml");
  assert.deepEqual(await node([bin, "lns", "-c", file]), {
    code: 2,
    stdout: "",
    stderr: `${file}: no such file\n`,
  });
});

test("the runtime can be chosen; without a Deno that was asked for one line says so", async () => {
  cpSync(pathOf(out), join(scratch, "dist"), { recursive: true });
  writeFileSync(join(scratch, "package.json"), '{ "type": "module" }');
  const program = join(scratch, "dist", "simplon.js");
  const lacking = await node([program, "lns"], { SIMPLON_RUNTIME: "deno" });
  assert.equal(lacking.code, 1);
  assert.match(lacking.stderr, /^simplon: SIMPLON_RUNTIME is deno, [^\n]*npm install deno\n$/);
  const unknown = await node([program, "lns"], { SIMPLON_RUNTIME: "bun" });
  assert.equal(unknown.code, 2);
  assert.match(
    unknown.stderr,
    /^simplon: SIMPLON_RUNTIME: expected "deno" or "node", got "bun"\n$/,
  );
});

test("without a Deno it runs on Node", async () => {
  writeFileSync(
    join(scratch, "runtime.js"),
    "process.stdout.write('Deno' in globalThis ? 'deno' : 'node');",
  );
  const start = join(scratch, "runtime-start.js");
  const module = join(scratch, "dist", "launch.js");
  const args = `${JSON.stringify(join(scratch, "runtime.js"))}, ["lns"]`;
  writeFileSync(start, `import { launch } from ${JSON.stringify(module)}; await launch(${args});`);
  assert.equal((await node([start], {})).stdout, "node");
  assert.equal((await node([start], { PATH: dirname(deno) })).stdout, "deno");
  const chosen = { PATH: dirname(deno), SIMPLON_RUNTIME: "node" };
  assert.equal((await node([start], chosen)).stdout, "node");
});

test("an old Node is told so in one line", async () => {
  const old =
    "data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'20.1.0'}})";
  assert.deepEqual(await node(["--import", old, bin, "--version"]), {
    code: 1,
    stdout: "",
    stderr: "simplon: needs Node 22 or newer, this is Node 20.1.0\n",
  });
});

for (const [way, prelude, end] of [
  ["in the place of the launcher", "", [null, "SIGTERM"]],
  ["as its child, where Node has no execve", "process.execve = undefined;", [128 + 15, null]],
] as const) {
  test(`signals reach the program, and its end by a signal is told: ${way}`, async () => {
    const program = join(scratch, "program.js");
    writeFileSync(program, "process.stdout.write('up'); setInterval(() => 0, 1e3);");
    writeFileSync(
      join(scratch, "start.js"),
      `import { launch } from ${JSON.stringify(pathOf(`${out}/launch.js`))};
       ${prelude}
       await launch(${JSON.stringify(program)}, ["lns"]);`,
    );
    const child = spawn(process.execPath, [join(scratch, "start.js")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), end);
  });
}

test("the codec is one file without imports that needs nothing of Node", async () => {
  const text = readFileSync(pathOf(`${out}/codec.js`), "utf8");
  assert.doesNotMatch(text, /\bimport\b|\brequire\b/);
  const bare = `
    for (const name of ["process", "Buffer", "global", "require"]) delete globalThis[name];
    const { buildHeader, parseHeader } = await import(${JSON.stringify(pathOf(`${out}/codec.js`))});
    const datagram = buildHeader({ control: false, priority: false, tunnelId: 7, sessionId: 9 });
    const { tunnelId, sessionId } = parseHeader(datagram);
    console.log(tunnelId, sessionId);`;
  const { stdout, stderr } = await node(["--input-type=module", "--eval", bare]);
  assert.deepEqual({ stdout, stderr }, { stdout: "7 9\n", stderr: "" });
});

test("the JSON Schema of the configuration is beside the program", () => {
  const schema = JSON.parse(readFileSync(pathOf(`${out}/simplon.schema.json`), "utf8"));
  assert.deepEqual(schema, configJsonSchema());
});

test("the benchmarks are in the package; what is asked wrongly is one line", async () => {
  for (const SIMPLON_RUNTIME of ["deno", "node"]) {
    const env = { ...process.env, SIMPLON_RUNTIME };
    const cases: [string[], RegExp][] = [
      [[], /^simplon: bench: say which, codec, forward, setup, plot; [^\n]*\n$/],
      [["sleep"], /^simplon: bench: expected codec, forward, setup, plot, got "sleep"; [^\n]*\n$/],
      [["codec", "--rounds", "4"], /^simplon: --rounds: expected 5 to 1000, got 4; [^\n]*\n$/],
      [["codec", "--slow"], /^simplon: unknown option '--slow'; [^\n]*\n$/],
    ];
    for (const [args, expected] of cases) {
      const { code, stdout, stderr } = await node([bin, "bench", ...args], env);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" }, stderr);
      assert.match(stderr, expected);
    }
  }
});

test("bench codec of the package prints every figure, and compares", async () => {
  for (const source of ["bench/codec/codec.c", "bench/codec/functions.h"]) {
    cpSync(pathOf(source), join(scratch, source));
  }
  cpSync(pathOf(out), join(scratch, "dist"), { recursive: true });
  const program = join(scratch, "dist", "simplon.js");
  const args = [program, "bench", "codec", "--quick", "--seconds", "0.001"];
  const env = { ...process.env, PATH: `${dirname(deno)}:${process.env.PATH}` };
  const { code, stdout, stderr } = await node([...args, "--json"], env);
  assert.equal(code, 0, stderr);
  const { what, rows } = JSON.parse(stdout);
  assert.equal(what, "codec");
  for (const { name, value } of rows) assert.ok(value > 0, name);
  const file = join(scratch, "codec.json");
  writeFileSync(file, stdout);
  const compared = await node([...args, "--compare", file], env);
  assert.match(compared.stdout, /^AVPs walked, WASM +\S+ +\S+ +M\/s +\d+\.\d\d/m);
});
