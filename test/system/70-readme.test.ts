import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { Child, must, poll, run } from "./support/child.ts";
import type { Guest } from "./support/guest.ts";
import { CORE_ADDRESS, Lab, root } from "./support/lab.ts";

let lab: Lab;
let guest: Guest;
let clone: string;

before(async () => {
  lab = await Lab.open("readme", 1);
  [guest] = lab.guests as [Guest];
  clone = join(lab.directory, "clone");
  // A checkout that belongs to another user is served all the same.
  const gitConfig = join(lab.directory, "gitconfig");
  writeFileSync(gitConfig, "[safe]\n\tdirectory = *\n");
  const env = { ...process.env, GIT_CONFIG_GLOBAL: gitConfig };
  await must("git", ["clone", "--quiet", `file://${root}`, clone], { env });
});
after(() => lab.close());

it("README gives the two commands that are tried here", () => {
  assert.match(readFileSync(join(clone, "README.md"), "utf8"), /npm ci && npm start/);
});

it("npm ci && npm start in a fresh clone is an LNS that a client dials into", async () => {
  await must("npm", ["ci", "--no-audit", "--no-fund"], { cwd: clone, ms: 300_000 });
  const first = await run("npm", ["run", "simplon", "--", "show", "tunnels"], { cwd: clone });
  assert.equal(first.code, 1);
  assert.match(first.text, /simplon: no server answers on /, "before anything was built");

  const log = join(lab.directory, "log");
  const argv = ["sh", "-c", 'exec npm start >"$0"', log];
  const server = new Child(...lab.inside("lns", argv), { cwd: clone });
  try {
    const name = value(await server.line(/^ *user +\S/, 60_000));
    const password = value(await server.line(/^ *password +\S/, 5_000));
    await poll("a server", 20_000, () => readFileSync(log, "utf8").includes("serving"));
    assert.ok(!readFileSync(log, "utf8").includes(password), "the log tells no password");
    assert.match(await lab.listeners(), /:1701\b/);
    assert.ok(existsSync(join(clone, "simplon.toml")));
    assert.ok(password.length >= 12, "a password that nobody guesses");

    await guest.must("dial", { user: name, pass: password });
    await guest.must("ping", { to: CORE_ADDRESS });
    await guest.refused({ user: name, pass: "demo" });
  } finally {
    await server.end();
  }
  assert.deepEqual(await lab.devices(), []);
});

function value(line: string): string {
  return line.trim().split(/\s+/)[1] ?? "";
}
