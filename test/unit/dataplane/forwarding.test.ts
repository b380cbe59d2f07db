import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { encodePktinfo, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { ipv4 } from "../../../src/net.ts";
import { writeHeaderChecksum } from "../../reference/offload.ts";
import { CLIENT, dataMessage, good, HOST, message, packet, pppFrame } from "./frames.ts";
import { Plane } from "./plane.ts";

test("up: an IP packet leaves as it came, in the network of its session", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8, CLIENT, { network: 3 });
  const inner = packet(CLIENT, HOST);
  const written = plane.up([dataMessage(7, 8, pppFrame(inner))]);
  assert.deepEqual(written, [{ network: 3, packet: inner }]);
  assert.deepEqual(plane.counters(), { "up.packets": 1, "up.octets": inner.length });
  const { rxPackets, rxOctets, drops } = plane.table.traffic(handle);
  assert.deepEqual({ rxPackets, rxOctets, drops }, { rxPackets: 1, rxOctets: 60, drops: 0 });
});

test("up: compressed PPP headers, L2TP without Length, padding behind the packet", () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT);
  const inner = packet(CLIENT, HOST);
  for (const header of [[0xff, 3, 0, 0x21], [0xff, 3, 0x21], [0, 0x21], [0x21]]) {
    const [written] = plane.up([dataMessage(7, 8, pppFrame(inner, header))]);
    assert.deepEqual(written?.packet, inner, `header ${header}`);
  }
  const short = Uint8Array.of(0, 2, 0, 7, 0, 8, ...pppFrame(inner));
  assert.deepEqual(plane.up([short])[0]?.packet, inner);
  const padded = dataMessage(7, 8, pppFrame(Uint8Array.of(...inner, 1, 2, 3)));
  assert.deepEqual(plane.up([padded])[0]?.packet, inner);
});

const drops: readonly [name: string, counter: string, (plane: Plane) => unknown][] = [
  ["another's source", "up.source-address", (p) => p.up([message(packet("10.64.0.3", HOST))])],
  ["unknown session", "up.no-session", (p) => p.up([dataMessage(7, 9, frame())])],
  ["unknown tunnel", "up.no-session", (p) => p.up([dataMessage(8, 8, frame())])],
  ["other peer", "up.wrong-peer", (p) => p.up([good()], { address: "192.0.2.8", port: 1701 })],
  ["other port", "up.wrong-peer", (p) => p.up([good()], { address: "192.0.2.9", port: 1702 })],
  ["a control message", "up.control-message", (p) => p.up([control()])],
  ["version 3", "up.version", (p) => p.up([Uint8Array.of(0x40, 3, 0, 8, 0, 7, 0, 8)])],
  ["an empty datagram", "up.malformed", (p) => p.up([new Uint8Array(0)])],
  ["a Length beyond the end", "up.malformed", (p) => p.up([good().subarray(0, 30)])],
  ["an empty frame", "up.ppp-header", (p) => p.up([dataMessage(7, 8, new Uint8Array(0))])],
  ["a bad IP checksum", "up.ip-header", (p) => p.up([message(broken())])],
  ["a frame with less than its IP packet", "up.ip-header", (p) => p.up([message(cut())])],
  ["a truncated datagram", "up.truncated", (p) => p.up([good()], truncated())],
  [
    "an oversize datagram",
    "up.truncated",
    (p) => p.up([new Uint8Array(layout.BUFFER_CAPACITY + 1)]),
  ],
  ["IP before its time", "up.not-open", (p) => p.up([dataMessage(7, 10, frame())])],
  ["no route", "down.no-route", (p) => p.down([packet(HOST, "10.64.0.9")])],
  ["a route of another network", "down.no-route", (p) => p.down([packet(HOST, CLIENT)], 1)],
  ["neither IPv4 nor IPv6 from the device", "down.not-ip", (p) => p.down([new Uint8Array(48)])],
  ["a bad header from the device", "down.ip-header", (p) => p.down([broken()])],
  ["more than the peer takes", "down.too-big", (p) => p.down([icmpError()])],
];

for (const [name, counter, act] of drops) {
  test(`dropped and counted once: ${name}`, () => {
    const plane = new Plane();
    plane.session(7, 8, CLIENT);
    plane.session(7, 10);
    assert.deepEqual(act(plane), []);
    assert.deepEqual(plane.counters(), { [counter]: 1 });
    assert.equal(plane.punt.take(), undefined);
  });
}

test("a client reaches others of its own network, and none of another", () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT);
  plane.session(7, 9, "10.64.0.3");
  plane.session(7, 10, "10.65.0.2", { network: 3 });
  const to = (destination: string) => plane.up([message(packet(CLIENT, destination))]).length;
  assert.deepEqual(["10.64.0.3", HOST, "10.65.0.3"].map(to), [1, 1, 1]);
  assert.equal(to("10.65.0.2"), 0);
  assert.equal(plane.counters()["up.other-network"], 1);
});

test("down: prefix, peer and local address of the session, Length field right", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8, CLIENT);
  const inner = packet(HOST, CLIENT);
  const [message] = plane.down([inner]);
  assert.deepEqual(message?.datagram, dataMessage(8, 9, pppFrame(inner)));
  assert.deepEqual(message?.name, encodeSockaddr("192.0.2.9", 1701));
  assert.deepEqual(message?.control, encodePktinfo("192.0.2.1"));
  assert.equal(plane.table.traffic(handle).txOctets, inner.length);
});

test("down: what the peer lets us leave out is left out", () => {
  for (const [more, header] of [
    [{ acfc: true }, [0x00, 0x21]],
    [{ pfc: true }, [0xff, 0x03, 0x21]],
    [{ acfc: true, pfc: true }, [0x21]],
  ] as const) {
    const plane = new Plane();
    plane.session(7, 8, CLIENT, more);
    const inner = packet(HOST, CLIENT);
    const [message] = plane.down([inner]);
    assert.deepEqual(message?.datagram, dataMessage(8, 9, pppFrame(inner, [...header])));
  }
});

test("down: Ns counts packets and injected frames of a sequenced session alike", () => {
  const plane = new Plane();
  const handle = plane.session(7, 8);
  plane.table.sequence(handle);
  const forwarding = { network: 0, address: ipv4(CLIENT), mtu: 1400, acfc: false, pfc: false };
  plane.table.forward(handle, forwarding);
  const lcp = Uint8Array.of(0xff, 3, 0xc0, 0x21, 9, 1, 0, 4);
  const inner = packet(HOST, CLIENT);
  plane.inject.put(handle.index, handle.generation, lcp);
  const sent = [...plane.sendInjected(), ...plane.down([inner, inner])];
  const frames = [lcp, pppFrame(inner), pppFrame(inner)];
  assert.deepEqual(
    sent.map(({ datagram }) => datagram),
    frames.map((frame, ns) =>
      Uint8Array.of(0x48, 2, 0, 12 + frame.length, 0, 8, 0, 9, 0, ns, 0, 0, ...frame),
    ),
  );
});

test("a batch keeps its order and drops only what has to go", () => {
  const plane = new Plane();
  plane.session(7, 8, CLIENT);
  const inner = Array.from({ length: layout.BUFFER_COUNT }, (_, index) =>
    packet(CLIENT, HOST, index),
  );
  const spoofed = (index: number) => index % 5 === 0;
  const datagrams = inner.map((good, index) =>
    dataMessage(7, 8, pppFrame(spoofed(index) ? packet("10.64.0.3", HOST, index) : good)),
  );
  const expected = inner.filter((_, index) => !spoofed(index));
  assert.deepEqual(
    plane.up(datagrams).map((written) => written.packet),
    expected,
  );
  const answers = inner.map((_, index) => packet(HOST, CLIENT, index));
  const frames = answers.map((answer) => dataMessage(8, 9, pppFrame(answer)));
  assert.deepEqual(
    plane.down(answers).map((message) => message.datagram),
    frames,
  );
});

function frame(): Uint8Array {
  return pppFrame(packet(CLIENT, HOST));
}

/** Too large for the client, and nobody is told of it. */
function icmpError(): Uint8Array {
  const octets = packet(HOST, CLIENT, 1381);
  octets.set([0x40, 0], 6);
  octets[9] = 1;
  octets[20] = 3;
  writeHeaderChecksum(octets);
  return octets;
}

function broken(): Uint8Array {
  const octets = packet(CLIENT, HOST);
  octets[8] = 1;
  return octets;
}

function cut(): Uint8Array {
  return packet(CLIENT, HOST).subarray(0, 59);
}

function control(): Uint8Array {
  return Uint8Array.of(0xc8, 2, 0, 12, 0, 7, 0, 0, 0, 0, 0, 0);
}

function truncated() {
  return { address: "192.0.2.9", port: 1701, flags: layout.MSG_TRUNC };
}
