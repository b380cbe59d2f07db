import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Passwords } from "../../src/aaa/passwords.ts";
import type { AuthMethod, AuthReply, AuthRequest } from "../../src/ppp/index.ts";
import { Conversation, PROFILE, seededRandom } from "../peer/ppp-conversation.ts";

const LOSSY_MS = 60_000;
const CALM_MS = 180_000;

const zero = [0, 0, 0, 0] as const;
const wishes = fc.record({
  lcp: fc.constantFrom(
    [[5, 1, 2, 3, 4]],
    [[1, 5, 0x78], [5, 1, 2, 3, 4], [7], [8], [13, 6]],
    [
      [2, ...zero],
      [5, 1, 2, 3, 4],
      [17, 5, 0xdc],
    ],
    [[1, 0, 9]],
    [],
  ) as fc.Arbitrary<[number, ...number[]][]>,
  ipcp: fc.constantFrom(
    [[3, ...zero]],
    [
      [3, 192, 168, 1, 1],
      [2, 0, 0x2d, 15, 1],
    ],
    [
      [3, ...zero],
      [129, ...zero],
      [130, ...zero],
      [131, ...zero],
      [132, ...zero],
    ],
    [],
  ) as fc.Arbitrary<[number, ...number[]][]>,
  accepts: fc.subarray<AuthMethod>(["mschapv2", "chap", "pap"]),
  refusal: fc.constantFrom<number[] | "reject">(
    [0xc0, 0x23],
    [0xc2, 0x23, 5],
    [0xc2, 0x23, 0x81],
    [0xc2, 0x27],
    "reject",
  ),
  password: fc.constantFrom("demo", "demo", "guess"),
  isPassive: fc.boolean(),
});
const authMethods: readonly AuthMethod[] = ["mschapv2", "chap", "pap"];
const passwords = new Passwords([{ name: "demo", password: "demo", network: "default" }]);

function answer(request: AuthRequest): AuthReply {
  const { user, proof } = passwords.verify(request);
  if (user === undefined) return { ok: false, message: "Authentication failed" };
  return { ok: true, profile: PROFILE, proof };
}

const weather = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 }),
  loss: fc.integer({ min: 0, max: 60 }),
  repetition: fc.integer({ min: 0, max: 30 }),
});

test("over a path that loses and repeats frames, link and client agree in the end or part", () => {
  const seen = { up: 0, down: 0 };
  fc.assert(
    fc.property(wishes, weather, (peer, { seed, loss, repetition }) => {
      const chance = seededRandom(seed);
      const roll = () => ((chance(1)[0] ?? 0) * 100) / 256;
      const talk: Conversation = new Conversation({
        peer,
        link: { authMethods, random: seededRandom(seed + 1) },
        answer,
        path: () => (talk.now > LOSSY_MS ? 1 : roll() < loss ? 0 : roll() < repetition ? 2 : 1),
      });
      talk.open().run(LOSSY_MS + CALM_MS);
      const isUp = talk.link.phase === "network";
      seen[isUp ? "up" : "down"] += 1;
      const ends = talk.kinds.filter((kind) => kind.startsWith("down"));
      if (isUp) {
        assert.deepEqual(ends, []);
        assert.equal(talk.kinds.at(-1), "network-up");
        assert.ok(talk.peer.lcp.isOpened && talk.peer.ipcp.isOpened);
        assert.equal(peer.password, "demo");
        assert.ok(peer.accepts.includes(talk.peer.authentication ?? "chap"));
        assert.ok(["10.64.0.7", ""].includes(talk.peer.address));
      } else {
        assert.equal(talk.link.phase, "dead");
        assert.equal(ends.length, 1);
        assert.equal(talk.link.pollTimeout(), Infinity);
      }
    }),
    { numRuns: 400 },
  );
  assert.ok(seen.up > 40 && seen.down > 40, `both ends are met: ${JSON.stringify(seen)}`);
});

test("over a clean path every client that can be served is served, within a few seconds", () => {
  fc.assert(
    fc.property(wishes, fc.integer({ min: 1, max: 2 ** 31 }), (peer, seed) => {
      const link = { authMethods, random: seededRandom(seed) };
      const talk = new Conversation({ peer: { ...peer, password: "demo" }, link, answer });
      talk.open().run(10_000);
      const last = talk.kinds.at(-1);
      if (peer.accepts.length === 0) assert.equal(last, "down no-authentication-method");
      else assert.equal(last, "network-up");
    }),
    { numRuns: 200 },
  );
});

const identifiers = fc.constantFrom<[number, ...number[]][]>(
  [[1, 0, 0, 0, 0, 0, 0, 0, 0]],
  [[1, 1, 2, 3, 4, 5, 6, 7, 8]],
  [],
);
const PROFILE6 = { ...PROFILE, prefix6: "2001:db8:64:7::/64", gateway6: "2001:db8:64::1" };

test("with IPv6, with and without IPv4, over any path: what is up at one end is at the other", () => {
  fc.assert(
    fc.property(identifiers, fc.boolean(), weather, (ipv6cp, isWithoutIpv4, conditions) => {
      const chance = seededRandom(conditions.seed);
      const roll = () => ((chance(1)[0] ?? 0) * 100) / 256;
      const { loss, repetition } = conditions;
      const talk: Conversation = new Conversation({
        peer: { ipv6cp, isWithoutIpv4, accepts: ["pap"] },
        link: { authMethods: ["pap"], random: seededRandom(conditions.seed + 1) },
        answer: () => ({ ok: true, profile: PROFILE6 }),
        path: () => (talk.now > LOSSY_MS ? 1 : roll() < loss ? 0 : roll() < repetition ? 2 : 1),
      });
      talk.open().run(LOSSY_MS + CALM_MS);
      if (talk.link.phase !== "network") {
        assert.equal(talk.link.phase, "dead");
        assert.equal(talk.kinds.filter((kind) => kind.startsWith("down")).length, 1);
        return;
      }
      const last = (protocol: string) =>
        talk.kinds.findLast((kind) => kind === `${protocol}-up` || kind === `${protocol}-down`);
      assert.equal(last("network") === "network-up", talk.peer.ipcp.isOpened);
      if (last("ipv6") === "ipv6-up") assert.ok(talk.peer.ipv6cp?.isOpened);
      assert.ok(last("network") === "network-up" || last("ipv6") === "ipv6-up");
    }),
    { numRuns: 200 },
  );
});
