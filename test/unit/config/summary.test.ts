import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../../src/config/load.ts";
import { type Host, summarize } from "../../../src/config/summary.ts";

const NETWORK = `[[network]]
name = "default"
tun = "simplon0"
gateway = "10.64.0.1"
`;
const USER = '[[user]]\nname = "u"\npassword = "p"\nnetwork = "default"\n';
/** Nothing to warn of. */
const QUIET = `[lns]\nsecret = "s"\n[auth]\nmethods = ["mschapv2", "chap"]\n${USER}${NETWORK}`;

function summary(text: string, host: Host = {}) {
  const config = parseConfig(text, "simplon.toml");
  assert.ok(!Array.isArray(config), JSON.stringify(config));
  return summarize(config, host);
}

test("addresses are those that a client can get", () => {
  for (const [pool, addresses] of [
    ['["10.64.0.0/30"]', 1],
    ['["10.64.0.0/16"]', 65_533],
    ['["10.65.0.0/30"]', 2],
    ['["10.64.0.0/24", "10.65.0.0/24"]', 253 + 254],
    ['["10.0.0.0/8"]', 2 ** 24 - 3],
  ] as const) {
    const { networks } = summary(`${NETWORK}pool = ${pool}\n`);
    assert.equal(networks[0]?.addresses, addresses, pool);
  }
});

test("IPv6 prefixes are /64s, the first of all is the server's own", () => {
  for (const [pool6, prefixes] of [
    ["[]", 0],
    ['["2001:db8:64::/48"]', 65_535],
    ['["2001:db8:64::/63"]', 1],
    ['["2001:db8:64::/56", "2001:db8:65::/56"]', 511],
  ] as const) {
    const { networks } = summary(`${NETWORK}pool = ["10.64.0.0/16"]\npool6 = ${pool6}\n`);
    assert.equal(networks[0]?.prefixes, prefixes, pool6);
  }
});

test("the server, its methods and users are told, its secret is not", () => {
  const { listen, hostname, hasSecret, methods, users, networks, warnings } = summary(
    `${QUIET.replace('"s"', '"s3cr3t"')}pool = ["10.64.0.0/16"]\n`,
  );
  assert.deepEqual(
    { listen, hostname, hasSecret, methods, users, own: networks[0]?.users, warnings },
    {
      listen: "0.0.0.0:1701",
      hostname: "simplon",
      hasSecret: true,
      methods: ["mschapv2", "chap"],
      users: 1,
      own: 1,
      warnings: [],
    },
  );
});

test("offloads that are turned off are told, without a warning", () => {
  const pool = 'pool = ["10.64.0.0/16"]\n';
  for (const [line, off] of [
    ["", []],
    ['offloads = ["uso", "udp-gso"]\n', ["udp-gro", "tso"]],
    ["offloads = []\n", ["udp-gro", "udp-gso", "tso", "uso"]],
  ] as const) {
    const text = QUIET.replace("[lns]\n", `[lns]\n${line}`);
    const { offloadsOff, warnings } = summary(`${text}${pool}`);
    assert.deepEqual({ offloadsOff, warnings }, { offloadsOff: off, warnings: [] });
  }
});

test("what is done to packets is told in the words of the file", () => {
  const routes = 'routes = ["192.168.7.0/24"]\n';
  const text = `${QUIET.replace(USER, USER + routes)}pool = ["10.64.0.0/16"]
rate-down = "12.5M"\nmss-clamp = false\ndscp = 46\necn = true\nsequencing = true\nidle = 300\n`;
  const { networks, workers, steer } = summary(text);
  assert.ok(networks[0] !== undefined);
  const { rateDown, rateUp, mssClamp, dscp, ecn, sequencing, idle, routes: count } = networks[0];
  assert.deepEqual([rateDown, rateUp, mssClamp, dscp, ecn], ["12.5M", "", false, 46, true]);
  assert.deepEqual([sequencing, idle, count], [true, 300, 1]);
  assert.deepEqual([workers, steer], [1, "tunnel"]);
});

test("what is allowed but seldom meant is warned of", () => {
  const pool = 'pool = ["10.64.0.0/16"]\n';
  const cases: [string, Host, RegExp][] = [
    [`${QUIET.replace('"s"', '""')}${pool}`, {}, /^no tunnel secret/],
    [`${QUIET.replace('["mschapv2"', '["pap"')}${pool}`, {}, /^pap is offered/],
    [`${QUIET.replace(USER, "")}${pool}`, {}, /^no \[\[user\]\]/],
    [`${QUIET}${pool}`, { isFileShared: true }, /chmod 600/],
    [
      `${QUIET}pool = ["10.64.0.0/30"]\n${USER.replace('"u"', '"v"')}`,
      {},
      /^network default: 2 users, but only 1 addresses/,
    ],
    [QUIET.replace("[lns]\n", "[lns]\nworkers = 4\n") + pool, { processors: 2 }, /^4 workers/],
    [`${QUIET}${pool}mtu = 1500\n`, {}, /^network default: mtu 1500 means fragments/],
    [`${QUIET}${pool}nat = true\n`, { forwardsIpv4: false }, /ip_forward=1/],
    [`${QUIET}${pool}pool6 = ["2001:db8:64::/48"]\n`, { forwardsIpv6: false }, /all\.forwarding=1/],
    [`${QUIET}${pool}pool6 = ["2001:db8:64::/56"]\n`, {}, /65533 IPv4 .* 255 IPv6 prefixes/],
  ];
  for (const [text, host, expected] of cases) {
    const { warnings } = summary(text, host);
    assert.equal(warnings.length, 1, warnings.join("; "));
    assert.match(warnings[0] ?? "", expected);
  }
});

test("a host that forwards, or of which nothing is known, gives no cause to warn", () => {
  const text = `${QUIET}pool = ["10.64.0.0/16"]\nnat = true\npool6 = ["2001:db8:64::/48"]\n`;
  const good = { forwardsIpv4: true, forwardsIpv6: true, isFileShared: false, processors: 1 };
  for (const host of [{}, good]) {
    assert.deepEqual(summary(text, host).warnings, []);
  }
});

test("a side that dials is told, and nothing of a server that is none", () => {
  const peer = (address: string, priority: number) =>
    `[[peer]]\nname = "hq"\naddress = "${address}"\npriority = ${priority}\n`;
  const client = `[[client]]\nname = "a"\npeer = "hq"\ntun = "a0"\nuser = "u"\npassword = "p"\n`;
  const text = `${peer("192.0.2.2:1701", 2)}${peer("192.0.2.1:1701", 1)}${client}`;
  const { clients, warnings, lacListen } = summary(`${text}routes = ["0.0.0.0/0"]\n`);
  assert.deepEqual([lacListen, warnings], ["0.0.0.0:1701", []]);
  assert.deepEqual(clients, [
    {
      name: "a",
      tun: "a0",
      peer: "hq",
      lnss: ["192.0.2.1:1701", "192.0.2.2:1701"],
      mtu: 1_400,
      ipv6: true,
      routes: 1,
      dns: false,
    },
  ]);
  const careless = summary(`${text}methods = ["pap"]\nmtu = 1500\n`).warnings;
  assert.match(careless[0] ?? "", /^client a: pap is taken/);
  assert.match(careless[1] ?? "", /^client a: mtu 1500 means fragments/);
});
