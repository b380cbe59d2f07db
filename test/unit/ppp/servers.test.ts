// The ways of servers: each test is a whole conversation with the options and packets that the named
// server sends, in its order. They were taken from logs that users of these servers published.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PeerLinkSettings } from "../../../src/ppp/index.ts";
import { authenticatorResponse } from "../../peer/mschapv2.ts";
import {
  CHAP,
  decodeOptions,
  type Heard,
  IPCP,
  LCP,
  type OptionList,
  PAP,
  text,
} from "../../peer/ppp.ts";
import { brief, PeerBench } from "../../peer/ppp-bench.ts";

const CCP = 0x80fd;
const ACCM_NONE = [2, 0, 0, 0, 0] as const;
const MAGIC = [5, 0x43, 0x3c, 0xb8, 0x23] as const;
const PFC = [7] as const;
const ACFC = [8] as const;
const AUTH_PAP = [3, 0xc0, 0x23] as const;
const AUTH_MD5 = [3, 0xc2, 0x23, 5] as const;
const AUTH_MSCHAPV2 = [3, 0xc2, 0x23, 0x81] as const;
const mru = (value: number) => [1, value >> 8, value & 0xff] as const;

const CHALLENGE = Array.from({ length: 16 }, (_, at) => 255 - at);
const GIVEN: OptionList = [
  [3, 10, 64, 0, 7],
  [129, 192, 0, 2, 53],
  [131, 192, 0, 2, 54],
];
const NBNS: OptionList = [
  [130, 0, 0, 0, 0],
  [132, 0, 0, 0, 0],
];

function opened(settings: Partial<PeerLinkSettings> = {}): PeerBench {
  const bench = new PeerBench({ mru: 1400, ...settings });
  bench.open();
  return bench;
}

/** The server asks; its request has to draw `code` with exactly `options`. */
function asks(
  bench: PeerBench,
  protocol: number,
  identifier: number,
  wishes: OptionList,
  [code, options]: [number, OptionList],
): Heard[] {
  const replies = bench.ask(protocol, identifier, wishes);
  const at = replies.findIndex((each) => each.protocol === protocol && each.code !== 1);
  assert.deepEqual([replies[at]?.code, replies[at]?.identifier], [code, identifier]);
  assert.deepEqual(decodeOptions(replies[at]?.data ?? Buffer.of()), options);
  return replies.slice(at + 1);
}

function proofFor(response: Heard | undefined): string {
  const value = response?.data.subarray(1, 50) ?? Buffer.of();
  const ours = value.subarray(0, 16);
  const challenge = Buffer.from(CHALLENGE);
  return authenticatorResponse(challenge, ours, "demo", "demo", value.subarray(24, 48));
}

test("pppd behind xl2tpd: MS-CHAPv2, its LCP sent twice, CCP is rejected, NBNS too", () => {
  const bench = opened();
  const wishes: OptionList = [mru(1410), ACCM_NONE, AUTH_MSCHAPV2, MAGIC, PFC, ACFC];
  asks(bench, LCP, 1, wishes, [2, wishes]);
  // Our first request met a pppd that was still starting.
  assert.deepEqual(brief(bench.advance(500)), ["LCP 1"]);
  asks(bench, LCP, 1, wishes, [2, wishes]);
  assert.deepEqual(bench.ack(LCP), []);
  assert.deepEqual(brief(bench.say(LCP, 9, 0, [0x43, 0x3c, 0xb8, 0x23])), ["LCP 10"]);
  const [response] = bench.say(CHAP, 1, 0x9d, [16, ...CHALLENGE, ...text("l2tpd")]);
  const success = `${proofFor(response)} M=Access granted`;
  const [request] = bench.say(CHAP, 3, 0x9d, text(success));
  assert.deepEqual(
    brief(
      bench.ask(CCP, 1, [
        [26, 0x78, 0],
        [24, 0x78, 0],
      ]),
    ),
    ["LCP 8"],
  );
  asks(
    bench,
    IPCP,
    1,
    [
      [2, 0, 0x2d, 15, 1],
      [3, 10, 64, 0, 1],
    ],
    [4, [[2, 0, 0x2d, 15, 1]]],
  );
  assert.equal(request?.protocol, IPCP);
  bench.refuse(IPCP, 4, NBNS);
  bench.refuse(IPCP, 3, GIVEN);
  asks(bench, IPCP, 2, [[3, 10, 64, 0, 1]], [2, [[3, 10, 64, 0, 1]]]);
  bench.ack(IPCP);
  assert.deepEqual(bench.events.at(-1), {
    type: "network-up",
    address: "10.64.0.7",
    gateway: "10.64.0.1",
    dns: ["192.0.2.53", "192.0.2.54"],
    nbns: [],
    peer: { mru: 1410, acfc: true, pfc: true, accm: 0 },
  });
});

test("pppd with one name server: it is named as the secondary too, and counts once", () => {
  const bench = opened({ dns: true });
  bench.ack(LCP);
  asks(bench, LCP, 1, [mru(1400), ACCM_NONE, MAGIC], [2, [mru(1400), ACCM_NONE, MAGIC]]);
  const server = [10, 20, 0, 1] as const;
  const told: OptionList = [
    [3, 10, 20, 0, 10],
    [129, ...server],
    [131, ...server],
  ];
  bench.refuse(IPCP, 4, NBNS);
  bench.refuse(IPCP, 3, told);
  asks(bench, IPCP, 1, [[3, ...server]], [2, [[3, ...server]]]);
  bench.ack(IPCP);
  const up = bench.events.at(-1);
  assert.ok(up?.type === "network-up");
  assert.deepEqual([up.dns, up.nbns], [["10.20.0.1"], []]);
});

test("pppd that hangs up: IPCP with LCP, its words are told", () => {
  const bench = opened();
  bench.ack(LCP);
  asks(bench, LCP, 1, [ACCM_NONE, MAGIC], [2, [ACCM_NONE, MAGIC]]);
  const [ack] = bench.say(LCP, 5, 2, text("User request"));
  assert.deepEqual([ack?.code, ack?.identifier], [6, 2]);
  bench.advance(3_000);
  assert.deepEqual(bench.events, [{ type: "down", reason: "peer", message: "User request" }]);
});

test("a mobile network: CHAP becomes PAP, Discard before the Ack, IPCP without an address", () => {
  const bench = opened({ methods: ["pap"] });
  bench.ack(LCP);
  const rest: OptionList = [MAGIC, PFC, ACFC];
  asks(bench, LCP, 0, [ACCM_NONE, AUTH_MD5, ...rest], [3, [AUTH_PAP]]);
  const wishes: OptionList = [ACCM_NONE, AUTH_PAP, ...rest];
  const [request] = asks(bench, LCP, 1, wishes, [2, wishes]);
  assert.equal(request?.protocol, PAP);
  assert.deepEqual(bench.say(LCP, 11, 2, [0x43, 0x3c, 0xb8, 0x23]), []);
  bench.say(PAP, 2, request?.identifier ?? 0, [0]);
  asks(bench, IPCP, 0, [], [2, []]);
  bench.refuse(IPCP, 4, NBNS);
  bench.refuse(IPCP, 3, GIVEN);
  bench.ack(IPCP);
  const up = bench.events.at(-1);
  assert.ok(up?.type === "network-up");
  assert.deepEqual([up.address, up.gateway], ["10.64.0.7", ""]);
});

test("a server that gives up its wish for authentication when it is refused", () => {
  const bench = opened({ methods: ["pap"] });
  bench.ack(LCP);
  asks(bench, LCP, 1, [ACCM_NONE, AUTH_MD5, MAGIC], [3, [AUTH_PAP]]);
  asks(bench, LCP, 2, [ACCM_NONE, MAGIC], [2, [ACCM_NONE, MAGIC]]);
  assert.equal(bench.link.phase, "network");
  bench.say(LCP, 5, 3);
  bench.advance(3_000);
  assert.deepEqual(bench.kinds, ["down peer"]);
});

test("Windows Server: Callback and multilink are rejected, no space behind the proof", () => {
  const bench = opened();
  bench.ack(LCP);
  const multilink: OptionList = [
    [17, 6, 0x4e],
    [19, 1, ...Buffer.from("c7c465fe5113458fba4b9b0ffa92daad00000000", "hex")],
  ];
  const wishes: OptionList = [mru(1400), AUTH_MSCHAPV2, MAGIC, PFC, ACFC];
  asks(bench, LCP, 0, [...wishes, ...multilink], [4, multilink]);
  asks(bench, LCP, 1, wishes, [2, wishes]);
  const [response] = bench.say(CHAP, 1, 0, [16, ...CHALLENGE, ...text("RRAS")]);
  bench.say(CHAP, 3, 0, text(`${proofFor(response)}M=SUCCESS`));
  assert.equal(bench.link.phase, "network");
  const mppe: OptionList = [[18, 1, 0, 0, 0x41]];
  assert.deepEqual(brief(bench.ask(CCP, 4, mppe)), ["LCP 8"]);
});
