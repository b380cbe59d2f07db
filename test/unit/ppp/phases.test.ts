import assert from "node:assert/strict";
import { test } from "node:test";
import { buildPpp } from "../../../src/codec/index.ts";
import { CHAP, IPCP, LCP, PAP } from "../../peer/ppp.ts";
import { Bench, brief, MAGIC, papRequest } from "../../peer/ppp-bench.ts";

const PHASES = [
  "dead",
  "establish",
  "authenticate",
  "network",
  "opened",
  "terminate",
  "down",
] as const;
type Place = (typeof PHASES)[number];

/** A link in a phase; "opened" is Network phase with IPCP Opened, "down" is after the end. */
function linkIn(place: Place): Bench {
  const bench = new Bench();
  if (place === "dead") return bench;
  if (place === "establish") bench.open();
  else if (place === "authenticate") bench.establish();
  else if (place === "network") bench.toNetwork();
  else bench.toOpened();
  if (place === "terminate" || place === "down") bench.link.close(bench.now);
  if (place === "down") bench.advance(10_000);
  bench.drain();
  bench.events.length = 0;
  return bench;
}

const UNSUPPORTED: [string, number][] = [
  ["IPv6", 0x0057],
  ["IPV6CP", 0x8057],
  ["CCP", 0x80fd],
  ["MPPE or compressed datagram", 0x00fd],
  ["ECP", 0x8053],
  ["Multilink", 0x003d],
  ["Van Jacobson compressed TCP/IP", 0x002d],
  ["MPLSCP", 0x8281],
  ["EAP", 0xc227],
  ["Link Quality Report", 0xc025],
  ["CBCP", 0xc029],
  ["BACP", 0xc02b],
];
/** RFC 1661 2: a Protocol field that ends even has to be treated as unrecognised. */
const RULED_OUT: [string, number][] = [
  ["Protocol 0020", 0x0020],
  ["Protocol 1236", 0x1236],
  ["Protocol c022", 0xc022],
];
for (const place of PHASES) {
  for (const [name, protocol] of [...UNSUPPORTED, ...RULED_OUT]) {
    const isRejected = place === "network" || place === "opened";
    test(`${name} in ${place} is ${isRejected ? "rejected" : "silently discarded"}`, () => {
      const bench = linkIn(place);
      const before = bench.link.phase;
      const field = [protocol >> 8, protocol & 0xff];
      const [reject, ...rest] = bench.sayFrame(Uint8Array.of(0xff, 3, ...field, 1, 2, 3, 4));
      if (isRejected) {
        assert.deepEqual([reject?.protocol, reject?.code, rest.length], [LCP, 8, 0]);
        assert.deepEqual([...(reject?.data ?? [])], [...field, 1, 2, 3, 4]);
        assert.equal(bench.link.counters["unknown-protocol"], 1);
      } else {
        assert.equal(reject, undefined);
        assert.equal(bench.link.counters["wrong-phase"], 1);
      }
      assert.equal(bench.link.phase, before);
      assert.deepEqual(bench.events, []);
    });
  }
}

const SUPPORTED: Record<Place, Record<"IP" | "IPCP" | "PAP" | "LCP", string>> = {
  dead: { IP: "wrong-phase", IPCP: "wrong-phase", PAP: "wrong-phase", LCP: "wrong-phase" },
  establish: { IP: "wrong-phase", IPCP: "wrong-phase", PAP: "wrong-phase", LCP: "LCP 2" },
  authenticate: {
    IP: "wrong-phase",
    IPCP: "wrong-phase",
    PAP: "not-negotiated",
    LCP: "LCP 1,LCP 2",
  },
  network: { IP: "network-packet", IPCP: "IPCP 2", PAP: "not-negotiated", LCP: "LCP 1,LCP 2" },
  opened: {
    IP: "network-packet",
    IPCP: "IPCP 1,IPCP 2",
    PAP: "not-negotiated",
    LCP: "LCP 1,LCP 2",
  },
  terminate: { IP: "wrong-phase", IPCP: "wrong-phase", PAP: "wrong-phase", LCP: "" },
  down: { IP: "wrong-phase", IPCP: "wrong-phase", PAP: "wrong-phase", LCP: "wrong-phase" },
};
for (const place of PHASES) {
  for (const [name, expected] of Object.entries(SUPPORTED[place])) {
    test(`${name} in ${place}: ${expected || "silence"}`, () => {
      const bench = linkIn(place);
      const replies = {
        IP: () => bench.sayRaw(0x0021, [0x45, 0, 0, 20]),
        IPCP: () => bench.ask(IPCP, 7, [[3, 10, 64, 0, 7]]),
        PAP: () => bench.say(PAP, 1, 1, papRequest("demo", "demo")),
        LCP: () => bench.ask(LCP, 7, [MAGIC]),
      }[name as "IP"]();
      const counted = Object.keys(bench.link.counters).join();
      assert.equal(counted || brief(replies).join(), expected);
    });
  }
}

test("the phases come in the order of RFC 1661 3.2", () => {
  const bench = new Bench();
  const seen: string[] = [bench.link.phase];
  const look = () => seen.push(bench.link.phase);
  bench.open();
  look();
  bench.ask(LCP, 1, [MAGIC]);
  const [challenge] = bench.ack(LCP);
  look();
  bench.say(CHAP, 2, challenge?.identifier ?? 0, [16, ...new Uint8Array(16), 0x61]);
  bench.answer();
  look();
  bench.link.close(0);
  const [request] = bench.drain();
  look();
  bench.say(LCP, 6, request?.identifier ?? 0);
  look();
  assert.deepEqual(seen, ["dead", "establish", "authenticate", "network", "terminate", "dead"]);
});

test("a Protocol-Reject carries no more than the peer's MRU", () => {
  const bench = new Bench();
  bench.toNetwork([MAGIC, [1, 0, 128]]);
  const [reject] = bench.sayRaw(0x0057, new Uint8Array(1280).fill(6));
  assert.equal(reject?.data.length, 124);
});

test("each Protocol-Reject has an Identifier of its own", () => {
  const bench = linkIn("opened");
  const seen = new Set([1, 2, 3].map(() => bench.sayRaw(0x0057, [6])[0]?.identifier));
  assert.equal(seen.size, 3);
});

test("a peer that knows no Protocol-Reject gets no more of them", () => {
  const bench = linkIn("opened");
  bench.say(LCP, 7, 1, [8, 1, 0, 4]);
  assert.deepEqual(bench.sayRaw(0x0057, [6]), []);
});

test("a Protocol-Reject from the peer: IPV6CP is nothing to us, LCP is the end", () => {
  const bench = linkIn("opened");
  bench.say(LCP, 8, 1, [0x80, 0x57, 1]);
  bench.say(LCP, 8, 1, [0x80]);
  assert.equal(bench.link.phase, "network");
  assert.deepEqual(brief(bench.say(LCP, 8, 2, [0xc0, 0x21])), ["LCP 5"]);
  bench.advance(10_000);
  assert.deepEqual(bench.kinds, ["network-down", "down negotiation"]);
});

test("a Protocol-Reject before Opened is silently discarded", () => {
  const bench = linkIn("establish");
  assert.deepEqual(bench.say(LCP, 8, 1, [0xc0, 0x21]), []);
  assert.equal(bench.link.phase, "establish");
});

test("frames come with and without Address and Control, one or two octets of Protocol", () => {
  const bench = linkIn("opened");
  const request = [9, 1, 0, 8, 0, 0, 0, 0];
  assert.deepEqual(brief(bench.sayFrame(Uint8Array.of(0xff, 3, 0xc0, 0x21, ...request))), [
    "LCP 10",
  ]);
  assert.deepEqual(brief(bench.sayFrame(Uint8Array.of(0xc0, 0x21, ...request))), ["LCP 10"]);
  bench.sayFrame(Uint8Array.of(0x21, 0x45));
  assert.equal(bench.link.counters["network-packet"], 1);
});

test("what is no PPP frame is counted", () => {
  const bench = linkIn("opened");
  for (const bad of [[], [0xff, 3], [0xff, 3, 0xc0], [0xc0]]) {
    assert.deepEqual(bench.sayFrame(Uint8Array.from(bad)), []);
  }
  assert.equal(bench.link.counters["malformed-frame"], 4);
});

test("links that share a record are counted together", () => {
  const counters: Record<string, number> = {};
  for (let link = 0; link < 3; link++) {
    const bench = new Bench({ counters });
    bench.open();
    bench.sayFrame(buildPpp(0x0057, Uint8Array.of(6)));
  }
  assert.deepEqual(counters, { "wrong-phase": 3 });
});
