/** The side that dials: LNSs, connections, and calls that go on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatConfigError } from "../../../src/config/errors.ts";
import { type Purpose, parseConfig } from "../../../src/config/load.ts";
import { errors, NETWORK, parsed, USER } from "./texts.ts";

const PEER = '[[peer]]\nname = "office"\naddress = "192.0.2.1:1701"\n';
const CLIENT = `[[client]]
name = "office"
peer = "office"
tun = "office0"
user = "demo"
password = "s3cr3t"
`;
const BOTH = PEER + CLIENT;

test("a peer and a client are enough, all else has its default", () => {
  const { lac, peers, clients, networks } = parsed(BOTH);
  assert.deepEqual(networks, []);
  assert.deepEqual([lac.port, lac.helloInterval], [1_701, 60_000]);
  assert.deepEqual(peers, [
    {
      name: "office",
      address: "192.0.2.1",
      port: 1_701,
      secret: "",
      priority: 1,
      weight: 1,
      hideAvps: false,
    },
  ]);
  assert.deepEqual(clients, [
    {
      name: "office",
      peer: "office",
      tun: "office0",
      user: "demo",
      password: "s3cr3t",
      methods: ["mschapv2", "chap"],
      ipv6: true,
      mtu: 1_400,
      routes: [],
      dns: false,
      number: "",
      callingNumber: "",
      subAddress: "",
    },
  ]);
});

test("each command needs only its own tables", () => {
  const complaint = (text: string, purpose: Purpose) => {
    const result = parseConfig(text, "simplon.toml", undefined, purpose);
    return Array.isArray(result) ? result.map(formatConfigError).join("\n") : "";
  };
  const lns = "simplon.toml:1: [[network]]: expected 1 to 16 tables [[network]], but it is missing";
  const lac =
    "simplon.toml:1: [[client]]: expected 1 to 16 tables [[client]] for simplon lac, each with " +
    "the name of a [[peer]], but it is missing";
  assert.equal(complaint(NETWORK, "lns"), "");
  assert.equal(complaint(NETWORK, "lac"), lac);
  assert.equal(complaint(BOTH, "lac"), "");
  assert.equal(complaint(BOTH, "lns"), lns);
  assert.equal(complaint(NETWORK, "any") + complaint(BOTH, "any"), "");
  assert.equal(complaint(PEER, "lac"), lac);
});

test("peers of one name are a list, in which none stands twice", () => {
  const second = PEER.replace("192.0.2.1:", "192.0.2.2:");
  assert.equal(parsed(PEER + second + CLIENT).peers.length, 2);
  assert.deepEqual(errors(PEER + second + PEER + CLIENT), [
    'simplon.toml:9: [[peer]] address: expected an LNS that "office" does not have already in ' +
      'line 3, got "192.0.2.1:1701"',
  ]);
});

test("what is said of peers and clients goes together", () => {
  const cases: [string, string][] = [
    [
      `${PEER}hide-avps = true\n${CLIENT}`,
      "simplon.toml:4: [[peer]] hide-avps: expected a secret, which values are hidden with",
    ],
    [
      `[lns]\nhide-avps = true\n${BOTH}`,
      "simplon.toml:2: [lns] hide-avps: expected a secret, which values are hidden with",
    ],
    [
      `[lac]\nhide-avps = true\n${BOTH}`,
      "simplon.toml:2: [lac] hide-avps: expected a secret, which values are hidden with",
    ],
    [
      CLIENT,
      "simplon.toml:3: [[client]] peer: expected the name of a [[peer]] (there is none), " +
        'got "office"',
    ],
    [
      PEER + CLIENT.replace('peer = "office"', 'peer = "ofice"'),
      'simplon.toml:6: [[client]] peer: expected the name of a [[peer]] (office), got "ofice"',
    ],
    [
      `${BOTH}routes = ["10.0.0.0/8", "192.0.2.1/32"]\n`,
      "simplon.toml:10: [[client]] routes: expected a route that does not send the tunnel to " +
        '192.0.2.1:1701 into itself, got "192.0.2.1/32"',
    ],
    [
      `${BOTH}ipv6 = false\nroutes = ["::/0"]\n`,
      'simplon.toml:11: [[client]] routes: expected an IPv4 prefix, as ipv6 is false, got "::/0"',
    ],
    [
      `${BOTH}mtu = 1000\n`,
      "simplon.toml:10: [[client]] mtu: expected at least 1280, which IPv6 needs " +
        "(or ipv6 = false), got 1000",
    ],
    [
      `${BOTH}${CLIENT.replace('name = "office"', 'name = "b"')}`,
      'simplon.toml:13: [[client]] tun: expected a value of its own, got "office0" of line 7',
    ],
    [
      `${NETWORK}${PEER}${CLIENT.replace("office0", "simplon0")}`,
      "simplon.toml:12: [[client]] tun: expected a device of its own, which that of line 3 is " +
        'not, got "simplon0"',
    ],
    [
      `[lac]\nsecret = "s"\nhostname = "${"n".repeat(33)}"\n${BOTH}`,
      "simplon.toml:3: [lac] hostname: expected at most 32 characters (secret is set), " +
        `got "${"n".repeat(33)}"`,
    ],
  ];
  for (const [text, line] of cases) assert.deepEqual(errors(text), [line]);
  for (const route of ["0.0.0.0/0", "192.0.2.0/31", "::/0", "2001:db8::/128"]) {
    assert.deepEqual(parsed(`${BOTH}routes = ["${route}"]\n`).clients[0]?.routes, [route]);
  }
});

test("values are hidden in tunnels that peers open where that is asked for", () => {
  const { lns, lac } = parsed(`[lns]\nsecret = "s"\nhide-avps = true\n${BOTH}`);
  assert.deepEqual([lns.hideAvps, lac.hideAvps], [true, false]);
});

test("a password is not told, whatever is wrong with it", () => {
  const long = "s3cr3t".repeat(100);
  const [line = ""] = errors(BOTH.replace("s3cr3t", long));
  assert.match(line, /password: expected a string of 1 to 253 octets, got a string of 600 octets$/);
});

test("calls go on by Called Number, realm or user", () => {
  const rules = `[[forward]]\nrealm = "Example.NET"\npeer = "office"\n[[forward]]\ncalled = "1"
peer = "office"\n[[user]]\nname = "eve"\nforward = "office"\n`;
  const { forwards, users } = parsed(NETWORK + USER + PEER + rules);
  assert.deepEqual(forwards, [
    { by: "called", value: "1", peer: "office" },
    { by: "realm", value: "example.net", peer: "office" },
    { by: "user", value: "eve", peer: "office" },
  ]);
  assert.deepEqual(
    users.map(({ name }) => name),
    ["u"],
    "who belongs to another LNS is nobody here",
  );
});

test("a rule says one thing, and a user is somebody's", () => {
  const at = NETWORK + PEER;
  const rule = (keys: string) => `${at}[[forward]]\n${keys}\npeer = "office"\n`;
  const either = "simplon.toml:9: [[forward]]: expected either realm or called";
  const cases: [string, string[]][] = [
    [rule(""), [either]],
    [rule('realm = "a"\ncalled = "1"'), [either]],
    [
      `${rule('realm = "a.example"')}[[forward]]\nrealm = "A.example"\npeer = "office"\n`,
      [
        "simplon.toml:13: [[forward]] realm: expected a value of its own, " +
          'got "a.example" of line 10',
      ],
    ],
    [
      `${at}[[user]]\nname = "u"\nforward = "nobody"\n`,
      [
        "simplon.toml:11: [[user]] forward: expected the name of a [[peer]] (office), " +
          'got "nobody"',
      ],
    ],
    [
      `${at}[[user]]\nname = "u"\nforward = "office"\npassword = "p"\n`,
      ["simplon.toml:12: [[user]] password: expected none beside forward: the other LNS knows it"],
    ],
    [
      `${at}[[user]]\nname = "u"\n`,
      [
        "simplon.toml:9: [[user]] password: expected its password, or forward, but it is missing",
        "simplon.toml:9: [[user]] network: expected the name of a [[network]], or forward, " +
          "but it is missing",
      ],
    ],
  ];
  for (const [text, lines] of cases) assert.deepEqual(errors(text), lines);
});
