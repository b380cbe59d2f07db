import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { firstConfig, firstSteps } from "../../../src/config/first.ts";
import { loadConfig } from "../../../src/config/load.ts";

const FIRST = new URL("../../../src/config/first.ts", import.meta.url).href;

test("the first configuration is private, complete, and different each time", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "simplon-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const passwords = ["a.toml", "b.toml"].map((name) => {
    const path = join(directory, name);
    assert.equal(firstConfig(path), undefined);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const config = loadConfig(path);
    assert.ok(!Array.isArray(config), JSON.stringify(config));
    assert.equal(config.users.length, 1);
    assert.equal(config.users[0]?.name, "demo");
    const password = config.users[0]?.password ?? "";
    assert.match(password, /^[a-km-np-z2-9]{16}$/);
    const steps = firstSteps(config, path);
    for (const word of ["demo", password, "10.64.0.0/16", "IPsec", path]) {
      assert.ok(steps.includes(word), `${word} in ${steps}`);
    }
    return password;
  });
  assert.notEqual(passwords[0], passwords[1]);
});

test("a file that is there is never overwritten", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "simplon-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "simplon.toml");
  firstConfig(path);
  const before = readFileSync(path, "utf8");
  assert.match(firstConfig(path)?.message ?? "", /cannot be written \(EEXIST\)/);
  assert.equal(readFileSync(path, "utf8"), before);
  assert.match(firstConfig(join(directory, "no", "x.toml"))?.message ?? "", /ENOENT/);
});

test("a write that fails leaves no part of a file", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "simplon-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "simplon.toml");
  // No file of this process may be larger than 512 octets: the first block is written, then EFBIG.
  const program = `import { firstConfig } from ${JSON.stringify(FIRST)};
    process.on("SIGXFSZ", () => {});
    console.log(firstConfig(${JSON.stringify(path)})?.message);`;
  const argv = [process.execPath, "--input-type=module", "-e", program];
  const limited = ["-c", 'trap "" XFSZ; ulimit -f 1; exec "$@"', "sh", ...argv];
  const { stdout, stderr } = spawnSync("sh", limited, { encoding: "utf8" });
  assert.match(stdout, /cannot be written \(EFBIG\)/, stderr);
  assert.equal(existsSync(path), false);
});
