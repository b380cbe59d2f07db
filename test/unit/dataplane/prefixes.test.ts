// Subnets behind a peer: packets to them reach it, packets from them may come from it alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as layout from "../../../assembly/layout.ts";
import { formatIpv4, ipv4 } from "../../../src/net.ts";
import {
  CLIENT,
  CLIENT6,
  dataMessage,
  HOST,
  HOST6,
  PPP_IPV6,
  packet,
  packet6,
  pppFrame,
  prefix6,
} from "./frames.ts";
import { FORWARDING, Plane } from "./plane.ts";

const OTHER = "10.64.0.3";
const LAN = "192.168.7.0/24";
const LAN6 = "2001:db8:1::/56";

const up = (plane: Plane, source: string, destination = HOST, session = 8) =>
  plane.up([dataMessage(7, session, pppFrame(packet(source, destination)))]).length;
const up6 = (plane: Plane, source: string, destination = HOST6, session = 8) =>
  plane.up([dataMessage(7, session, pppFrame(packet6(source, destination), PPP_IPV6))]).length;
const sessionOf = (messages: { datagram: Uint8Array }[]) => {
  const [first] = messages;
  return first === undefined ? 0 : new DataView(first.datagram.buffer).getUint16(6) - 1;
};

function start() {
  const plane = new Plane();
  const addresses = { prefix6: prefix6(CLIENT6), routes: [LAN, LAN6, "203.0.113.128/32"] };
  const handle = plane.session(7, 8, CLIENT, addresses);
  plane.session(7, 9, OTHER);
  return { plane, handle };
}

test("down: what is behind a peer is sent to it, the nearest neighbours are not", () => {
  const { plane } = start();
  for (const inside of ["192.168.7.0", "192.168.7.255", "203.0.113.128", CLIENT]) {
    assert.equal(sessionOf(plane.down([packet(HOST, inside)])), 8, inside);
  }
  for (const outside of ["192.168.6.255", "192.168.8.0", "203.0.113.129", "192.168.0.7"]) {
    assert.deepEqual(plane.down([packet(HOST, outside)]), [], outside);
  }
  for (const inside of ["2001:db8:1::1", "2001:db8:1:ff::5"]) {
    assert.equal(sessionOf(plane.down([packet6(HOST6, inside)])), 8, inside);
  }
  assert.deepEqual(plane.down([packet6(HOST6, "2001:db8:1:100::1")]), []);
  assert.deepEqual(plane.down([packet(HOST, "192.168.7.1")], 1), [], "another network");
});

test("up: its subnets are sources of that peer and of no other", () => {
  const { plane, handle } = start();
  assert.equal(up(plane, "192.168.7.9"), 1);
  assert.equal(up6(plane, "2001:db8:1:ff::5"), 1);
  assert.equal(up(plane, CLIENT), 1);
  assert.equal(up(plane, "192.168.8.9"), 0);
  assert.equal(up6(plane, "2001:db8:1:100::5"), 0);
  assert.equal(up(plane, "192.168.7.9", HOST, 9), 0, "another session");
  assert.deepEqual(plane.table.reasons(handle), { "up.source-address": 2 });
});

test("up: what a peer sends to its own subnets does not come back to it", () => {
  const { plane, handle } = start();
  assert.equal(up(plane, CLIENT, "192.168.7.200"), 0);
  assert.equal(up6(plane, CLIENT6, "2001:db8:1::9"), 0);
  assert.equal(up(plane, OTHER, "192.168.7.200", 9), 1);
  assert.deepEqual(plane.table.reasons(handle), { "up.own-subnet": 2 });
});

test("up: what belongs to a session of another network is not reached", () => {
  const { plane } = start();
  plane.session(7, 10, "10.65.0.2", { network: 1 });
  assert.equal(up(plane, "10.65.0.2", "192.168.7.1", 10), 0);
  assert.equal(plane.counters()["up.other-network"], 1);
});

test("each family's subnets pass while the family does, and all go with the session", () => {
  const { plane, handle } = start();
  const only4 = { ...FORWARDING, address: ipv4(CLIENT), routes: [LAN, LAN6] };
  assert.ok(plane.table.forward(handle, only4));
  assert.deepEqual(plane.down([packet6(HOST6, "2001:db8:1::1")]), []);
  assert.equal(sessionOf(plane.down([packet(HOST, "192.168.7.1")])), 8);
  plane.table.hold(handle);
  assert.deepEqual(plane.down([packet(HOST, "192.168.7.1")]), []);
  assert.ok(plane.table.forward(handle, only4));
  plane.table.withdraw(handle);
  assert.deepEqual(plane.down([packet(HOST, "192.168.7.1")]), []);
  const lengths = plane.octets.subarray(layout.PREFIX_LENGTHS, layout.PREFIX_LENGTHS + 20);
  assert.ok(lengths.every((octet) => octet === 0));
});

test("a subnet that another session has is not taken over, and is free when that one goes", () => {
  const { plane, handle } = start();
  const second = plane.session(7, 11, "10.64.0.4", { routes: [LAN, "192.168.9.0/24"] });
  assert.equal(plane.table.refusedRoutes, 1);
  assert.equal(sessionOf(plane.down([packet(HOST, "192.168.7.1")])), 8);
  assert.equal(sessionOf(plane.down([packet(HOST, "192.168.9.1")])), 11);
  plane.table.withdraw(handle);
  const again = { ...FORWARDING, address: ipv4("10.64.0.4"), routes: [LAN] };
  assert.ok(plane.table.forward(second, again));
  assert.equal(sessionOf(plane.down([packet(HOST, "192.168.7.1")])), 11);
});

test("the longest prefix wins, whatever there is", () => {
  const prefix = fc.record({
    first: fc.integer({ min: 0, max: 0xffff }),
    length: fc.integer({ min: 12, max: 32 }),
    owner: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(
      fc.array(prefix, { maxLength: 30 }),
      fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 20, maxLength: 20 }),
      (wishes, asked) => {
        const plane = new Plane();
        const base = ipv4("172.16.0.0");
        const cutTo = (address: number, length: number) =>
          length === 32 ? address : Math.floor(address / 2 ** (32 - length)) * 2 ** (32 - length);
        const model = new Map<string, { first: number; length: number; owner: number }>();
        for (const { first, length, owner } of wishes) {
          const clean = cutTo(base + first, length);
          const key = `${formatIpv4(clean)}/${length}`;
          if (!model.has(key)) model.set(key, { first: clean, length, owner });
        }
        for (let owner = 0; owner < 4; owner++) {
          const routes = [...model].filter(([, one]) => one.owner === owner).map(([key]) => key);
          plane.session(7, 20 + owner, `10.64.1.${owner + 1}`, { routes });
        }
        for (const offset of asked) {
          const address = base + offset;
          const holds = [...model.values()].filter(
            ({ first, length }) => cutTo(address, length) === first,
          );
          const best = holds.sort((a, b) => b.length - a.length)[0];
          const got = sessionOf(plane.down([packet(HOST, formatIpv4(address))]));
          assert.equal(got, best === undefined ? 0 : 20 + best.owner, formatIpv4(address));
        }
      },
    ),
    { numRuns: 60 },
  );
});
