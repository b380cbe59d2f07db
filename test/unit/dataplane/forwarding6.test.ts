import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePktinfo, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import {
  CLIENT,
  CLIENT6,
  dataMessage,
  good,
  HOST,
  HOST6,
  message6,
  PPP_IPV6,
  packet,
  packet6,
  pppFrame,
  prefix6,
} from "./frames.ts";
import { FORWARDING, Plane } from "./plane.ts";

const ICMPV6 = 58;
const LINK_LOCAL = "fe80::5";
const ROUTERS = "ff02::2";

/** Session 8 of tunnel 7 has both families; the others stand in its way. */
function start(): Plane {
  const plane = new Plane();
  plane.session(7, 8, CLIENT, { prefix6: prefix6(CLIENT6) });
  plane.session(7, 9, "10.64.0.3", { prefix6: prefix6("2001:db8:64:3::") });
  plane.session(7, 10, "10.65.0.2", { network: 3, prefix6: prefix6("2001:db8:65:2::") });
  plane.session(7, 11, "10.64.0.4");
  plane.session(7, 12);
  return plane;
}

test("up: an IPv6 packet leaves as it came, without padding, in the network of its session", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8, undefined, { network: 3, prefix6: prefix6(CLIENT6) });
  const inner = packet6(CLIENT6, HOST6);
  for (const header of [PPP_IPV6, [0xff, 3, 0x57], [0, 0x57], [0x57]]) {
    const padded = pppFrame(Uint8Array.of(...inner, 1, 2, 3), header);
    assert.deepEqual(plane.up([dataMessage(7, 8, padded)]), [{ network: 3, packet: inner }]);
  }
  assert.deepEqual(plane.counters(), { "up.packets": 4, "up.octets": 4 * inner.length });
  assert.equal(plane.table.traffic(handle).rxOctets, 4 * inner.length);
});

test("up: any address of the /64 may be a source, any that nobody else has a destination", () => {
  const plane = start();
  for (const [source, destination] of [
    ["2001:db8:64:2::", HOST6],
    ["2001:db8:64:2:ffff:ffff:ffff:ffff", HOST6],
    [CLIENT6, "2001:db8:64:3::9"],
    [CLIENT6, "2001:db8:65:3::9"],
    [CLIENT6, "ff05::2"],
    [CLIENT6, "fec0::1"],
  ] as const) {
    const inner = packet6(source, destination);
    assert.deepEqual(plane.up([message6(inner)]), [{ network: 0, packet: inner }]);
  }
});

const drops: readonly [name: string, counter: string, (plane: Plane) => unknown][] = [
  ["another's source", "up.source-address", (p) => p.up([m("2001:db8:64:3::5", HOST6)])],
  ["one bit beside the /64", "up.source-address", (p) => p.up([m("2001:db8:64:3::", HOST6)])],
  [
    "a link-local source that is no ICMPv6",
    "up.source-address",
    (p) => p.up([m("fe80::5", HOST6)]),
  ],
  ["no source, and no ICMPv6", "up.source-address", (p) => p.up([m("::", HOST6)])],
  ["a multicast source", "up.source-address", (p) => p.up([m("ff02::5", HOST6)])],
  ["an IPv4-mapped source", "up.source-address", (p) => p.up([m("::ffff:10.64.0.2", HOST6)])],
  [
    "back into the client's own /64",
    "up.own-subnet",
    (p) => p.up([m(CLIENT6, "2001:db8:64:2::7")]),
  ],
  ["another network's session", "up.other-network", (p) => p.up([m(CLIENT6, "2001:db8:65:2::9")])],
  ["less than the header says", "up.ip-header", (p) => p.up([message6(cut())])],
  [
    "less than a header",
    "up.ip-header",
    (p) => p.up([message6(packet6(CLIENT6, HOST6).slice(0, 39))]),
  ],
  ["nothing behind the protocol", "up.ip-header", (p) => p.up([message6(new Uint8Array(0))])],
  ["IPv4 as IPv6", "up.ip-header", (p) => p.up([message6(packet(CLIENT, HOST, 60))])],
  [
    "IPv6 as IPv4",
    "up.ip-header",
    (p) => p.up([dataMessage(7, 8, pppFrame(packet6(CLIENT6, HOST6)))]),
  ],
  ["IPv6 where there is IPv4 alone", "up.not-open", (p) => p.up([on(11)])],
  ["IPv6 before its time", "up.not-open", (p) => p.up([on(12)])],
  ["no route", "down.no-route", (p) => p.down([packet6(HOST6, "2001:db8:64:4::5")])],
  ["a route of another network", "down.no-route", (p) => p.down([packet6(HOST6, CLIENT6)], 1)],
  ["all nodes", "down.not-routable", (p) => p.down([packet6(HOST6, "ff02::1")])],
  ["a multicast group", "down.not-routable", (p) => p.down([packet6(HOST6, "ff0e::1")])],
  ["a link-local destination", "down.not-routable", (p) => p.down([packet6(HOST6, "febf::1")])],
  // An ICMPv6 error, so that nobody is told of it.
  ["more than the peer takes", "down.too-big", (p) => p.down([packet6(HOST6, CLIENT6, 1361, 58)])],
  ["a cut packet from the device", "down.ip-header", (p) => p.down([cut()])],
  ["version 5 from the device", "down.not-ip", (p) => p.down([new Uint8Array(48).fill(0x50)])],
];

for (const [name, counter, act] of drops) {
  test(`dropped and counted once: ${name}`, () => {
    const plane = start();
    assert.deepEqual(act(plane), []);
    assert.deepEqual(plane.counters(), { [counter]: 1 });
    assert.equal(plane.punt.take(), undefined);
  });
}

test("up: what concerns the link alone is punted as the PPP frame that it came in", () => {
  const plane = start();
  for (const [source, destination, nextHeader] of [
    [LINK_LOCAL, ROUTERS, ICMPV6],
    [LINK_LOCAL, HOST6, ICMPV6],
    ["::", "ff02::1:ff00:5", ICMPV6],
    ["::", HOST6, ICMPV6],
    [CLIENT6, "fe80::1", 17],
    [CLIENT6, "febf::1", 17],
    [LINK_LOCAL, "ff02::1:2", 17],
    [LINK_LOCAL, "ff02::16", 0],
    [CLIENT6, "ff12::1", 17],
    ["2001:db8:9999::1", "fe80::1", 17],
  ] as const) {
    for (const session of [8, 12]) {
      const frame = pppFrame(packet6(source, destination, 40, nextHeader), PPP_IPV6);
      assert.deepEqual(plane.up([dataMessage(7, session, frame)]), []);
      assert.deepEqual(plane.punt.take()?.frame, frame, `${source} to ${destination}`);
    }
  }
  assert.deepEqual(plane.counters(), { "up.punted": 20 });
});

test("up: a link-local address of another interface is another peer", () => {
  const plane = new Plane();
  const name = encodeSockaddr("fe80::9%3", 1701);
  const ids = { tunnelId: 7, sessionId: 8, peerTunnelId: 8, peerSessionId: 9 };
  const handle = plane.table.publish({ ...ids, name, control: encodePktinfo("fe80::1%3") });
  assert.ok(handle);
  plane.table.forward(handle, { ...FORWARDING, prefix6: prefix6(CLIENT6) });
  const from = (address: string) => plane.up([m(CLIENT6, HOST6)], { address, port: 1701 }).length;
  assert.deepEqual(["fe80::9%3", "fe80::9%4", "fe80::8%3"].map(from), [1, 0, 0]);
  assert.deepEqual(plane.counters()["up.wrong-peer"], 2);
});

test("up: packets for the link alone get half of the session's share, so that LCP is heard", () => {
  const plane = start();
  const solicitation = message6(packet6(LINK_LOCAL, ROUTERS, 8, ICMPV6));
  for (let n = 0; n < 100; n++) plane.up([solicitation]);
  const half = 7; // half of what 249 free places give
  assert.deepEqual(plane.counters(), { "up.punted": half, "up.punt-share-full": 100 - half });
  plane.up([dataMessage(7, 8, Uint8Array.of(0xc0, 0x21, 9, 1, 0, 4))]);
  assert.equal(plane.counters()["up.punted"], half + 1);
});

test("down: the session's prefix says IPv6, compressed as IPv4's is", () => {
  for (const [more, header] of [
    [{}, PPP_IPV6],
    [{ acfc: true }, [0x00, 0x57]],
    [{ pfc: true }, [0xff, 0x03, 0x57]],
    [{ acfc: true, pfc: true }, [0x57]],
  ] as const) {
    const plane = new Plane();
    const handle = plane.session(7, 8, CLIENT, { prefix6: prefix6(CLIENT6), ...more });
    const [inner, inner4] = [packet6(HOST6, CLIENT6), packet(HOST, CLIENT)];
    const four = header.map((octet) => (octet === 0x57 ? 0x21 : octet));
    const sent = [inner, inner4, inner].flatMap((packet) => plane.down([packet]));
    assert.deepEqual(
      sent.map(({ datagram }) => datagram),
      [pppFrame(inner, [...header]), pppFrame(inner4, four), pppFrame(inner, [...header])].map(
        (frame) => dataMessage(8, 9, frame),
      ),
    );
    assert.deepEqual(sent[0]?.name, encodeSockaddr("192.0.2.9", 1701));
    assert.deepEqual(sent[0]?.control, encodePktinfo("192.0.2.1"));
    const { txPackets, txOctets } = plane.table.traffic(handle);
    assert.deepEqual([txPackets, txOctets], [3, 2 * inner.length + inner4.length]);
  }
});

test("down: Ns of a sequenced session counts both families", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8);
  plane.table.sequence(handle);
  const both = { address: 0x0a40_0002, prefix6: prefix6(CLIENT6) };
  plane.table.forward(handle, { ...FORWARDING, ...both });
  const sent = plane.down([packet6(HOST6, CLIENT6), packet(HOST, CLIENT), packet6(HOST6, CLIENT6)]);
  assert.deepEqual(
    sent.map(({ datagram }) => [datagram[9], datagram[15]]),
    [
      [0, 0x57],
      [1, 0x21],
      [2, 0x57],
    ],
  );
});

test("families come and go by themselves, and a hold takes both", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8);
  const wishes = [
    {},
    { address: 0x0a40_0002 },
    { address: 0x0a40_0002, prefix6: prefix6(CLIENT6) },
    { prefix6: prefix6(CLIENT6) },
    { prefix6: prefix6("2001:db8:64:7::") },
    {},
  ];
  const opened = () => [
    plane.up([good()]).length + plane.down([packet(HOST, CLIENT)]).length,
    plane.up([m(CLIENT6, HOST6)]).length + plane.down([packet6(HOST6, CLIENT6)]).length,
  ];
  const seen = wishes.map((wish) => {
    assert.ok(plane.table.forward(handle, { ...FORWARDING, ...wish }));
    return opened();
  });
  assert.deepEqual(seen, [
    [0, 0],
    [2, 0],
    [2, 2],
    [0, 2],
    [0, 0],
    [0, 0],
  ]);
  plane.table.forward(handle, { ...FORWARDING, address: 0x0a40_0002, prefix6: prefix6(CLIENT6) });
  plane.table.hold(handle);
  assert.deepEqual(opened(), [0, 0]);
});

function m(source: string, destination: string): Uint8Array {
  return message6(packet6(source, destination));
}

function on(session: number): Uint8Array {
  return dataMessage(7, session, pppFrame(packet6(CLIENT6, HOST6), PPP_IPV6));
}

function cut(): Uint8Array {
  return packet6(CLIENT6, HOST6).subarray(0, 79);
}
