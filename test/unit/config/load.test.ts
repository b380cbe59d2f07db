import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { formatConfigError } from "../../../src/config/errors.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { CONFIG_MAX } from "../../../src/limits.ts";

import { errors, NETWORK, parsed, USER, withNetwork } from "./texts.ts";

test("a network is enough, all else has its default", () => {
  assert.deepEqual(parsed(NETWORK), {
    lns: {
      address: "0.0.0.0",
      port: 1701,
      hostName: "simplon",
      secret: "",
      workers: 1,
      steer: "tunnel",
      helloInterval: 60_000,
      retransmitCap: 8_000,
      retransmitCount: 5,
      maxTunnels: 32_768,
      maxSessions: 65_536,
      socket: "/run/simplon.sock",
      followPort: true,
      hideAvps: false,
      proxyAuthentication: true,
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
        rateDown: 0,
        rateUp: 0,
        mssClamp: true,
        dscp: 0,
        ecn: false,
        sequencing: false,
        idle: 0,
        routes: [],
      },
    ],
    auth: { methods: ["mschapv2", "chap", "pap"] },
    users: [],
    lac: {
      address: "0.0.0.0",
      port: 1701,
      hostName: "simplon",
      secret: "",
      hideAvps: false,
      workers: 1,
      helloInterval: 60_000,
      retransmitCap: 8_000,
      retransmitCount: 5,
      socket: "/run/simplon-lac.sock",
      history: "/var/lib/simplon/lac-history",
      offloads: ["udp-gro", "udp-gso", "tso", "uso"],
    },
    peers: [],
    clients: [],
    forwards: [],
    log: { level: "info" },
  });
});

test("every key is taken, seconds become milliseconds", () => {
  const config = parsed(`
[lns]
listen = "192.0.2.1:1702"
hostname = "lns.example"
secret = "s3cret"
workers = 8
steer = "session"
hello = 30
socket = "/tmp/x.sock"
history = ""
offloads = ["uso", "udp-gro"]
follow-port = false
proxy-authentication = false
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
rate-down = "1.5G"
rate-up = "512k"
mss-clamp = false
dscp = "copy"
ecn = true
sequencing = true
idle = 600
[auth]
methods = ["pap"]
[[user]]
name = "u"
password = "p"
network = "a"
rate-down = ""
routes = ["192.168.7.0/24", "2001:db9:1::/56"]
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
  assert.equal(config.lns.proxyAuthentication, false);
  assert.deepEqual(config.lns.offloads, ["uso", "udp-gro"]);
  assert.deepEqual(config.networks[0]?.pool, ["10.1.0.0/24", "10.1.2.0/30"]);
  assert.deepEqual(config.networks[0]?.pool6, ["2001:db8::/48", "fd00:1::/63"]);
  assert.deepEqual(config.networks[0]?.nbns, ["192.0.2.55"]);
  const { name, tun, gateway, pool, pool6, dns, nbns, mtu, ...treatment } =
    config.networks[0] ?? {};
  assert.deepEqual(treatment, {
    nat: true,
    rateDown: 187_500_000,
    rateUp: 64_000,
    mssClamp: false,
    dscp: "copy",
    ecn: true,
    sequencing: true,
    idle: 600_000,
    routes: ["192.168.7.0/24", "2001:db9:1::/56"],
  });
  assert.deepEqual([config.lns.workers, config.lns.steer], [8, "session"]);
  assert.deepEqual(config.auth.methods, ["pap"]);
  const routes = ["192.168.7.0/24", "2001:db9:1::/56"];
  assert.deepEqual(config.users, [{ name: "u", password: "p", network: "a", rateDown: 0, routes }]);
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
  assert.deepEqual(errors(`[lns]\nworkers = 9\n${NETWORK}`), [
    "simplon.toml:2: [lns] workers: expected an integer from 1 to 8, got 9",
  ]);
  assert.deepEqual(errors(withNetwork('rate-up = "10 Mbit"')), [
    'simplon.toml:6: [[network]] rate-up: expected a rate such as "512k", "10M" or "1.5G" (bits of ' +
      'IP a second, 64k to 32G), or "" for none, got "10 Mbit"',
  ]);
  assert.deepEqual(errors(withNetwork("dscp = 64")), [
    'simplon.toml:6: [[network]] dscp: expected "copy" or an integer from 0 to 63, got 64',
  ]);
  assert.deepEqual(errors(`${NETWORK}${USER}routes = ["192.168.7.1/24"]\n`), [
    'simplon.toml:10: [[user]] routes: expected a prefix such as "192.168.7.0/24" (/8 to /32) or ' +
      '"2001:db8:1::/56" (/32 to /64), host bits zero, got "192.168.7.1/24"',
  ]);
});

test("a missing key is reported at its table", () => {
  assert.deepEqual(errors(`${NETWORK}[[user]]\nname = "u"\nnetwork = "default"\n`), [
    "simplon.toml:6: [[user]] password: expected its password, or forward, but it is missing",
  ]);
  assert.deepEqual(errors(""), [
    "simplon.toml:1: [[network]]: expected tables [[network]] for simplon lns, or [[client]] for " +
      "simplon lac, but it is missing",
  ]);
});

test("an unknown key is an error and the known ones are named", () => {
  assert.deepEqual(errors(`${NETWORK}pool4 = ["10.0.0.0/8"]\n`), [
    "simplon.toml:6: [[network]] pool4: unknown key, expected one of " +
      "name, tun, gateway, pool, pool6, dns, nbns, mtu, nat, rate-down, rate-up, mss-clamp, dscp, " +
      "ecn, sequencing, idle",
  ]);
  assert.deepEqual(errors(`${NETWORK}[radius]\nserver = "192.0.2.1"\n`), [
    "simplon.toml:6: radius: unknown key, expected one of " +
      "[lns], [[network]], [auth], [[user]], [lac], [[peer]], [[client]], [[forward]], [log]",
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
    [`[lns]\nworkers = 0\n${NETWORK}`, "[lns] workers"],
    [`[lns]\nsteer = "flow"\n${NETWORK}`, "[lns] steer"],
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
    [withNetwork('rate-down = "63k"'), "[[network]] rate-down"],
    [withNetwork('rate-down = "33G"'), "[[network]] rate-down"],
    [withNetwork('rate-down = "-1M"'), "[[network]] rate-down"],
    [withNetwork('rate-down = "10m"'), "[[network]] rate-down"],
    [withNetwork("rate-down = 10000000"), "[[network]] rate-down"],
    [withNetwork("mss-clamp = 1400"), "[[network]] mss-clamp"],
    [withNetwork('dscp = "ef"'), "[[network]] dscp"],
    [withNetwork("dscp = 1.5"), "[[network]] dscp"],
    [withNetwork('ecn = "copy"'), "[[network]] ecn"],
    [withNetwork("sequencing = 1"), "[[network]] sequencing"],
    [withNetwork("idle = -1"), "[[network]] idle"],
    [withNetwork("idle = 604801"), "[[network]] idle"],
    [`${NETWORK}${USER.replace('"p"', '""')}`, "[[user]] password"],
    [`${NETWORK}${USER}rate-up = "fast"\n`, "[[user]] rate-up"],
    [`${NETWORK}${USER}routes = "192.168.7.0/24"\n`, "[[user]] routes"],
    [`${NETWORK}${USER}routes = ["0.0.0.0/0"]\n`, "[[user]] routes"],
    [`${NETWORK}${USER}routes = ["2001:db8::/65"]\n`, "[[user]] routes"],
    [`${NETWORK}${USER}routes = ["2001:db8::1/64"]\n`, "[[user]] routes"],
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
