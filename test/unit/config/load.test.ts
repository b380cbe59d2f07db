import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Config } from "../../../src/config/config.ts";
import { formatConfigError } from "../../../src/config/errors.ts";
import { loadConfig, parseConfig } from "../../../src/config/load.ts";
import { CONFIG_MAX } from "../../../src/limits.ts";

const NETWORK = `[[network]]
name = "default"
tun = "simplon0"
gateway = "10.64.0.1"
pool = ["10.64.0.0/16"]
`;

function parsed(text: string): Config {
  const result = parseConfig(text, "simplon.toml");
  assert.ok(!Array.isArray(result), JSON.stringify(result));
  return result;
}

function errors(text: string): string[] {
  const result = parseConfig(text, "simplon.toml");
  assert.ok(Array.isArray(result), "taken without an error");
  return result.map(formatConfigError);
}

/** The network above with one line changed or added. */
function withNetwork(line: string): string {
  const [key = ""] = line.split(" ");
  const others = NETWORK.split("\n").filter((existing) => !existing.startsWith(`${key} `));
  return [...others.slice(0, -1), line, ""].join("\n");
}

test("a network is enough, all else has its default", () => {
  assert.deepEqual(parsed(NETWORK), {
    lns: {
      address: "0.0.0.0",
      port: 1701,
      hostName: "simplon",
      secret: "",
      workers: 1,
      helloInterval: 60_000,
      retransmitCap: 8_000,
      retransmitCount: 5,
      maxTunnels: 32_768,
      maxSessions: 65_536,
      socket: "/run/simplon.sock",
      followPort: true,
      history: "/var/lib/simplon/history",
      offloads: ["udp-gro", "udp-gso", "tso", "uso"],
    },
    networks: [
      {
        name: "default",
        tun: "simplon0",
        gateway: "10.64.0.1",
        pool: ["10.64.0.0/16"],
        pool6: [],
        dns: [],
        nbns: [],
        mtu: 1_400,
        nat: false,
      },
    ],
    auth: { methods: ["mschapv2", "chap", "pap"] },
    users: [],
    log: { level: "info" },
  });
});

test("every key is taken, seconds become milliseconds", () => {
  const config = parsed(`
[lns]
listen = "192.0.2.1:1702"
hostname = "lns.example"
secret = "s3cret"
workers = 1
hello = 30
socket = "/tmp/x.sock"
history = ""
offloads = ["uso", "udp-gro"]
follow-port = false
retransmit-cap = 16
retransmit-count = 7
max-tunnels = 10
max-sessions = 20
[[network]]
name = "a"
tun = "tun-a"
gateway = "10.1.0.1"
pool = ["10.1.0.0/24", "10.1.2.0/30"]
pool6 = ["2001:db8::/48", "fd00:1::/63"]
dns = ["192.0.2.53", "192.0.2.54"]
nbns = ["192.0.2.55"]
mtu = 1280
nat = true
[auth]
methods = ["pap"]
[[user]]
name = "u"
password = "p"
network = "a"
[log]
level = "debug"
`);
  assert.equal(config.lns.address, "192.0.2.1");
  assert.equal(config.lns.port, 1702);
  assert.equal(config.lns.helloInterval, 30_000);
  assert.equal(config.lns.retransmitCap, 16_000);
  assert.equal(config.lns.retransmitCount, 7);
  assert.equal(config.lns.secret, "s3cret");
  assert.equal(config.lns.history, "");
  assert.equal(config.lns.followPort, false);
  assert.deepEqual(config.lns.offloads, ["uso", "udp-gro"]);
  assert.deepEqual(config.networks[0]?.pool, ["10.1.0.0/24", "10.1.2.0/30"]);
  assert.deepEqual(config.networks[0]?.pool6, ["2001:db8::/48", "fd00:1::/63"]);
  assert.deepEqual(config.networks[0]?.nbns, ["192.0.2.55"]);
  assert.equal(config.networks[0]?.nat, true);
  assert.deepEqual(config.auth.methods, ["pap"]);
  assert.deepEqual(config.users, [{ name: "u", password: "p", network: "a" }]);
  assert.equal(config.log.level, "debug");
});

test("an error names file, line, key, what was expected and what was found", () => {
  const pool =
    'expected an IPv4 prefix such as "10.64.0.0/16" (host bits zero, /8 to /30), got "10.64.0.0"';
  assert.deepEqual(errors(withNetwork('pool = ["10.64.0.0"]')), [
    `simplon.toml:5: [[network]] pool: ${pool}`,
  ]);
  assert.deepEqual(errors(withNetwork('pool = [\n"10.2.0.0/16",\n# no\n"10.64.0.0"\n]')), [
    `simplon.toml:8: [[network]] pool: ${pool}`,
  ]);
  assert.deepEqual(errors(`[lns]\noffloads = ["tso", "gro"]\n${NETWORK}`), [
    'simplon.toml:2: [lns] offloads: expected one of "udp-gro", "udp-gso", "tso", "uso", got "gro"',
  ]);
  assert.deepEqual(errors(`[lns]\nhello = "soon"\n${NETWORK}`), [
    'simplon.toml:2: [lns] hello: expected an integer from 1 to 3600 (seconds), got "soon"',
  ]);
  assert.deepEqual(errors(`[lns]\nretransmit-cap = 7\n${NETWORK}`), [
    "simplon.toml:2: [lns] retransmit-cap: expected an integer from 8 to 60 " +
      "(seconds; RFC 2661 5.8 forbids less), got 7",
  ]);
  assert.deepEqual(errors(`[lns]\nworkers = 4\n${NETWORK}`), [
    "simplon.toml:2: [lns] workers: expected 1 (this version runs exactly one worker), got 4",
  ]);
});

test("a missing key is reported at its table", () => {
  assert.deepEqual(errors(`${NETWORK}[[user]]\nname = "u"\nnetwork = "default"\n`), [
    "simplon.toml:6: [[user]] password: expected a string of 1 to 253 octets, but it is missing",
  ]);
  assert.deepEqual(errors(""), [
    "simplon.toml:1: [[network]]: expected 1 to 16 tables [[network]], but it is missing",
  ]);
});

test("an unknown key is an error and the known ones are named", () => {
  assert.deepEqual(errors(`${NETWORK}pool4 = ["10.0.0.0/8"]\n`), [
    "simplon.toml:6: [[network]] pool4: unknown key, expected one of " +
      "name, tun, gateway, pool, pool6, dns, nbns, mtu, nat",
  ]);
  assert.deepEqual(errors(`${NETWORK}[radius]\nserver = "192.0.2.1"\n`), [
    "simplon.toml:6: radius: unknown key, expected one of " +
      "[lns], [[network]], [auth], [[user]], [log]",
  ]);
});

test("all errors come at once, in the order of their lines", () => {
  const lines = errors(`[log]\nlevel = "loud"\n[lns]\nhello = 0\nhelo = 1\n${NETWORK}`);
  assert.deepEqual(
    lines.map((line) => line.split(": ").slice(0, 2).join(" ")),
    ["simplon.toml:2 [log] level", "simplon.toml:4 [lns] hello", "simplon.toml:5 [lns] helo"],
  );
});

test("[user] where [[user]] is meant", () => {
  assert.deepEqual(errors(`${NETWORK}[user]\nname = "u"\n`), [
    "simplon.toml:6: [[user]]: expected at most 100000 tables [[user]], got a table",
  ]);
});

test("values that a schema cannot let pass", () => {
  const bad: [string, string][] = [
    [`[lns]\nlisten = "1701"\n${NETWORK}`, "[lns] listen"],
    [`[lns]\nlisten = "::1701"\n${NETWORK}`, "[lns] listen"],
    [`[lns]\nlisten = "[::]"\n${NETWORK}`, "[lns] listen"],
    [`[lns]\nlisten = "[0.0.0.0]:1701"\n${NETWORK}`, "[lns] listen"],
    [`[lns]\nlisten = "[ff02::1]:1701"\n${NETWORK}`, "[lns] listen"],
    [`[lns]\nlisten = "[::]:0"\n${NETWORK}`, "[lns] listen"],
    [`[lns]\nlisten = "x[::]:1701"\n${NETWORK}`, "[lns] listen"],
    [`[lns]\nhistory = "here"\n${NETWORK}`, "[lns] history"],
    [`[lns]\nfollow-port = 1\n${NETWORK}`, "[lns] follow-port"],
    [`[lns]\nlisten = "0.0.0.0:0"\n${NETWORK}`, "[lns] listen"],
    [`[lns]\nlisten = "0.0.0.0:65536"\n${NETWORK}`, "[lns] listen"],
    [`[lns]\nlisten = "0.0.0.0:1:2"\n${NETWORK}`, "[lns] listen"],
    [`[lns]\nhostname = ""\n${NETWORK}`, "[lns] hostname"],
    [`[lns]\nhostname = "a b"\n${NETWORK}`, "[lns] hostname"],
    [`[lns]\nsocket = "simplon.sock"\n${NETWORK}`, "[lns] socket"],
    [`[lns]\nsocket = "/${"x".repeat(107)}"\n${NETWORK}`, "[lns] socket"],
    [`[lns]\nhello = 1.5\n${NETWORK}`, "[lns] hello"],
    [`[lns]\nhello = 99999999999999999999\n${NETWORK}`, "[lns] hello"],
    [`[lns]\nmax-tunnels = 32769\n${NETWORK}`, "[lns] max-tunnels"],
    [withNetwork('gateway = "10.64.0.256"'), "[[network]] gateway"],
    [withNetwork('gateway = "10.64.0.01"'), "[[network]] gateway"],
    [withNetwork('gateway = "224.0.0.1"'), "[[network]] gateway"],
    [withNetwork('pool = ["10.64.0.1/16"]'), "[[network]] pool"],
    [withNetwork('pool = ["10.64.0.0/31"]'), "[[network]] pool"],
    [withNetwork('pool = ["0.0.0.0/4"]'), "[[network]] pool"],
    [withNetwork('pool = ["127.0.0.0/8"]'), "[[network]] pool"],
    [withNetwork("pool = []"), "[[network]] pool"],
    [`${NETWORK}pool6 = "2001:db8::/48"\n`, "[[network]] pool6"],
    [`${NETWORK}pool6 = ["2001:db8::/31"]\n`, "[[network]] pool6"],
    [`${NETWORK}pool6 = ["2001:db8::/64"]\n`, "[[network]] pool6"],
    [`${NETWORK}pool6 = ["2001:db8::1/48"]\n`, "[[network]] pool6"],
    [`${NETWORK}pool6 = ["fe80::/48"]\n`, "[[network]] pool6"],
    [`${NETWORK}pool6 = ["ff00::/48"]\n`, "[[network]] pool6"],
    [withNetwork('tun = "a-name-of-16-chr"'), "[[network]] tun"],
    [withNetwork('tun = "tun%d"'), "[[network]] tun"],
    [withNetwork('tun = "a/b"'), "[[network]] tun"],
    [withNetwork('tun = ".."'), "[[network]] tun"],
    [withNetwork('tun = "all"'), "[[network]] tun"],
    [withNetwork('name = ""'), "[[network]] name"],
    [withNetwork("mtu = 575"), "[[network]] mtu"],
    [withNetwork("mtu = 1501"), "[[network]] mtu"],
    [withNetwork('dns = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]'), "[[network]] dns"],
    [withNetwork('nbns = ["ns.example"]'), "[[network]] nbns"],
    [withNetwork('nat = "yes"'), "[[network]] nat"],
    [`${NETWORK}[auth]\nmethods = []\n`, "[auth] methods"],
    [`${NETWORK}[auth]\nmethods = ["chap", "chap"]\n`, "[auth] methods"],
    [`${NETWORK}[auth]\nmethods = ["eap"]\n`, "[auth] methods"],
    [`${NETWORK}[lns]\noffloads = "tso"\n`, "[lns] offloads"],
    [`${NETWORK}[lns]\noffloads = ["tso", "tso"]\n`, "[lns] offloads"],
  ];
  for (const [text, key] of bad) {
    const lines = errors(text);
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.equal(lines[0]?.split(": ")[1], key, text);
  }
});

test("names belong to one network or user each", () => {
  const second = NETWORK.replace("10.64.0.1", "10.65.0.1").replace("10.64.0.0", "10.65.0.0");
  assert.deepEqual(errors(NETWORK + second), [
    'simplon.toml:7: [[network]] name: expected a value of its own, got "default" of line 2',
    'simplon.toml:8: [[network]] tun: expected a value of its own, got "simplon0" of line 3',
  ]);
  const user = '[[user]]\nname = "u"\npassword = "p"\nnetwork = "default"\n';
  assert.deepEqual(errors(NETWORK + user + user), [
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

test("no error tells a secret", () => {
  const secret = "hunter2hunter2";
  const texts = [
    `[lns]\nsecret = ["${secret}"]\n${NETWORK}`,
    `[lns]\nsecret = "${secret.repeat(40)}"\n${NETWORK}`,
    `${NETWORK}[[user]]\nname = "u"\nnetwork = "default"\npassword = { a = "${secret}" }\n`,
    `${NETWORK}[[user]]\nname = "u"\nnetwork = "default"\npassword = "${secret.repeat(40)}"\n`,
    `${NETWORK}[[user]]\npassword = ${secret}\n`,
    `${NETWORK}[[user]]\npassword = "${secret}\n`,
    `${NETWORK}[[user]]\npassword = "${secret}" "x"\n`,
    `${NETWORK}[[user]]\npassword = "${secret}"\npassword = "${secret}"\n`,
    `${NETWORK}[[user]]\npasword = "${secret}"\n`,
  ];
  for (const text of texts) assert.ok(!errors(text).join("\n").includes(secret), text);
});

test("a syntax error is one line with its line number", () => {
  const [line, ...more] = errors(`${NETWORK}mtu = = 3\n`);
  assert.deepEqual(more, []);
  assert.match(line ?? "", /^simplon\.toml:6: Invalid TOML document: [^\n]+$/);
});

test("files that cannot be a configuration", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "simplon-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "x.toml");
  const failure = (path: string): string => {
    const result = loadConfig(path);
    assert.ok(Array.isArray(result));
    return result.map(formatConfigError).join("\n");
  };
  assert.equal(failure(file), `${file}: no such file`);
  assert.equal(failure(directory), `${directory}: expected a file, got a directory`);
  writeFileSync(file, Buffer.from([0x61, 0xff]));
  assert.equal(failure(file), `${file}: expected UTF-8 text, got other octets`);
  writeFileSync(file, "#".repeat(CONFIG_MAX + 1));
  assert.equal(failure(file), `${file}: expected at most ${CONFIG_MAX} octets`);
  writeFileSync(file, NETWORK + "#".repeat(CONFIG_MAX - NETWORK.length));
  assert.ok(!Array.isArray(loadConfig(file)));
  if (process.getuid?.() === 0) return;
  chmodSync(file, 0o000);
  assert.equal(failure(file), `${file}: permission to read it is missing`);
});

test("both families, and one IPv6 address, in its canonical text", () => {
  const listen = (text: string) => {
    const { address, port } = parsed(`[lns]\nlisten = "${text}"\n${NETWORK}`).lns;
    return [address, port];
  };
  assert.deepEqual(listen("[::]:1701"), ["::", 1701]);
  assert.deepEqual(listen("[2001:DB8:0::1]:65535"), ["2001:db8::1", 65_535]);
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
