/** Names of LNSs, and the addresses that take their places at the start. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Config } from "../../../src/config/config.ts";
import { formatConfigError } from "../../../src/config/errors.ts";
import { parseConfig } from "../../../src/config/load.ts";
import { type Lookup, resolvePeers } from "../../../src/config/resolve.ts";
import { PEER_ADDRESSES_MAX } from "../../../src/limits.ts";
import { NETWORK } from "./texts.ts";

const PEERS = `[[peer]]
name = "office"
address = "192.0.2.9:1702"
[[peer]]
name = "office"
address = "LNS.example.net:1701"
priority = 2
weight = 3
`;

function parsed(text: string): Config {
  const config = parseConfig(text, "simplon.toml");
  assert.ok(!Array.isArray(config), JSON.stringify(config));
  return config;
}

async function resolved(text: string, lookup: Lookup): Promise<Config> {
  const result = await resolvePeers(parsed(text), "simplon.toml", lookup);
  assert.ok("lns" in result);
  return result;
}

test("a name has all its addresses, in their order, before the next priority", async () => {
  const asked: string[] = [];
  const { peers } = await resolved(NETWORK + PEERS, (name, family) => {
    asked.push(`${name} ${family}`);
    return Promise.resolve(["192.0.2.3", "192.0.2.1", "192.0.2.3"]);
  });
  assert.deepEqual(asked, ["lns.example.net 4"]);
  assert.deepEqual(
    peers.map(({ address, port }) => `${address}:${port}`),
    ["192.0.2.9:1702", "192.0.2.3:1701", "192.0.2.1:1701"],
  );
  const [own, first, second] = peers.map(({ priority }) => priority);
  assert.deepEqual([own, first], [1, 2]);
  assert.ok((second ?? 0) > 2 && (second ?? 0) < 3);
  assert.deepEqual(
    peers.map(({ weight }) => weight),
    [1, 3, 3],
  );
});

test("it is asked for addresses of the family that we listen on", async () => {
  for (const [listen, expected] of [
    ["0.0.0.0:1701", 4],
    ["[::]:1701", 0],
    ["[2001:db8::1]:1701", 6],
  ] as const) {
    const asked: number[] = [];
    const own = expected === 6 ? PEERS.replace("192.0.2.9", "[2001:db8::2]") : PEERS;
    const text = `[lns]\nlisten = "${listen}"\n${NETWORK}${own}`;
    const { peers } = await resolved(text, (_name, family) => {
      asked.push(family);
      return Promise.resolve(["2001:DB8:0::9"]);
    });
    assert.deepEqual(asked, [expected]);
    assert.equal(peers[1]?.address, "2001:db8::9");
  }
});

test("no name has more addresses than there is room for", async () => {
  const many = Array.from({ length: 40 }, (_, index) => `192.0.2.${index + 1}`);
  const { peers } = await resolved(NETWORK + PEERS, () => Promise.resolve(many));
  assert.equal(peers.length, 1 + PEER_ADDRESSES_MAX);
});

test("one without an address is an error that names its place", async (t) => {
  const file = join(directory(t), "simplon.toml");
  writeFileSync(file, PEERS);
  const lookup = () => Promise.reject(Object.assign(new Error("?"), { code: "ENOTFOUND" }));
  const result = await resolvePeers(parsed(NETWORK + PEERS), file, lookup);
  assert.ok("message" in result);
  assert.equal(
    formatConfigError(result),
    `${file}:6: [[peer]] address: expected a name that has an address, "lns.example.net" has none ` +
      "(ENOTFOUND)",
  );
});

test("the host's own lookup is asked, unless told otherwise", async () => {
  const text = NETWORK + PEERS.replace("LNS.example.net", "localhost");
  const result = await resolvePeers(parsed(text), "simplon.toml");
  assert.ok("lns" in result);
  assert.equal(result.peers[1]?.address, "127.0.0.1");
});

test("what is neither an address nor a name is an error", () => {
  const wrong = ["192.0.2.300", "lns_1", "-lns.net", "lns..net", "lns.net.", "a.1", "x".repeat(64)];
  for (const host of [...wrong, `${"x.".repeat(127)}xx`]) {
    const text = NETWORK + PEERS.replace("LNS.example.net", host);
    const result = parseConfig(text, "simplon.toml");
    assert.ok(Array.isArray(result), host);
    assert.match(result[0]?.message ?? "", /"lns\.example\.net:1701"/);
  }
});

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "simplon-resolve-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
