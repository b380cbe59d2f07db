import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuthRequest } from "../../../src/ppp/index.ts";
import { CHAP, frame, type Heard, IPCP, LCP, md5, PAP, text } from "../../peer/ppp.ts";
import { Bench, brief, MAGIC, papRequest } from "../../peer/ppp-bench.ts";
import { Conversation, PROFILE } from "../../peer/ppp-conversation.ts";

const PAP_ONLY = { authMethods: ["pap"] } as const;
const REFUSED = { ok: false, message: "go away" } as const;
const asked = (bench: Bench): AuthRequest[] =>
  bench.events.flatMap((event) => (event.type === "authenticate" ? [event.request] : []));
const response = (challenge: Heard | undefined, name = "demo", password = "demo"): number[] => {
  const value = challenge?.data.subarray(1, 17) ?? Buffer.of();
  return [16, ...md5(challenge?.identifier ?? 0, password, value), ...text(name)];
};

test("PAP: the request goes to AAA octet for octet, and Ack opens the Network phase", () => {
  const bench = new Bench(PAP_ONLY);
  assert.deepEqual(bench.establish(), [], "the peer speaks first");
  assert.equal(bench.link.phase, "authenticate");
  assert.deepEqual(bench.say(PAP, 1, 5, [2, ...text("jo"), 3, 0, 255, 1]), []);
  assert.deepEqual(asked(bench), [
    { method: "pap", name: "jo", password: Uint8Array.of(0, 255, 1) },
  ]);
  const [ack, request] = bench.answer();
  assert.deepEqual(
    [ack?.protocol, ack?.code, ack?.identifier, ...(ack?.data ?? [])],
    [PAP, 2, 5, 0],
  );
  assert.deepEqual([request?.protocol, request?.code], [IPCP, 1]);
  assert.equal(bench.link.phase, "network");
  assert.equal(bench.link.user, "jo");
});

test("PAP: refused means Nak with the message, Terminate-Request, down", () => {
  const bench = new Bench(PAP_ONLY);
  bench.establish();
  bench.pap(5);
  const [nak, terminate] = bench.answer({ ok: false, message: "nö\u0007!" });
  assert.deepEqual([nak?.code, nak?.identifier, ...(nak?.data ?? [])], [3, 5, 4, ...text("n??!")]);
  assert.deepEqual([terminate?.protocol, terminate?.code], [LCP, 5]);
  assert.equal(bench.link.phase, "terminate");
  assert.deepEqual(bench.pap(6), [], "no second try in this phase (RFC 1334 2.2.1)");
  bench.say(LCP, 6, terminate?.identifier ?? 0);
  assert.deepEqual(bench.kinds, ["authenticate", "down authentication"]);
  assert.equal(bench.link.user, "");
});

test("PAP: a request repeated before the answer is answered by its Identifier, asked once", () => {
  const bench = new Bench(PAP_ONLY);
  bench.establish();
  bench.pap(1);
  assert.deepEqual(bench.pap(2), []);
  assert.equal(bench.answer()[0]?.identifier, 2);
  assert.equal(asked(bench).length, 1);
});

test("PAP: a request repeated after the answer gets the same answer, whatever it holds", () => {
  const bench = new Bench(PAP_ONLY);
  bench.establish();
  bench.pap(1);
  bench.answer();
  for (const [identifier, name] of [
    [1, "demo"],
    [2, "demo"],
    [3, "mallory"],
  ] as const) {
    const [ack, ...rest] = bench.pap(identifier, name);
    assert.deepEqual([ack?.code, ack?.identifier, rest.length], [2, identifier, 0]);
  }
  assert.equal(asked(bench).length, 1);
  assert.equal(bench.link.user, "demo");
});

test("PAP: malformed requests are counted and reach nobody", () => {
  const bench = new Bench(PAP_ONLY);
  bench.establish();
  const bad = [
    [],
    [4],
    [4, 1, 2, 3],
    [1, 97],
    [1, 97, 2, 98],
    [0],
    [254, ...new Uint8Array(254), 0],
  ];
  for (const data of bad) assert.deepEqual(bench.say(PAP, 1, 1, data), []);
  for (const code of [0, 2, 3, 4]) bench.say(PAP, code, 1, papRequest("a", "b"));
  bench.sayRaw(PAP, [1, 1, 0, 99, 0, 0]);
  assert.equal(bench.link.counters["malformed-packet"], 12);
  assert.deepEqual(asked(bench), []);
});

test("PAP: a peer that says nothing for thirty seconds is refused", () => {
  const bench = new Bench(PAP_ONLY);
  bench.establish();
  assert.deepEqual(bench.advance(20_000 - 1), []);
  bench.say(LCP, 11, 1, [0, 0, 0, 0]);
  const sent = bench.advance(20_000);
  assert.deepEqual(
    sent.map(({ code, at }) => [code, at]),
    [
      [5, 30_000],
      [5, 33_000],
    ],
  );
  assert.deepEqual(bench.kinds, ["down authentication"]);
});

test("octets behind Length are padding in PAP and CHAP too", () => {
  const padded = (packet: Uint8Array) => Uint8Array.of(...packet, 0xde, 0xad);
  const pap = new Bench(PAP_ONLY);
  pap.establish();
  pap.sayFrame(padded(frame(PAP, 1, 5, papRequest("jo", "secret"))));
  const chap = new Bench();
  const [challenge] = chap.establish();
  chap.sayFrame(padded(frame(CHAP, 2, challenge?.identifier ?? 0, response(challenge, "jo"))));
  assert.deepEqual(
    [...asked(pap), ...asked(chap)].map(({ name }) => name),
    ["jo", "jo"],
  );
});

test("CHAP: the Challenge names us and holds sixteen octets of the random source", () => {
  const bench = new Bench({ random: (length) => new Uint8Array(length).fill(length) });
  const [challenge, ...rest] = bench.establish();
  assert.equal(rest.length, 0);
  assert.deepEqual([challenge?.protocol, challenge?.code], [CHAP, 1]);
  assert.deepEqual([...(challenge?.data ?? [])], [16, ...Array(16).fill(16), ...text("simplon")]);
});

test("CHAP: what AAA is asked verifies with MD5, and Success opens the Network phase", () => {
  const bench = new Bench();
  const [challenge] = bench.establish();
  bench.say(CHAP, 2, challenge?.identifier ?? 0, response(challenge, "jo", "secret"));
  const [request] = asked(bench);
  assert.ok(request?.method === "chap");
  assert.equal(request.name, "jo");
  assert.deepEqual(
    Buffer.from(request.response),
    md5(request.identifier, "secret", request.challenge),
  );
  const [success] = bench.answer();
  assert.deepEqual([success?.code, success?.identifier], [3, challenge?.identifier]);
  assert.equal(bench.link.phase, "network");
  assert.equal(bench.link.user, "jo");
});

test("CHAP: a Challenge goes out ten times, each with a new Identifier and Value", () => {
  const bench = new Bench();
  const first = bench.establish();
  const sent = [...first, ...bench.advance(60_000)];
  const challenges = sent.filter(({ protocol }) => protocol === CHAP);
  assert.deepEqual(
    challenges.map(({ at }) => at / 1000),
    [0, 3, 6, 9, 12, 15, 18, 21, 24, 27],
  );
  assert.equal(new Set(challenges.map(({ identifier }) => identifier)).size, 10);
  assert.equal(new Set(challenges.map(({ data }) => data.toString("hex"))).size, 10);
  assert.deepEqual(bench.kinds, ["down authentication"]);
});

test("CHAP: a Response to another Challenge or of a wrong size is discarded", () => {
  const bench = new Bench();
  const [challenge] = bench.establish();
  const identifier = challenge?.identifier ?? 0;
  const [next] = bench.advance(3_000);
  bench.say(CHAP, 2, identifier, response(challenge));
  assert.equal(bench.link.counters["stale-reply"], 1);
  const good = response(next);
  for (const data of [
    [],
    [16],
    good.slice(0, 16),
    [15, ...good.slice(1)],
    [17, ...good.slice(1)],
    [...good, ...new Uint8Array(250)],
  ]) {
    bench.say(CHAP, 2, next?.identifier ?? 0, data);
  }
  for (const code of [0, 1, 3, 4]) bench.say(CHAP, code, next?.identifier ?? 0, good);
  assert.equal(bench.link.counters["malformed-packet"], 10);
  assert.deepEqual(asked(bench), []);
  bench.say(CHAP, 2, next?.identifier ?? 0, good);
  assert.equal(asked(bench).length, 1);
});

test("CHAP: only the first Response is judged, each repetition gets the same result", () => {
  const bench = new Bench();
  const [challenge] = bench.establish();
  const identifier = challenge?.identifier ?? 0;
  bench.say(CHAP, 2, identifier, response(challenge));
  assert.deepEqual(bench.say(CHAP, 2, identifier, response(challenge, "root", "guess")), []);
  bench.answer();
  for (const name of ["demo", "root"]) {
    const repeated = bench.say(CHAP, 2, identifier, response(challenge, name));
    assert.deepEqual(brief(repeated), ["CHAP 3"]);
  }
  assert.deepEqual(bench.say(CHAP, 2, identifier + 1, response(challenge)), []);
  assert.equal(asked(bench).length, 1);
  assert.equal(bench.link.user, "demo");
});

test("CHAP: refused means Failure with the message, Terminate-Request, down", () => {
  const bench = new Bench();
  const [challenge] = bench.establish();
  bench.say(CHAP, 2, challenge?.identifier ?? 0, response(challenge));
  const [failure, terminate] = bench.answer(REFUSED);
  assert.deepEqual([failure?.code, failure?.identifier], [4, challenge?.identifier]);
  assert.equal(failure?.data.toString(), "go away");
  assert.deepEqual([terminate?.protocol, terminate?.code], [LCP, 5]);
  bench.advance(10_000);
  assert.deepEqual(bench.kinds, ["authenticate", "down authentication"]);
});

test("no Challenge goes out while AAA is asked; an answer that never comes ends the link", () => {
  const bench = new Bench();
  const [challenge] = bench.establish();
  bench.say(CHAP, 2, challenge?.identifier ?? 0, response(challenge));
  const sent = bench.advance(70_000);
  assert.deepEqual(
    sent.filter(({ protocol }) => protocol === CHAP),
    [],
  );
  assert.deepEqual(
    sent.filter(({ code }) => code === 5).map(({ at }) => at),
    [60_000, 63_000],
  );
  assert.deepEqual(bench.kinds, ["authenticate", "down authentication"]);
  assert.equal(bench.link.authenticated({ ok: true, profile: PROFILE }, bench.now), false);
  assert.deepEqual(bench.drain(), []);
});

test("an answer for the time before a renegotiation does not let the next identity in", () => {
  const bench = new Bench(PAP_ONLY);
  bench.establish();
  bench.pap(1, "alice", "right");
  bench.ask(LCP, 2, [MAGIC]);
  bench.ack(LCP);
  assert.deepEqual(bench.pap(2, "mallory", "wrong"), []);
  assert.equal(bench.link.counters["authentication-busy"], 1);
  assert.equal(bench.link.authenticated({ ok: true, profile: PROFILE }, bench.now), false);
  assert.deepEqual(bench.drain(), []);
  assert.equal(bench.link.phase, "authenticate");
  bench.pap(3, "mallory", "wrong");
  assert.equal(bench.link.authenticated(REFUSED, bench.now), true);
  bench.advance(10_000);
  assert.deepEqual(bench.kinds, ["authenticate", "authenticate", "down authentication"]);
});

test("a peer that is refused in a renegotiation hears no more of IPCP", () => {
  const bench = new Bench(PAP_ONLY);
  bench.toOpened();
  bench.ask(LCP, 2, [MAGIC]);
  bench.ack(LCP);
  bench.pap(2, "mallory");
  assert.deepEqual(brief(bench.answer(REFUSED)), ["PAP 3", "LCP 5"]);
  assert.deepEqual(bench.link.counters, {});
});

for (const method of ["chap", "pap"] as const) {
  test(`${method}: the request does not change when the frame's memory is used again`, () => {
    const bench = new Bench({ authMethods: [method] });
    const [challenge] = bench.establish();
    const octets =
      method === "pap"
        ? frame(PAP, 1, 1, papRequest("demo", "demo"))
        : frame(CHAP, 2, challenge?.identifier ?? 0, response(challenge));
    bench.sayFrame(octets);
    const before = structuredClone(asked(bench));
    octets.fill(0);
    assert.deepEqual(asked(bench), before);
  });
}

test("answers that nobody asked for are harmless in every phase", () => {
  const bench = new Bench();
  const unasked = () =>
    assert.equal(bench.link.authenticated({ ok: true, profile: PROFILE }, 0), false);
  unasked();
  bench.open();
  unasked();
  bench.ask(LCP, 1, [MAGIC]);
  bench.ack(LCP);
  unasked();
  assert.equal(bench.link.phase, "authenticate");
  bench.link.close(0);
  unasked();
  assert.equal(bench.link.counters["late-answer"], 4);
});

for (const [method, other] of [
  ["chap", PAP],
  ["pap", CHAP],
] as const) {
  test(`${method}: packets of the other authentication protocol are discarded`, () => {
    const bench = new Bench({ authMethods: [method] });
    bench.establish();
    assert.deepEqual(bench.say(other, 1, 1, papRequest("demo", "demo")), []);
    assert.deepEqual(bench.say(other, 2, 1, new Uint8Array(21).fill(16)), []);
    assert.equal(bench.link.counters["not-negotiated"], 2);
    assert.deepEqual(bench.events, []);
  });
}

test("a peer that rejects the protocol that it agreed to has not authenticated", () => {
  const bench = new Bench();
  bench.establish();
  bench.say(LCP, 8, 1, [0xc2, 0x23, 1, 1]);
  bench.advance(10_000);
  assert.deepEqual(bench.kinds, ["down authentication"]);
});

for (const method of ["chap", "pap"] as const) {
  for (const right of [true, false]) {
    test(`a client with ${method} and the ${right ? "right" : "wrong"} password`, () => {
      const talk = new Conversation({
        peer: { accepts: [method], password: right ? "demo" : "guess" },
        answer: (request) => {
          const good =
            request.method === "pap"
              ? Buffer.from("demo").equals(request.password)
              : md5(request.identifier, "demo", request.challenge).equals(request.response);
          return good ? { ok: true, profile: PROFILE } : REFUSED;
        },
      });
      talk.open().run(10_000);
      assert.equal(talk.peer.verdict, right ? "success" : "failure");
      assert.deepEqual(talk.kinds, ["authenticate", right ? "network-up" : "down authentication"]);
      assert.equal(talk.peer.address, right ? "10.64.0.7" : "");
      assert.equal(
        talk.peer.heard.some(({ protocol }) => protocol === IPCP),
        right,
      );
    });
  }
}

test("the password is in the request and nowhere else", () => {
  const bench = new Bench(PAP_ONLY);
  bench.establish();
  const sent = [...bench.pap(1, "demo", "hunter2hunter2"), ...bench.answer(REFUSED)];
  const rest = bench.events.filter(({ type }) => type !== "authenticate");
  const seen = JSON.stringify([rest, bench.link, bench.link.counters, bench.link.user]);
  assert.ok(!seen.includes("hunter2"));
  assert.ok(sent.every(({ data }) => !data.includes("hunter2")));
});
