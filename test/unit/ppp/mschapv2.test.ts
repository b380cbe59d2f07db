import assert from "node:assert/strict";
import { test } from "node:test";
import { Passwords } from "../../../src/aaa/passwords.ts";
import type { AuthMethod, AuthReply, AuthRequest } from "../../../src/ppp/index.ts";
import { mschapv2 } from "../../peer/mschapv2.ts";
import { CHAP, decodeOptions, type Heard, LCP, text } from "../../peer/ppp.ts";
import { Bench } from "../../peer/ppp-bench.ts";
import { Conversation, PROFILE, seededRandom } from "../../peer/ppp-conversation.ts";

const ONLY = { authMethods: ["mschapv2"] } as const;
const PROOF = "S=407A5589115FD0D6209F510FE9C04566932CDA56";
const GRANTED = { ok: true, profile: PROFILE, proof: PROOF } as const;
const REFUSED = { ok: false, message: "Authentication failed" } as const;
const FAILURE = /^E=(\d+) R=0 C=[0-9A-F]{32} V=3 M=(.*)$/;
/** Data of a Change-Password packet (RFC 2759 section 7). */
const CHANGE_PASSWORD = new Uint8Array(582);

const asked = (bench: Bench): AuthRequest[] =>
  bench.events.flatMap((event) => (event.type === "authenticate" ? [event.request] : []));

function response(challenge: Heard | undefined, name = "demo", password = "demo"): number[] {
  const { value } = mschapv2(challenge?.data.subarray(1, 17) ?? Buffer.of(), name, password);
  return [value.length, ...value, ...text(name)];
}

/** To the moment in which AAA is asked. */
function toAsked(bench: Bench): Heard {
  const [challenge] = bench.establish();
  assert.ok(challenge !== undefined);
  bench.say(CHAP, 2, challenge.identifier, response(challenge));
  return challenge;
}

test("LCP asks for CHAP with algorithm 0x81, the Challenge holds sixteen octets", () => {
  const bench = new Bench(ONLY);
  const [request] = bench.open();
  const option = decodeOptions(request?.data ?? Buffer.of()).find(([type]) => type === 3);
  assert.deepEqual(option, [3, 0xc2, 0x23, 0x81]);
  const [challenge] = new Bench(ONLY).establish();
  assert.deepEqual([challenge?.protocol, challenge?.code], [CHAP, 1]);
  assert.equal(challenge?.data[0], 16);
  assert.equal(challenge?.data.subarray(17).toString(), "simplon");
});

test("AAA is asked with both challenges and the NT-Response, the name as it was sent", () => {
  const bench = new Bench(ONLY);
  const [challenge] = bench.establish();
  const data = response(challenge, "BIGCO\\jo", "secret");
  bench.say(CHAP, 2, challenge?.identifier ?? 0, data);
  const [request] = asked(bench);
  assert.ok(request?.method === "mschapv2");
  assert.equal(request.name, "BIGCO\\jo");
  assert.equal(request.identifier, challenge?.identifier);
  assert.deepEqual(Buffer.from(request.challenge), challenge?.data.subarray(1, 17));
  assert.deepEqual([...request.peerChallenge], data.slice(1, 17));
  assert.deepEqual([...request.response], data.slice(25, 49));
});

test("Success carries our proof and a message, and opens the Network phase", () => {
  const bench = new Bench(ONLY);
  const challenge = toAsked(bench);
  const [success] = bench.answer(GRANTED);
  assert.deepEqual([success?.code, success?.identifier], [3, challenge.identifier]);
  assert.equal(success?.data.toString(), `${PROOF} M=Welcome`);
  assert.equal(bench.link.phase, "network");
});

test("Failure is E=691 R=0 with a challenge, version 3 and the message; then the link ends", () => {
  const bench = new Bench(ONLY);
  const challenge = toAsked(bench);
  const [failure, terminate] = bench.answer({ ok: false, message: "go\r\naway" });
  assert.deepEqual([failure?.code, failure?.identifier], [4, challenge.identifier]);
  assert.deepEqual(FAILURE.exec(failure?.data.toString() ?? "")?.slice(1), ["691", "go??away"]);
  assert.deepEqual([terminate?.protocol, terminate?.code], [LCP, 5]);
  bench.advance(10_000);
  assert.deepEqual(bench.kinds, ["authenticate", "down authentication"]);
});

test("a repeated Response is judged once and gets the same Success, proof included", () => {
  const bench = new Bench(ONLY);
  const challenge = toAsked(bench);
  assert.deepEqual(bench.say(CHAP, 2, challenge.identifier, response(challenge)), []);
  const [success] = bench.answer(GRANTED);
  for (const name of ["demo", "mallory"]) {
    const [again, ...rest] = bench.say(CHAP, 2, challenge.identifier, response(challenge, name));
    assert.deepEqual([again?.code, again?.identifier, rest.length], [3, challenge.identifier, 0]);
    assert.deepEqual(again?.data, success?.data);
  }
  assert.equal(asked(bench).length, 1);
  assert.equal(bench.link.user, "demo");
});

test("an unanswered Challenge is sent ten times, each with a new Identifier and Value", () => {
  const bench = new Bench(ONLY);
  const challenges = [...bench.establish(), ...bench.advance(60_000)].filter(
    ({ protocol }) => protocol === CHAP,
  );
  assert.equal(challenges.length, 10);
  assert.equal(new Set(challenges.map(({ identifier }) => identifier)).size, 10);
  assert.equal(new Set(challenges.map(({ data }) => data.toString("hex"))).size, 10);
  assert.deepEqual(bench.kinds, ["down authentication"]);
});

test("a Value of another size than 49, or a stale one, reaches nobody", () => {
  const bench = new Bench(ONLY);
  const [first] = bench.establish();
  const [challenge] = bench.advance(3_000);
  const identifier = challenge?.identifier ?? 0;
  const good = response(challenge);
  const bad = [
    [],
    [49],
    good.slice(0, 49),
    [48, ...good.slice(1)],
    [50, ...good.slice(1)],
    [16, ...good.slice(1, 17), ...text("demo")],
    [...good, ...new Uint8Array(250)],
  ];
  for (const data of bad) assert.deepEqual(bench.say(CHAP, 2, identifier, data), []);
  assert.equal(bench.link.counters["malformed-packet"], bad.length);
  bench.say(CHAP, 2, first?.identifier ?? 0, good);
  assert.equal(bench.link.counters["stale-reply"], 1);
  assert.deepEqual(asked(bench), []);
});

test("octets in Reserved and Flags are no reason to refuse a proved password", () => {
  const bench = new Bench(ONLY);
  const [challenge] = bench.establish();
  const data = response(challenge);
  data.fill(0xff, 17, 25);
  data[49] = 1;
  bench.say(CHAP, 2, challenge?.identifier ?? 0, data);
  const [request] = asked(bench);
  const passwords = new Passwords([{ name: "demo", password: "demo", network: "default" }]);
  assert.ok(request !== undefined);
  assert.equal(passwords.verify(request).user?.name, "demo");
});

test("Change-Password instead of a Response: Failure E=709, Terminate-Request, down", () => {
  const bench = new Bench(ONLY);
  bench.establish();
  const [failure, terminate] = bench.say(CHAP, 7, 77, CHANGE_PASSWORD);
  assert.deepEqual([failure?.protocol, failure?.code, failure?.identifier], [CHAP, 4, 77]);
  assert.equal(FAILURE.exec(failure?.data.toString() ?? "")?.[1], "709");
  assert.deepEqual([terminate?.protocol, terminate?.code], [LCP, 5]);
  bench.advance(10_000);
  assert.deepEqual(bench.kinds, ["down authentication"]);
});

test("Change-Password of a wrong length, or after the Response, changes nothing", () => {
  const bench = new Bench(ONLY);
  const [challenge] = bench.establish();
  assert.deepEqual(bench.say(CHAP, 7, 77, CHANGE_PASSWORD.subarray(1)), []);
  bench.say(CHAP, 2, challenge?.identifier ?? 0, response(challenge));
  assert.deepEqual(bench.say(CHAP, 7, 77, CHANGE_PASSWORD), []);
  assert.equal(bench.answer(GRANTED)[0]?.code, 3);
  assert.deepEqual(bench.say(CHAP, 7, 78, CHANGE_PASSWORD), []);
  assert.equal(bench.link.counters["malformed-packet"], 3);
  assert.equal(bench.link.phase, "network");
});

test("CHAP with MD5 knows no Change-Password", () => {
  const bench = new Bench({ authMethods: ["chap"] });
  bench.establish();
  assert.deepEqual(bench.say(CHAP, 7, 77, CHANGE_PASSWORD), []);
  assert.equal(bench.link.phase, "authenticate");
});

test("who is right but finds no address left hears of no wrong password", () => {
  for (const method of ["mschapv2", "chap", "pap"] as const) {
    const talk = new Conversation({
      link: { authMethods: [method] },
      answer: () => ({ ok: false, reason: "pool-exhausted", message: "No address is free" }),
    });
    talk.open().run(10_000);
    assert.equal(talk.peer.verdict, undefined, "neither Nak nor Failure");
    const [terminate] = talk.peer.heard.slice(-1);
    assert.deepEqual([terminate?.protocol, terminate?.code], [LCP, 5]);
    assert.equal(terminate?.data.toString(), "No address is free");
    assert.deepEqual(talk.kinds, ["authenticate", "down pool-exhausted"]);
  }
});

const DEFAULT_ORDER: readonly AuthMethod[] = ["mschapv2", "chap", "pap"];
const ALGORITHMS: [AuthMethod, readonly number[]][] = [
  ["mschapv2", [0xc2, 0x23, 0x81]],
  ["chap", [0xc2, 0x23, 5]],
  ["pap", [0xc0, 0x23]],
];
const passwords = new Passwords([{ name: "demo", password: "demo", network: "default" }]);

function judge(request: AuthRequest): AuthReply {
  const { user, proof } = passwords.verify(request);
  return user === undefined ? REFUSED : { ok: true, profile: PROFILE, proof };
}

for (const [method, wish] of ALGORITHMS) {
  for (const refusal of [wish, "reject"] as const) {
    const how = refusal === "reject" ? "rejects what it does not take" : "Naks with its wish";
    for (const right of [true, false]) {
      const password = right ? "demo" : "guess";
      test(`${method}: a client that ${how}, ${right ? "right" : "wrong"} password`, () => {
        const talk = new Conversation({
          link: { authMethods: DEFAULT_ORDER, random: seededRandom(5) },
          peer: { accepts: [method], refusal, password },
          answer: judge,
        });
        talk.open().run(10_000);
        assert.equal(talk.peer.authentication, method);
        assert.equal(talk.peer.verdict, right ? "success" : "failure");
        assert.deepEqual(talk.kinds, [
          "authenticate",
          right ? "network-up" : "down authentication",
        ]);
      });
    }
  }
}

test("a client that takes everything gets MS-CHAPv2, the best of what is offered", () => {
  const talk = new Conversation({ link: { authMethods: DEFAULT_ORDER }, answer: judge });
  talk.open().run(10_000);
  assert.equal(talk.peer.authentication, "mschapv2");
  assert.equal(talk.peer.verdict, "success");
});

test("a client with a Windows domain in its name proves itself without it", () => {
  const peer = { name: "BIGCO\\demo", password: "demo" };
  const talk = new Conversation({ link: ONLY, peer, answer: judge });
  talk.open().run(10_000);
  assert.deepEqual([talk.peer.verdict, talk.peer.address], ["success", "10.64.0.7"]);
  assert.equal(talk.link.user, "BIGCO\\demo");
});
