import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkProfile } from "../../../src/ppp/index.ts";
import { decodeOptions, type Heard, IPCP, LCP, type OptionList } from "../../peer/ppp.ts";
import { Bench, brief } from "../../peer/ppp-bench.ts";
import { Conversation, PROFILE } from "../../peer/ppp-conversation.ts";

const THEIRS = [3, 10, 64, 0, 7] as const;
const bare: NetworkProfile = { gateway: "10.64.0.1", address: "10.64.0.7", dns: [], nbns: [] };

/** In Network phase with this profile. */
function networkWith(profile: NetworkProfile): Bench {
  const bench = new Bench({ authMethods: ["pap"] });
  bench.establish();
  bench.pap(1);
  bench.answer({ ok: true, profile });
  return bench;
}

const said = (reply: Heard | undefined): [number | undefined, OptionList] => [
  reply?.code,
  decodeOptions(reply?.data ?? Buffer.of()),
];

test("we ask with the gateway as our address", () => {
  const bench = networkWith(PROFILE);
  assert.deepEqual(decodeOptions(bench.requests.get(IPCP)?.data ?? Buffer.of()), [
    [3, 10, 64, 0, 1],
  ]);
});

const verdicts: [
  name: string,
  profile: NetworkProfile,
  option: OptionList[number],
  code: number,
  answer?: OptionList[number],
][] = [
  ["address of zero", PROFILE, [3, 0, 0, 0, 0], 3, THEIRS],
  ["address of its own choice", PROFILE, [3, 192, 168, 1, 1], 3, THEIRS],
  ["address that is the gateway", PROFILE, [3, 10, 64, 0, 1], 3, THEIRS],
  ["address that is too short", PROFILE, [3, 10, 64], 3, THEIRS],
  ["address that is too long", PROFILE, [...THEIRS, 9], 3, THEIRS],
  ["primary DNS", PROFILE, [129, 0, 0, 0, 0], 3, [129, 192, 0, 2, 53]],
  ["secondary DNS", PROFILE, [131, 8, 8, 8, 8], 3, [131, 192, 0, 2, 54]],
  ["primary NBNS", PROFILE, [130, 0, 0, 0, 0], 3, [130, 192, 0, 2, 137]],
  ["secondary NBNS, where one is configured", PROFILE, [132, 0, 0, 0, 0], 4],
  ["primary DNS, where none is configured", bare, [129, 0, 0, 0, 0], 4],
  [
    "secondary DNS, where one is configured",
    { ...bare, dns: ["192.0.2.53"] },
    [131, 0, 0, 0, 0],
    4,
  ],
  ["primary NBNS, where none is configured", bare, [130, 0, 0, 0, 0], 4],
  ["IP-Compression-Protocol", PROFILE, [2, 0, 0x2d, 15, 1], 4],
  ["IP-Addresses", PROFILE, [1, 0, 0, 0, 0, 0, 0, 0, 0], 4],
  ["unknown option", PROFILE, [144, 1], 4],
];
for (const [name, profile, option, code, answer = option] of verdicts) {
  test(`the peer's ${name} is answered with code ${code}`, () => {
    const bench = networkWith(profile);
    const others = option[0] === 3 ? [] : [THEIRS];
    assert.deepEqual(said(bench.ask(IPCP, 1, [option, ...others])[0]), [code, [answer]]);
  });
}

test("what we named is acknowledged, and the network is up once both sides are", () => {
  const bench = networkWith(PROFILE);
  const options = [THEIRS, [129, 192, 0, 2, 53], [131, 192, 0, 2, 54]] as const;
  assert.deepEqual(said(bench.ask(IPCP, 1, options)[0]), [2, options]);
  assert.deepEqual(bench.kinds, ["authenticate"]);
  bench.ack(IPCP);
  const peer = { mru: 1500, acfc: false, pfc: false, accm: 0xffffffff };
  assert.deepEqual(bench.events.at(-1), { type: "network-up", ...PROFILE, peer });
});

test("a peer that never asks for an address is prompted five times, then let in without", () => {
  const bench = networkWith(PROFILE);
  for (let id = 1; id <= 5; id++) assert.deepEqual(said(bench.ask(IPCP, id, [])[0]), [3, [THEIRS]]);
  assert.deepEqual(said(bench.ask(IPCP, 6, [])[0]), [2, []]);
  bench.ack(IPCP);
  assert.deepEqual(bench.kinds.slice(-1), ["network-up"]);
});

test("a peer that insists on another address has it rejected in the end", () => {
  const bench = networkWith(PROFILE);
  const own = [3, 192, 168, 1, 1] as const;
  for (let id = 1; id <= 5; id++) assert.equal(bench.ask(IPCP, id, [own])[0]?.code, 3);
  assert.deepEqual(said(bench.ask(IPCP, 6, [own])[0]), [4, [own]]);
});

test("our address stays ours when it is Nak'ed, and is left out when it is rejected", () => {
  const bench = networkWith(PROFILE);
  const ours = () => decodeOptions(bench.requests.get(IPCP)?.data ?? Buffer.of());
  bench.refuse(IPCP, 3, [[3, 192, 168, 1, 254]]);
  assert.deepEqual(ours(), [[3, 10, 64, 0, 1]]);
  bench.refuse(IPCP, 4, [[3, 10, 64, 0, 1]]);
  assert.deepEqual(ours(), []);
  bench.ask(IPCP, 1, [THEIRS]);
  bench.ack(IPCP);
  assert.deepEqual(bench.kinds.slice(-1), ["network-up"]);
});

test("a Configure-Request in Opened takes the network down until it is agreed anew", () => {
  const bench = new Bench();
  bench.toOpened();
  assert.deepEqual(brief(bench.ask(IPCP, 2, [[3, 0, 0, 0, 0]])), ["IPCP 1", "IPCP 3"]);
  assert.deepEqual(bench.kinds.slice(-1), ["network-down"]);
  bench.ask(IPCP, 3, [THEIRS]);
  bench.ack(IPCP);
  assert.deepEqual(bench.kinds.slice(-2), ["network-down", "network-up"]);
});

test("a peer that does not answer IPCP in ten tries loses the link and its address", () => {
  const bench = networkWith(PROFILE);
  const sent = bench.advance(60_000).filter(({ protocol }) => protocol === IPCP);
  assert.equal(sent.length, 9, "and the first at once");
  assert.deepEqual(bench.kinds, ["authenticate", "down negotiation"]);
});

test("a peer that terminates IPCP ends the link", () => {
  const bench = new Bench();
  bench.toOpened();
  assert.deepEqual(brief(bench.say(IPCP, 5, 9)), ["IPCP 6"]);
  bench.advance(10_000);
  assert.deepEqual(bench.kinds.slice(-2), ["network-down", "down peer"]);
});

test("a peer that rejects IPCP ends the link", () => {
  const bench = networkWith(PROFILE);
  bench.say(LCP, 8, 1, [0x80, 0x21, 1, 1, 0, 4]);
  bench.advance(10_000);
  assert.deepEqual(bench.kinds, ["authenticate", "down negotiation"]);
});

test("a profile that is none is our own fault", () => {
  const bench = new Bench({ authMethods: ["pap"] });
  bench.establish();
  bench.pap(1);
  assert.throws(
    () => bench.answer({ ok: true, profile: { ...PROFILE, gateway: "here" } }),
    RangeError,
  );
});

test("a Windows client's first request comes to an end in three turns", () => {
  const zero = [0, 0, 0, 0] as const;
  const talk = new Conversation({
    peer: {
      lcp: [[1, 5, 0x78], [5, 1, 2, 3, 4], [7], [8], [13, 6], [17, 6, 0x4e], [19, 1, 1, 2, 3]],
      ipcp: [
        [2, 0, 0x2d, 15, 1],
        [3, ...zero],
        [129, ...zero],
        [130, ...zero],
        [131, ...zero],
        [132, ...zero],
      ],
    },
  });
  talk.open().run(1_000);
  assert.deepEqual(talk.kinds, ["authenticate", "network-up"]);
  assert.equal(talk.peer.address, "10.64.0.7");
  assert.deepEqual(talk.peer.ipcp.wishes.get(129), [192, 0, 2, 53]);
  assert.equal(talk.peer.ipcp.identifier, 3);
});
