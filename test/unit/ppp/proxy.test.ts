// What a LAC has negotiated and heard in place of the LNS (RFC 2661 4.4.5): taken over where it
// fits, begun anew where it does not.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuthMethod, LinkOptions, ProxyState } from "../../../src/ppp/index.ts";
import { mschapv2 } from "../../peer/mschapv2.ts";
import {
  CHAP,
  CHAP_OPTION,
  encodeOptions,
  type Heard,
  IPCP,
  LCP,
  md5,
  type OptionList,
  PAP,
  PAP_OPTION,
  text,
} from "../../peer/ppp.ts";
import { Bench, brief } from "../../peer/ppp-bench.ts";
import { PROFILE } from "../../peer/ppp-conversation.ts";
import { Dial } from "../../peer/ppp-dial.ts";

const METHODS: readonly AuthMethod[] = ["mschapv2", "chap", "pap"];
const MSCHAPV2_OPTION = [0xc2, 0x23, 0x81];
const OURS = [5, 1, 2, 3, 4] as const;
const THEIRS = [5, 0xaa, 0xbb, 0xcc, 0xdd] as const;
const NAME = Uint8Array.from(text("demo"));
const CHALLENGE = Uint8Array.from({ length: 16 }, (_, at) => at + 1);

const octets = (list: OptionList) => Uint8Array.from(encodeOptions(list));
const lcpOf = (lastSent: OptionList, lastReceived: OptionList = [THEIRS]) => ({
  initialReceived: octets(lastReceived),
  lastSent: octets(lastSent),
  lastReceived: octets(lastReceived),
});
const CHAP_LCP = lcpOf([[3, ...CHAP_OPTION], OURS]);
const PAP_LCP = lcpOf([[3, ...PAP_OPTION], OURS]);
const CHAP_AUTHEN = {
  type: 2,
  name: NAME,
  challenge: CHALLENGE,
  id: 77,
  response: Uint8Array.from(md5(77, "demo", CHALLENGE)),
};
const PAP_AUTHEN = { type: 3, name: NAME, id: 9, response: Uint8Array.from(text("demo")) };
const TEXTUAL = { type: 1, name: NAME, response: Uint8Array.from(text("demo")) };

function opened(proxy: ProxyState, options: Partial<LinkOptions> = {}) {
  const bench = new Bench({ authMethods: METHODS, ...options });
  bench.link.open(0, proxy);
  const sent = bench.drain();
  return { bench, sent };
}

const asked = (bench: Bench) =>
  bench.events.flatMap((event) => (event.type === "authenticate" ? [event.request] : []));

function isAnew({ bench, sent }: { bench: Bench; sent: Heard[] }, why?: string): void {
  assert.deepEqual(brief(sent), ["LCP 1"], why);
  assert.equal(bench.link.counters["refused-proxy-lcp"], 1, why);
  assert.deepEqual(bench.events, [], why);
}

test("CHAP: AAA is asked with what the LAC has heard, and Success has its Identifier", () => {
  const { bench, sent } = opened({ lcp: CHAP_LCP, authen: CHAP_AUTHEN });
  assert.deepEqual(sent, [], "nothing is said before AAA has answered");
  assert.equal(bench.link.phase, "authenticate");
  assert.deepEqual(asked(bench), [
    {
      method: "chap",
      name: "demo",
      identifier: 77,
      challenge: CHALLENGE,
      response: CHAP_AUTHEN.response,
    },
  ]);
  const [success, request] = bench.answer();
  assert.deepEqual([success?.protocol, success?.code, success?.identifier], [CHAP, 3, 77]);
  assert.deepEqual([request?.protocol, request?.code], [IPCP, 1]);
  assert.equal(bench.link.user, "demo");
  assert.equal(bench.link.magicNumber, 0x01020304);
  const response = [16, ...CHAP_AUTHEN.response, ...NAME];
  assert.deepEqual(brief(bench.say(CHAP, 2, 77, response)), ["CHAP 3"], "a repetition");
});

test("CHAP: a Failure has its Identifier too", () => {
  const { bench } = opened({ lcp: CHAP_LCP, authen: CHAP_AUTHEN });
  const [failure, terminate] = bench.answer({ ok: false, message: "no" });
  assert.deepEqual([failure?.protocol, failure?.code, failure?.identifier], [CHAP, 4, 77]);
  assert.deepEqual([terminate?.protocol, terminate?.code], [LCP, 5]);
});

test("PAP: AAA is asked, and Ack or Nak have the Identifier of the request", () => {
  for (const isRight of [true, false]) {
    const { bench, sent } = opened({ lcp: PAP_LCP, authen: PAP_AUTHEN });
    assert.deepEqual(sent, []);
    assert.deepEqual(asked(bench), [
      { method: "pap", name: "demo", password: Uint8Array.from(text("demo")) },
    ]);
    const [reply] = isRight ? bench.answer() : bench.answer({ ok: false, message: "no" });
    assert.deepEqual([reply?.protocol, reply?.code, reply?.identifier], [PAP, isRight ? 2 : 3, 9]);
  }
});

test("PAP: who repeats the request meanwhile gets the answer to that one", () => {
  const { bench } = opened({ lcp: PAP_LCP, authen: PAP_AUTHEN });
  assert.deepEqual(bench.pap(10), []);
  assert.equal(asked(bench).length, 1);
  assert.equal(bench.answer()[0]?.identifier, 10);
});

test("a login in text: AAA is asked as for PAP, and the peer is told nothing", () => {
  const { bench, sent } = opened({ lcp: lcpOf([OURS]), authen: TEXTUAL });
  assert.deepEqual(sent, []);
  assert.equal(asked(bench)[0]?.method, "pap");
  assert.deepEqual(bench.say(PAP, 1, 1, [0, 0]), []);
  assert.deepEqual(brief(bench.answer()), ["IPCP 1"]);
  assert.equal(bench.link.phase, "network");
  const { bench: other } = opened({ lcp: lcpOf([OURS]), authen: TEXTUAL });
  assert.deepEqual(brief(other.answer({ ok: false, message: "no" })), ["LCP 5"]);
});

test("a login in text where PPP asked as well: PPP asks again", () => {
  const { bench, sent } = opened({ lcp: CHAP_LCP, authen: TEXTUAL });
  assert.deepEqual(brief(sent), ["CHAP 1"]);
  assert.deepEqual(asked(bench), []);
});

test("MS-CHAPv2 as PPP CHAP: who judges it proves the server with the proxied Identifier", () => {
  const { value } = mschapv2(CHALLENGE, "demo", "demo");
  const lcp = lcpOf([[3, ...MSCHAPV2_OPTION], OURS]);
  const authen = { ...CHAP_AUTHEN, response: Uint8Array.from(value) };
  const { bench } = opened({ lcp, authen });
  const [request] = asked(bench);
  assert.ok(request?.method === "mschapv2");
  assert.deepEqual([...request.peerChallenge], value.slice(0, 16));
  assert.deepEqual([...request.response], value.slice(24, 48));
  const [success] = bench.answer({ ok: true, profile: PROFILE, proof: "S=1" });
  assert.deepEqual([success?.code, success?.identifier], [3, 77]);
});

for (const [name, authen] of [
  ["none at all", undefined],
  ["No Authentication (4)", { type: 4 }],
  ["MS-CHAPv1 (5)", { ...CHAP_AUTHEN, type: 5, response: new Uint8Array(49) }],
  ["a type that is none", { ...CHAP_AUTHEN, type: 99 }],
  ["PAP where CHAP was agreed on", PAP_AUTHEN],
  ["CHAP without a name", { ...CHAP_AUTHEN, name: undefined }],
  ["CHAP without a challenge", { ...CHAP_AUTHEN, challenge: undefined }],
  ["CHAP with an empty challenge", { ...CHAP_AUTHEN, challenge: new Uint8Array() }],
  [
    "CHAP with a challenge that no packet holds",
    { ...CHAP_AUTHEN, challenge: new Uint8Array(256) },
  ],
  ["CHAP without an Identifier", { ...CHAP_AUTHEN, id: undefined }],
  ["CHAP with an Identifier of two octets", { ...CHAP_AUTHEN, id: 0x14d }],
  ["CHAP without a response", { ...CHAP_AUTHEN, response: undefined }],
  ["CHAP with a response that is none", { ...CHAP_AUTHEN, response: new Uint8Array(15) }],
  ["CHAP with a name that is too long", { ...CHAP_AUTHEN, name: new Uint8Array(254) }],
] as const) {
  test(`${name}: LCP is taken over, and the peer is challenged anew`, () => {
    const { bench, sent } = opened({ lcp: CHAP_LCP, authen });
    assert.deepEqual(brief(sent), ["CHAP 1"]);
    assert.deepEqual(bench.events, []);
    const refused = authen === undefined ? undefined : 1;
    assert.equal(bench.link.counters["refused-proxy-authentication"], refused);
    const [challenge] = sent;
    const answer = md5(challenge?.identifier ?? 0, "demo", challenge?.data.subarray(1, 17) ?? NAME);
    bench.say(CHAP, 2, challenge?.identifier ?? 0, [16, ...answer, ...NAME]);
    assert.equal(asked(bench).length, 1);
    assert.equal(bench.answer()[0]?.code, 3);
  });
}

for (const [name, authen] of [
  ["without a name", { ...PAP_AUTHEN, name: undefined }],
  ["without a password", { ...PAP_AUTHEN, response: undefined }],
  ["without an Identifier", { ...PAP_AUTHEN, id: undefined }],
  ["with a password that is too long", { ...PAP_AUTHEN, response: new Uint8Array(254) }],
] as const) {
  test(`PAP ${name}: the peer's next request is waited for`, () => {
    const { bench, sent } = opened({ lcp: PAP_LCP, authen });
    assert.deepEqual([sent, asked(bench)], [[], []]);
    bench.pap(10);
    assert.equal(bench.answer()[0]?.identifier, 10);
  });
}

test("what the peer said of itself holds: MRU, PFC, ACFC", () => {
  const received: OptionList = [[1, 5, 0xb4], [2, 0, 0, 0, 0], THEIRS, [7], [8]];
  const { bench } = opened({
    lcp: lcpOf([[3, ...PAP_OPTION], OURS], received),
    authen: PAP_AUTHEN,
  });
  bench.answer();
  bench.ask(IPCP, 1, [[3, 10, 64, 0, 7]]);
  bench.ack(IPCP);
  const up = bench.events.at(-1);
  assert.ok(up?.type === "network-up");
  assert.deepEqual(up.peer, { mru: 1460, acfc: true, pfc: true, accm: 0 });
});

test("what the LAC said of us holds where it binds us: ACCM, PFC and ACFC do not", () => {
  const sent: OptionList = [[1, 5, 0x78], [2, 0, 0, 0, 0], [3, ...PAP_OPTION], [7], [8]];
  const { bench, sent: out } = opened({ lcp: lcpOf(sent), authen: PAP_AUTHEN }, { mru: 1400 });
  assert.deepEqual(out, []);
  assert.equal(asked(bench).length, 1);
  bench.answer();
  assert.equal(bench.link.magicNumber, 0, "none was used");
});

for (const [name, lastSent] of [
  [
    "a larger MRU than ours",
    [
      [1, 5, 0xb4],
      [3, ...CHAP_OPTION],
    ],
  ],
  ["the default MRU, larger than ours", [[3, ...CHAP_OPTION]]],
  [
    "a MRU that is none",
    [
      [1, 0, 10],
      [3, ...CHAP_OPTION],
    ],
  ],
  [
    "a MRU of one octet",
    [
      [1, 5],
      [3, ...CHAP_OPTION],
    ],
  ],
  ["no authentication", [[1, 5, 0x78]]],
  [
    "EAP",
    [
      [1, 5, 0x78],
      [3, 0xc2, 0x27],
    ],
  ],
  [
    "MS-CHAPv1",
    [
      [1, 5, 0x78],
      [3, 0xc2, 0x23, 0x80],
    ],
  ],
  [
    "multilink",
    [
      [1, 5, 0x78],
      [3, ...CHAP_OPTION],
      [17, 6, 0x4e],
    ],
  ],
  ["an option twice", [[1, 5, 0x78], [3, ...CHAP_OPTION], OURS, OURS]],
  [
    "a Magic-Number of three octets",
    [
      [1, 5, 0x78],
      [3, ...CHAP_OPTION],
      [5, 1, 2, 3],
    ],
  ],
  ["the peer's own Magic-Number", [[1, 5, 0x78], [3, ...CHAP_OPTION], THEIRS]],
] as const) {
  test(`the LAC said ${name}: LCP begins anew`, () => {
    const lcp = lcpOf(lastSent as OptionList);
    isAnew(opened({ lcp, authen: CHAP_AUTHEN }, { mru: 1400 }));
  });
}

for (const [name, received] of [
  ["multilink", [THEIRS, [17, 6, 0x4e]]],
  ["Callback", [THEIRS, [13, 6]]],
  ["that we authenticate ourselves", [THEIRS, [3, ...CHAP_OPTION]]],
  ["a MRU that is too small", [THEIRS, [1, 0, 10]]],
  ["a Magic-Number of zero", [[5, 0, 0, 0, 0]]],
  ["an option twice", [THEIRS, THEIRS]],
] as const) {
  test(`the LAC granted the peer ${name}: LCP begins anew`, () => {
    const lcp = lcpOf([[3, ...CHAP_OPTION], OURS], received as OptionList);
    isAnew(opened({ lcp, authen: CHAP_AUTHEN }));
  });
}

test("a proxy that is not whole: LCP begins anew", () => {
  const broken = Uint8Array.of(3, 9, 0xc2);
  for (const lcp of [
    {},
    { lastSent: CHAP_LCP.lastSent },
    { lastReceived: CHAP_LCP.lastReceived },
    { ...CHAP_LCP, lastSent: broken },
    { ...CHAP_LCP, lastReceived: broken },
    { ...CHAP_LCP, lastSent: Uint8Array.of(1, 0) },
  ]) {
    isAnew(opened({ lcp, authen: CHAP_AUTHEN }), JSON.stringify(lcp));
  }
});

test("authentication without LCP is nothing to go on from", () => {
  const { bench, sent } = opened({ authen: TEXTUAL });
  assert.deepEqual(brief(sent), ["LCP 1"]);
  assert.equal(bench.link.counters["refused-proxy-authentication"], 1);
  assert.equal(bench.link.counters["refused-proxy-lcp"], undefined);
});

test("a login in text where LCP asked for what we do not know: LCP begins anew", () => {
  isAnew(opened({ lcp: lcpOf([[3, 0xc2, 0x27], OURS]), authen: TEXTUAL }));
});

test("what the LAC has heard counts once: LCP that begins anew authenticates anew", () => {
  const options = { authMethods: ["chap"] } as const;
  const { bench } = opened({ lcp: CHAP_LCP, authen: CHAP_AUTHEN }, options);
  bench.answer();
  bench.ask(LCP, 3, [THEIRS]);
  assert.deepEqual(brief(bench.ack(LCP)), ["CHAP 1"]);
  assert.equal(asked(bench).length, 1);
});

test("LCP that begins anew after all asks as we would have", () => {
  const { bench } = opened({ lcp: PAP_LCP, authen: PAP_AUTHEN });
  bench.answer();
  const [request] = bench.ask(LCP, 3, [THEIRS]);
  assert.deepEqual([...(request?.data ?? [])].slice(0, 5), [3, 5, ...MSCHAPV2_OPTION]);
  assert.notDeepEqual([...(request?.data ?? [])].slice(-4), [1, 2, 3, 4]);
});

test("a link that was closed before it began takes nothing over", () => {
  const bench = new Bench({ authMethods: METHODS });
  bench.link.close(0);
  bench.link.open(0, { lcp: CHAP_LCP, authen: CHAP_AUTHEN });
  assert.deepEqual([bench.drain(), bench.kinds], [[], ["down local"]]);
});

test("what is given on: options alone, the peer's first and last, and who it said it is", () => {
  const bench = new Bench({ authMethods: ["pap"], mru: 1400 });
  bench.open();
  assert.equal(bench.link.proxy, undefined);
  const first: OptionList = [THEIRS, [13, 6]];
  bench.ask(LCP, 1, first);
  bench.ask(LCP, 2, [THEIRS]);
  const sent = Uint8Array.from(bench.requests.get(LCP)?.data ?? []);
  bench.ack(LCP);
  bench.pap(9);
  assert.deepEqual(bench.link.proxy, {
    lcp: { initialReceived: octets(first), lastSent: sent, lastReceived: octets([THEIRS]) },
    authen: PAP_AUTHEN,
  });
  bench.answer();
  assert.equal(bench.link.proxy, undefined, "nobody else has to go on from it");
});

test("what was taken over is given on as it came", () => {
  const lcp = lcpOf([[3, ...CHAP_OPTION], OURS, [7], [8]]);
  for (const authen of [CHAP_AUTHEN, TEXTUAL]) {
    const proxy = { lcp: authen === TEXTUAL ? lcpOf([OURS, [7]]) : lcp, authen };
    assert.deepEqual(opened(proxy).bench.link.proxy, proxy);
  }
});

test("a proxy of a link that has begun anew meanwhile is none", () => {
  const { bench } = opened({ lcp: CHAP_LCP, authen: CHAP_AUTHEN });
  bench.ask(LCP, 3, [THEIRS]);
  assert.equal(bench.link.proxy, undefined);
});

for (const method of METHODS) {
  test(`${method}: a client that is handed on to the next LNS notices nothing but its answer`, () => {
    const next = { authMethods: METHODS, hostName: "next" };
    const dial = new Dial({ server: { authMethods: [method] }, next });
    dial.open().run(5_000);
    assert.deepEqual(dial.kinds, ["network-up"]);
    assert.equal(dial.server.user, "demo");
    assert.equal(dial.server.counters["refused-proxy-lcp"], undefined);
    assert.equal(dial.proxy?.authen === undefined, method === "mschapv2");
  });

  test(`${method}: where the next LNS wants other terms, it negotiates them with the client`, () => {
    const next = { authMethods: [method === "pap" ? "chap" : "pap"], mru: 1400 } as const;
    const dial = new Dial({ server: { authMethods: [method] }, next });
    dial.open().run(5_000);
    assert.deepEqual(dial.kinds, ["network-up"]);
    assert.equal(dial.last("network-up")?.peer.mru, 1400);
    assert.equal(dial.server.counters["refused-proxy-lcp"], 1);
  });
}
