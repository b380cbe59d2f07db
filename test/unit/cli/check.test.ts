import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { firstConfig } from "../../../src/config/first.ts";
import { RUNTIMES, simplon } from "./process.ts";

function first(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "simplon-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "simplon.toml");
  assert.equal(firstConfig(path), undefined);
  return path;
}

for (const runtime of Object.keys(RUNTIMES)) {
  test(`${runtime}: check says what a configuration comes to, and no password`, async (t) => {
    const path = first(t);
    const password = /^password = "(.*)"$/m.exec(readFileSync(path, "utf8"))?.[1] ?? "";
    const { code, stdout, stderr } = await simplon(runtime, ["check", "-c", path]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    const [head, ...lines] = stdout.trimEnd().split("\n");
    assert.equal(head, `${path} is in order`);
    assert.deepEqual(lines, [
      "  server    0.0.0.0:1701, host name simplon, without a tunnel secret",
      "  methods   mschapv2, chap, pap",
      "  workers   1",
      "  network   default on simplon0, gateway 10.64.0.1, mtu 1400, 65,533 addresses, no IPv6, " +
        "no nat, 1 user",
      "  users     1",
      "  warning   no tunnel secret: whoever reaches the port may try users and passwords",
      "  warning   pap is offered: a client that wants it sends its password as clear text",
    ]);
    assert.ok(password.length > 0 && !stdout.includes(password));
  });

  test(`${runtime}: check says which offloads are turned off`, async (t) => {
    const path = first(t);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace("[lns]", '[lns]\noffloads = ["udp-gro", "udp-gso"]'));
    const { code, stdout } = await simplon(runtime, ["check", "-c", path]);
    assert.equal(code, 0);
    assert.match(stdout, /\n {2}users {5}1\n {2}offloads {2}turned off: tso, uso\n {2}warning /);
  });

  test(`${runtime}: check says each error with its line, exit code 1`, async (t) => {
    const path = first(t);
    const text = readFileSync(path, "utf8").replace("mtu = 1400", "mtu = 14000");
    writeFileSync(path, text.replace("nat = false", "nta = false"));
    const { code, stdout, stderr } = await simplon(runtime, ["check", "-c", path]);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    const lines = stderr.trimEnd().split("\n");
    assert.match(lines[0] ?? "", /simplon\.toml:\d+: \[\[network\]\] mtu: expected an integer/);
    assert.match(lines[1] ?? "", /simplon\.toml:\d+: \[\[network\]\] nta: unknown key/);
    assert.equal(lines.length, 2);
  });
}

test("check --json: what it comes to, or its errors, for programs", async (t) => {
  const path = first(t);
  chmodSync(path, 0o644);
  const good = await simplon("node", ["check", "--json", "-c", path]);
  assert.equal(good.code, 0);
  const answer = JSON.parse(good.stdout);
  assert.deepEqual([answer.ok, answer.file, answer.users], [true, path, 1]);
  assert.equal(answer.networks[0].addresses, 65_533);
  assert.equal(answer.warnings.length, 3, "the file is readable by others");
  writeFileSync(path, "nonsense = 1\n");
  const bad = await simplon("node", ["check", "--json", "-c", path]);
  assert.deepEqual([bad.code, bad.stderr], [1, ""]);
  const { ok, errors } = JSON.parse(bad.stdout);
  assert.equal(ok, false);
  const keys = errors.map(({ line, key }: { line: number; key: string }) => `${line} ${key}`);
  assert.deepEqual(keys, ["1 [[network]]", "1 nonsense"]);
});

test("check of a file that is not there, and of too many words", async (t) => {
  const nowhere = join(first(t), "..", "none.toml");
  const missing = await simplon("node", ["check", "-c", nowhere]);
  assert.deepEqual([missing.code, missing.stderr], [1, `${nowhere}: no such file\n`]);
  const { code, stderr } = await simplon("node", ["check", "now"]);
  assert.deepEqual([code, stderr], [2, 'simplon: unexpected argument "now"; see simplon --help\n']);
});

test("check --schema prints the JSON Schema", async () => {
  const { code, stdout } = await simplon("node", ["check", "--schema"]);
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).title, "Configuration of simplon");
});

test("check says what a side that dials comes to", async (t) => {
  const path = first(t);
  writeFileSync(
    path,
    `[[peer]]\nname = "hq"\naddress = "192.0.2.1:1701"\n[[client]]\nname = "office"\n` +
      `peer = "hq"\ntun = "office0"\nuser = "u"\npassword = "geheim"\nroutes = ["10.8.0.0/24"]\n` +
      "dns = true\n",
  );
  const { code, stdout } = await simplon("node", ["check", "-c", path]);
  assert.equal(code, 0);
  assert.equal(
    stdout,
    `${path} is in order\n  lac       0.0.0.0:1701\n` +
      "  client    office on office0, to hq (192.0.2.1:1701), mtu 1400, IPv4 and IPv6, 1 route, dns\n",
  );
});
