import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { buildPpp, parsePpp } from "../../src/codec/index.ts";
import { parseOptions, parsePacket } from "../../src/ppp/options.ts";
import { CHAP, encodeOptions, IPCP, IPV6CP, LCP, PAP, packet, read } from "../peer/ppp.ts";
import { Bench, MAGIC, papRequest } from "../peer/ppp-bench.ts";
import { PROFILE, seededRandom } from "../peer/ppp-conversation.ts";

const PROFILE6 = { ...PROFILE, prefix6: "2001:db8:64:7::/64", gateway6: "2001:db8:64::1" };
const octet = fc.integer({ min: 0, max: 255 });
const protocol = fc.oneof(
  fc.constantFrom(LCP, PAP, CHAP, IPCP, IPV6CP, 0x0021, 0x0057, 0x80fd),
  fc.integer({ min: 0, max: 0xffff }).map((value) => (value & 0xfefe) | 1),
);
const option = fc
  .tuple(
    fc.oneof(fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 13, 17, 129, 130, 131, 132), octet),
    fc.oneof(
      fc.constantFrom([], [0xc0, 0x23], [0xc2, 0x23, 5], [0, 0, 0, 0], [10, 64, 0, 7], [5, 0xdc]),
      fc.constantFrom([1, 2, 3, 4, 5, 6, 7, 8], [0, 0, 0, 0, 0, 0, 0, 0]),
      fc.array(octet, { maxLength: 8 }),
    ),
  )
  .map(([type, data]) => [type, ...data] as const);
const data = fc.oneof(
  fc.array(option, { maxLength: 6 }).map(encodeOptions),
  fc.constant(papRequest("demo", "demo")),
  fc.constant([16, ...new Uint8Array(16), 0x61]),
  fc.array(octet, { maxLength: 40 }),
);
const wellFormed = fc
  .tuple(protocol, fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 4 }), data)
  .map(([to, code, identifier, octets]) => buildPpp(to, packet(code, identifier, octets)));
const mutated = fc
  .tuple(wellFormed, fc.array(fc.tuple(fc.nat(64), octet), { maxLength: 4 }), fc.nat(64))
  .map(([frame, changes, cut]) => {
    const copy = frame.slice(0, cut < 8 ? cut : frame.length);
    for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
    return copy;
  });
const anything = fc.oneof(wellFormed, mutated, fc.uint8Array({ maxLength: 64 }));

type Step =
  | { readonly frame: Uint8Array }
  /** The peer acknowledges the last Configure-Request of a protocol. */
  | { readonly ack: number }
  | { readonly wait: number }
  | { readonly close: true }
  | { readonly answer: boolean };
const step = (mayPass: boolean): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 12, arbitrary: anything.map((frame) => ({ frame })) },
    { weight: 3, arbitrary: fc.constantFrom(LCP, IPCP, IPV6CP).map((ack) => ({ ack })) },
    { weight: 2, arbitrary: fc.nat(40_000).map((wait) => ({ wait })) },
    { weight: 1, arbitrary: fc.constant({ close: true } as const) },
    { weight: 2, arbitrary: fc.boolean().map((ok) => ({ answer: ok && mayPass })) },
  );
const place = fc.constantFrom("dead", "establish", "authenticate");

function linkIn(where: string, seed: number, method: "chap" | "pap"): Bench {
  const bench = new Bench({ random: seededRandom(seed), authMethods: [method] });
  if (where === "establish") bench.open();
  if (where === "authenticate") bench.establish([MAGIC]);
  return bench;
}

/** Does one step and checks what holds after every step. */
function take(bench: Bench, each: Step): void {
  let before = 0;
  for (const count of Object.values(bench.link.counters)) before += count;
  const sent = "frame" in each ? bench.sayFrame(each.frame) : [];
  if ("ack" in each && bench.requests.has(each.ack)) bench.ack(each.ack);
  if ("wait" in each) bench.advance(each.wait);
  if ("close" in each) bench.link.close(bench.now);
  if ("answer" in each) {
    bench.answer(each.answer ? { ok: true, profile: PROFILE6 } : { ok: false, message: "no" });
  }
  bench.drain();
  assert.ok(sent.length <= 3, "one frame draws three at most");
  for (const { data: octets } of sent) assert.ok(octets.length <= 1496, "within the default MRU");
  let after = 0;
  for (const count of Object.values(bench.link.counters)) after += count;
  assert.ok(after - before <= 3 || "wait" in each);
  assert.equal(bench.link.counters["illegal-event"], undefined);
  assert.ok(bench.link.pollTimeout() > bench.now);
  assert.ok(bench.kinds.filter((kind) => kind.startsWith("down")).length <= 1);
}

for (const method of ["chap", "pap"] as const) {
  test(`${method}: whatever comes, nothing throws and nobody gets in without AAA's word`, () => {
    const steps = fc.array(step(false), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(steps, place, fc.nat(), (script, where, seed) => {
        const bench = linkIn(where, seed, method);
        for (const each of script) {
          take(bench, each);
          assert.notEqual(bench.link.phase, "network");
          assert.equal(bench.link.user, "");
        }
        assert.ok(!bench.kinds.includes("network-up"));
      }),
      { numRuns: 1_500 },
    );
  });

  test(`${method}: up and down of each protocol take turns, and every end is told once`, () => {
    const steps = fc.array(step(true), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.nat(), (script, seed) => {
        const bench = linkIn("authenticate", seed, method);
        if (seed % 2 === 0) {
          if (method === "pap") bench.pap(1);
          bench.answer({ ok: true, profile: PROFILE6 });
          bench.ask(IPCP, 1, [[3, 10, 64, 0, 7]]);
          if (seed % 4 === 0) bench.ask(IPV6CP, 1, [[1, 1, 2, 3, 4, 5, 6, 7, 8]]);
        }
        for (const each of script) take(bench, each);
        bench.link.close(bench.now);
        bench.advance(30_000);
        for (const protocol of ["network", "ipv6"]) {
          const turns = bench.kinds.filter((kind) => kind.startsWith(protocol));
          let isUp = false;
          for (const kind of turns) {
            if (kind === "ipv6-packet") assert.ok(isUp);
            else assert.equal(kind, isUp ? `${protocol}-down` : `${protocol}-up`);
            if (kind !== "ipv6-packet") isUp = !isUp;
          }
          assert.ok(!isUp, "what was up is down at the end");
        }
        assert.match(bench.kinds.at(-1) ?? "", /^down /);
        assert.equal(bench.link.pollTimeout(), Infinity);
      }),
      { numRuns: 1_500 },
    );
  });
}

test("a packet is read as its Length says, or not at all", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: 4, max: 40 }),
      (octets, max) => {
        const parsed = parsePacket(octets, max);
        const length = octets.length < 4 ? -1 : Buffer.from(octets).readUInt16BE(2);
        assert.equal(parsed !== undefined, length >= 4 && length <= octets.length && length <= max);
        assert.equal(parsed?.data.length, parsed && length - 4);
      },
    ),
  );
});

test("an option list is read whole, or not at all", () => {
  fc.assert(
    fc.property(
      fc.array(option, { maxLength: 8 }),
      fc.uint8Array({ maxLength: 3 }),
      (list, tail) => {
        const octets = Uint8Array.from([...encodeOptions(list), ...tail]);
        const parsed = parseOptions(octets);
        if (tail.length === 0) {
          assert.deepEqual(
            parsed?.map(({ type, data: value }) => [type, ...value]),
            list,
          );
        }
        const total = parsed?.reduce((sum, { data: value }) => sum + 2 + value.length, 0);
        assert.ok(total === undefined || total === octets.length);
      },
    ),
  );
});

test("what we build the codec reads", () => {
  fc.assert(
    fc.property(protocol, octet, octet, fc.array(octet), (to, code, identifier, octets) => {
      const frame = buildPpp(to, packet(code, identifier, octets));
      assert.notEqual(typeof parsePpp(frame), "string");
      assert.deepEqual([...read(frame).data], octets);
    }),
  );
});
