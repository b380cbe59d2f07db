/** What keys of a configuration say about each other. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { errors, NETWORK, parsed, USER, withNetwork } from "./texts.ts";

test("names belong to one network or user each", () => {
  const second = NETWORK.replace("10.64.0.1", "10.65.0.1").replace("10.64.0.0", "10.65.0.0");
  assert.deepEqual(errors(NETWORK + second), [
    'simplon.toml:7: [[network]] name: expected a value of its own, got "default" of line 2',
    'simplon.toml:8: [[network]] tun: expected a value of its own, got "simplon0" of line 3',
  ]);
  assert.deepEqual(errors(NETWORK + USER + USER), [
    'simplon.toml:11: [[user]] name: expected a value of its own, got "u" of line 7',
  ]);
});

test("a user's network exists", () => {
  assert.deepEqual(
    errors(`${NETWORK}[[user]]\nname = "u"\npassword = "p"\nnetwork = "defualt"\n`),
    [
      "simplon.toml:9: [[user]] network: expected the name of a [[network]] (default), " +
        'got "defualt"',
    ],
  );
});

test("no two pools share an address, and none holds another network's gateway", () => {
  assert.deepEqual(errors(withNetwork('pool = ["10.64.0.0/16", "10.64.128.0/24"]')), [
    'simplon.toml:5: [[network]] pool: expected a prefix apart from "10.64.0.0/16" of line 5, ' +
      'got "10.64.128.0/24"',
  ]);
  const second =
    '[[network]]\nname = "b"\ntun = "b"\ngateway = "10.66.0.1"\npool = ["10.0.0.0/9"]\n';
  assert.deepEqual(errors(NETWORK + second), [
    'simplon.toml:10: [[network]] pool: expected a prefix apart from "10.64.0.0/16" of line 5, ' +
      'got "10.0.0.0/9"',
    "simplon.toml:10: [[network]] pool: expected a prefix without the gateway of network " +
      '"default", got "10.0.0.0/9"',
  ]);
});

test("a subnet behind a user is nobody else's", () => {
  const second = USER.replace('"u"', '"v"');
  const routes = (...prefixes: string[]) => `routes = ${JSON.stringify(prefixes)}\n`;
  const apart = "[[user]] routes: expected a prefix apart from";
  const ipv6 = `${NETWORK}pool6 = ["2001:db8:64::/48"]\n`;
  const cases: [string, string][] = [
    [
      `${NETWORK}${USER}${routes("10.64.7.0/24")}`,
      `simplon.toml:10: ${apart} "10.64.0.0/16" of line 5, got "10.64.7.0/24"`,
    ],
    [
      `${NETWORK}${USER}${routes("192.168.0.0/16")}${second}${routes("192.168.7.0/24")}`,
      `simplon.toml:15: ${apart} "192.168.0.0/16" of line 10, got "192.168.7.0/24"`,
    ],
    [
      `${NETWORK}${USER}${routes("192.168.7.0/25", "192.168.7.0/24")}`,
      `simplon.toml:10: ${apart} "192.168.7.0/25" of line 10, got "192.168.7.0/24"`,
    ],
    [
      `${ipv6}${USER}${routes("2001:db8:64:7::/64")}`,
      `simplon.toml:11: ${apart} "2001:db8:64::/48" of line 6, got "2001:db8:64:7::/64"`,
    ],
    [
      `${withNetwork('gateway = "192.0.2.1"')}${USER}${routes("192.0.2.0/24")}`,
      "simplon.toml:10: [[user]] routes: expected a prefix without the gateway of network " +
        '"default", got "192.0.2.0/24"',
    ],
    [
      `${NETWORK}${USER}${routes("2001:db8:1::/56")}`,
      'simplon.toml:10: [[user]] routes: expected an IPv4 prefix, as network "default" has no ' +
        'pool6, got "2001:db8:1::/56"',
    ],
  ];
  for (const [text, line] of cases) assert.deepEqual(errors(text), [line]);
  const users = `${USER}${routes("192.168.6.0/24")}${second}${routes("192.168.7.0/24")}`;
  assert.deepEqual(parsed(NETWORK + users).networks[0]?.routes, [
    "192.168.6.0/24",
    "192.168.7.0/24",
  ]);
});

test("no two IPv6 pools share an address, and their links carry 1280 octets", () => {
  assert.deepEqual(errors(`${NETWORK}pool6 = ["2001:db8::/48", "2001:db8:0:8000::/49"]\n`), [
    'simplon.toml:6: [[network]] pool6: expected a prefix apart from "2001:db8::/48" of line 6, ' +
      'got "2001:db8:0:8000::/49"',
  ]);
  const second =
    '[[network]]\nname = "b"\ntun = "b"\ngateway = "10.66.0.1"\npool = ["10.66.0.0/16"]\n';
  const apart = `${NETWORK}pool6 = ["2001:db8::/48"]\n${second}pool6 = ["2001:db8:1::/48"]\n`;
  assert.equal(parsed(apart).networks.length, 2);
  assert.deepEqual(errors(apart.replace("db8:1::", "db8::")), [
    'simplon.toml:12: [[network]] pool6: expected a prefix apart from "2001:db8::/48" of line 6, ' +
      'got "2001:db8::/48"',
  ]);
  assert.deepEqual(errors(`${NETWORK}pool6 = ["2001:db8::/48"]\nmtu = 1279\n`), [
    "simplon.toml:7: [[network]] mtu: expected at least 1280, which IPv6 needs (pool6 is set), " +
      "got 1279",
  ]);
});

test("a host name has to fit into the SCCRP, where a secret leaves less room", () => {
  const lns = (length: number, secret = "") =>
    `[lns]\nhostname = "${"n".repeat(length)}"\nsecret = "${secret}"\n${NETWORK}`;
  assert.equal(parsed(lns(64)).lns.hostName.length, 64);
  assert.equal(parsed(lns(32, "geheim")).lns.hostName.length, 32);
  const [long = "", ...others] = errors(lns(65));
  assert.match(long, /^simplon\.toml:2: \[lns\] hostname: expected 1 to 64 printable ASCII/);
  const [cut = "", ...more] = errors(lns(33, "geheim"));
  assert.match(cut, /^simplon\.toml:2: \[lns\] hostname: expected at most 32 characters, as /);
  assert.match(cut, /secret is set/);
  assert.deepEqual([...others, ...more], []);
});
