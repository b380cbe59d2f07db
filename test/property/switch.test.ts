/**
 * Sessions that are switched against the plain reference: datagrams of every form, right and damaged,
 * in GRO buffers and one by one, beside packets for devices. What goes on is bit for bit what the
 * reference says, each frame once, in the order of its session; each message is one that the kernel
 * takes, and its frames are the same when they go one by one.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import * as layout from "../../assembly/layout.ts";
import type { SessionHandle } from "../../src/dataplane/session-table.ts";
import { encodePktinfo, encodeSockaddr } from "../../src/linux/sockaddr.ts";
import { cut, parseVirtio, split } from "../reference/offload.ts";
import { PacketRandom } from "../reference/packets.ts";
import { type Switched, type SwitchedSession, switched } from "../reference/switch.ts";
import { CLIENT, HOST, packet } from "../unit/dataplane/frames.ts";
import {
  ALL_OFFLOADS,
  type Message,
  NO_OFFLOADS,
  Plane,
  type Received,
  type Sender,
} from "../unit/dataplane/plane.ts";
import { assertSame, countedBy, tally } from "./offload-world.ts";

const RUNS = Number(process.env.OFFLOAD_RUNS ?? 60);
const BATCHES = 6;
const SESSIONS = 14;
const TUNNEL = 7;
const BUFFER_MAX = 65_507;
const MESSAGE_MAX = 65_507;
/** A session that is not switched: its packets lie between those that are. */
const DEVICE = 100;
const PEERS: readonly Sender[] = [
  { address: "192.0.2.9", port: 1701 },
  { address: "2001:db8:99::9", port: 1701 },
  { address: "192.0.2.9", port: 1702 },
];

const plane = new Plane();
const seen: Record<string, number> = {};

function see(what: string, count = 1): void {
  seen[what] = (seen[what] ?? 0) + count;
}

interface Entry {
  readonly handle: SessionHandle;
  readonly model: SwitchedSession;
  readonly peer: Sender;
}

class World {
  readonly random: PacketRandom;
  readonly offloads: number;
  readonly entries: readonly Entry[];
  readonly models: readonly SwitchedSession[];
  readonly device: SessionHandle;

  constructor(seed: number, offloads: number) {
    this.random = new PacketRandom(seed);
    this.offloads = offloads;
    plane.offload(offloads);
    this.entries = Array.from({ length: SESSIONS }, (_, index) => this.#session(index));
    this.models = this.entries.map(({ model }) => model);
    this.device = plane.session(TUNNEL, DEVICE, CLIENT);
    for (let index = 0; index < SESSIONS; index += 2) this.#switch(index);
    for (let tunnel = TUNNEL; tunnel < TUNNEL + PEERS.length; tunnel++) {
      const limit = this.random.chance(80) ? 0 : this.random.pick(1, 100, 700);
      plane.view.setUint16(plane.worker + layout.WORKER_LIMITS + tunnel * 2, limit, true);
    }
  }

  close(): void {
    for (const { handle } of this.entries) plane.table.withdraw(handle);
    plane.table.withdraw(this.device);
  }

  entry(): Entry {
    return this.entries[this.random.below(SESSIONS)] as Entry;
  }

  #session(index: number): Entry {
    const { random } = this;
    const at = random.below(PEERS.length);
    const peer = PEERS[at] as Sender;
    const ids = { tunnelId: TUNNEL + at, sessionId: 8 + index };
    const peerIds = { peerTunnelId: 0x1234 + at, peerSessionId: 0x5600 + index };
    const name = encodeSockaddr(peer.address, peer.port);
    const control = encodePktinfo(peer.address.includes(":") ? "2001:db8:99::1" : "192.0.2.1");
    const handle = plane.table.publish({ ...ids, ...peerIds, name, control });
    assert.ok(handle);
    const isSequenced = random.chance(25);
    if (isSequenced) plane.table.sequence(handle);
    const sequence = isSequenced ? { sequence: { ns: 0, due: 0 } } : {};
    return { handle, peer, model: { ...ids, ...peerIds, name: [...name], ...sequence } };
  }

  /** Most of them with the next one; some lose it again. */
  #switch(index: number): void {
    const [a, b] = [this.entries[index], this.entries[index + 1]] as [Entry, Entry];
    plane.table.switch(a.handle, b.handle);
    if (this.random.chance(15)) plane.table.unswitch(this.random.chance(50) ? a.handle : b.handle);
    else [a.model.partner, b.model.partner] = [b.model, a.model];
  }

  /** Up to 64 messages of datagrams, in the order in which they arrive. */
  batch(): Received[] {
    const { random } = this;
    const received: Received[] = [];
    const wanted = random.pick(1, 8, 64);
    const faults = random.pick(0, 0, 30, 200);
    const isShort = random.chance(10);
    while (received.length < wanted) {
      const { peer } = this.entry();
      const most = random.pick(1, 3, 20, isShort ? 600 : 60);
      const size = random.pick(0, 1, 40, 200, 1400);
      const datagrams: Uint8Array[] = [];
      while (datagrams.length < most) {
        const isDevice = peer === PEERS[0] && random.chance(8);
        const entry = this.entry();
        if (entry.peer !== peer) continue;
        for (let run = 1 + random.below(8); run > 0; run--) {
          const datagram = isDevice ? forDevice(size) : this.#datagram(entry, size);
          datagrams.push(isDevice ? datagram : this.#damaged(datagram, faults));
        }
      }
      received.push(...this.#pack(datagrams, peer));
    }
    const batch = received.slice(0, layout.BUFFER_COUNT);
    for (const { octets, segment = 0 } of batch) {
      for (const datagram of split(octets, segment)) this.#number(datagram);
    }
    return batch;
  }

  #datagram(entry: Entry, size: number): Uint8Array {
    const { random } = this;
    const { tunnelId, sessionId, sequence } = entry.model;
    const frame = random.fill(new Uint8Array(size));
    const kind = random.below(24);
    const ids = [tunnelId, sessionId];
    const numbers = [random.below(9), 0];
    const isNumbered = sequence === undefined ? kind === 3 : kind !== 4;
    const fields = isNumbered ? [...ids, ...numbers] : ids;
    const s = isNumbered ? 0x0800 : 0;
    const octets = (more: number) => 4 + 2 * (fields.length + more) + size;
    if (kind === 0) return words([0x0002 | s, ...fields], frame);
    if (kind === 1) return words([0x4202 | s, octets(2), ...fields, 2, 0xffff], frame);
    if (kind === 2) return words([0x0202 | s, ...fields, 0], frame);
    if (kind === 5) return words([0x4102 | s, octets(0), ...fields], frame);
    if (kind === 6) return words([0x4002 | s, octets(0), ...fields], Uint8Array.of(...frame, 1, 2));
    return words([0x4002 | s, octets(0), ...fields], frame);
  }

  /** Gives it the next number of its session, if that counts; now and then the last one again. */
  #number(datagram: Uint8Array): void {
    const [first = 0] = datagram;
    const model = this.models.find(({ sessionId }) => sessionId === datagram[first & 0x40 ? 7 : 5]);
    if ((first & 0x08) === 0 || model?.sequence === undefined) return;
    const next = this.#numbers.get(model) ?? 0;
    const isAgain = next > 0 && this.random.chance(3);
    if (!isAgain) this.#numbers.set(model, next + 1);
    const ns = isAgain ? next - 1 : next;
    datagram.set([ns >> 8, ns & 0xff], first & 0x40 ? 8 : 6);
  }

  readonly #numbers = new Map<SwitchedSession, number>();

  /** What is lost with the numbers would wait: only what has none is damaged. */
  #damaged(octets: Uint8Array, faults: number): Uint8Array {
    const { random } = this;
    if ((octets[0] ?? 0) & 0x08 || random.below(1000) >= faults) return octets;
    if (random.chance(30)) return octets.subarray(0, random.below(octets.length + 1));
    const copy = octets.slice();
    const at = random.below(Math.min(8, copy.length));
    if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (random.u32() & 0xf7);
    const isDevice = copy[5] === DEVICE || copy[7] === DEVICE; // what is in it is no packet
    return (copy[0] ?? 0) & 0x88 || isDevice ? octets : copy;
  }

  /** Runs of one length become a GRO buffer, as the kernel makes it; a shorter one ends it. */
  #pack(datagrams: readonly Uint8Array[], sender: Sender): Received[] {
    const received: Received[] = [];
    for (let next = 0; next < datagrams.length; ) {
      const first = datagrams[next] as Uint8Array;
      const parts = [first];
      let octets = first.length;
      next++;
      const mayJoin = first.length > 0 && this.random.chance(95);
      for (; mayJoin && next < datagrams.length; next++) {
        const part = datagrams[next] as Uint8Array;
        if (part.length > first.length || part.length === 0) break;
        if (octets + part.length > BUFFER_MAX) break;
        parts.push(part);
        octets += part.length;
        if (part.length < first.length) {
          next++;
          break;
        }
      }
      const segment = parts.length > 1 ? first.length : undefined;
      const tos = this.random.chance(10) ? this.random.below(256) : undefined;
      received.push({ octets: Buffer.concat(parts), sender, segment, tos });
    }
    return received;
  }
}

function forDevice(size: number): Uint8Array {
  const inner = packet(CLIENT, HOST, size);
  return words([0x0002, TUNNEL, DEVICE], Uint8Array.of(0xff, 3, 0, 0x21, ...inner));
}

function words(fields: readonly number[], frame: Uint8Array): Uint8Array {
  return Uint8Array.of(...fields.flatMap((word) => [word >> 8, word & 0xff]), ...frame);
}

interface Expected extends Switched {
  readonly ecn: number;
}

function probe(world: World, received: readonly Received[]): void {
  const expected: Expected[] = [];
  let written = 0;
  for (const { octets, segment = 0, sender, tos = 0 } of received) {
    const name = [...encodeSockaddr(sender.address, sender.port)];
    for (const datagram of split(octets, segment)) {
      const verdict = switched(world.models, datagram, name);
      const isForDevice = verdict.counter === "up.no-session" && datagram[5] === DEVICE;
      if (isForDevice) written++;
      expected.push(isForDevice ? { counter: "up.packets", ecn: 0 } : { ...verdict, ecn: tos & 3 });
    }
  }
  const rests = plane.rests.up;
  const counters = countedBy(plane, () => {
    const writes = plane.receive(received);
    const packets = writes.flatMap(({ virtio, packet }) =>
      virtio === undefined ? [packet] : cut(parseVirtio(virtio), packet),
    );
    assert.equal(packets.length, written);
    const whole = packets.map(({ length }) => packet(CLIENT, HOST, length - 20));
    assertSame(packets, whole, "for the device");
  });
  const { "up.switched-octets": octets = 0, ...others } = counters;
  assert.deepEqual(others, tally(expected.map(({ counter }) => counter)));
  const wanted = expected.flatMap(({ octets, to, ecn }) => (octets ? [{ octets, to, ecn }] : []));
  const frames = wanted.map(({ octets }) => octets.length - headerOf(octets));
  assert.equal(
    octets,
    frames.reduce((sum, each) => sum + each, 0),
  );
  const messages = plane.switched.splice(0);
  const sent = messages.flatMap((message) => framesOf(world, message));
  assertSame(ordered(sent), ordered(wanted), "switched");
  if (plane.rests.up === rests) checkPlain(messages);
  for (const { counter } of expected) see(counter);
}

/** Octets of the header that goes out. */
function headerOf([first = 0]: Uint8Array): number {
  return 6 + (first & 0x40 ? 2 : 0) + (first & 0x08 ? 4 : 0);
}

/** The same frames, each a message of its own. */
function checkPlain(messages: readonly Message[]): void {
  const limits = plane.worker + layout.WORKER_LIMITS;
  const before = plane.octets.slice(limits, limits + 131_072);
  for (const [index, message] of messages.entries()) {
    const alone = plane.plain(index).map(({ datagram }) => datagram);
    assertSame(alone, split(message.datagram, message.segment), "plain");
  }
  plane.octets.set(before, limits);
}

interface Sent {
  readonly octets: Uint8Array;
  readonly to: SwitchedSession | undefined;
  readonly ecn: number;
}

/** The frames of a message that the kernel takes; each is for the peer that the message names. */
function framesOf(world: World, message: Message): Sent[] {
  const { datagram, segment, name, control } = message;
  const frames = split(datagram, segment);
  assert.ok(segment === 0 || (world.offloads & layout.OFFLOAD_GSO) !== 0);
  assert.ok(frames.length <= layout.SEGMENTS_MAX && datagram.length <= MESSAGE_MAX + 4);
  if (segment !== 0) see("packed", frames.length - 1);
  if (message.vectors < frames.length) see("neighbours", frames.length - message.vectors);
  return frames.map((octets) => {
    const session = (((octets[0] ?? 0) & 0x40 ? octets[6] : octets[4]) ?? 0) << 8;
    const low = ((octets[0] ?? 0) & 0x40 ? octets[7] : octets[5]) ?? 0;
    const to = world.models.find(({ peerSessionId }) => peerSessionId === session + low);
    assert.ok(to, "a frame of no session");
    assert.deepEqual([...name], to.name);
    const own = encodePktinfo(to.name[0] === 10 ? "2001:db8:99::1" : "192.0.2.1");
    assert.deepEqual(control.slice(0, own.length), own);
    const ecn = control[Math.ceil(own.length / 8) * 8 + 16] ?? 0;
    return { octets, to, ecn };
  });
}

/** By session, each frame with the ECN that it is carried with. */
function ordered(sent: readonly Sent[]): Uint8Array[] {
  const groups = Map.groupBy(sent, ({ to }) => to?.peerSessionId ?? 0);
  return [...groups.keys()]
    .sort()
    .flatMap((key) => groups.get(key) ?? [])
    .map(({ octets, ecn }) => Uint8Array.of(...octets, ecn));
}

for (const [name, offloads] of [
  ["all", ALL_OFFLOADS],
  ["udp-gso alone", layout.OFFLOAD_GSO],
  ["all but udp-gso", ALL_OFFLOADS & ~layout.OFFLOAD_GSO],
  ["none", NO_OFFLOADS],
] as const) {
  test(`switched, offloads: ${name}`, () => {
    const property = fc.property(fc.integer(), (seed) => {
      const world = new World(seed, offloads);
      try {
        for (let batch = 0; batch < BATCHES; batch++) probe(world, world.batch());
      } finally {
        world.close();
      }
    });
    const numRuns = offloads === ALL_OFFLOADS ? RUNS : Math.ceil(RUNS / 4);
    fc.assert(property, { numRuns, endOnFailure: true });
  });
}

test("whatever lies in the buffers, only what the worker owns is written", () => {
  const region = plane.worker + layout.WORKER_SIZE;
  const others = () => Buffer.from(plane.octets.slice(region, region + layout.WORKER_SIZE));
  const low = () => Buffer.from(plane.octets.slice(0, layout.WORKERS));
  const [next, before] = [others(), low()];
  const property = fc.property(fc.integer(), (seed) => {
    const world = new World(seed, ALL_OFFLOADS);
    const { random } = world;
    try {
      for (let batch = 0; batch < BATCHES; batch++) {
        const received = world.batch().map(({ octets, ...rest }): Received => {
          const likely = [0, 1, 7, 8, 9, octets.length, octets.length + 1, 0x7fff_ffff, -1];
          const copy = octets.slice(0, 4096);
          for (let faults = random.below(20); faults > 0 && copy.length > 0; faults--) {
            copy[random.below(copy.length)] = random.u32();
          }
          return { ...rest, octets: copy, segment: random.pick(...likely) };
        });
        plane.receive(received);
        for (const { datagram, segment } of plane.switched.splice(0)) {
          assert.ok(split(datagram, segment).length <= layout.SEGMENTS_MAX);
        }
        plane.releaseHeld(true);
        plane.switched.splice(0);
        while (plane.punt.take() !== undefined);
      }
    } finally {
      world.close();
    }
  });
  fc.assert(property, { numRuns: Math.ceil(RUNS / 4), endOnFailure: true });
  assert.equal(Buffer.compare(next, others()), 0);
  assert.equal(Buffer.compare(before, low()), 0);
});

after(() => {
  const wanted = ["packed", "neighbours", "up.switched", "up.no-partner", "up.late", "up.packets"];
  const few = wanted.filter((what) => (seen[what] ?? 0) < RUNS / 4);
  assert.deepEqual(few, [], JSON.stringify(seen));
});
