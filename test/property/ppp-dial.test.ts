// Our two ends of a link against each other, whatever the path does to their frames.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { credentials } from "../../src/aaa/index.ts";
import type { AuthMethod, LinkEvent, ProxyState } from "../../src/ppp/index.ts";
import { seededRandom } from "../peer/ppp-conversation.ts";
import { Dial } from "../peer/ppp-dial.ts";

const LOSSY_MS = 60_000;
const CALM_MS = 180_000;
const METHODS: AuthMethod[] = ["mschapv2", "chap", "pap"];

const some = fc.shuffledSubarray(METHODS, { minLength: 1 });
const settings = fc.record({
  authMethods: some,
  methods: some,
  password: fc.constantFrom("demo", "demo", "guess"),
  ipv4: fc.constantFrom(true, true, false),
  ipv6: fc.boolean(),
  dns: fc.boolean(),
});
const weather = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 }),
  loss: fc.integer({ min: 0, max: 50 }),
  repetition: fc.integer({ min: 0, max: 30 }),
});

type Settings = typeof settings extends fc.Arbitrary<infer Value> ? Value : never;

function dialOf(
  { authMethods, methods, password, ...families }: Settings,
  seed: number,
  path?: () => number,
) {
  return new Dial({
    server: { authMethods, random: seededRandom(seed) },
    client: {
      ...families,
      methods,
      random: seededRandom(seed + 1),
      credentials: credentials("demo", password),
    },
    ...(path && { path }),
  });
}

const lastOf = (events: readonly LinkEvent[], protocol: string) =>
  events.findLast(({ type }) => type === `${protocol}-up` || type === `${protocol}-down`)?.type;

test("over a path that loses and repeats frames, both ends agree in the end or part", () => {
  const seen = { up: 0, down: 0, astray: 0 };
  fc.assert(
    fc.property(settings, weather, (chosen, { seed, loss, repetition }) => {
      const chance = seededRandom(seed + 2);
      const roll = () => ((chance(1)[0] ?? 0) * 100) / 256;
      const path = () =>
        dial.now > LOSSY_MS ? 1 : roll() < loss ? 0 : roll() < repetition ? 2 : 1;
      const dial: Dial = dialOf(chosen, seed, path);
      dial.open().run(LOSSY_MS + CALM_MS);
      const { client, server } = dial;
      const isUp = client.phase === "network" && server.phase === "network";
      seen[isUp ? "up" : "down"] += 1;
      if (isUp) {
        assert.equal(chosen.password, "demo");
        const agree = (protocol: string) =>
          (lastOf(dial.events, protocol) === `${protocol}-up`) ===
          (lastOf(dial.serverEvents, protocol) === `${protocol}-up`);
        assert.ok(agree("network"));
        // Who gives IPV6CP up for want of an answer says nothing (RFC 1661 4.3, TO-), and keeps IPv4.
        if (!agree("ipv6")) seen.astray += 1;
        const { address } = dial.last("network-up") ?? {};
        if (lastOf(dial.events, "network") === "network-up") assert.equal(address, "10.64.0.7");
      }
      for (const [link, kinds] of [
        [client, dial.kinds],
        [server, dial.serverKinds],
      ] as const) {
        const ends = kinds.filter((kind) => kind.startsWith("down"));
        assert.equal(ends.length, link.phase === "dead" ? 1 : 0);
        assert.equal(link.pollTimeout() === Infinity, link.phase === "dead");
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(seen.up > 40 && seen.down > 40, `both ends are met: ${JSON.stringify(seen)}`);
  assert.ok(seen.astray <= 5, `seldom: ${JSON.stringify(seen)}`);
});

test("over a clean path the client comes in by every method that both know, or hears why not", () => {
  fc.assert(
    fc.property(settings, fc.integer({ min: 1, max: 2 ** 31 }), (chosen, seed) => {
      const dial = dialOf(chosen, seed);
      dial.open().run(60_000);
      const isCommon = chosen.authMethods.some((method) => chosen.methods.includes(method));
      const expected: string[] = [];
      if (!isCommon) expected.push("down no-authentication-method");
      else if (chosen.password !== "demo") expected.push("down authentication");
      else if (chosen.ipv4) expected.push("network-up", ...(chosen.ipv6 ? ["ipv6-up"] : []));
      else if (chosen.ipv6) expected.push("ipv6-up");
      else expected.push("down negotiation");
      assert.deepEqual(dial.kinds.toSorted(), expected.toSorted());
    }),
    { numRuns: 200 },
  );
});

test("handed on to another LNS over any path, both ends agree in the end or part", () => {
  const seen = { up: 0, down: 0 };
  fc.assert(
    fc.property(some, some, weather, (first, then, { seed, loss, repetition }) => {
      const chance = seededRandom(seed + 2);
      const roll = () => ((chance(1)[0] ?? 0) * 100) / 256;
      const dial: Dial = new Dial({
        server: { authMethods: first, random: seededRandom(seed) },
        next: { authMethods: then, random: seededRandom(seed + 3) },
        client: { random: seededRandom(seed + 1) },
        path: () => (dial.now > LOSSY_MS ? 1 : roll() < loss ? 0 : roll() < repetition ? 2 : 1),
      });
      dial.open().run(LOSSY_MS + CALM_MS);
      const { client, server } = dial;
      const isUp = client.phase === "network" && server.phase === "network";
      seen[isUp ? "up" : "down"] += 1;
      if (isUp) assert.equal(dial.kinds.at(-1), "network-up");
      else assert.ok(client.phase === "dead" || server.phase === "dead");
    }),
    { numRuns: 200 },
  );
  assert.ok(seen.up > 100, `most come in: ${JSON.stringify(seen)}`);
});

const some8 = fc.uint8Array({ maxLength: 40 });
const field = fc.option(some8, { nil: undefined });
const anyProxy = fc.record({
  lcp: fc.option(fc.record({ initialReceived: field, lastSent: field, lastReceived: field }), {
    nil: undefined,
  }),
  authen: fc.option(
    fc.record({
      type: fc.integer({ min: 0, max: 0xffff }).map((type) => (type < 0x8000 ? type % 7 : type)),
      name: field,
      challenge: field,
      id: fc.option(fc.integer({ min: 0, max: 0xffff }), { nil: undefined }),
      response: field,
    }),
    { nil: undefined },
  ),
});
type AnyProxy = typeof anyProxy extends fc.Arbitrary<infer Value> ? Value : never;

test("whatever a LAC claims to have negotiated, the link comes up or ends in order", () => {
  fc.assert(
    fc.property(some, anyProxy, fc.integer({ min: 0, max: 255 }), (methods, wild, parts) => {
      const dial = new Dial({
        server: { authMethods: methods },
        next: { authMethods: METHODS },
        alter: (proxy) => mixed(proxy, wild, parts),
      });
      dial.open().run(120_000);
      const { server } = dial;
      assert.equal(server.counters["illegal-event"], undefined);
      const ends = dial.serverKinds.filter((kind) => kind.startsWith("down"));
      assert.equal(ends.length, server.phase === "dead" ? 1 : 0);
      assert.ok(server.phase === "dead" || server.phase === "network", server.phase);
    }),
    { numRuns: 300 },
  );
});

/** Some fields are as they were, one bit each, and the others wild. */
function mixed({ lcp, authen }: ProxyState, wild: AnyProxy, parts: number): ProxyState {
  const keep = <Value>(bit: number, value: Value, other: Value) =>
    (parts & (1 << bit)) !== 0 ? value : other;
  return {
    lcp: {
      initialReceived: keep(0, lcp?.initialReceived, wild.lcp?.initialReceived),
      lastSent: keep(1, lcp?.lastSent, wild.lcp?.lastSent),
      lastReceived: keep(2, lcp?.lastReceived, wild.lcp?.lastReceived),
    },
    authen: {
      type: keep(3, authen?.type ?? 0, wild.authen?.type ?? 0),
      name: keep(4, authen?.name, wild.authen?.name),
      challenge: keep(5, authen?.challenge, wild.authen?.challenge),
      id: keep(6, authen?.id, wild.authen?.id),
      response: keep(7, authen?.response, wild.authen?.response),
    },
  };
}
