// Authentication of the end that dials in, octet by octet: PAP (RFC 1334), CHAP (RFC 1994) and
// MS-CHAPv2 (RFC 2759). The test is the server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { credentials } from "../../../src/aaa/index.ts";
import { authenticatorResponse, ntResponse } from "../../peer/mschapv2.ts";
import {
  CHAP,
  CHAP_OPTION,
  decodeOptions,
  type Heard,
  IPCP,
  LCP,
  md5,
  PAP,
  PAP_OPTION,
  text,
} from "../../peer/ppp.ts";
import { brief, MAGIC, PeerBench, papRequest } from "../../peer/ppp-bench.ts";

const CHALLENGE = Array.from({ length: 16 }, (_, at) => 16 * at + 7);
const MSCHAPV2_OPTION = [0xc2, 0x23, 0x81];

type Protocol = readonly number[];
const asks = (protocol: Protocol, bench = new PeerBench()) => ({
  bench,
  sent: bench.establish([[3, ...protocol], MAGIC]),
});
const challenge = (bench: PeerBench, identifier: number, value = CHALLENGE) =>
  bench.say(CHAP, 1, identifier, [value.length, ...value, ...text("server")]);

/** What the server sends for the Response, had it the password. */
function proofOf(response: Heard | undefined, password = "demo"): string {
  const value = response?.data.subarray(1, 50) ?? Buffer.of();
  const own = [Buffer.from(CHALLENGE), value.subarray(0, 16), "demo", password] as const;
  return authenticatorResponse(...own, value.subarray(24, 48));
}

/** To the first Response. */
function challenged(protocol: Protocol = MSCHAPV2_OPTION) {
  const { bench } = asks(protocol);
  const [response] = challenge(bench, 7);
  return { bench, response };
}

test("PAP: name and password go out at once, and an Ack opens the Network phase", () => {
  const { bench, sent } = asks(PAP_OPTION);
  assert.deepEqual(brief(sent), ["PAP 1"]);
  assert.deepEqual([...(sent[0]?.data ?? [])], papRequest("demo", "demo"));
  assert.equal(bench.link.phase, "authenticate");
  const replies = bench.say(PAP, 2, sent[0]?.identifier ?? 0, [2, ...text("ok")]);
  assert.deepEqual(brief(replies), ["IPCP 1"]);
  assert.equal(bench.link.phase, "network");
});

test("PAP: the request is repeated with a new Identifier, and a late reply to any counts", () => {
  const { bench, sent } = asks(PAP_OPTION);
  const again = bench.advance(6_000);
  assert.deepEqual(brief(again), ["PAP 1", "PAP 1"]);
  assert.equal(new Set([...sent, ...again].map(({ identifier }) => identifier)).size, 3);
  assert.deepEqual(bench.say(PAP, 2, (sent[0]?.identifier ?? 0) - 1, [0]), []);
  assert.deepEqual(bench.say(PAP, 2, (again[1]?.identifier ?? 0) + 1, [0]), []);
  assert.equal(bench.link.counters["stale-reply"], 2);
  assert.deepEqual(brief(bench.say(PAP, 2, sent[0]?.identifier ?? 0, [0])), ["IPCP 1"]);
  assert.deepEqual(bench.say(PAP, 3, again[1]?.identifier ?? 0, [0]), [], "the first word counts");
});

test("PAP: a Nak ends the link and its Message is told", () => {
  const { bench, sent } = asks(PAP_OPTION);
  const identifier = sent[0]?.identifier ?? 0;
  const [terminate] = bench.say(PAP, 3, identifier, [5, ...text("wrong, and padding")]);
  assert.deepEqual([terminate?.protocol, terminate?.code], [LCP, 5]);
  bench.say(LCP, 6, terminate?.identifier ?? 0);
  assert.deepEqual(bench.events, [{ type: "down", reason: "authentication", message: "wrong" }]);
});

test("PAP: what is no whole reply is dropped; one without Msg-Length counts", () => {
  const { bench, sent } = asks(PAP_OPTION);
  const identifier = sent[0]?.identifier ?? 0;
  for (const [code, data] of [
    [2, [1]],
    [3, [9, 1, 2]],
    [1, papRequest("a", "b")],
    [4, []],
  ] as const) {
    assert.deepEqual(bench.say(PAP, code, identifier, data), []);
  }
  assert.equal(bench.link.counters["malformed-packet"], 4);
  assert.deepEqual(brief(bench.say(PAP, 2, identifier)), ["IPCP 1"]);
});

for (const [name, protocol, first] of [
  ["PAP", PAP_OPTION, 0],
  ["CHAP", CHAP_OPTION, 0],
  ["CHAP", CHAP_OPTION, 1],
] as const) {
  test(`${name}: a server that never decides is given up after 30 s (challenges: ${first})`, () => {
    const { bench } = asks(protocol);
    if (first === 1) challenge(bench, 7);
    bench.advance(29_000);
    assert.equal(bench.link.phase, "authenticate");
    bench.advance(8_000);
    assert.deepEqual(bench.kinds, ["down negotiation"]);
    assert.equal(bench.link.pollTimeout(), Infinity);
  });
}

test("a server that challenges again and again does not hold the link up for ever", () => {
  const { bench } = asks(CHAP_OPTION);
  for (let identifier = 0; identifier < 20; identifier++) {
    challenge(bench, identifier);
    bench.advance(2_000);
  }
  assert.deepEqual(bench.kinds, ["down negotiation"]);
});

test("CHAP: the Response is MD5 over Identifier, password and Challenge, with our name", () => {
  const { bench, sent } = asks(CHAP_OPTION);
  assert.deepEqual(sent, [], "the server begins");
  const [response] = challenge(bench, 7, [1, 2, 3]);
  assert.deepEqual([response?.protocol, response?.code, response?.identifier], [CHAP, 2, 7]);
  const value = md5(7, "demo", Buffer.of(1, 2, 3));
  assert.deepEqual([...(response?.data ?? [])], [16, ...value, ...text("demo")]);
  assert.deepEqual(brief(bench.say(CHAP, 3, 7, text("Welcome"))), ["IPCP 1"]);
});

test("CHAP: a Response without a verdict is repeated octet for octet", () => {
  const { bench, response } = challenged();
  const [again, ...rest] = bench.advance(3_000);
  assert.deepEqual([again?.identifier, again?.data, rest.length], [7, response?.data, 0]);
  const [other] = challenge(bench, 8);
  assert.equal(other?.identifier, 8);
  assert.deepEqual(bench.say(CHAP, 3, 7, text(proofOf(response))), [], "stale by now");
  assert.deepEqual(brief(bench.say(CHAP, 3, 8, text(proofOf(other)))), ["IPCP 1"]);
});

test("CHAP: a Success or Failure without a Response, or of another one, changes nothing", () => {
  const { bench } = asks(CHAP_OPTION);
  for (const code of [3, 4]) assert.deepEqual(bench.say(CHAP, code, 0), []);
  challenge(bench, 7);
  for (const code of [3, 4]) assert.deepEqual(bench.say(CHAP, code, 8), []);
  assert.equal(bench.link.counters["stale-reply"], 4);
  assert.equal(bench.link.phase, "authenticate");
});

test("CHAP: a Challenge that is not whole, and other Codes, are dropped", () => {
  const { bench } = asks(CHAP_OPTION);
  for (const data of [[], [0], [0, 1], [3, 1, 2], [255, 1]]) {
    assert.deepEqual(bench.say(CHAP, 1, 1, data), []);
  }
  for (const code of [0, 2, 5, 7]) assert.deepEqual(bench.say(CHAP, code, 1, [1, 1]), []);
  assert.equal(bench.link.counters["malformed-packet"], 9);
});

test("CHAP: a Failure ends the link, and what the server said is told", () => {
  const { bench } = challenged(CHAP_OPTION);
  assert.deepEqual(brief(bench.say(CHAP, 4, 7, text("Go away"))), ["LCP 5"]);
  bench.advance(10_000);
  assert.deepEqual(bench.events, [{ type: "down", reason: "authentication", message: "Go away" }]);
});

test("while the link is up the server may challenge again; the network stays", () => {
  const { bench } = challenged(CHAP_OPTION);
  bench.say(CHAP, 3, 7);
  challenge(bench, 77);
  const [response] = challenge(bench, 8);
  assert.deepEqual([response?.code, response?.identifier], [2, 8]);
  assert.deepEqual(
    bench.advance(9_000).filter(({ protocol }) => protocol === CHAP),
    [],
  );
  assert.equal(bench.link.phase, "network");
  assert.deepEqual(bench.say(CHAP, 3, 8), []);
  challenge(bench, 9);
  assert.deepEqual(brief(bench.say(CHAP, 4, 9)), ["LCP 5"]);
});

test("MS-CHAPv2: the Value has a challenge of ours, the NT-Response, and zeros", () => {
  const { response } = challenged();
  const data = response?.data ?? Buffer.of();
  assert.equal(data[0], 49);
  const value = data.subarray(1, 50);
  const ours = value.subarray(0, 16);
  assert.deepEqual(value.subarray(16, 24), Buffer.alloc(8));
  assert.deepEqual(
    value.subarray(24, 48),
    ntResponse(Buffer.from(CHALLENGE), ours, "demo", "demo"),
  );
  assert.equal(value[48], 0);
  assert.equal(data.subarray(50).toString(), "demo");
  const { response: other } = challenged();
  assert.notDeepEqual(other?.data.subarray(1, 17), Buffer.alloc(16));
});

test("MS-CHAPv2: each Challenge is answered with a fresh one of ours", () => {
  const { bench, response } = challenged();
  const [next] = challenge(bench, 8);
  assert.notDeepEqual(next?.data.subarray(1, 17), response?.data.subarray(1, 17));
});

// RFC 2759 section 5 wants a space and a Message; Windows Server 2019 leaves the space out.
for (const rest of [" M=Welcome", "", "M=Access granted"]) {
  test(`MS-CHAPv2: the right proof and "${rest}" open the Network phase`, () => {
    const { bench, response } = challenged();
    assert.deepEqual(brief(bench.say(CHAP, 3, 7, text(proofOf(response) + rest))), ["IPCP 1"]);
  });
}

test("MS-CHAPv2: without the right proof nobody is let believe that it is the server", () => {
  const { response } = challenged();
  const right = proofOf(response);
  for (const success of [
    "",
    "Welcome",
    "S=",
    `S=${"0".repeat(40)}`,
    right.slice(0, -1),
    right.toLowerCase(),
    ` ${right}`,
    proofOf(response, "guess"),
  ]) {
    const { bench } = challenged();
    assert.deepEqual(brief(bench.say(CHAP, 3, 7, text(success))), ["LCP 5"], success);
    bench.advance(10_000);
    assert.deepEqual(bench.kinds, ["down server-authentication"]);
  }
});

test("MS-CHAPv2: a server that has to prove itself again is left when it cannot", () => {
  const { bench, response } = challenged();
  bench.say(CHAP, 3, 7, text(proofOf(response)));
  challenge(bench, 8);
  assert.deepEqual(brief(bench.say(CHAP, 3, 8, text(proofOf(response)))), ["LCP 5"]);
});

test("MS-CHAPv2: a Challenge of another size than sixteen octets is none", () => {
  const { bench } = asks(MSCHAPV2_OPTION);
  assert.deepEqual(challenge(bench, 1, CHALLENGE.slice(1)), []);
  assert.deepEqual(challenge(bench, 1, [...CHALLENGE, 1]), []);
  assert.equal(bench.link.counters["malformed-packet"], 2);
});

for (const [failure, message] of [
  [
    "E=691 R=1 C=0123456789ABCDEF0123456789ABCDEF V=3 M=No such user",
    "authentication failure (E=691): No such user",
  ],
  ["E=648 R=0 C=0123456789ABCDEF0123456789ABCDEF V=3", "password expired (E=648)"],
  ["E=647 R=0", "account disabled (E=647)"],
  ["E=646 R=0 V=3 M=not at\nnight", "restricted logon hours (E=646): not at\nnight"],
  ["E=649 R=0 M=", "no dial-in permission (E=649)"],
  ["E=12 R=0 V=3", "error (E=12)"],
  ["Go away", "Go away"],
  ["", ""],
] as const) {
  test(`MS-CHAPv2: the Failure "${failure.slice(0, 12)}" is told in words, and no retry is made`, () => {
    const { bench } = challenged();
    assert.deepEqual(brief(bench.say(CHAP, 4, 7, text(failure))), ["LCP 5"]);
    bench.advance(10_000);
    assert.deepEqual(bench.events, [{ type: "down", reason: "authentication", message }]);
  });
}

test("a Failure that is long and odd is read in no time", () => {
  const { bench } = challenged();
  const odd = `E=691${" A=".repeat(450)}`;
  const before = performance.now();
  bench.say(CHAP, 4, 7, text(odd));
  assert.ok(performance.now() - before < 100);
});

test("another method than those allowed draws a Nak with the first of them", () => {
  const bench = new PeerBench({ methods: ["mschapv2", "chap"] });
  bench.open();
  const option = (...data: number[]) => [3, ...data] as const;
  for (const wish of [PAP_OPTION, [0xc2, 0x27], [0xc2, 0x23, 0x80], [0xc2, 0x23], []]) {
    const [nak] = bench.ask(LCP, 1, [[3, ...wish], MAGIC]);
    assert.deepEqual([nak?.code, ...(nak?.data ?? [])], [3, 3, 5, ...MSCHAPV2_OPTION]);
  }
  const [reject] = bench.ask(LCP, 6, [option(...PAP_OPTION), MAGIC]);
  assert.deepEqual([reject?.code, ...(reject?.data ?? [])], [4, 3, 4, ...PAP_OPTION]);
});

test("the method is the server's choice among those that are allowed", () => {
  const bench = new PeerBench({ methods: ["mschapv2", "chap"] });
  assert.deepEqual(asks(CHAP_OPTION, bench).sent, []);
  assert.equal(challenge(bench, 1)[0]?.data[0], 16);
});

test("a server that would like to authenticate itself is not asked to", () => {
  const bench = new PeerBench();
  bench.open();
  const [request] = bench.refuse(LCP, 3, [[3, ...CHAP_OPTION]]);
  assert.deepEqual(
    decodeOptions(request?.data ?? Buffer.of()).map(([type]) => type),
    [5],
  );
});

test("a packet of a protocol that was not agreed on is counted and dropped", () => {
  const { bench } = asks(CHAP_OPTION);
  assert.deepEqual(bench.say(PAP, 2, 1, [0]), []);
  assert.equal(bench.link.counters["not-negotiated"], 1);
  const open = new PeerBench({ methods: ["chap"] });
  open.establish();
  assert.deepEqual(challenge(open, 1), []);
  assert.equal(open.link.counters["not-negotiated"], 1);
});

test("IPCP that comes before the verdict is dropped, and asked for again by who sent it", () => {
  const { bench } = challenged(CHAP_OPTION);
  assert.deepEqual(bench.ask(IPCP, 1, [[3, 10, 64, 0, 1]]), []);
  assert.equal(bench.link.counters["wrong-phase"], 1);
});

test("a server that hangs up over our method: that is the reason, whatever its words", () => {
  const bench = new PeerBench({ methods: ["mschapv2"] });
  bench.open();
  bench.ask(LCP, 1, [[3, ...PAP_OPTION], MAGIC]);
  bench.say(LCP, 5, 2, text("peer refused to authenticate"));
  bench.advance(60_000);
  const message = "peer refused to authenticate";
  assert.deepEqual(bench.events, [{ type: "down", reason: "no-authentication-method", message }]);
});

test("credentials that PAP or CHAP cannot carry are refused when they are made", () => {
  for (const [name, password] of [
    ["", "demo"],
    ["demo", ""],
    ["n".repeat(254), "demo"],
    ["demo", "é".repeat(127)],
  ] as const) {
    assert.throws(() => credentials(name, password), RangeError);
  }
  credentials("n".repeat(253), "p".repeat(253));
});
