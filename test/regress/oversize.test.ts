/**
 * Oversize. A PPP payload of more than 65,535 octets was sent with the UDP length that was left of it in
 * 16 bits.
 *
 * A UDP datagram carries 65,507 octets over IPv4 (RFC 768). What a device gives may be longer: an IPv6
 * packet has 40 octets more than its Payload Length says (RFC 8200 3), a read of many packets as many as
 * the buffer holds. It is cut, or dropped and counted; nothing goes out with a length that was cut.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../assembly/layout.ts";
import { buildControlMessage } from "../../src/codec/index.ts";
import { Lac, Lns, type SessionInfo } from "../../src/l2tp/index.ts";
import { FRAME_SIZE_MAX } from "../../src/limits.ts";
import { seededRandom } from "../peer/control.ts";
import { buildVirtio, cut, writeHeaderChecksum } from "../reference/offload.ts";
import {
  CLIENT,
  CLIENT6,
  HOST,
  HOST6,
  packet,
  packet6,
  prefix6,
} from "../unit/dataplane/frames.ts";
import { ALL_OFFLOADS, NO_OFFLOADS, Plane } from "../unit/dataplane/plane.ts";
import { superTcp, superUdp } from "../unit/dataplane/super.ts";

const UDP_PAYLOAD_MAX = 65_507;
const U16_MAX = 0xffff;
const MTU = 1_400;
const OVERHEAD = 16;

function planeOf(offloads: number): Plane {
  const plane = new Plane(0, offloads);
  plane.session(7, 8, CLIENT, { prefix6: prefix6(CLIENT6), mtu: MTU });
  return plane;
}

/** Drops of each reason that `work` has caused. */
function drops(plane: Plane, work: () => void): number {
  const sum = () =>
    Object.entries(plane.counters())
      .filter(([name]) => ["down.too-big", "down.not-ip", "down.ip-header"].includes(name))
      .reduce((all, [, count]) => all + count, 0);
  const before = sum();
  work();
  return sum() - before;
}

test("single packets as long as a header can say, and as long as the buffer: dropped and counted", () => {
  for (const offloads of [NO_OFFLOADS, ALL_OFFLOADS]) {
    const plane = planeOf(offloads);
    const v4 = packet(HOST, CLIENT, U16_MAX - 20);
    v4[6] = 0x40;
    writeHeaderChecksum(v4);
    const v6 = packet6(HOST6, CLIENT6, U16_MAX);
    assert.deepEqual([v4.length, v6.length], [U16_MAX, U16_MAX + 40]);
    for (const octets of [v4, v6]) {
      assert.equal(
        drops(plane, () => assert.deepEqual(plane.down([octets]), [])),
        1,
      );
    }
    // More than there is a buffer for, as no read says.
    const length = plane.worker + layout.WORKER_READ_LENGTHS;
    for (const octets of [layout.BUFFER_CAPACITY + 1 + layout.VIRTIO_SIZE, 0x1_0000, 0x7fff_ffff]) {
      if (octets <= layout.BUFFER_CAPACITY + layout.VIRTIO_SIZE) continue;
      plane.view.setUint32(length, octets, true);
      assert.equal(
        drops(plane, () => void plane.forwarding.encapsulate(plane.worker, 0, 1)),
        1,
      );
    }
    assert.equal(plane.down([packet(HOST, CLIENT)]).length, 1, "the next one passes");
  }
});

test("a packet without DF is cut to fragments, each with its own length", () => {
  const plane = planeOf(NO_OFFLOADS);
  const sent = plane.down([packet(HOST, CLIENT, U16_MAX - 20)]);
  assert.ok(sent.length >= U16_MAX / MTU);
  for (const { datagram } of sent) {
    const view = new DataView(datagram.buffer, datagram.byteOffset);
    assert.equal(view.getUint16(2), datagram.length);
    assert.ok(datagram.length <= MTU + OVERHEAD);
  }
});

test("super-packets of all that a device gives are cut, message by message within UDP", () => {
  for (const make of [
    (size: number) => superTcp(65_400, size),
    (size: number) => superTcp(65_460, size, { v6: true }),
    (size: number) => superUdp(65_480, size),
    (size: number) => superUdp(65_480, size, true),
  ]) {
    for (const size of [500, 1_000, 1_300]) {
      const plane = planeOf(ALL_OFFLOADS);
      const { virtio, packet: octets } = make(size);
      const expected = cut(virtio, octets.slice()).length;
      let frames = 0;
      for (const message of plane.read([{ virtio: buildVirtio(virtio), packet: octets }])) {
        assert.ok(message.datagram.length <= UDP_PAYLOAD_MAX, `${message.datagram.length} octets`);
        frames += Math.ceil(message.datagram.length / (message.segment || message.datagram.length));
      }
      assert.equal(frames, expected, "each packet once");
    }
  }
});

test("segments as large as their field says are dropped, each counted", () => {
  for (const size of [30_000, 40_000, U16_MAX]) {
    const plane = planeOf(ALL_OFFLOADS);
    const { virtio, packet: octets } = superTcp(65_000, size, { v6: true });
    const expected = cut(virtio, octets.slice()).length;
    const read = [{ virtio: buildVirtio(virtio), packet: octets }];
    assert.equal(
      drops(plane, () => assert.deepEqual(plane.read(read), [])),
      expected,
    );
  }
});

test("whoever builds more than a datagram holds is told so", () => {
  const avps = Array.from({ length: 65 }, (_, type) => ({ type, value: new Uint8Array(1_010) }));
  const build = () => buildControlMessage({ tunnelId: 1, sessionId: 0, ns: 0, nr: 0, avps });
  assert.throws(build, RangeError);
  const { tunnelId, sessionId, lns } = upLns();
  const octets = [FRAME_SIZE_MAX, FRAME_SIZE_MAX + 1, 0x1_0000, 0x1_0003];
  const sent = octets.map((length) => lns.sendFrame(tunnelId, sessionId, new Uint8Array(length)));
  assert.deepEqual(sent, [true, false, false, false]);
});

/** An LNS as a library, with a call that is up. */
function upLns(): SessionInfo & { lns: Lns } {
  const lac = new Lac({ hostName: "lac", random: seededRandom(1) });
  const lns = new Lns({ hostName: "lns", random: seededRandom(2) });
  const [lacAt, lnsAt] = ["192.0.2.7", "198.51.100.1"];
  const path = (peer: string, local: string) => ({ peer, peerPort: 1701, local });
  lac.placeCall(lac.connect({ path: path(lnsAt, lacAt) }, 0) ?? 0, {}, 0);
  for (let isMoving = true; isMoving; ) {
    const up = lac.pollTransmit();
    if (up !== undefined) lns.handleInput({ datagram: up.datagram, path: path(lacAt, lnsAt) }, 0);
    const down = lns.pollTransmit();
    if (down !== undefined)
      lac.handleInput({ datagram: down.datagram, path: path(lnsAt, lacAt) }, 0);
    isMoving = up !== undefined || down !== undefined;
  }
  const [session] = lns.sessions();
  assert.equal(session?.state, "established");
  return { ...session, lns };
}
