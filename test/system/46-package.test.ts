/** What is published, installed as a user installs it: on Node alone, and with a Deno in PATH. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Child, must, poll, run } from "./support/child.ts";
import { Lab, root } from "./support/lab.ts";
import { deno, type Runtime } from "./support/runtime.ts";
import { USERS, writeConfig } from "./support/simplon.ts";

const INSTALL_MS = 300_000;
const dialogue = join(root, "test", "system", "support", "dialogue.ts");

let lab: Lab;
let folder: string;
let config: string;

before(async () => {
  lab = await Lab.open("package", 0);
  folder = join(lab.directory, "empty");
  mkdirSync(folder);
  config = writeConfig(lab);
  const destination = ["--pack-destination", lab.directory];
  const packed = await must("npm", ["pack", "--json", ...destination], { cwd: root, ms: 120_000 });
  const [, filename = ""] = /"filename": "([^"]+)"/.exec(packed) ?? [];
  // Without a prefix npm installs into a folder further up that has packages already.
  const options = ["--prefix", folder, "--no-audit", "--no-fund"];
  const install = ["install", ...options, join(lab.directory, filename)];
  await must("npm", install, { cwd: folder, ms: INSTALL_MS });
});
after(() => lab.close());

/** The node that runs this, and of Deno only what is asked for; npm without remarks of its own. */
function environment(...more: readonly string[]): NodeJS.ProcessEnv {
  const { SIMPLON_RUNTIME: _, ...env } = process.env;
  const paths = (env.PATH ?? "").split(delimiter);
  const others = paths.filter((path) => !existsSync(join(path, "deno")));
  const path = [dirname(process.execPath), ...others, ...more].join(delimiter);
  return { ...env, PATH: path, npm_config_loglevel: "error" };
}

function npx(...args: readonly string[]) {
  const argv = lab.inside("lns", ["npx", "--no-install", "simplon", ...args]);
  return run(...argv, { cwd: folder, env: environment() });
}

function start(env: NodeJS.ProcessEnv): Child {
  const bin = join(folder, "node_modules", ".bin", "simplon");
  return new Child(...lab.inside("lns", [bin, "lns", "-c", config]), { cwd: folder, env });
}

it("npx simplon --version", async () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const { code, text } = await npx("--version");
  assert.deepEqual({ code, text }, { code: 0, text: `simplon ${version}` });
});

const places: Readonly<Record<Runtime, readonly string[]>> = { node: [], deno: [dirname(deno)] };

describe("simplon lns in the folder", () => {
  for (const [runtime, paths] of Object.entries(places)) {
    it(`serves on ${runtime}, answers "npx simplon show", and ends`, async () => {
      const lns = start(environment(...paths));
      try {
        await lns.line(/serving/, 20_000);
        const tunnels = await npx("show", "tunnels", "--json", "-c", config);
        assert.deepEqual([tunnels.code, tunnels.text], [0, "[]"]);
        assert.equal(basename(await holder()), runtime);

        const client = lab.inside("lac", [process.execPath, dialogue, "bob", USERS.bob]);
        const { code, text } = await run(...client, { ms: 60_000 });
        assert.equal(code, 0, text);
      } finally {
        lns.signal("SIGTERM");
        assert.deepEqual(await lns.ended(10_000), { code: 0, signal: null });
      }
      assert.deepEqual(await lab.devices(), []);
    });
  }

  it("without koffi and without a Deno says in one line what to install", async () => {
    rmSync(join(folder, "node_modules", "koffi"), { recursive: true });
    const lns = start(environment());
    const { code } = await lns.ended(20_000);
    assert.equal(code, 1);
    assert.match(lns.text, /^simplon: [^\n]*npm install koffi[^\n]*npm install deno$/);
    await poll("no device", 1_000, async () => (await lab.devices()).length === 0);
  });
});

/** The program that has the port. */
async function holder(): Promise<string> {
  const text = await must(...lab.inside("lns", ["ss", "-Hlunp", "sport = :1701"]));
  const [, pid = ""] = /\bpid=(\d+)/.exec(text) ?? [];
  return readlinkSync(`/proc/${pid}/exe`);
}
