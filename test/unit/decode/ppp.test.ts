// PPP frames in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildHeader, buildPpp } from "../../../src/codec/index.ts";
import { formatJson, type Message } from "../../../src/decode/index.ts";
import { b16, b32, ipv4, ipv4Part, ipv6, join, talk } from "./build.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const LCP = 0xc021;
const IPCP = 0x8021;
const IPV6CP = 0x8057;
const CCP = 0x80fd;
const PAP = 0xc023;
const CHAP = 0xc223;
const EAP = 0xc227;

function frame(payload: Uint8Array): Uint8Array {
  return buildHeader({ control: false, priority: false, tunnelId: 7, sessionId: 9 }, payload);
}

function read(protocol: number, information: Uint8Array, options = {}): Message {
  const [message] = talk([[true, frame(buildPpp(protocol, information))]], options);
  assert.ok(message !== undefined);
  return message;
}

function packet(code: number, ...data: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  const body = join(...data);
  return join([code, 5], b16(4 + body.length), body);
}

/** "name: text" of each field. */
const fieldsOf = ({ ppp }: Message) =>
  (ppp?.fields ?? []).map(({ name, text }) => (text === "" ? name : `${name}: ${text}`));

test("LCP options by name", () => {
  const message = read(
    LCP,
    packet(
      1,
      [1, 4, 5, 0x78],
      [2, 6, 0, 10, 0, 0],
      [3, 5, 0xc2, 0x23, 0x81],
      [3, 4, 0xc0, 0x23],
      [4, 8, 0xc0, 0x25, 0, 0, 1, 0],
      [5, 6, 1, 2, 3, 4],
      [7, 2],
      [8, 2],
      [13, 3, 6],
      [17, 4, 5, 0xdc],
      [18, 2],
      [19, 7, 2, 192, 0, 2, 1],
      [99, 3, 7],
      [1, 3, 5],
    ),
  );
  assert.equal(message.name, "LCP Configure-Request");
  assert.deepEqual(fieldsOf(message), [
    "Maximum-Receive-Unit: 1400",
    "Async-Control-Character-Map: 0x000a0000",
    "Authentication-Protocol: CHAP, MS-CHAPv2",
    "Authentication-Protocol: PAP",
    "Quality-Protocol: LQR 00000100",
    "Magic-Number: 0x01020304",
    "Protocol-Field-Compression",
    "Address-and-Control-Field-Compression",
    "Callback: location is determined during CBCP negotiation",
    "Multilink-MRRU: 1500",
    "Multilink-Short-Sequence-Number-Header-Format",
    "Multilink-Endpoint-Discriminator: IPv4 address 192.0.2.1",
    "option 99: 07",
    "Maximum-Receive-Unit: no such value: 05",
  ]);
  assert.match(message.summary, /^MRU 1400, ACCM 0x000a0000, auth CHAP, MS-CHAPv2, auth PAP, /);
});

test("options of IPCP, IPV6CP and CCP", () => {
  const addresses = [3, 129, 130, 131, 132].flatMap((type) => [type, 6, 10, 64, 0, type & 0xf]);
  assert.deepEqual(fieldsOf(read(IPCP, packet(2, [2, 6, 0, 0x2d, 15, 1], addresses))), [
    "IP-Compression-Protocol: Van Jacobson compressed TCP/IP, highest slot 15, " +
      "slot identifier compressed",
    "IP-Address: 10.64.0.3",
    "Primary-DNS-Server-Address: 10.64.0.1",
    "Primary-NBNS-Server-Address: 10.64.0.2",
    "Secondary-DNS-Server-Address: 10.64.0.3",
    "Secondary-NBNS-Server-Address: 10.64.0.4",
  ]);
  const identifier = read(IPV6CP, packet(3, [1, 10, 0, 1, 0, 2, 0, 3, 0xab, 0xcd]));
  assert.equal(identifier.name, "IPV6CP Configure-Nak");
  assert.deepEqual(fieldsOf(identifier), ["Interface-Identifier: 1:2:3:abcd"]);
  const mppe = read(CCP, packet(4, [18, 6, 1, 0, 0, 0x60]));
  assert.equal(mppe.name, "CCP Configure-Reject");
  assert.deepEqual(fieldsOf(mppe), ["MPPE/MPPC: stateless, 128-bit encryption, 40-bit encryption"]);
});

test("the other codes of LCP", () => {
  const cases: [number, Uint8Array, string, string[]][] = [
    [5, utf8("User request"), "LCP Terminate-Request", ['Data: "User request"']],
    [6, new Uint8Array(0), "LCP Terminate-Ack", []],
    [7, Uint8Array.of(99, 1, 0, 4), "LCP Code-Reject", ["Rejected-Packet: 63010004"]],
    [
      8,
      Uint8Array.of(0x80, 0x57, 1, 2),
      "LCP Protocol-Reject",
      ["Rejected-Protocol: IPV6CP", "Rejected-Information: 0102"],
    ],
    [9, Uint8Array.of(1, 2, 3, 4), "LCP Echo-Request", ["Magic-Number: 0x01020304"]],
    [
      12,
      join(b32(1), utf8("MSRASV5.20")),
      "LCP Identification",
      ["Magic-Number: 0x00000001", 'Message: "MSRASV5.20"'],
    ],
    [
      13,
      join(b32(1), b32(90)),
      "LCP Time-Remaining",
      ["Magic-Number: 0x00000001", "Seconds-Remaining: 90 s"],
    ],
    [77, Uint8Array.of(1), "LCP code 77", ["Data: 01"]],
  ];
  for (const [code, data, name, fields] of cases) {
    const message = read(LCP, packet(code, data));
    assert.equal(message.name, name);
    assert.deepEqual(fieldsOf(message), fields);
    assert.equal(message.ppp?.code?.identifier, 5);
  }
});

test("codes are those of the protocol", () => {
  const names = [
    [CCP, 14],
    [CCP, 9],
    [IPCP, 7],
    [IPCP, 8],
    [0xc029, 1],
    [0xc02b, 1],
    [PAP, 0],
  ].map(([protocol = 0, code = 0]) => read(protocol, packet(code)).name);
  assert.deepEqual(names, [
    "CCP Reset-Request",
    "CCP code 9",
    "IPCP Code-Reject",
    "IPCP code 8",
    "CBCP Callback-Request",
    "BACP code 1",
    "PAP code 0",
  ]);
});

test("a password is withheld wherever it may be: past a wrong length, sent back, in EAP", () => {
  const secret = utf8("bobpw");
  const cases: [number, Uint8Array][] = [
    [PAP, packet(1, [99], utf8("bob"), [5], secret)],
    [LCP, packet(8, b16(PAP), packet(1, [3], utf8("bob"), [5], secret))],
    [LCP, packet(8, b16(EAP), packet(2, [6], secret))],
    [EAP, packet(2, [6], secret)],
    [EAP, packet(2, [5], secret)],
  ];
  for (const [protocol, information] of cases) {
    const said = (options: object) => formatJson(read(protocol, information, options));
    assert.doesNotMatch(said({}), /bobpw|626f627077/);
    assert.match(said({ isPasswordShown: true }), /bobpw|626f627077/);
  }
});

test("PAP: the password is shown when that is asked for", () => {
  const request = packet(1, [3], utf8("bob"), [5], utf8("bobpw"));
  assert.deepEqual(fieldsOf(read(PAP, request)), [
    'Peer-ID: "bob"',
    "Password: not shown, 5 octets",
  ]);
  const shown = read(PAP, request, { isPasswordShown: true });
  assert.deepEqual(fieldsOf(shown), ['Peer-ID: "bob"', 'Password: "bobpw"']);
  const refusal = read(PAP, packet(3, [4], utf8("No!!")));
  assert.deepEqual([refusal.name, refusal.summary], ["PAP Authenticate-Nak", '"No!!"']);
});

test("CHAP: of MD5, of MS-CHAPv2 with its two parts, results with their codes", () => {
  const challenge = read(CHAP, packet(1, [4, 1, 2, 3, 4], utf8("lns")));
  assert.deepEqual(fieldsOf(challenge), ["Value: 01020304", 'Name: "lns"']);
  const value = join(
    new Uint8Array(16).fill(0xaa),
    new Uint8Array(8),
    new Uint8Array(24).fill(0xbb),
  );
  const response = read(CHAP, packet(2, [49], value, [0], utf8("bob")));
  assert.deepEqual(fieldsOf(response), [
    `Peer-Challenge: ${"aa".repeat(16)}`,
    `NT-Response: ${"bb".repeat(24)}`,
    'Name: "bob"',
  ]);
  const first = join(new Uint8Array(24), new Uint8Array(24).fill(0xbb), [1]);
  assert.match(fieldsOf(read(CHAP, packet(2, [49], first)))[0] ?? "", /^Value: 0000/);
  const failure = read(CHAP, packet(4, utf8("E=691 R=0 V=3 M=no")));
  assert.deepEqual(fieldsOf(failure), [
    'Message: "E=691 R=0 V=3 M=no"',
    "Error: authentication failure (691)",
  ]);
  assert.deepEqual(fieldsOf(read(EAP, packet(2, [1], utf8("bob")))), [
    "Type: Identity",
    'Type-Data: "bob"',
  ]);
});

test("who authenticates is known to the rest of the session", () => {
  const messages = talk([
    [true, frame(buildPpp(PAP, packet(1, [3], utf8("bob"), [1, 0])))],
    [true, frame(buildPpp(LCP, packet(9, b32(1))))],
  ]);
  assert.deepEqual(
    messages.map(({ user }) => user),
    ["bob", "bob"],
  );
});

test("IP packets in a line", () => {
  const tcp = ipv4(new Uint8Array(12), { ports: [443, 5_000] });
  tcp[9] = 6;
  tcp[20 + 13] = 0x12;
  const icmp = ipv4Part(Uint8Array.of(8, 0, 0, 0, 0, 7, 0, 1), 0, false);
  icmp[9] = 1;
  const tooBig = ipv4Part(Uint8Array.of(3, 4, 0, 0, 0, 0, 5, 0x78), 0, false);
  tooBig[9] = 1;
  const part = ipv4Part(new Uint8Array(16), 8, true);
  const solicitation = ipv6(Uint8Array.of(133, 0), [], 58);
  solicitation.set([133, 0], 40);
  const cases: [number, Uint8Array, string][] = [
    [0x21, tcp, "192.0.2.7:443 → 192.0.2.1:5000 TCP SYN ACK, 40 octets"],
    [0x21, ipv4(new Uint8Array(4)), "192.0.2.7:1701 → 192.0.2.1:1701 UDP, 32 octets"],
    [0x21, icmp, "192.0.2.7 → 192.0.2.1 ICMP echo request 7/1, 28 octets"],
    [0x21, tooBig, "192.0.2.7 → 192.0.2.1 ICMP fragmentation needed (MTU 1400), 28 octets"],
    [0x21, part, "192.0.2.7 → 192.0.2.1 UDP fragment at 8 of 9, 36 octets"],
    [0x57, solicitation, "2001:db8::7 → 2001:db8::1 ICMPv6 Router Solicitation, 50 octets"],
    [0x57, ipv6(new Uint8Array(2)), "[2001:db8::7]:1701 → [2001:db8::1]:1701 UDP, 50 octets"],
    [0x57, tcp, "no such packet, 40 octets"],
    [0x21, Uint8Array.of(0x45), "no such packet, 1 octet"],
    [0x3d, Uint8Array.of(1, 2), "2 octets"],
  ];
  for (const [protocol, octets, summary] of cases) {
    assert.equal(read(protocol, octets).summary, summary);
  }
});

test("what is wrong with a packet is said beside what can be read of it", () => {
  const cases: [number, Uint8Array, RegExp][] = [
    [LCP, Uint8Array.of(1, 5), /2 octets, fewer than Code, Identifier and Length have/],
    [LCP, Uint8Array.of(1, 5, 0, 9, 7, 2), /Length 9, and 6 octets are there/],
    [LCP, packet(1, [7, 2, 5, 6, 1]), /Magic-Number has Length 6, and 3 octets are left/],
    [LCP, packet(1, [7, 1]), /Protocol-Field-Compression has Length 1, and 2 octets are left/],
    [PAP, packet(1, [9], utf8("bob")), /a length reaches past the end/],
    [PAP, packet(1, [3], utf8("bob"), [5]), /the length of the password reaches past the end/],
    [CHAP, packet(1, [9, 1, 2]), /Value-Size reaches past the end/],
  ];
  for (const [protocol, octets, expected] of cases) {
    assert.match(read(protocol, octets).ppp?.fault ?? "", expected);
  }
});
