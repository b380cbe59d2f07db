// The host at the end that dials in, whatever its router says.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Host } from "../../src/ipv6/index.ts";
import { HOST_DNS_MAX, HOST_PREFIXES_MAX, ND_BURST } from "../../src/limits.ts";
import { seededRandom } from "../peer/ppp-conversation.ts";
import { ALL_NODES, address, icmpPacket, linkLocal, readIcmp } from "../peer/slaac.ts";

const OWN_ID = address("88990000aabbccdd");
const ROUTER = linkLocal(address("0011223344556677"));
const MTU = 1_400;

const octet = fc.integer({ min: 0, max: 255 });
const lifetime = fc.constantFrom(0, 1, 10, 7_200, 7_201, 0xffffffff);
const u32 = (value: number) => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];
const prefix = fc
  .tuple(fc.constantFrom(64, 64, 64, 48), fc.constantFrom(0x40, 0xc0, 0), lifetime, lifetime, octet)
  .map(([length, flags, valid, preferred, last]) => {
    const octets = [0x20, 1, 0xd, 0xb8, 0, 0, 0, last % 8, ...new Uint8Array(8)];
    return [3, 4, length, flags, ...u32(valid), ...u32(preferred), 0, 0, 0, 0, ...octets];
  });
const servers = fc.tuple(lifetime, octet).map(([time, last]) => {
  return [25, 3, 0, 0, ...u32(time), 0x20, 1, 0xd, 0xb8, ...new Uint8Array(11), last % 8];
});
const mtu = fc
  .constantFrom(0, 1_279, 1_280, 1_399, 1_401)
  .map((size) => [5, 1, 0, 0, ...u32(size)]);
const junk = fc.array(octet, { maxLength: 20 });
const options = fc.array(fc.oneof(prefix, prefix, servers, mtu, junk), { maxLength: 8 });
const advertisement = fc
  .tuple(fc.constantFrom(0, 1, 1_800, 65_535), options)
  .map(([time, list]) => {
    const head = [64, 0, time >> 8, time & 255, ...new Uint8Array(8)];
    const body = Uint8Array.from([...head, ...list.flat()]);
    return Uint8Array.from(icmpPacket({ source: ROUTER, destination: ALL_NODES, type: 134, body }));
  });
const anything = fc.oneof(advertisement, advertisement, fc.uint8Array({ maxLength: 100 }));
const step = fc.tuple(anything, fc.constantFrom(0, 1, 100, 5_000, 3_600_000, 100_000_000));

test("nothing throws, what is up stays bounded, and each end is of something that was there", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, seed) => {
      const counters = {};
      const random = seededRandom(seed);
      const host = new Host({ interfaceId: OWN_ID, mtu: MTU, random, counters }, 0);
      const addresses = new Map<string, boolean>();
      let hasRouter = false;
      let now = 0;
      let sent = 0;
      const drain = () => {
        for (let event = host.pollEvent(); event; event = host.pollEvent()) {
          if (event.type === "address") {
            assert.notEqual(addresses.get(event.address), event.isPreferred);
            addresses.set(event.address, event.isPreferred);
          } else if (event.type === "gone") assert.ok(addresses.delete(event.address));
          else if (event.type === "router") {
            assert.ok(event.mtu >= 1_280 && event.mtu <= MTU);
            hasRouter = true;
          } else if (event.type === "router-gone") {
            assert.ok(hasRouter);
            hasRouter = false;
          } else assert.ok(event.servers.length <= HOST_DNS_MAX);
        }
        assert.ok(addresses.size <= HOST_PREFIXES_MAX);
        for (let out = host.pollTransmit(); out; out = host.pollTransmit()) {
          assert.ok([129, 133, 136].includes(readIcmp(out).type));
          sent += 1;
        }
      };
      for (const [packet, wait] of steps) {
        host.handleInput(packet, now);
        drain();
        now += wait;
        host.handleTimeout(now);
        drain();
        assert.ok(host.pollTimeout() > now);
      }
      assert.ok(sent <= 2 * steps.length + ND_BURST);
    }),
    { numRuns: 500 },
  );
});
