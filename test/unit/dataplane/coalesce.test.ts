// How much is joined: what costs one system call, and what has to cost one each.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { ipv4, ipv6 } from "../../../src/net.ts";
import { Flow, type Pair } from "../../reference/hosts.ts";
import { buildVirtio, parseVirtio, refusal, TYPE } from "../../reference/offload.ts";
import { PacketRandom } from "../../reference/packets.ts";
import { dataMessage, HOST, HOST6, PPP_IPV6, pppFrame, prefix6 } from "./frames.ts";
import { ALL_OFFLOADS, Plane, type Received } from "./plane.ts";

const SENDER = { address: "192.0.2.9", port: 1701 };
const { OFFLOAD_TSO, OFFLOAD_USO } = layout;

/** Session `index` of tunnel 7, with an address and a /64. */
const MTU = 1_500;

function start(sessions: number, offloads = ALL_OFFLOADS): Plane {
  const plane = new Plane(0, offloads);
  for (let index = 0; index < sessions; index++) {
    plane.session(7, 8 + index, address(index), {
      prefix6: prefix6(address6(index)),
      mtu: MTU,
    });
  }
  return plane;
}

function address(session: number): string {
  return `10.64.0.${2 + session}`;
}

function address6(session: number): string {
  return `2001:db8:64:${(2 + session).toString(16)}::5`;
}

function octetsOf(address: string): number[] {
  if (address.includes(":")) return [...ipv6(address)];
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, ipv4(address));
  return [...octets];
}

/** A flow from a session's client to a host, all of whose packets are plain. */
function flowOf(session: number, isTcp: boolean, isV6: boolean, size: number, seed = 1): Flow {
  return new Flow(new PacketRandom(seed), pairOf(session, isV6), 0, { isTcp, size, idStep: 1 });
}

function pairOf(session: number, isV6: boolean): Pair {
  const source = octetsOf(isV6 ? address6(session) : address(session));
  return { source, destination: octetsOf(isV6 ? HOST6 : HOST) };
}

/** The other way. */
function flowTo(session: number, isTcp: boolean, isV6: boolean, size: number): Flow {
  const { source, destination } = pairOf(session, isV6);
  const back = { source: destination, destination: source };
  return new Flow(new PacketRandom(1), back, 0, { isTcp, size, idStep: 1 });
}

function datagramOf(session: number, packet: Uint8Array): Uint8Array {
  const isV6 = (packet[0] ?? 0) >> 4 === 6;
  return dataMessage(7, 8 + session, pppFrame(packet, isV6 ? PPP_IPV6 : undefined));
}

function groOf(datagrams: readonly Uint8Array[]): Received {
  return { octets: Buffer.concat(datagrams), sender: SENDER, segment: datagrams[0]?.length };
}

const KINDS = [
  ["TCP over IPv4", true, false, TYPE.tcp4],
  ["TCP over IPv6", true, true, TYPE.tcp6],
  ["UDP over IPv4", false, false, TYPE.udp],
  ["UDP over IPv6", false, true, TYPE.udp],
] as const;

for (const [name, isTcp, isV6, type] of KINDS) {
  test(`45 packets of a flow in a GRO buffer are one write: ${name}`, () => {
    const plane = start(1);
    const flow = flowOf(0, isTcp, isV6, 1200);
    const packets = Array.from({ length: 45 }, () => flow.next());
    const writes = plane.receive([groOf(packets.map((packet) => datagramOf(0, packet)))]);
    assert.equal(writes.length, 1);
    const [write] = writes;
    assert.ok(write?.virtio);
    assert.equal(refusal(write.virtio, write.packet), undefined);
    assert.equal(parseVirtio(write.virtio).type, type);
    assert.equal(parseVirtio(write.virtio).size, 1200);
    assert.equal(write.vectors, 1, "neighbours move together");
    assert.equal(plane.counters()["up.packets"], 45);
  });

  test(`a flow ends its super-packet at 64 packets, or at 65,535 octets: ${name}`, () => {
    const small = flowOf(0, isTcp, isV6, 100);
    const large = flowOf(0, isTcp, isV6, 1340);
    for (const [flow, count, expected] of [
      [small, 64, 1],
      [small, 65, 2],
      [large, 48, 1],
      [large, 49, 2],
    ] as const) {
      const datagrams = Array.from({ length: count }, () => datagramOf(0, flow.next()));
      const halves = [datagrams.slice(0, 32), datagrams.slice(32)];
      const writes = start(1).receive(halves.map(groOf));
      assert.equal(writes.length, expected, `${count} of ${flow.size}`);
    }
  });
}

test("what is larger than the session's MTU stays alone: a router would drop it with the others", () => {
  const plane = start(1);
  const flow = flowOf(0, false, false, MTU - 27); // with IP and UDP header one octet too much
  const datagrams = Array.from({ length: 3 }, () => datagramOf(0, flow.next()));
  assert.equal(plane.receive([groOf(datagrams)]).length, 3);
});

test("a packet that is larger than the session's MTU is not overtaken by the rest of its flow", () => {
  const plane = start(1);
  const flow = flowOf(0, false, true, 1000);
  const large = () => flow.whole(MTU, 0).packet;
  const packets = [flow.next(), flow.next(), large(), flow.next(), flow.next()];
  const writes = plane.receive(
    packets.map((packet) => ({ octets: datagramOf(0, packet), sender: SENDER })),
  );
  assert.deepEqual(
    writes.map(({ packet }) => packet.length),
    [2048, MTU + 48, 2048],
  );
});

test("packets of a flow that are no neighbours are a piece each", () => {
  const plane = start(2);
  const flows = [flowOf(0, true, false, 500), flowOf(1, true, false, 500)];
  const turn = () => flows.map((flow, session) => datagramOf(session, flow.next()));
  const mixed = [...turn(), ...turn(), ...turn(), ...turn()];
  const writes = plane.receive([groOf(mixed)]);
  assert.deepEqual(
    writes.map(({ vectors }) => vectors),
    [4, 4],
  );
});

test("ten sessions with UDP of 200 octets, one after the other in 64 messages, are ten writes", () => {
  const plane = start(10);
  const flows = Array.from({ length: 10 }, (_, session) => flowOf(session, false, false, 200));
  const received = Array.from({ length: layout.BUFFER_COUNT }, (_, index) => ({
    octets: datagramOf(index % 10, (flows[index % 10] as Flow).next()),
    sender: SENDER,
  }));
  assert.equal(plane.receive(received).length, 10);
});

test("ten sessions in one GRO buffer are ten writes", () => {
  const plane = start(10);
  const flows = Array.from({ length: 10 }, (_, session) => flowOf(session, true, false, 900));
  const datagrams = Array.from({ length: 60 }, (_, index) =>
    datagramOf(index % 10, (flows[index % 10] as Flow).next()),
  );
  const writes = plane.receive([groOf(datagrams)]);
  assert.equal(writes.length, 10);
});

test("three hundred flows, three packets of each in turn, are three hundred writes", () => {
  const plane = start(1);
  const flows = Array.from({ length: 300 }, (_, seed) => flowOf(0, false, false, 40, 1 + seed));
  const datagrams = Array.from({ length: 900 }, (_, index) =>
    datagramOf(0, (flows[index % 300] as Flow).next()),
  );
  const buffers = Array.from({ length: 15 }, (_, index) =>
    groOf(datagrams.slice(index * 60, (index + 1) * 60)),
  );
  assert.equal(plane.receive(buffers).length, 300);
  assert.equal(plane.rests.up, 0);
});

test("what an offload is left out for goes alone", () => {
  for (const [isTcp, offloads] of [
    [true, ALL_OFFLOADS & ~OFFLOAD_TSO],
    [false, ALL_OFFLOADS & ~OFFLOAD_USO],
  ] as const) {
    const flow = flowOf(0, isTcp, false, 500);
    const datagrams = Array.from({ length: 20 }, () => datagramOf(0, flow.next()));
    const writes = start(1, offloads).receive([groOf(datagrams)]);
    assert.equal(writes.length, 20);
    assert.ok(writes.every(({ virtio }) => virtio?.every((octet) => octet === 0)));
  }
});

test("down: 45 frames of a super-packet are one message", () => {
  for (const [name, isTcp, isV6, type] of KINDS) {
    const plane = start(1);
    const read = superOf(0, isTcp, isV6, type, 1200, 45);
    const messages = plane.read([read]);
    assert.equal(messages.length, 1, name);
    assert.equal(messages[0]?.segment, 1200 + (isV6 ? 40 : 20) + headerOf(read) + 12);
    assert.equal(plane.counters()["down.packets"], 45);
  }
});

test("down: packets of one length to ten sessions of a peer are one message", () => {
  const plane = start(10);
  const flows = Array.from({ length: 10 }, (_, session) => flowTo(session, false, false, 200));
  const reads = Array.from({ length: layout.BUFFER_COUNT }, (_, index) => ({
    packet: (flows[index % 10] as Flow).next(),
  }));
  const messages = plane.read(reads);
  assert.deepEqual([messages.length, messages[0]?.datagram.length], [1, 64 * 240]);
});

/** Octets of the transport header of what is read. */
function headerOf({ packet }: { packet: Uint8Array }): number {
  const isV6 = (packet[0] ?? 0) >> 4 === 6;
  const isTcp = packet[isV6 ? 6 : 9] === 6;
  return isTcp ? ((packet[(isV6 ? 40 : 20) + 12] ?? 0) >> 4) * 4 : 8;
}

function superOf(
  session: number,
  isTcp: boolean,
  isV6: boolean,
  type: number,
  size: number,
  segments: number,
) {
  const flow = flowTo(session, isTcp, isV6, size);
  const { packet, start } = flow.whole(size * segments, 0);
  const headerLength = packet.length - size * segments;
  const checksums = { checksumStart: start, checksumOffset: isTcp ? 16 : 6 };
  return { packet, virtio: buildVirtio({ flags: 1, type, headerLength, size, ...checksums }) };
}
