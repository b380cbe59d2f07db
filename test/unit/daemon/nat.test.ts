import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { NetworkConfig } from "../../../src/config/config.ts";
import { openLibc } from "../../../src/daemon/libc.ts";
import { addMasquerade, startKeeper, tableName } from "../../../src/daemon/nat.ts";

const NETWORK: NetworkConfig = {
  name: "default",
  tun: "simplon0",
  gateway: "10.64.0.1",
  pool: ["10.64.0.0/16"],
  pool6: [],
  dns: [],
  nbns: [],
  mtu: 1400,
  nat: true,
  rateDown: 0,
  rateUp: 0,
  mssClamp: true,
  dscp: 0,
  ecn: false,
  sequencing: false,
  idle: 0,
  routes: [],
};

test("each device has a table of its own, named with what nftables takes", () => {
  const tuns = ["simplon0", "rv-1", "rv_1", "rv.1", "rv_2d1"];
  const names = tuns.map((tun) => tableName(tun, "c0ffee01"));
  assert.equal(names[0], "simplon_simplon0_rc0ffee01");
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[A-Za-z0-9_]+$/);
});

test("without nft the reason is told, every time", (t) => {
  const { PATH } = process.env;
  process.env.PATH = "/nowhere";
  t.after(() => {
    process.env.PATH = PATH;
  });
  for (let round = 0; round < 50; round++) {
    assert.throws(
      () => addMasquerade(NETWORK, "c0ffee01"),
      /nft is not installed; install nftables/,
    );
  }
});

/** An nft that does as the script says; returns the directory it is in. */
function fakeNft(t: TestContext, script: string): string {
  const directory = mkdtempSync(join(tmpdir(), "simplon-"));
  writeFileSync(join(directory, "nft"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, "nft"), 0o755);
  const { PATH } = process.env;
  process.env.PATH = `${directory}:${PATH}`;
  t.after(() => {
    process.env.PATH = PATH;
    rmSync(directory, { recursive: true });
  });
  return directory;
}

test("an nft that fails without a word is told by how it ended", (t) => {
  const directory = fakeNft(t, "cat >/dev/null; exit 3");
  assert.throws(() => addMasquerade(NETWORK, "1"), /masquerading: nft ended with 3; install/);
  writeFileSync(join(directory, "nft"), "#!/bin/sh\ncat >/dev/null; kill -KILL $$\n");
  assert.throws(() => addMasquerade(NETWORK, "1"), /masquerading: nft ended with SIGKILL; install/);
});

test("a start takes away what earlier runs of its own device left, and nothing else", (t) => {
  const own = ["simplon_simplon0", "simplon_simplon0_r0badcafe", "simplon_simplon0_r7"];
  const others = ["simplon_simplon0_2d1", "simplon_simplon0_401_r7", "simplon_simplon01_r7", "x"];
  const listed = [...own, ...others].map((table) => `echo table ip ${table}`).join("\n");
  const record = `input=$(cat); echo "$input" >>"$(dirname "$0")/seen"`;
  const directory = fakeNft(t, `${record}\n[ "$input" = "list tables ip" ] || exit 0\n${listed}`);
  addMasquerade(NETWORK, "c0ffee01");
  const seen = readFileSync(join(directory, "seen"), "utf8");
  const deleted = Array.from(seen.matchAll(/delete table ip (\w+)/g), ([, table]) => table);
  assert.deepEqual(deleted, own);
  assert.match(seen, /^ *table ip simplon_simplon0_rc0ffee01 \{$/m);
});

test("the keeper tells that a table stayed, whichever", (t) => {
  fakeNft(t, '[ "$4" != stays ]');
  const libc = openLibc();
  for (const [tables, code] of [
    [["goes", "too"], 0],
    [["stays", "goes"], 1],
    [["goes", "stays"], 1],
  ] as const) {
    const { pid, pipe } = startKeeper(libc, tables);
    libc.close(pipe);
    const status = new Uint8Array(4);
    assert.equal(libc.waitpid(pid, status, 0), pid); // waits before the runtime takes note
    assert.equal(status[1], code, tables.join());
  }
});
