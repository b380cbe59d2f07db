/** Addresses of LNSs that the socket which dials them has no place for, and those that are our own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { errors, NETWORK, parsed, USER } from "./texts.ts";

const peer = (address: string) => `[[peer]]\nname = "hq"\naddress = "${address}"\n`;
const listens = (table: string, listen: string) => `[${table}]\nlisten = "${listen}"\n`;
const FORWARD = '[[forward]]\nrealm = "example.net"\npeer = "hq"\n';
const CLIENT = `[[client]]
name = "office"
peer = "hq"
tun = "office0"
user = "demo"
password = "s3cr3t"
`;
const LNS = NETWORK + USER + FORWARD;
const USES = [
  ["lns", LNS],
  ["lac", CLIENT],
] as const;

for (const [table, use] of USES) {
  test(`a peer of another family than [${table}] listen is an error in one line`, () => {
    const cases = [
      ["0.0.0.0:1701", "[2001:db8::9]:1701", "IPv4"],
      ["192.0.2.1:1701", "[2001:db8::9]:1701", "IPv4"],
      ["[2001:db8::1]:1701", "192.0.2.9:1701", "IPv6"],
    ] as const;
    for (const [listen, address, family] of cases) {
      assert.deepEqual(errors(listens(table, listen) + peer(address) + use), [
        `simplon.toml:5: [[peer]] address: expected an ${family} address, as [${table}] listen is ` +
          `"${listen}" (one of "[::]" has both families), got "${address}"`,
      ]);
    }
  });

  test(`a peer that is [${table}] listen itself is an error`, () => {
    const cases = [
      ["192.0.2.1:1701", "192.0.2.1:1701"],
      ["[2001:db8::1]:1701", "[2001:DB8::1]:1701"],
      ["0.0.0.0:1701", "127.0.0.1:1701"],
      ["[::]:1701", "[::1]:1701"],
    ] as const;
    for (const [listen, address] of cases) {
      assert.deepEqual(errors(listens(table, listen) + peer(address) + use), [
        `simplon.toml:5: [[peer]] address: expected an LNS other than this one, as [${table}] ` +
          `listen is "${listen}", got "${address}"`,
      ]);
    }
  });

  test(`what [${table}] reaches is in order`, () => {
    const cases = [
      ["0.0.0.0:1701", "192.0.2.9:1701"],
      ["0.0.0.0:1702", "127.0.0.1:1701"],
      ["192.0.2.1:1701", "192.0.2.1:1702"],
      ["[::]:1701", "192.0.2.9:1701"],
      ["[::]:1701", "[2001:db8::9]:1701"],
      ["[2001:db8::1]:1701", "[2001:db8::9]:1701"],
      ["0.0.0.0:1701", "lns.example.net:1701"],
    ] as const;
    for (const [listen, address] of cases) {
      assert.equal(parsed(listens(table, listen) + peer(address) + use).peers.length, 1);
    }
  });
}

test("of a file for both, who dials a peer is asked", () => {
  const both = listens("lac", "[::]:1702") + peer("[2001:db8::9]:1701") + CLIENT + NETWORK + USER;
  assert.equal(parsed(both).peers.length, 1);
  assert.equal(errors(both + FORWARD).length, 1);
  // `simplon call` may ask any other.
  assert.equal(errors(peer("[2001:db8::9]:1701") + NETWORK + USER).length, 1);
});
