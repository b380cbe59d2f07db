// IPv6 of sessions, from IPV6CP to the data plane, and sessions that move.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LocalUsers } from "../../../src/aaa/index.ts";
import { RA_INITIAL_INTERVAL_MS } from "../../../src/limits.ts";
import { encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { formatIpv6, ipv6 } from "../../../src/net.ts";
import type { PeerWishes } from "../../peer/ppp.ts";
import { icmpPacket, linkLocal } from "../../peer/slaac.ts";
import { dataMessage, packet, pppFrame } from "../dataplane/frames.ts";
import { type Client, HOST, House, NETWORK, USERS } from "./house.ts";

const FAR = ipv6("2001:db8:ffff::1");
const IPV6_HEADER = [0xff, 0x03, 0x00, 0x57];
const WISHES: PeerWishes = { ipv6cp: [[1, 0, 0, 0, 0, 0, 0, 0, 0]] };
const TERMINATE_IPV6CP = Uint8Array.of(0xff, 3, 0x80, 0x57, 5, 9, 0, 4);

function house6(pool6 = ["2001:db8:64::/62"]): House {
  return new House(new LocalUsers({ networks: [{ ...NETWORK, pool6 }], users: USERS }));
}

/** An echo from `source` that reaches the network, or not. */
function ping6(client: Client, source: Uint8Array | undefined): number {
  const inner = icmpPacket({
    source: source ?? new Uint8Array(16),
    destination: FAR,
    hopLimit: 64,
  });
  const { tunnelId, sessionId } = client.session;
  return client.house.plane.up([dataMessage(tunnelId, sessionId, pppFrame(inner, IPV6_HEADER))])
    .length;
}

/** Whether a packet from the network goes to a session. */
function reaches(house: House, destination: Uint8Array): boolean {
  return house.plane.down([icmpPacket({ source: FAR, destination, hopLimit: 64 })]).length === 1;
}

function inSubnet(subnet: number): Uint8Array {
  return ipv6(`2001:db8:64:${subnet}::77`);
}

test("a client makes itself an address of its /64, and reaches the network with it", async () => {
  const house = house6();
  const client = house.open(5, WISHES);
  await client.establish();
  const { host } = client.link;
  assert.ok(host?.global !== undefined);
  assert.match(formatIpv6(host.global), /^2001:db8:64:1:/);
  assert.equal(host.mtu, 1_400);
  assert.equal(ping6(client, host.global), 1);
  assert.equal(client.ping(), 1, "and with IPv4");
  assert.ok(reaches(house, host.global) && reaches(house, inSubnet(1)));
  assert.ok(!reaches(house, inSubnet(2)) && !reaches(house, ipv6("2001:db8:64::1")));
  const [row] = house.rows;
  assert.deepEqual([row?.address, row?.prefix6], ["10.64.0.2", "2001:db8:64:1::/64"]);
});

test("another /64 than its own does not pass, and is counted; each client has another", async () => {
  const house = house6();
  const first = house.open(5, WISHES);
  await first.establish();
  const second = house.open(6, WISHES);
  await second.establish();
  const [a, b] = [first.link.host?.global, second.link.host?.global];
  assert.deepEqual([ping6(first, a), ping6(second, b)], [1, 1]);
  assert.deepEqual([ping6(first, b), ping6(second, a)], [0, 0]);
  assert.equal(house.plane.counters()["up.source-address"], 2);
});

test("the router at our end answers echo under both of its names", async () => {
  const house = house6();
  const client = house.open(5, WISHES);
  await client.establish();
  const { host } = client.link;
  assert.ok(host?.router !== undefined);
  host.heard.length = 0;
  host.send({ destination: host.router, body: Uint8Array.of(1, 2, 3, 4) });
  host.send({ destination: ipv6("2001:db8:64::1"), body: Uint8Array.of(5, 6) });
  await client.talk();
  assert.deepEqual(
    host.heard.map(({ type, body }) => [type, ...body]),
    [
      [129, 1, 2, 3, 4],
      [129, 5, 6],
    ],
  );
});

test("what the router does not answer is counted by reason for all sessions together", async () => {
  const house = house6();
  const client = house.open(5, WISHES);
  await client.establish();
  const { host } = client.link;
  host?.send({ destination: linkLocal(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)) });
  host?.send({ destination: host.linkLocal, type: 143 });
  await client.talk();
  assert.deepEqual(house.subscribers.routerCounters, { "not-ours": 1, "unknown-type": 1 });
});

test("advertisements come by themselves, at the time that the timers say", async () => {
  const house = house6();
  const client = house.open(5, WISHES);
  await client.establish();
  const { host } = client.link;
  assert.ok(host !== undefined);
  host.heard.length = 0;
  assert.equal(house.subscribers.pollTimeout(), RA_INITIAL_INTERVAL_MS);
  house.now = RA_INITIAL_INTERVAL_MS;
  house.subscribers.handleTimeout(house.now);
  await client.talk();
  assert.deepEqual(
    host.heard.map(({ type }) => type),
    [134],
  );
});

test("IPv6 that is closed leaves IPv4 as it is, and comes again with the same /64", async () => {
  const house = house6();
  const client = house.open(5, WISHES);
  await client.establish();
  const global = client.link.host?.global;
  client.send(TERMINATE_IPV6CP);
  await client.talk();
  assert.deepEqual([ping6(client, global), client.ping()], [0, 1]);
  assert.ok(!reaches(house, inSubnet(1)));
  assert.equal(house.rows[0]?.prefix6, "");
  assert.deepEqual(house.closed, []);
  house.now = 3_000;
  house.subscribers.handleTimeout(house.now);
  const request = [1, 50, 0, 14, 1, 10, 1, 2, 3, 4, 5, 6, 7, 8];
  client.send(Uint8Array.of(0xff, 3, 0x80, 0x57, ...request));
  await client.talk();
  assert.equal(ping6(client, inSubnet(1)), 1);
  assert.equal(house.rows[0]?.prefix6, "2001:db8:64:1::/64");
});

test("a client without IPv4 has IPv6 alone", async () => {
  const house = house6();
  const client = house.open(5, { ...WISHES, isWithoutIpv4: true });
  await client.establish();
  assert.equal(ping6(client, client.link.host?.global), 1);
  assert.equal(client.ping("10.64.0.2"), 0);
  assert.deepEqual(house.plane.down([packet(HOST, "10.64.0.2")]), []);
  assert.deepEqual(house.closed, []);
});

test("a client without IPv6 has no router, no timer for one, and no way for IPv6", async () => {
  const house = house6();
  const client = house.open(5);
  await client.establish();
  assert.equal(client.ping(), 1);
  assert.equal(ping6(client, inSubnet(1)), 0);
  assert.ok(!reaches(house, inSubnet(1)));
  assert.equal(house.rows[0]?.prefix6, "");
});

test("when no /64 is free a session has IPv4 alone, counted; one that goes leaves its /64", async () => {
  const house = house6(["2001:db8:64::/63"]);
  const first = house.open(5, WISHES);
  await first.establish();
  const second = house.open(6, WISHES);
  await second.establish();
  assert.equal(house.subscribers.counters["no-prefix6"], 1);
  assert.equal(second.ping(), 1);
  assert.equal(second.link.ipv6cp, undefined, "IPV6CP was rejected");
  const global = first.link.host?.global;
  first.hangUp();
  assert.ok(!reaches(house, inSubnet(1)));
  assert.equal(ping6(first, global), 0);
  const third = house.open(7, WISHES);
  await third.establish();
  assert.equal(ping6(third, third.link.host?.global), 1);
  assert.equal(house.rows[1]?.prefix6, "2001:db8:64:1::/64");
});

test("sessions of a tunnel follow its peer to another port, those of others do not", async () => {
  const house = house6();
  const client = house.open(5, WISHES);
  await client.establish();
  const path = { peer: "192.0.2.9", peerPort: 40_000, local: "192.0.2.1" };
  const from = client.session.path;
  const ids = { tunnelId: 1, peerTunnelId: 2, role: "lns" } as const;
  const tunnel = { ...ids, path, hostName: "", vendorName: "" };
  const more = { state: "established", sessions: 1, since: 0 };
  const event = { type: "tunnel-moved", from, path } as const;
  house.subscribers.handleEvent({ ...event, tunnel: { ...tunnel, ...more, tunnelId: 9 } }, 0);
  assert.equal(house.rows[0]?.peer, "192.0.2.9:1701");
  house.subscribers.handleEvent({ ...event, tunnel: { ...tunnel, ...more } }, 0);
  assert.equal(house.rows[0]?.peer, "192.0.2.9:40000");
  const [sent] = house.plane.down([packet(HOST, "10.64.0.2")]);
  assert.deepEqual(sent?.name, encodeSockaddr("192.0.2.9", 40_000));
  assert.equal(client.ping(), 0, "what comes from the old port");
});
