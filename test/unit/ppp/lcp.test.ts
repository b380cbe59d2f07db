import assert from "node:assert/strict";
import { test } from "node:test";
import { Link, type LinkEvent } from "../../../src/ppp/index.ts";
import {
  CHAP_OPTION,
  decodeOptions,
  LCP,
  type OptionList,
  PAP_OPTION,
  read,
} from "../../peer/ppp.ts";
import { Bench, brief, MAGIC } from "../../peer/ppp-bench.ts";
import { Conversation, linkOptions, seededRandom } from "../../peer/ppp-conversation.ts";

const wanted = (bench: Bench) => {
  const options = decodeOptions(bench.requests.get(LCP)?.data ?? Buffer.of());
  return new Map(options.map(([type, ...data]) => [type, data]));
};

test("we ask for authentication and a Magic-Number, and for a MRU that is not the default", () => {
  const bench = new Bench();
  bench.open();
  assert.deepEqual([...wanted(bench).keys()], [3, 5]);
  assert.deepEqual(wanted(bench).get(3), CHAP_OPTION);
  const narrow = new Bench({ mru: 1400, authMethods: ["pap"] });
  narrow.open();
  assert.deepEqual([...wanted(narrow).keys()], [1, 3, 5]);
  assert.deepEqual(wanted(narrow).get(1), [1400 >> 8, 1400 & 0xff]);
  assert.deepEqual(wanted(narrow).get(3), PAP_OPTION);
});

test("a Magic-Number of zero is never ours", () => {
  const bench = new Bench({ random: (length) => new Uint8Array(length) });
  bench.open();
  assert.deepEqual(wanted(bench).get(5), [0, 0, 0, 1]);
});

const verdicts: [
  name: string,
  option: OptionList[number],
  code: number,
  answer?: OptionList[number],
][] = [
  ["MRU", [1, 5, 0xdc], 2],
  ["smallest MRU", [1, 0, 128], 2],
  ["MRU below the smallest", [1, 0, 127], 3, [1, 0, 128]],
  ["MRU of a wrong length", [1, 5], 3, [1, 5, 0xdc]],
  ["ACCM", [2, 0, 10, 0, 0], 2],
  ["ACCM of a wrong length", [2, 0], 3, [2, 0, 0, 0, 0]],
  ["authentication of us by PAP", [3, ...PAP_OPTION], 4],
  ["authentication of us by CHAP", [3, ...CHAP_OPTION], 4],
  ["Quality-Protocol", [4, 0xc0, 0x25, 0, 0, 0, 0], 4],
  ["Magic-Number", [5, 1, 2, 3, 4], 2],
  ["PFC", [7], 2],
  ["PFC with a value", [7, 1], 4],
  ["ACFC", [8], 2],
  ["ACFC with a value", [8, 1], 4],
  ["FCS-Alternatives", [9, 1], 4],
  ["Callback", [13, 6], 4],
  ["MRRU", [17, 5, 0xdc], 4],
  ["Short Sequence Number", [18], 4],
  ["Endpoint Discriminator", [19, 3, 1, 2, 3, 4, 5, 6], 4],
  ["RESERVED", [0], 4],
  ["unknown", [200, 1, 2], 4],
];
for (const [name, option, code, answer = option] of verdicts) {
  test(`the peer's ${name} is answered with code ${code}`, () => {
    const bench = new Bench();
    bench.open();
    const [reply] = bench.ask(LCP, 1, [option]);
    assert.equal(reply?.code, code);
    assert.deepEqual(decodeOptions(reply?.data ?? Buffer.of()), [answer]);
  });
}

test("a Magic-Number of zero or of a wrong length is Nak'ed with one that can be used", () => {
  for (const option of [
    [5, 0, 0, 0, 0],
    [5, 1, 2],
  ] as const) {
    const bench = new Bench();
    bench.open();
    const [nak] = bench.ask(LCP, 1, [option]);
    assert.equal(nak?.code, 3);
    const [[type, ...number] = []] = decodeOptions(nak?.data ?? Buffer.of());
    assert.equal(type, 5);
    assert.equal(number.length, 4);
    assert.notDeepEqual(number, [0, 0, 0, 0]);
  }
});

test("what the peer can receive is told with network-up, defaults where it said nothing", () => {
  const up = (events: LinkEvent[]) => events.find((event) => event.type === "network-up");
  const plain = new Bench();
  plain.toOpened();
  assert.deepEqual(up(plain.events)?.peer, {
    mru: 1500,
    acfc: false,
    pfc: false,
    accm: 0xffffffff,
  });
  const rich = new Conversation({
    peer: { lcp: [[1, 5, 0x78], [2, 0, 10, 0, 0], [5, 1, 2, 3, 4], [7], [8]] },
  });
  rich.open().run(5_000);
  assert.deepEqual(up(rich.events)?.peer, { mru: 1400, acfc: true, pfc: true, accm: 0x000a0000 });
});

test("the peer's lower MRU is taken over, a senseless or a higher one is not", () => {
  for (const [suggested, expected] of [
    [
      [1, 4, 0xb0],
      [4, 0xb0],
    ],
    [
      [1, 0, 5],
      [5, 0x78],
    ],
    [
      [1, 5],
      [5, 0x78],
    ],
    [[1, 5, 0xdc], undefined],
    [
      [1, 9, 0xdc],
      [5, 0x78],
    ],
  ] as const) {
    const bench = new Bench({ mru: 1400 });
    bench.open();
    bench.refuse(LCP, 3, [suggested]);
    assert.deepEqual(wanted(bench).get(1), expected, `after ${suggested}`);
  }
});

test("a rejected MRU or Magic-Number is asked for no more, and zero stands for the latter", () => {
  const bench = new Bench({ mru: 1400 });
  bench.open();
  const options = decodeOptions(bench.requests.get(LCP)?.data ?? Buffer.of());
  bench.refuse(
    LCP,
    4,
    options.filter(([type]) => type !== 3),
  );
  assert.deepEqual([...wanted(bench).keys()], [3]);
  bench.ask(LCP, 1, [MAGIC]);
  bench.ack(LCP);
  const [reply] = bench.say(LCP, 9, 5, [0xaa, 0xbb, 0xcc, 0xdd, 1, 2]);
  assert.deepEqual([...(reply?.data ?? [])], [0, 0, 0, 0, 1, 2]);
});

test("a Nak that comes a sixth time is taken as a Reject", () => {
  const bench = new Bench({ mru: 1400 });
  bench.open();
  for (let turn = 0; turn < 5; turn++) bench.refuse(LCP, 3, [[1, 0, 1]]);
  assert.ok(wanted(bench).has(1));
  bench.refuse(LCP, 3, [[1, 0, 1]]);
  assert.ok(!wanted(bench).has(1));
});

test("options that a Nak appends are not ours to ask for", () => {
  const bench = new Bench();
  bench.open();
  bench.refuse(LCP, 3, [[7], [8], [2, 0, 0, 0, 0], [17, 5, 0xdc]]);
  assert.deepEqual([...wanted(bench).keys()], [3, 5]);
});

test("one collision of Magic-Numbers is chance: both choose anew", () => {
  const bench = new Bench();
  bench.open();
  const ours = wanted(bench).get(5) ?? [];
  const [nak] = bench.ask(LCP, 1, [
    [13, 6],
    [5, ...ours],
  ]);
  assert.equal(nak?.code, 3, "the question of a loop goes before a Reject");
  const [[, ...offered] = []] = decodeOptions(nak?.data ?? Buffer.of());
  assert.notDeepEqual(offered, ours);
  bench.refuse(LCP, 3, [[5, 1, 2, 3, 4]]);
  assert.notDeepEqual(wanted(bench).get(5), ours);
  bench.ask(LCP, 2, [[5, 9, 9, 9, 9]]);
  assert.deepEqual(brief(bench.ack(LCP)), ["CHAP 1"]);
});

test("a looped-back link is recognised and ended", () => {
  const link = new Link(linkOptions());
  link.open(0);
  const events: LinkEvent[] = [];
  let now = 0;
  for (let step = 0; step < 200; step++) {
    for (let frame = link.pollTransmit(); frame; frame = link.pollTransmit()) {
      link.handleInput(frame, now);
    }
    for (let event = link.pollEvent(); event; event = link.pollEvent()) events.push(event);
    if (link.pollTimeout() === Infinity) break;
    now = link.pollTimeout();
    link.handleTimeout(now);
  }
  // The last words are our own, come back.
  const message = "Link is looped back";
  assert.deepEqual(events, [{ type: "down", reason: "loop", message }]);
});

test("an Echo-Request with our own Magic-Number means that the link is looped back now", () => {
  const bench = new Bench();
  bench.toNetwork();
  bench.say(LCP, 9, 1, wanted(bench).get(5));
  bench.advance(10_000);
  assert.deepEqual(bench.kinds.slice(-1), ["down loop"]);
});

const PERMUTATIONS: {
  name: string;
  methods: ("chap" | "pap")[];
  accepts: ("chap" | "pap")[];
  refusal: readonly number[] | "reject";
  asked: readonly (readonly number[])[];
  result: string;
}[] = [
  {
    name: "takes CHAP",
    methods: ["chap", "pap"],
    accepts: ["chap", "pap"],
    refusal: "reject",
    asked: [CHAP_OPTION],
    result: "network-up",
  },
  {
    name: "takes PAP when it is first",
    methods: ["pap", "chap"],
    accepts: ["chap", "pap"],
    refusal: "reject",
    asked: [PAP_OPTION],
    result: "network-up",
  },
  {
    name: "Naks CHAP with PAP",
    methods: ["chap", "pap"],
    accepts: ["pap"],
    refusal: PAP_OPTION,
    asked: [CHAP_OPTION, PAP_OPTION],
    result: "network-up",
  },
  {
    name: "Naks PAP with CHAP",
    methods: ["pap", "chap"],
    accepts: ["chap"],
    refusal: CHAP_OPTION,
    asked: [PAP_OPTION, CHAP_OPTION],
    result: "network-up",
  },
  {
    name: "rejects CHAP",
    methods: ["chap", "pap"],
    accepts: ["pap"],
    refusal: "reject",
    asked: [CHAP_OPTION, PAP_OPTION],
    result: "network-up",
  },
  {
    name: "Naks CHAP with EAP, then takes PAP",
    methods: ["chap", "pap"],
    accepts: ["pap"],
    refusal: [0xc2, 0x27],
    asked: [CHAP_OPTION, PAP_OPTION],
    result: "network-up",
  },
  {
    name: "Naks with MS-CHAPv2, then takes PAP",
    methods: ["chap", "pap"],
    accepts: ["pap"],
    refusal: [0xc2, 0x23, 0x81],
    asked: [CHAP_OPTION, PAP_OPTION],
    result: "network-up",
  },
  {
    name: "Naks with CHAP lacking its algorithm, then takes PAP",
    methods: ["chap", "pap"],
    accepts: ["pap"],
    refusal: [0xc2, 0x23],
    asked: [CHAP_OPTION, PAP_OPTION],
    result: "network-up",
  },
  {
    name: "Naks with an empty wish, then takes PAP",
    methods: ["chap", "pap"],
    accepts: ["pap"],
    refusal: [],
    asked: [CHAP_OPTION, PAP_OPTION],
    result: "network-up",
  },
  {
    name: "wants PAP where only CHAP is configured",
    methods: ["chap"],
    accepts: ["pap"],
    refusal: PAP_OPTION,
    asked: [CHAP_OPTION],
    result: "down no-authentication-method",
  },
  {
    name: "rejects the only method",
    methods: ["pap"],
    accepts: [],
    refusal: "reject",
    asked: [PAP_OPTION],
    result: "down no-authentication-method",
  },
  {
    name: "rejects every method",
    methods: ["chap", "pap"],
    accepts: [],
    refusal: "reject",
    asked: [CHAP_OPTION, PAP_OPTION],
    result: "down no-authentication-method",
  },
  {
    name: "Naks every method with CHAP",
    methods: ["chap", "pap"],
    accepts: [],
    refusal: CHAP_OPTION,
    asked: [CHAP_OPTION, PAP_OPTION],
    result: "down no-authentication-method",
  },
  {
    name: "Naks every method with EAP",
    methods: ["pap", "chap"],
    accepts: [],
    refusal: [0xc2, 0x27],
    asked: [PAP_OPTION, CHAP_OPTION],
    result: "down no-authentication-method",
  },
];
for (const { name, methods, accepts, refusal, asked, result } of PERMUTATIONS) {
  test(`authentication ${methods.join(", ")}: a peer that ${name}`, () => {
    const talk = new Conversation({ link: { authMethods: methods }, peer: { accepts, refusal } });
    talk.open().run(10_000);
    const requests = talk.peer.heard.filter(({ protocol, code }) => protocol === LCP && code === 1);
    const options = requests.map(({ data }) => decodeOptions(data).find(([type]) => type === 3));
    assert.deepEqual(
      options,
      asked.map((data) => [3, ...data]),
    );
    assert.equal(talk.kinds.at(-1), result);
    if (result !== "network-up") {
      const last = talk.peer.heard.at(-1);
      assert.deepEqual([last?.protocol, last?.code], [LCP, 5], "Terminate-Request");
      assert.deepEqual(talk.kinds, [result]);
    }
  });
}

test("a renegotiation offers the first method again", () => {
  const bench = new Bench();
  bench.open();
  bench.refuse(LCP, 3, [[3, ...PAP_OPTION]]);
  bench.ask(LCP, 1, [MAGIC]);
  bench.ack(LCP);
  bench.ask(LCP, 2, [MAGIC]);
  assert.deepEqual(wanted(bench).get(3), CHAP_OPTION);
  bench.refuse(LCP, 4, [[3, ...CHAP_OPTION]]);
  assert.deepEqual(wanted(bench).get(3), PAP_OPTION);
});

test("a link without any method cannot be made", () => {
  assert.throws(() => new Link(linkOptions({ authMethods: [] })), RangeError);
});

test("Identification, Time-Remaining and Discard-Request draw no answer", () => {
  const bench = new Bench();
  bench.open();
  assert.deepEqual(bench.say(LCP, 12, 1, [0, 0, 0, 0, 0x68, 0x69]), []);
  bench.ask(LCP, 1, [MAGIC]);
  bench.ack(LCP);
  for (const code of [11, 12, 13]) assert.deepEqual(bench.say(LCP, code, 1, [0, 0, 0, 0, 1]), []);
  assert.deepEqual(bench.link.counters, {});
});

test("every frame that leaves has Address, Control and a two-octet Protocol field", () => {
  const talk = new Conversation({ peer: { lcp: [[7], [8]] }, link: { random: seededRandom(3) } });
  talk.open().run(100_000);
  assert.ok(talk.sent.length > 6);
  for (const frame of talk.sent) {
    assert.deepEqual([...frame.subarray(0, 2)], [0xff, 0x03]);
    assert.equal(read(frame).protocol, ((frame[2] ?? 0) << 8) | (frame[3] ?? 0));
  }
});
