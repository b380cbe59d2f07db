/**
 * Downwards with offloads against the plain reference: hosts send super-packets and single ones,
 * complete or with a checksum that is still to be computed. The frames of all messages are bit for bit those
 * that the plain path makes of what the kernel would have cut, in the order of each two hosts,
 * and each message is one that the kernel takes.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import * as layout from "../../assembly/layout.ts";
import { encodePktinfo } from "../../src/linux/sockaddr.ts";
import { downWhole, type ModelSession, type Verdict } from "../reference/forwarding.ts";
import type { Flow } from "../reference/hosts.ts";
import {
  buildVirtio,
  cut,
  DATA_VALID,
  FLAG,
  fold,
  NEEDS_CHECKSUM,
  parseVirtio,
  split,
  TCP,
  TYPE,
  UDP,
  writePartial,
} from "../reference/offload.ts";
import { PacketRandom } from "../reference/packets.ts";
import { errorAbout } from "../reference/too-big.ts";
import {
  ALL_OFFLOADS,
  type Message,
  NO_OFFLOADS,
  Plane,
  type Read,
} from "../unit/dataplane/plane.ts";
import { assertSame, countedBy, OffloadWorld, tally } from "./offload-world.ts";

const { OFFLOAD_VIRTIO, OFFLOAD_TSO, OFFLOAD_USO, OFFLOAD_GSO } = layout;
const RUNS = Number(process.env.OFFLOAD_RUNS ?? 40);
const BATCHES = 6;
/** One world in so many begins with a batch that takes several calls. */
const MANY = 8;
const SEGMENTS_MAX = 64;
/** UDP payload of the largest IPv4 packet. */
const MESSAGE_MAX = 65_507;
const PACKET_MAX = 65_535;

const plane = new Plane();
const seen: Record<string, number> = {};
let worlds = 0;

function see(what: string, count = 1): void {
  seen[what] = (seen[what] ?? 0) + count;
}

/** What the hosts of a network send to clients. */
class Departures {
  readonly world: OffloadWorld;
  readonly random: PacketRandom;
  readonly offloads: number;
  readonly wildness: number;
  readonly faults: number;

  constructor(world: OffloadWorld, offloads: number) {
    this.world = world;
    this.random = world.random;
    this.offloads = offloads;
    this.wildness = this.random.pick(0, 1, 5, 20, 50);
    this.faults = this.random.pick(0, 0, 5, 40);
  }

  /** Up to 64 packets of one network; `isMany`: more segments than messages or arena hold. */
  batch(network: number, isMany: boolean): Read[] {
    const { random, world } = this;
    const size = isMany ? 50 : random.chance(60) ? random.pick(100, 200, 500, 1200) : undefined;
    // Datagrams of one length to many clients, where it pays to pack across sessions.
    const wish = random.chance(30) ? { size, isTcp: false } : { size };
    const flows = Array.from({ length: random.pick(1, 3, 12, 100) }, () => {
      let entry = world.entry();
      while (entry.model.network !== network && random.chance(97)) entry = world.entry();
      const { source, destination } = world.pair(entry);
      const isNobody = random.chance(2);
      const to = isNobody
        ? source.map((octet, index) => (index === 3 ? octet ^ 64 : octet))
        : source;
      return world.flow({ source: destination, destination: to }, this.wildness, wish);
    });
    const superPercent = isMany ? 100 : random.pick(0, 30, 70, 100);
    const most = isMany ? 300 : random.pick(2, 8, 64, 64);
    const count = isMany ? layout.BUFFER_COUNT : random.pick(1, 8, layout.BUFFER_COUNT);
    return Array.from({ length: count }, () => {
      const flow = flows[random.below(flows.length)] as Flow;
      const wanted = flow.isTcp ? OFFLOAD_TSO : OFFLOAD_USO;
      const maySuper = (this.offloads & wanted) !== 0 && random.chance(superPercent);
      return maySuper ? this.#super(flow, most) : this.#single(flow);
    });
  }

  #super(flow: Flow, most: number): Read {
    const { random } = this;
    const segments = 2 + random.below(most - 1);
    const missing = random.chance(50) ? 0 : random.below(flow.size);
    const payload = Math.min(flow.size * segments - missing, PACKET_MAX - 160);
    const more = random.pick(0, 0, FLAG.psh, FLAG.psh | FLAG.fin, FLAG.cwr, FLAG.cwr | FLAG.psh);
    const { packet, start } = flow.whole(payload, more);
    writePartial(packet, start, flow.isTcp ? TCP : UDP);
    const tcp = (flow.isV6 ? TYPE.tcp6 : TYPE.tcp4) | ((more & FLAG.cwr) !== 0 ? TYPE.ecn : 0);
    const headers = packet.length - payload;
    const virtio = buildVirtio({
      flags: NEEDS_CHECKSUM,
      type: flow.isTcp ? tcp : TYPE.udp,
      // skb_headlen: at least the headers, and as much payload as lies with them.
      headerLength: random.pick(headers, headers, packet.length, headers + random.below(payload)),
      size: flow.size,
      checksumStart: start,
      checksumOffset: flow.isTcp ? 16 : 6,
    });
    if (random.chance(10)) this.#sumToZero(virtio, packet, headers);
    return { virtio, packet };
  }

  /** Payload with which the checksum of the first or only segment comes out as 0. */
  #sumToZero(virtio: Uint8Array, packet: Uint8Array, headers: number): void {
    const header = parseVirtio(virtio);
    const { checksumStart, checksumOffset } = header;
    const [first] = cut(header, packet);
    if (first === undefined || first.length < headers + 2) return;
    const checksum = new DataView(first.buffer).getUint16(checksumStart + checksumOffset);
    const view = new DataView(packet.buffer);
    view.setUint16(headers, fold(view.getUint16(headers) + checksum));
  }

  #single(flow: Flow): Read {
    const { random } = this;
    const hasVirtio = (this.offloads & OFFLOAD_VIRTIO) !== 0;
    if (!hasVirtio || random.chance(50)) {
      const packet = flow.run(1)[0] as Uint8Array;
      if (random.below(1000) < this.faults) {
        const at = random.below(Math.min(44, packet.length));
        packet[at] = (packet[at] ?? 0) ^ (1 << random.below(8));
      }
      if (!hasVirtio) return { packet };
      return { packet, virtio: buildVirtio({ flags: random.pick(0, DATA_VALID) }) };
    }
    const payload = random.below(flow.size + 1);
    const { packet, start } = flow.whole(payload, FLAG.psh);
    writePartial(packet, start, flow.isTcp ? TCP : UDP);
    const fields = { checksumStart: start, checksumOffset: flow.isTcp ? 16 : 6 };
    const virtio = buildVirtio({ flags: NEEDS_CHECKSUM, ...fields });
    if (random.chance(10)) this.#sumToZero(virtio, packet, packet.length - payload);
    return { packet, virtio };
  }
}

/** Whether the sender of what is dropped is told of it, in time or when others have been. */
function isReported({ session }: Verdict, packet: Uint8Array = new Uint8Array(0)): boolean {
  return errorAbout(packet, session?.mtu ?? 0) !== undefined;
}

function probe(world: OffloadWorld, offloads: number, network: number, reads: Read[]): void {
  let errors = 0;
  const verdicts = reads.flatMap(({ virtio, packet }) => {
    const header = virtio === undefined ? undefined : parseVirtio(virtio);
    const frames = header === undefined ? [packet] : cut(header, packet);
    if (frames.length > 1) see("super-packets");
    const verdicts = frames.flatMap((frame) => downWhole(world.models, network, frame));
    const [first] = verdicts;
    if (first?.counter === "down.too-big" && isReported(first, frames[0])) errors++;
    return verdicts;
  });
  let messages: Message[] = [];
  const counters = countedBy(plane, () => {
    messages = plane.read(reads, network);
  });
  const frames = messages.flatMap((message) => framesOf(world, message, offloads));
  const expected = verdicts.flatMap(({ octets }) => octets ?? []);
  assertSame(ordered(world, frames), ordered(world, expected), `network ${network}`);
  const {
    "down.icmp-errors": told = 0,
    "down.icmp-errors-limited": untold = 0,
    ...rest
  } = counters;
  assert.deepEqual(rest, tally(verdicts.map(({ counter }) => counter)));
  assert.equal(told + untold, errors);
  assert.equal(plane.errors.splice(0).length, told);
  world.expect(verdicts);
  for (const { counter } of verdicts) see(counter);
}

/** The frames of a message that the kernel takes; each is for the peer that the message names. */
function framesOf(world: OffloadWorld, message: Message, offloads: number): Uint8Array[] {
  const { datagram, segment } = message;
  const frames = split(datagram, segment);
  assert.ok(segment === 0 || (offloads & OFFLOAD_GSO) !== 0);
  if (segment !== 0) {
    assert.ok(datagram.length > segment, "UDP_SEGMENT for a single frame");
    assert.ok(frames.length <= SEGMENTS_MAX, `${frames.length} frames in a message`);
    assert.ok(datagram.length <= MESSAGE_MAX, `${datagram.length} octets in a message`);
    const limit = world.limitOf(sessionOf(world, frames[0] ?? datagram));
    assert.ok(segment <= limit, `frames of ${segment} octets packed, the limit is ${limit}`);
    see("packed", frames.length - 1);
    if (new Set(frames.map((frame) => sessionOf(world, frame))).size > 1) see("across sessions");
  }
  for (const frame of frames) {
    const session = sessionOf(world, frame);
    assert.deepEqual([...message.name], session.name);
    const isV6 = session.name[0] === 10;
    assert.deepEqual(message.control, encodePktinfo(isV6 ? "2001:db8:99::1" : "192.0.2.1"));
  }
  return frames;
}

function sessionOf(world: OffloadWorld, frame: Uint8Array): ModelSession {
  const id = ((frame[6] ?? 0) << 8) + (frame[7] ?? 0);
  const session = world.models.find(({ peerSessionId }) => peerSessionId === id);
  assert.ok(session, "a frame of no session");
  return session;
}

/** Two hosts see their packets in order; a client whose messages are numbered sees all in order. */
function ordered(world: OffloadWorld, frames: readonly Uint8Array[]): Uint8Array[] {
  const groups = new Map<string, Uint8Array[]>();
  for (const frame of frames) {
    const session = sessionOf(world, frame);
    const key = `${session.sessionId} ${session.sequence ? "" : hostsOf(session, frame)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [frame]);
    else group.push(frame);
  }
  const keys = [...groups.keys()].sort();
  return keys.flatMap((key) => groups.get(key) ?? []);
}

function hostsOf(session: ModelSession, frame: Uint8Array): string {
  const at = 9 + (session.acfc ? 0 : 2) + (session.pfc ? 0 : 1);
  const isV6 = (frame[at] ?? 0) >> 4 === 6;
  return frame.subarray(at + (isV6 ? 8 : 12), at + (isV6 ? 40 : 20)).join();
}

for (const [name, offloads] of [
  ["all", ALL_OFFLOADS],
  ["all but tso", ALL_OFFLOADS & ~OFFLOAD_TSO],
  ["all but uso", ALL_OFFLOADS & ~OFFLOAD_USO],
  ["all but udp-gso", ALL_OFFLOADS & ~OFFLOAD_GSO],
  ["udp-gso alone", OFFLOAD_GSO],
  ["none", NO_OFFLOADS],
] as const) {
  test(`down, offloads: ${name}`, () => {
    const property = fc.property(fc.integer(), (seed) => {
      plane.offload(offloads);
      const random = new PacketRandom(seed);
      const world = new OffloadWorld(plane, random, true);
      const departures = new Departures(world, offloads);
      world.limit();
      try {
        for (let batch = 0; batch < BATCHES; batch++) {
          const network = random.pick(0, 0, 0, 1);
          const isMany = batch === 0 && worlds++ % MANY === 0;
          probe(world, offloads, network, departures.batch(network, isMany));
        }
        world.checkTraffic();
      } finally {
        world.close();
      }
    });
    const numRuns = offloads === ALL_OFFLOADS ? RUNS : Math.ceil(RUNS / 4);
    fc.assert(property, { numRuns, endOnFailure: true });
  });
}

after(() => {
  const few = [
    "super-packets",
    "packed",
    "across sessions",
    "down.too-big",
    "down.no-route",
  ].filter((what) => (seen[what] ?? 0) < RUNS / 4);
  assert.deepEqual(few, [], JSON.stringify(seen));
  assert.ok(plane.rests.down >= RUNS / MANY, `the messages were too few ${plane.rests.down} times`);
});
