import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Router } from "../../src/ipv6/index.ts";
import { ND_BURST, RA_MULTICAST_GAP_MS } from "../../src/limits.ts";
import { seededRandom } from "../peer/ppp-conversation.ts";
import {
  ALL_NODES,
  ALL_ROUTERS,
  address,
  icmpPacket,
  linkLocal,
  readIcmp,
  solicitedNode,
  UNSPECIFIED,
} from "../peer/slaac.ts";

const OWN_ID = address("0011223344556677");
const OWN = linkLocal(OWN_ID);
const HOST = linkLocal(address("88990000aabbccdd"));
const PREFIX = address("20010db800640007 0000000000000000");
const GATEWAY = address("20010db800640000 0000000000000001");
const MTU = 1_300;

const octet = fc.integer({ min: 0, max: 255 });
const place = fc.constantFrom(OWN, HOST, GATEWAY, UNSPECIFIED, ALL_NODES, ALL_ROUTERS);
const target = fc.constantFrom(OWN, GATEWAY, HOST, ALL_NODES);
const option = fc.constantFrom([], [1, 1, 2, 3, 4, 5, 6, 7], [5, 0, 0, 0, 0, 0, 0, 0], [14, 9]);
const body = fc.oneof(
  fc.tuple(target, option).map(([of, more]) => [0, 0, 0, 0, ...of, ...more]),
  option.map((more) => [0, 0, 0, 0, ...more]),
  fc.nat(1_400).map((size) => new Array<number>(size).fill(7)),
  fc.array(octet, { maxLength: 40 }),
);
const whole = fc
  .record({
    source: place,
    destination: fc.oneof(place, target.map(solicitedNode)),
    type: fc.oneof(fc.constantFrom(128, 133, 135), octet),
    code: fc.constantFrom(0, 0, 0, 1),
    hopLimit: fc.constantFrom(255, 255, 255, 64),
    body: body.map((octets) => Uint8Array.from(octets)),
  })
  .map((fields) => Uint8Array.from(icmpPacket(fields)));
const mutated = fc
  .tuple(whole, fc.array(fc.tuple(fc.nat(80), octet), { maxLength: 3 }), fc.nat(80))
  .map(([packet, changes, cut]) => {
    const copy = packet.slice(0, cut < 60 ? packet.length : cut);
    for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
    return copy;
  });
const anything = fc.oneof(whole, whole, mutated, fc.uint8Array({ maxLength: 100 }));
const step = fc.tuple(anything, fc.constantFrom(0, 0, 1, 100, 5_000, 700_000));

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

test("whatever comes: nothing throws, each packet is answered or counted, no answer is wrong", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, seed) => {
      const counters: Record<string, number> = {};
      const usual = { interfaceId: OWN_ID, prefix: PREFIX, gateway: GATEWAY, mtu: MTU };
      const router = new Router({ ...usual, random: seededRandom(seed), counters }, 0);
      let now = 0;
      let lastToAll = -Infinity;
      let answers = 0;
      const drain = () => {
        let sent = 0;
        for (let out = router.pollTransmit(); out; out = router.pollTransmit()) {
          const { source, destination, type } = readIcmp(out);
          assert.ok([129, 134, 136].includes(type) && out.length <= MTU);
          const isOurs = [OWN, GATEWAY].some((own) => isSame(source, own));
          assert.ok(isOurs && !isSame(destination, UNSPECIFIED));
          if (type === 134 && isSame(destination, ALL_NODES)) {
            assert.ok(now - lastToAll >= RA_MULTICAST_GAP_MS, "not so often to all nodes");
            lastToAll = now;
          } else {
            answers += 1;
          }
          sent += 1;
        }
        return sent;
      };
      const counted = () => Object.values(counters).reduce((sum, count) => sum + count, 0);
      for (const [packet, wait] of steps) {
        const before = counted();
        router.handleInput(packet, now);
        const sent = drain();
        assert.ok(sent + counted() - before <= 1);
        if (sent + counted() === before) assert.equal(packet[40], 133, "one that has to wait");
        if (wait > 5_000) answers = 0;
        assert.ok(answers <= 2 * ND_BURST + 60 * 50);
        now += wait;
        router.handleTimeout(now);
        drain();
        assert.ok(router.pollTimeout() > now && router.pollTimeout() <= now + 600_000);
      }
    }),
    { numRuns: 500 },
  );
});
