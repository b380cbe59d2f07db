// The ways of peers: each test is a whole conversation with the options and packets that the named
// client sends, in its order. They were taken from logs that users of these clients published.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Passwords } from "../../../src/aaa/passwords.ts";
import type { LinkOptions, NetworkProfile } from "../../../src/ppp/index.ts";
import { mschapv2 } from "../../peer/mschapv2.ts";
import {
  CHAP,
  decodeOptions,
  encodeOptions,
  type Heard,
  IPCP,
  LCP,
  md5,
  type OptionList,
  PAP,
  text,
} from "../../peer/ppp.ts";
import { Bench, brief, papRequest } from "../../peer/ppp-bench.ts";
import { PROFILE } from "../../peer/ppp-conversation.ts";

const CCP = 0x80fd;
const IPV6CP = 0x8057;
const BACP = 0xc02b;
const BCP = 0x8031;
const MPLSCP = 0x8281;
const ACSCP = 0x8235;

const MAGIC = [5, 0x41, 0x13, 0x12, 0x44] as const;
const ACCM_NONE = [2, 0, 0, 0, 0] as const;
const PFC = [7] as const;
const ACFC = [8] as const;
const CALLBACK_CBCP = [13, 6] as const;
const MRRU_1614 = [17, 6, 0x4e] as const;
/** Class 1, locally assigned. */
const ENDPOINT = [
  19,
  1,
  ...Buffer.from("c7c465fe5113458fba4b9b0ffa92daad00000000", "hex"),
] as const;
const LINK_DISCRIMINATOR = [23, 0x25, 0xa0] as const;
const MPPE_128 = [18, 1, 0, 0, 0x40] as const;
const INTERFACE_ID = [1, 0x48, 0x3c, 0x27, 0x2c, 0xc6, 0x6a, 0xeb, 0xe1] as const;
const NONE = [0, 0, 0, 0] as const;
const GIVEN = { address: [10, 64, 0, 7], dns: [192, 0, 2, 53], dns2: [192, 0, 2, 54] } as const;

const mru = (value: number) => [1, value >> 8, value & 0xff] as const;
const ALL = { mru: 1400, authMethods: ["mschapv2", "chap", "pap"] } as const;
const passwords = new Passwords([{ name: "demo", password: "demo", network: "default" }]);

/** The client asks; its request has to draw `code` with exactly `options`. */
function asks(
  bench: Bench,
  protocol: number,
  identifier: number,
  wishes: OptionList,
  [code, options]: [number, OptionList],
): void {
  const replies = bench.ask(protocol, identifier, wishes);
  const reply = replies.find((each) => each.protocol === protocol && each.code !== 1);
  assert.deepEqual([reply?.code, reply?.identifier], [code, identifier]);
  assert.deepEqual(decodeOptions(reply?.data ?? Buffer.of()), options);
}

/** A protocol that is not spoken here draws one Protocol-Reject, and the link goes on. */
function isRejected(bench: Bench, protocol: number, identifier: number, wishes: OptionList): void {
  const [reject, ...rest] = bench.ask(protocol, identifier, wishes);
  assert.deepEqual([reject?.protocol, reject?.code, rest.length], [LCP, 8, 0]);
  const list = encodeOptions(wishes);
  const packet = [1, identifier, 0, 4 + list.length, ...list];
  assert.deepEqual([...(reject?.data ?? [])], [protocol >> 8, protocol & 0xff, ...packet]);
  assert.equal(bench.link.phase, "network");
}

/** Answers the Challenge by the algorithm that was asked for; AAA judges for real. */
function proves(bench: Bench, challenge: Heard | undefined, name = "demo"): Heard[] {
  assert.ok(challenge?.protocol === CHAP && challenge.code === 1);
  const option = decodeOptions(bench.requests.get(LCP)?.data ?? Buffer.of());
  const isV2 = option.find(([type]) => type === 3)?.[3] === 0x81;
  const secret = challenge.data.subarray(1, 17);
  const value = isV2
    ? mschapv2(secret, name, "demo").value
    : md5(challenge.identifier, "demo", secret);
  bench.say(CHAP, 2, challenge.identifier, [value.length, ...value, ...text(name)]);
  return judged(bench);
}

function judged(bench: Bench, profile: NetworkProfile = PROFILE): Heard[] {
  const event = bench.events.at(-1);
  assert.ok(event?.type === "authenticate");
  const { user, proof } = passwords.verify(event.request);
  assert.equal(user?.name, "demo");
  return bench.answer({ ok: true, profile, proof });
}

function isUp(bench: Bench, peer: object, profile: NetworkProfile = PROFILE): void {
  assert.deepEqual(bench.events.at(-1), { type: "network-up", ...profile, peer });
  assert.equal(bench.link.phase, "network");
}

function opened(options: Partial<LinkOptions> = ALL): Bench {
  const bench = new Bench(options);
  bench.open();
  return bench;
}

test("Windows: Callback is rejected, Identification heard in silence, NBNS given", () => {
  const bench = opened();
  const wishes: OptionList = [mru(1400), MAGIC, PFC, ACFC];
  bench.ack(LCP);
  asks(bench, LCP, 0, [...wishes, CALLBACK_CBCP], [4, [CALLBACK_CBCP]]);
  const [ack, challenge] = bench.ask(LCP, 1, wishes);
  assert.deepEqual([ack?.code, ack?.identifier], [2, 1]);
  const identification = [...MAGIC.slice(1), ...text("MSRASV5.20")];
  assert.deepEqual(bench.say(LCP, 12, 2, identification), []);
  assert.deepEqual(bench.say(LCP, 12, 3, [...MAGIC.slice(1), ...text("MSRAS-0-DESKTOP")]), []);
  assert.deepEqual(bench.say(LCP, 12, 4, [...MAGIC.slice(1), ...Buffer.alloc(16, 0xd3)]), []);
  assert.deepEqual(brief(proves(bench, challenge, "OFFICE\\demo")), ["CHAP 3", "IPCP 1"]);

  isRejected(bench, IPV6CP, 5, [INTERFACE_ID]);
  isRejected(bench, CCP, 6, [MPPE_128]);
  const servers = { nbns: [192, 0, 2, 137] } as const;
  const asked: OptionList = [
    [3, ...NONE],
    [129, ...NONE],
    [130, ...NONE],
    [131, ...NONE],
    [132, ...NONE],
  ];
  // One NBNS is configured: the second is rejected, and Reject goes before Nak.
  asks(bench, IPCP, 7, asked, [4, [[132, ...NONE]]]);
  const given: OptionList = [
    [3, ...GIVEN.address],
    [129, ...GIVEN.dns],
    [130, ...servers.nbns],
    [131, ...GIVEN.dns2],
  ];
  asks(bench, IPCP, 8, asked.slice(0, 4), [3, given]);
  asks(bench, IPCP, 9, given, [2, given]);
  bench.ack(IPCP);
  isUp(bench, { mru: 1400, acfc: true, pfc: true, accm: 0xffffffff });

  const reason = Buffer.from("41131244003ccd74000002dc", "hex");
  const [terminated] = bench.say(LCP, 5, 10, reason);
  assert.deepEqual([terminated?.code, terminated?.identifier], [6, 10]);
  assert.deepEqual(terminated?.data, reason, "its data comes back");
  bench.advance(10_000);
  assert.deepEqual(bench.kinds.slice(-2), ["network-down", "down peer"]);
});

test("Windows with multilink allowed: MRRU, endpoint and link discriminator, BACP", () => {
  const bench = opened();
  bench.ack(LCP);
  const refused: OptionList = [CALLBACK_CBCP, MRRU_1614, ENDPOINT, LINK_DISCRIMINATOR];
  asks(bench, LCP, 0, [MAGIC, PFC, ACFC, ...refused], [4, refused]);
  const [, challenge] = bench.ask(LCP, 1, [MAGIC, PFC, ACFC]);
  proves(bench, challenge);
  isRejected(bench, BACP, 4, [[1, ...NONE]]);
  isRejected(bench, CCP, 5, [[18, 1, 0, 0, 0xe1]]);
  asks(bench, IPCP, 6, [[3, ...NONE]], [3, [[3, ...GIVEN.address]]]);
  asks(bench, IPCP, 7, [[3, ...GIVEN.address]], [2, [[3, ...GIVEN.address]]]);
  bench.ack(IPCP);
  isUp(bench, { mru: 1500, acfc: true, pfc: true, accm: 0xffffffff });
});

test("Windows set to PAP only: Naks MS-CHAPv2 and is asked for PAP", () => {
  const bench = opened();
  asks(bench, LCP, 0, [mru(1400), MAGIC, CALLBACK_CBCP], [4, [CALLBACK_CBCP]]);
  bench.ask(LCP, 1, [mru(1400), MAGIC]);
  const [again] = bench.refuse(LCP, 3, [[3, 0xc0, 0x23]]);
  const options = decodeOptions(again?.data ?? Buffer.of());
  assert.deepEqual(
    options.find(([type]) => type === 3),
    [3, 0xc0, 0x23],
  );
  bench.ack(LCP);
  bench.say(LCP, 12, 2, [...MAGIC.slice(1), ...text("MSRASV5.20")]);
  bench.say(PAP, 1, 15, papRequest("demo", "demo"));
  assert.deepEqual(brief(judged(bench)), ["PAP 2", "IPCP 1"]);
});

test("macOS and iOS: an Echo-Request before authentication, ACSCP and IPV6CP unasked", () => {
  const bench = opened();
  const wishes: OptionList = [ACCM_NONE, MAGIC, PFC, ACFC];
  asks(bench, LCP, 1, wishes, [2, wishes]);
  const [challenge] = bench.ack(LCP);
  const [echo] = bench.say(LCP, 9, 0, MAGIC.slice(1));
  assert.deepEqual([echo?.code, echo?.identifier, echo?.data.length], [10, 0, 4]);
  proves(bench, challenge);

  const asked: OptionList = [
    [3, ...NONE],
    [129, ...NONE],
    [131, ...NONE],
  ];
  const given: OptionList = [
    [3, ...GIVEN.address],
    [129, ...GIVEN.dns],
    [131, ...GIVEN.dns2],
  ];
  asks(bench, IPCP, 1, asked, [3, given]);
  isRejected(bench, IPV6CP, 1, [INTERFACE_ID]);
  isRejected(bench, ACSCP, 1, [
    [1, 0, 0, 0, 1],
    [2, 0, 0, 0, 1],
  ]);
  bench.ack(IPCP);
  asks(bench, IPCP, 2, given, [2, given]);
  isUp(bench, { mru: 1500, acfc: true, pfc: true, accm: 0 });
});

test("macOS where no name server is configured: rejected options, an address all the same", () => {
  const bench = opened();
  bench.ask(LCP, 1, [ACCM_NONE, MAGIC, PFC, ACFC]);
  const [challenge] = bench.ack(LCP);
  assert.ok(challenge !== undefined);
  const { value } = mschapv2(challenge.data.subarray(1, 17), "demo", "demo");
  bench.say(CHAP, 2, challenge.identifier, [value.length, ...value, ...text("demo")]);
  const profile = { ...PROFILE, dns: [], nbns: [] };
  judged(bench, profile);
  const servers: OptionList = [
    [129, ...NONE],
    [131, ...NONE],
  ];
  asks(bench, IPCP, 1, [[3, ...NONE], ...servers], [4, servers]);
  asks(bench, IPCP, 2, [[3, ...NONE]], [3, [[3, ...GIVEN.address]]]);
  asks(bench, IPCP, 3, [[3, ...GIVEN.address]], [2, [[3, ...GIVEN.address]]]);
  bench.ack(IPCP);
  isUp(bench, { mru: 1500, acfc: true, pfc: true, accm: 0 }, profile);
});

test("Android: Van Jacobson compression is rejected, CCP too", () => {
  const bench = opened();
  const wishes: OptionList = [mru(1400), ACCM_NONE, MAGIC, PFC, ACFC];
  asks(bench, LCP, 1, wishes, [2, wishes]);
  const [challenge] = bench.ack(LCP);
  proves(bench, challenge);
  const compression = [2, 0, 0x2d, 15, 1] as const;
  const rest: OptionList = [
    [3, ...NONE],
    [129, ...NONE],
    [131, ...NONE],
  ];
  isRejected(bench, CCP, 1, [MPPE_128]);
  asks(bench, IPCP, 1, [compression, ...rest], [4, [compression]]);
  const given: OptionList = [
    [3, ...GIVEN.address],
    [129, ...GIVEN.dns],
    [131, ...GIVEN.dns2],
  ];
  asks(bench, IPCP, 2, rest, [3, given]);
  asks(bench, IPCP, 3, given, [2, given]);
  bench.ack(IPCP);
  isUp(bench, { mru: 1400, acfc: true, pfc: true, accm: 0 });
});

test("Linux with xl2tpd: deflate and BSD compression are rejected as a protocol", () => {
  const bench = opened();
  const wishes: OptionList = [mru(1410), ACCM_NONE, MAGIC];
  asks(bench, LCP, 1, wishes, [2, wishes]);
  const [challenge] = bench.ack(LCP);
  bench.say(LCP, 9, 0, MAGIC.slice(1));
  proves(bench, challenge);
  isRejected(bench, CCP, 1, [
    [26, 0x78, 0],
    [24, 0x78, 0],
    [21, 0x2f],
  ]);
  asks(bench, IPCP, 1, [[3, ...NONE]], [3, [[3, ...GIVEN.address]]]);
  asks(bench, IPCP, 2, [[3, ...GIVEN.address]], [2, [[3, ...GIVEN.address]]]);
  bench.ack(IPCP);
  isUp(bench, { mru: 1410, acfc: false, pfc: false, accm: 0 });
});

test("MikroTik: MRRU is rejected; MPLSCP, IPV6CP, BCP and CCP unasked leave IPv4 alone", () => {
  const bench = opened();
  const mrru = [17, 6, 0x40] as const;
  asks(bench, LCP, 1, [mru(1450), MAGIC, mrru], [4, [mrru]]);
  const [challenge] = bench
    .ask(LCP, 2, [mru(1450), MAGIC])
    .concat(bench.ack(LCP))
    .slice(-1);
  proves(bench, challenge);
  isRejected(bench, MPLSCP, 1, []);
  isRejected(bench, IPV6CP, 1, [INTERFACE_ID]);
  isRejected(bench, BCP, 1, [[3, 1]]);
  isRejected(bench, CCP, 1, [MPPE_128]);
  // Its CCP gives up by itself.
  const [reject] = bench.say(CCP, 5, 3, text("No compression negotiated"));
  assert.deepEqual([reject?.protocol, reject?.code], [LCP, 8]);
  asks(bench, IPCP, 1, [[3, ...NONE]], [3, [[3, ...GIVEN.address]]]);
  asks(bench, IPCP, 2, [[3, ...GIVEN.address]], [2, [[3, ...GIVEN.address]]]);
  bench.ack(IPCP);
  isUp(bench, { mru: 1450, acfc: false, pfc: false, accm: 0xffffffff });
});

test("a router that has an address of its own is told ours until it takes it", () => {
  const bench = opened();
  bench.ask(LCP, 1, [mru(1460), MAGIC]);
  const [challenge] = bench.ack(LCP);
  proves(bench, challenge);
  const own = [3, 192, 168, 88, 1] as const;
  for (let turn = 1; turn <= 5; turn++) {
    asks(bench, IPCP, turn, [own], [3, [[3, ...GIVEN.address]]]);
  }
  asks(bench, IPCP, 6, [own], [4, [own]]);
  asks(bench, IPCP, 7, [], [2, []]);
  bench.ack(IPCP);
  isUp(bench, { mru: 1460, acfc: false, pfc: false, accm: 0xffffffff });
});
