import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "../../../assembly/layout.ts";
import { writeNetworks } from "../../../src/dataplane/networks.ts";
import { clamped } from "../../reference/mss.ts";
import {
  buildVirtio,
  FLAG,
  NEEDS_CHECKSUM,
  TCP,
  writeChecksum,
  writeHeaderChecksum,
  writePartial,
} from "../../reference/offload.ts";
import { PacketRandom } from "../../reference/packets.ts";
import {
  CLIENT,
  CLIENT6,
  HOST,
  HOST6,
  message,
  message6,
  packet,
  packet6,
  prefix6,
} from "./frames.ts";
import { ALL_OFFLOADS, Plane } from "./plane.ts";

const MTU = 1400;
const PREFIX = 12;
const NETWORK = { gateway: "10.64.0.1", pool6: [], dscp: 0, ecn: false } as const;
const MSS_1460 = [2, 4, 0x05, 0xb4];

function planeOf(mssClamp = true, offloads = 0): Plane {
  const plane = new Plane(0, offloads);
  plane.session(7, 8, CLIENT, { prefix6: prefix6(CLIENT6), mtu: MTU });
  writeNetworks(plane.memory, [{ ...NETWORK, mssClamp }]);
  return plane;
}

interface Syn {
  readonly v6?: boolean;
  readonly up?: boolean;
  readonly flags?: number;
}

/** A segment with these options, padded to whole words, and a right checksum. */
function syn(options: readonly number[], { v6, up, flags = FLAG.syn }: Syn = {}): Uint8Array {
  const header = 20 + Math.ceil(options.length / 4) * 4;
  const [from, to] = v6 ? [HOST6, CLIENT6] : [HOST, CLIENT];
  const [source, destination] = up ? [to, from] : [from, to];
  const octets = v6
    ? packet6(source, destination, header, TCP)
    : packet(source, destination, header);
  const start = v6 ? 40 : 20;
  octets.fill(0, start + 20);
  octets[start + 12] = (header / 4) << 4;
  octets[start + 13] = flags;
  octets.set(options, start + 20);
  if (!v6) {
    octets[9] = TCP;
    writeHeaderChecksum(octets);
  }
  writeChecksum(octets, start, TCP);
  return octets;
}

function through(plane: Plane, octets: Uint8Array, { v6, up }: Syn = {}): Uint8Array | undefined {
  if (up) return plane.up([v6 ? message6(octets) : message(octets)])[0]?.packet;
  return plane.down([octets])[0]?.datagram.slice(PREFIX);
}

function hasRightChecksum(octets: Uint8Array, v6 = false): boolean {
  const copy = octets.slice();
  writeChecksum(copy, v6 ? 40 : 20, TCP);
  return Buffer.compare(copy, octets) === 0;
}

test("RFC 1624 4: the checksum of the example follows", () => {
  // HC = 0xdd2f, m = 0x5555, m' = 0x3285: HC' = 0x0000, not 0xffff as by RFC 1141. Here m is an MSS
  // of 0x5555, which becomes 0x3285, and the rest of the header is chosen to that checksum.
  const plane = new Plane();
  plane.session(7, 8, CLIENT, { mtu: 0x3285 + 40 });
  writeNetworks(plane.memory, [{ ...NETWORK, mssClamp: true }]);
  const octets = syn([2, 4, 0x55, 0x55], { up: true });
  const view = new DataView(octets.buffer);
  view.setUint16(36, 0xdd2f);
  const got = through(plane, octets, { up: true });
  assert.ok(got);
  const after = new DataView(got.buffer);
  assert.deepEqual([after.getUint16(42), after.getUint16(36)], [0x3285, 0x0000]);
});

for (const v6 of [false, true]) {
  for (const up of [false, true]) {
    const way = `${up ? "up" : "down"}, IPv${v6 ? 6 : 4}`;
    const at = (v6 ? 40 : 20) + 22;

    test(`${way}: what is too large for the MTU is lowered, in SYN and SYN-ACK`, () => {
      const plane = planeOf();
      for (const flags of [FLAG.syn, FLAG.syn | FLAG.ack, FLAG.syn | FLAG.ece | FLAG.cwr]) {
        const got = through(plane, syn(MSS_1460, { v6, up, flags }), { v6, up });
        assert.ok(got);
        assert.equal(new DataView(got.buffer).getUint16(at), MTU - (v6 ? 60 : 40));
        assert.ok(hasRightChecksum(got, v6));
      }
    });

    test(`${way}: what fits, is not asked for, or is no SYN stays as it is`, () => {
      const limit = MTU - (v6 ? 60 : 40);
      const above = limit + 1;
      const tooLarge = syn([2, 4, above >> 8, above & 0xff], { v6, up });
      assert.notDeepEqual(through(planeOf(), tooLarge.slice(), { v6, up }), tooLarge);
      const fits = syn([2, 4, limit >> 8, limit & 0xff], { v6, up });
      assert.deepEqual(through(planeOf(), fits.slice(), { v6, up }), fits);
      const large = syn(MSS_1460, { v6, up });
      assert.deepEqual(through(planeOf(false), large.slice(), { v6, up }), large);
      const later = syn(MSS_1460, { v6, up, flags: FLAG.ack });
      assert.deepEqual(through(planeOf(), later.slice(), { v6, up }), later);
    });
  }
}

const LEFT_ALONE: readonly [string, readonly number[]][] = [
  ["no option", []],
  ["an end before it", [0, ...MSS_1460]],
  ["a length of 0 before it", [8, 0, ...MSS_1460]],
  ["a length of 1 before it", [8, 1, ...MSS_1460]],
  ["an option before it that is longer than the header", [8, 40, ...MSS_1460]],
  ["an option that the header ends in", [1, 1, 1, 1, 1, 2, 4, 0x7f]],
  ["a kind that the header ends after", [1, 1, 1, 2]],
  ["a segment size of one octet", [2, 3, 0xff, 1]],
  ["a segment size of four octets", [2, 6, 0xff, 0xff, 0xff, 0xff]],
];

for (const [name, options] of LEFT_ALONE) {
  test(`options that are left alone: ${name}`, () => {
    const octets = syn(options, { up: true });
    assert.deepEqual(through(planeOf(), octets.slice(), { up: true }), octets);
  });
}

test("options before it are walked, and an odd place counts the other way round", () => {
  for (const before of [[1], [1, 1], [3, 3, 7], [4, 2], [8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1]]) {
    const got = through(planeOf(), syn([...before, ...MSS_1460], { up: true }), { up: true });
    assert.ok(got);
    assert.equal(new DataView(got.buffer).getUint16(42 + before.length), MTU - 40);
    assert.ok(hasRightChecksum(got));
  }
});

test("a fragment, an extension header and a header beyond the packet are left alone", () => {
  for (const change of [
    (octets: Uint8Array) => octets.set([0x20, 0], 6), // More Fragments
    (octets: Uint8Array) => octets.set([0, 1], 6),
    (octets: Uint8Array) => octets.set([0x70], 32),
  ]) {
    const octets = syn(MSS_1460, { up: true });
    change(octets);
    writeHeaderChecksum(octets);
    assert.deepEqual(through(planeOf(), octets.slice(), { up: true }), octets);
  }
  const octets = syn(MSS_1460, { up: true, v6: true });
  octets[6] = 0;
  assert.deepEqual(through(planeOf(), octets.slice(), { up: true, v6: true }), octets);
});

test("down: a checksum that is yet to be computed comes out right", () => {
  for (const v6 of [false, true]) {
    const start = v6 ? 40 : 20;
    const octets = syn(MSS_1460, { v6 });
    writePartial(octets, start, TCP);
    const fields = { flags: NEEDS_CHECKSUM, checksumStart: start, checksumOffset: 16 };
    const plane = planeOf(true, ALL_OFFLOADS);
    const [sent] = plane.read([{ virtio: buildVirtio(fields), packet: octets }]);
    const got = sent?.datagram.slice(PREFIX);
    assert.ok(got);
    assert.equal(new DataView(got.buffer).getUint16(start + 22), MTU - start - 20);
    assert.ok(hasRightChecksum(got, v6));
  }
});

test("an MTU that holds no segment lowers nothing", () => {
  const plane = planeOf();
  const record = layout.SESSION_RECORDS + layout.SESSION_SIZE;
  for (const mtu of [0, 39, 40]) {
    plane.view.setUint32(record + layout.SESSION_MTU, mtu, true);
    const octets = syn(MSS_1460, { up: true });
    assert.deepEqual(through(plane, octets.slice(), { up: true }), octets);
  }
});

test("any options, of either family, come out as the reference says", () => {
  const random = new PacketRandom(1624);
  const plane = planeOf();
  let lowered = 0;
  for (let run = 0; run < 20_000; run++) {
    const v6 = random.chance(50);
    const up = random.chance(50);
    const options = someOptions(random);
    const octets = syn(options, {
      v6,
      up,
      flags: random.chance(90) ? FLAG.syn : random.u32() & 0xff,
    });
    const start = v6 ? 40 : 20;
    if (random.chance(5)) octets[start + 12] = random.u32() & 0xff;
    if (random.chance(20))
      new DataView(octets.buffer).setUint16(start + 16, random.pick(0, 0xffff, 1));
    const expected = clamped(octets, MTU);
    const isSame = Buffer.compare(expected, octets) === 0;
    if (!isSame) lowered++;
    assert.deepEqual(through(plane, octets, { v6, up }), expected);
  }
  assert.ok(lowered > 3_000, `${lowered} of them lowered`);
});

function someOptions(random: PacketRandom): number[] {
  const options: number[] = [];
  while (options.length < 36 && random.chance(80)) {
    const kind = random.pick(0, 1, 1, 2, 2, 2, 3, 4, 8, random.u32() & 0xff);
    if (kind < 2) options.push(kind);
    else if (kind === 2 && random.chance(80)) options.push(2, 4, random.pick(5, 6, 255, 4), 0xb4);
    else options.push(kind, random.below(12), ...random.fill(new Uint8Array(random.below(8))));
  }
  return options.slice(0, 40);
}
