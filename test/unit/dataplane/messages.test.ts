import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import type { SessionHandle } from "../../../src/dataplane/session-table.ts";
import { encodePktinfo, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { ipv4 } from "../../../src/net.ts";
import { split } from "../../reference/offload.ts";
import { HOST, packet } from "./frames.ts";
import { ALL_OFFLOADS, type Message, Plane } from "./plane.ts";

const PREFIX = 12;
const { OFFLOAD_GSO } = layout;

/** Clients 10.64.0.1 and so on: sessions 1 to `count` of a tunnel, reached at `hop`. */
function sessions(plane: Plane, tunnelId: number, count: number, hop = 0): SessionHandle[] {
  return Array.from({ length: count }, (_, index) =>
    plane.session(tunnelId, index + 1, `10.64.${hop}.${index + 1}`),
  );
}

/** A packet for a client whose frame has `frame` octets. */
function to(client: string, frame: number, host = HOST): Uint8Array {
  return packet(host, client, frame - PREFIX - 20);
}

/** Lengths of the frames of each message. */
function frames(messages: readonly Message[]): number[][] {
  return messages.map(({ datagram, segment }) =>
    split(datagram, segment).map((frame) => frame.length),
  );
}

function down(plane: Plane, packets: readonly Uint8Array[]): Message[] {
  return plane.read(packets.map((octets) => ({ packet: octets })));
}

test("frames of one length go as one message, whatever session of the tunnel they are for", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  sessions(plane, 7, 10);
  const packets = Array.from({ length: 64 }, (_, index) => to(`10.64.0.${(index % 10) + 1}`, 200));
  const messages = down(plane, packets);
  assert.deepEqual(frames(messages), [Array.from({ length: 64 }, () => 200)]);
  const [message] = messages;
  assert.deepEqual(message?.name, encodeSockaddr("192.0.2.9", 1701));
  assert.deepEqual(message?.control, encodePktinfo("192.0.2.1"));
  split(message?.datagram ?? new Uint8Array(0), 200).forEach((frame, index) => {
    assert.equal(new DataView(frame.buffer).getUint16(2), 200);
    assert.equal(new DataView(frame.buffer).getUint16(6), (index % 10) + 2);
    assert.deepEqual(frame.slice(PREFIX), packets[index]);
  });
});

test("a message has no more octets than UDP carries", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  sessions(plane, 7, 1);
  const packets = (count: number, frame: number) =>
    Array.from({ length: count }, () => to("10.64.0.1", frame));
  const lengths = (frame: number) =>
    down(plane, packets(64, frame)).map(({ datagram }) => datagram.length / frame);
  assert.deepEqual(lengths(1412), [46, 18]); // 46 * 1412 = 64952
  assert.deepEqual(lengths(1023), [64]); // 64 * 1023 = 65472
  assert.deepEqual(lengths(1024), [63, 1]);
});

test("a single frame has no UDP_SEGMENT", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  sessions(plane, 7, 1);
  const [message, ...others] = down(plane, [to("10.64.0.1", 300)]);
  assert.equal(message?.segment, 0);
  assert.deepEqual(message?.control, encodePktinfo("192.0.2.1"));
  assert.deepEqual(others, []);
});

test("without the offload each frame is a message", () => {
  const plane = new Plane(0, ALL_OFFLOADS & ~OFFLOAD_GSO);
  sessions(plane, 7, 1);
  const messages = down(
    plane,
    [100, 100, 100].map((frame) => to("10.64.0.1", frame)),
  );
  assert.deepEqual(frames(messages), [[100], [100], [100]]);
  assert.ok(messages.every(({ segment }) => segment === 0));
});

test("tunnels do not share messages, nor do the old and the new port of a peer", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  sessions(plane, 7, 1);
  const [, moved] = sessions(plane, 8, 2, 1);
  assert.ok(moved);
  plane.table.move(moved, encodeSockaddr("192.0.2.9", 1702));
  const clients = ["10.64.0.1", "10.64.1.1", "10.64.0.1", "10.64.1.1", "10.64.1.2", "10.64.1.2"];
  const messages = down(
    plane,
    clients.map((client) => to(client, 100)),
  );
  assert.deepEqual(frames(messages), [
    [100, 100],
    [100, 100],
    [100, 100],
  ]);
  assert.deepEqual(
    messages.map(({ name }) => new DataView(name.buffer).getUint16(2)),
    [1701, 1701, 1702],
  );
  assert.deepEqual(
    messages.map(({ datagram }) => new DataView(datagram.buffer).getUint16(4)),
    [8, 9, 9],
  );
});

test("pairs of hosts that share a slot do not share the messages of two tunnels", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  sessions(plane, 7, 1);
  sessions(plane, 8, 1, 1);
  for (let host = 0; host < 4 * layout.PAIR_COUNT; host++) {
    const other = `198.51.${host >> 8}.${host & 0xff}`;
    const batch = [to("10.64.0.1", 300), to("10.64.1.1", 100, other)];
    assert.deepEqual(frames(down(plane, batch)), [[300], [100]], other);
  }
});

test("lengths in turn: each has its message open, for other pairs of hosts", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  sessions(plane, 7, 9);
  const packets = Array.from({ length: 9 }, (_, index) =>
    to(`10.64.0.${index + 1}`, [100, 300, 200][index % 3] ?? 0),
  );
  assert.deepEqual(frames(down(plane, packets)), [
    [100, 100, 100],
    [300, 300, 300],
    [200, 200, 200],
  ]);
});

test("packets between two hosts keep their order", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  sessions(plane, 7, 1);
  const lengths = [100, 300, 100, 100, 300, 100, 200, 300];
  const messages = down(
    plane,
    lengths.map((frame) => to("10.64.0.1", frame)),
  );
  assert.deepEqual(frames(messages).flat(), lengths);
  // A longer one begins a message, a shorter one ends it.
  assert.deepEqual(frames(messages), [[100], [300, 100], [100], [300, 100], [200], [300]]);
});

test("a pair of hosts joins an earlier message only when nothing of it is in a later one", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  sessions(plane, 7, 2);
  const [a, b] = ["10.64.0.1", "10.64.0.2"] as const;
  const wishes = [
    [a, 100],
    [b, 300],
    [a, 300],
    [a, 100],
    [b, 100],
    [b, 300],
  ] as const;
  const messages = down(
    plane,
    wishes.map(([client, frame]) => to(client, frame)),
  );
  // a's 100 must not go before its 300, where it ends the message; b's may go nowhere before.
  assert.deepEqual(frames(messages), [[100], [300, 300, 100], [100], [300]]);
});

test("two hosts that send to one client are two pairs, unless its messages are numbered", () => {
  const lengths = [300, 100, 300, 100, 300, 100];
  const hosts = ["203.0.113.7", "203.0.113.8"];
  for (const isNumbered of [false, true]) {
    const plane = new Plane(0, OFFLOAD_GSO);
    const handle = plane.session(7, 1);
    if (isNumbered) plane.table.sequence(handle);
    const more = { network: 0, mtu: 1400, acfc: false, pfc: false };
    plane.table.forward(handle, { ...more, address: ipv4("10.64.0.1") });
    const messages = down(
      plane,
      lengths.map((frame, index) => to("10.64.0.1", frame, hosts[index % 2])),
    );
    const got = messages.flatMap(({ datagram, segment }) => split(datagram, segment));
    if (isNumbered) {
      assert.deepEqual(
        got.map((frame) => new DataView(frame.buffer).getUint16(8)),
        [0, 1, 2, 3, 4, 5],
      );
      assert.deepEqual(frames(messages), [
        [304, 104],
        [304, 104],
        [304, 104],
      ]);
    } else {
      assert.deepEqual(frames(messages), [
        [300, 300, 300],
        [100, 100, 100],
      ]);
    }
  }
});

test("any mix is sent once each, in order between two hosts, as long as the peer is one", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  sessions(plane, 7, 20);
  let seed = 1;
  const random = (bound: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % bound;
  };
  for (let round = 0; round < 200; round++) {
    const packets = Array.from({ length: 64 }, (_, index) => {
      const octets = to(`10.64.0.${random(20) + 1}`, 60 + random(4) * 100);
      new DataView(octets.buffer).setUint16(24, index); // a mark in the payload
      return octets;
    });
    const got = down(plane, packets).flatMap(({ datagram, segment }) => split(datagram, segment));
    const inner = got.map((frame) => frame.slice(PREFIX));
    const byClient = (all: readonly Uint8Array[]) =>
      Array.from({ length: 20 }, (_, index) => all.filter((octets) => octets[19] === index + 1));
    assert.deepEqual(byClient(inner), byClient(packets), `round ${round}`);
  }
});

test("a message that the kernel refuses goes frame by frame, its like is packed no more", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  sessions(plane, 7, 3);
  const limit = plane.worker + layout.WORKER_LIMITS + 7 * 2;
  const batch = [300, 300, 500, 300, 500, 200].map((frame, index) =>
    to(`10.64.0.${(index % 3) + 1}`, frame),
  );
  const messages = down(plane, batch);
  assert.deepEqual(frames(messages), [
    [300, 300, 300],
    [500, 500, 200],
  ]);
  const alone = plane.plain(1);
  assert.deepEqual(
    alone.map(({ datagram }) => datagram),
    split(messages[1]?.datagram ?? new Uint8Array(0), 500),
  );
  for (const { name, control, segment } of alone) {
    assert.deepEqual(name, encodeSockaddr("192.0.2.9", 1701));
    assert.deepEqual(control, encodePktinfo("192.0.2.1"));
    assert.equal(segment, 0);
  }
  assert.equal(plane.view.getUint16(limit, true), 499);
  assert.deepEqual(frames(down(plane, batch)), [[300, 300, 300], [500], [500], [200]]);
  plane.view.setUint16(limit, 0, true);
  assert.deepEqual(frames(down(plane, batch)), frames(messages));
});

test("a limit only falls, holds for its tunnel alone, and can be for all lengths", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  sessions(plane, 7, 1);
  sessions(plane, 8, 1, 1);
  const batch = [500, 500, 300, 300].flatMap((frame) => [
    to("10.64.0.1", frame),
    to("10.64.1.1", frame),
  ]);
  const limit = plane.worker + layout.WORKER_LIMITS + 7 * 2;
  const [first] = down(plane, batch);
  assert.equal(first?.segment, 500);
  assert.equal(plane.plain(0).length, 3);
  assert.equal(plane.view.getUint16(limit, true), 499);
  assert.equal(plane.plain(0, 1).length, 3);
  assert.equal(plane.view.getUint16(limit, true), 1);
  assert.equal(plane.plain(0).length, 3);
  assert.equal(plane.view.getUint16(limit, true), 1);
  const tunnels = down(plane, batch).map(({ datagram, segment }) => [
    new DataView(datagram.buffer).getUint16(4),
    split(datagram, segment).length,
  ]);
  assert.deepEqual(tunnels, [
    [8, 1],
    [9, 3],
    [8, 1],
    [8, 1],
    [8, 1],
    [9, 1],
  ]);
});

test("a message that was not made has no frames", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  sessions(plane, 7, 1);
  down(plane, [to("10.64.0.1", 100)]);
  assert.deepEqual(plane.plain(1), []);
  assert.deepEqual(plane.plain(0xffff_ffff), []);
});

test("what slots of earlier calls say does not matter", () => {
  const plane = new Plane(0, OFFLOAD_GSO);
  sessions(plane, 7, 2);
  const batch = [100, 100, 300].map((frame, index) => to(`10.64.0.${(index % 2) + 1}`, frame));
  const expected = frames(down(plane, batch));
  const slots = layout.PAIR_COUNT * layout.PAIR_SIZE + layout.OPEN_COUNT * layout.OPEN_SIZE;
  const words = new Uint32Array(plane.memory.buffer, plane.worker + layout.WORKER_PAIRS, slots / 4);
  const call = plane.worker + layout.WORKER_DOWN_CALL;
  for (const word of [0, 1, 255, 0xffff_ffff]) {
    words.fill(word);
    plane.view.setUint32(call, word - 1, true);
    assert.deepEqual(frames(down(plane, batch)).flat().sort(), expected.flat().sort());
  }
});
