/**
 * Upwards with offloads against the plain reference: hosts of many sessions send streams and
 * everything that ends one, right and damaged, in GRO buffers and one by one. What the kernel makes of the
 * super-packets is bit for bit what the plain path would have written, each packet once, in the
 * order of its flow. In the buffers nothing changes but headers of packets that go on.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import * as layout from "../../assembly/layout.ts";
import { encodeSockaddr } from "../../src/linux/sockaddr.ts";
import { up, type Verdict } from "../reference/forwarding.ts";
import { type Flow, ordered } from "../reference/hosts.ts";
import { cut, parseVirtio, refusal, split, TYPE } from "../reference/offload.ts";
import { PacketRandom } from "../reference/packets.ts";
import { ALL_OFFLOADS, Plane, type Received, type Write } from "../unit/dataplane/plane.ts";
import { assertSame, countedBy, type Entry, OffloadWorld, tally } from "./offload-world.ts";

const { OFFLOAD_VIRTIO, OFFLOAD_TSO, OFFLOAD_USO, OFFLOAD_GSO } = layout;
const RUNS = Number(process.env.OFFLOAD_RUNS ?? 40);
const BATCHES = 6;
/** One world in so many begins with a batch that takes several calls. */
const MANY = 8;
/** Flows that have a write each. */
const FEW = 300;
/** UDP payload of the largest IPv4 packet. */
const BUFFER_MAX = 65_507;

const plane = new Plane();
const seen: Record<string, number> = {};
let worlds = 0;

interface Stream {
  readonly entry: Entry;
  readonly flow: Flow;
}

/** What one peer sends: datagrams in the order in which they arrive. */
class Arrivals {
  readonly world: OffloadWorld;
  readonly random: PacketRandom;
  /** Percent of flows' packets that differ, and per mille of datagrams that are damaged. */
  readonly wildness: number;
  readonly faults: number;

  constructor(world: OffloadWorld) {
    this.world = world;
    this.random = world.random;
    this.wildness = this.random.pick(0, 1, 5, 20, 50);
    this.faults = this.random.pick(0, 0, 5, 40);
  }

  /** Up to 64 messages; `isMany`: of more flows than there are writes. */
  batch(isMany: boolean): Received[] {
    const { random } = this;
    const streams = this.#streams(isMany ? 3 * FEW : random.pick(1, 3, 12, FEW));
    const received: Received[] = [];
    const wanted = isMany ? layout.BUFFER_COUNT : random.pick(4, 16, layout.BUFFER_COUNT);
    const runMax = random.pick(1, 2, 8, 70);
    const isPlain = !isMany && random.chance(15);
    while (received.length < wanted) {
      const pool = isMany || random.chance(50) ? streams : [this.#of(streams)];
      const { peer } = this.#of(pool).entry;
      const datagrams: Uint8Array[] = [];
      for (let left = isMany ? 200 : 1 + random.below(64); left > 0; left--) {
        const { entry, flow } = this.#of(pool);
        if (entry.peer !== peer) continue;
        const header = this.#header(entry, flow.isV6);
        for (const packet of flow.run(isMany ? 1 : 1 + random.below(runMax))) {
          datagrams.push(this.#datagram(header, packet));
        }
      }
      if (isMany) datagrams.sort((a, b) => b.length - a.length);
      received.push(...this.#pack(datagrams, peer, isPlain));
    }
    return received.slice(0, layout.BUFFER_COUNT);
  }

  /** One flow, a few, or hundreds; hosts and sessions have several of them. */
  #streams(count: number): Stream[] {
    const { random, world } = this;
    const isEqual = count > FEW || random.chance(30);
    const size = isEqual ? random.pick(1, 150, 1200) : undefined;
    return Array.from({ length: count }, () => {
      const entry = world.entry();
      const flow = world.flow(world.pair(entry), this.wildness, { size });
      return { entry, flow };
    });
  }

  #of(streams: readonly Stream[]): Stream {
    return streams[this.random.below(streams.length)] as Stream;
  }

  /** L2TP and PPP header; with a Length, most often, that #datagram writes. */
  #header({ model }: Entry, isV6: boolean): number[] {
    const { random } = this;
    const ids = [model.tunnelId >> 8, model.tunnelId & 255, 0, model.sessionId];
    const kind = random.below(20);
    const l2tp = [0x40, 2, 0, 0, ...ids];
    if (kind === 0) l2tp.splice(0, 4, 0, 2);
    if (kind === 1) l2tp.splice(0, 8, 0x48, 2, 0, 0, ...ids, 0, random.below(256), 0, 0);
    if (kind === 2) l2tp.splice(0, 8, 0x42, 2, 0, 0, ...ids, 0, 3, 1, 2, 3);
    if (kind === 3) l2tp[0] = 0x41;
    const protocol = isV6 ? 0x57 : 0x21;
    const choice = kind < 16 ? 0 : random.below(4);
    const ppp = [[0xff, 3, 0, protocol], [0, protocol], [protocol], [0xff, 3, protocol]][choice];
    return [...l2tp, ...(ppp ?? [])];
  }

  #datagram(header: readonly number[], packet: Uint8Array): Uint8Array {
    const { random } = this;
    const padding = random.below(1000) < this.wildness ? 1 + random.below(9) : 0;
    const datagram = new Uint8Array(header.length + packet.length + padding);
    datagram.set(header);
    datagram.set(packet, header.length);
    if ((datagram[0] ?? 0) >= 0x40) new DataView(datagram.buffer).setUint16(2, datagram.length);
    if (random.below(1000) >= this.faults) return datagram;
    const kind = random.below(10);
    const at = random.below(kind < 5 ? datagram.length : Math.min(60, datagram.length));
    if (kind < 8) datagram[at] = (datagram[at] ?? 0) ^ (1 << random.below(8));
    else if (kind === 8) return datagram.subarray(0, random.below(datagram.length));
    else datagram.set([0xc0, 0x21, 9, 1, 0, 4], Math.min(8, datagram.length - 6));
    return datagram;
  }

  /** As UDP_GRO packs what one peer sends: equal lengths, a shorter one ends the buffer. */
  #pack(datagrams: readonly Uint8Array[], sender: Entry["peer"], isPlain: boolean): Received[] {
    const received: Received[] = [];
    const most = isPlain ? 1 : this.random.pick(2, 17, 64, 64);
    let parts: Uint8Array[] = [];
    const close = () => {
      const segment = parts[0]?.length;
      if (segment === undefined) return;
      const isAlone = parts.length === 1 && this.random.chance(50);
      received.push({
        octets: Buffer.concat(parts),
        sender,
        segment: isAlone ? undefined : segment,
      });
      parts = [];
    };
    for (const datagram of datagrams) {
      const segment = parts[0]?.length ?? datagram.length;
      const isFull = parts.length === most || (parts.length + 1) * segment > BUFFER_MAX;
      if (isFull || datagram.length > segment || segment === 0) close();
      parts.push(datagram);
      if (datagram.length < segment) close();
    }
    close();
    return received;
  }
}

const BUFFERS = plane.worker + layout.WORKER_RECEIVE + layout.RECEIVE_BUFFERS;
const buffers = plane.octets.subarray(BUFFERS, BUFFERS + layout.BUFFER_COUNT * layout.BUFFER_SIZE);

/** Runs `work`; in the receive buffers only packets that went on may have changed. */
function guarded(received: readonly Received[], verdicts: readonly Verdict[], work: () => void) {
  received.forEach(({ octets }, index) => {
    buffers.set(octets, index * layout.BUFFER_SIZE);
  });
  const before = buffers.slice();
  work();
  const later = buffers.slice();
  const next = verdicts[Symbol.iterator]();
  received.forEach(({ octets, segment = 0 }, index) => {
    let at = index * layout.BUFFER_SIZE;
    for (const { length } of split(octets, segment)) {
      const { counter } = next.next().value as Verdict;
      if (counter === "up.packets") later.set(before.subarray(at, at + length), at);
      at += length;
    }
  });
  const isSame = Buffer.compare(before, later) === 0;
  const place = isSame ? -1 : before.findIndex((octet, index) => later[index] !== octet);
  assert.equal(place, -1, "octet of the receive buffers that was written to");
}

/** What the punt ring still takes; it is empty when a batch begins. */
function withRing(verdicts: readonly Verdict[]): Verdict[] {
  let used = 0;
  const bySession = new Map<unknown, number>();
  return verdicts.map((verdict) => {
    if (verdict.counter !== "up.punted") return verdict;
    if (used >= layout.RING_COUNT) return { ...verdict, counter: "up.punt-ring-full" };
    const own = bySession.get(verdict.session) ?? 0;
    const share = Math.max(1, Math.floor((layout.RING_COUNT - used) / layout.PUNT_SHARE));
    const isIpv6 = verdict.room !== undefined;
    if (own >= (isIpv6 ? Math.floor(share / 2) : share)) {
      return { ...verdict, counter: "up.punt-share-full" };
    }
    bySession.set(verdict.session, own + 1);
    used++;
    return verdict;
  });
}

function probe(world: OffloadWorld, offloads: number, received: readonly Received[]): void {
  const verdicts = withRing(
    received.flatMap(({ octets, segment = 0, sender }) => {
      const name = [...encodeSockaddr(sender.address, sender.port, sender.family)];
      return split(octets, segment).map((datagram) => up(world.models, datagram, name));
    }),
  );
  let writes: Write[] = [];
  const counters = countedBy(plane, () => {
    guarded(received, verdicts, () => {
      writes = plane.receive(received);
    });
  });
  assert.deepEqual(counters, tally(verdicts.map(({ counter }) => counter)));
  for (const network of [0, 1]) {
    const own = writes.filter((write) => write.network === network);
    const expected = verdicts.filter((v) => v.counter === "up.packets" && v.network === network);
    assertSame(
      ordered(own.flatMap((write) => packetsOf(write, offloads))),
      ordered(expected.map(({ octets }) => octets ?? new Uint8Array(0))),
      `network ${network}`,
    );
  }
  checkPunted(verdicts);
  world.expect(verdicts);
  for (const { counter } of verdicts) seen[counter] = (seen[counter] ?? 0) + 1;
}

/** What the kernel makes of a write. */
function packetsOf({ virtio, packet }: Write, offloads: number): Uint8Array[] {
  assert.equal(virtio !== undefined, (offloads & OFFLOAD_VIRTIO) !== 0);
  if (virtio === undefined) return [packet];
  assert.equal(refusal(virtio, packet), undefined);
  const header = parseVirtio(virtio);
  const { type } = header;
  if (type === TYPE.udp) assert.ok((offloads & OFFLOAD_USO) !== 0);
  else if (type !== TYPE.none) assert.ok((offloads & OFFLOAD_TSO) !== 0);
  const packets = cut(header, packet);
  seen[`type ${type}`] = (seen[`type ${type}`] ?? 0) + 1;
  seen.joined = (seen.joined ?? 0) + packets.length - 1;
  return packets;
}

function checkPunted(verdicts: readonly Verdict[]): void {
  const punted: Uint8Array[] = [];
  for (let frame = plane.punt.take(); frame !== undefined; frame = plane.punt.take()) {
    punted.push(frame.frame);
  }
  const expected = verdicts.filter(({ counter }) => counter === "up.punted");
  assertSame(
    punted,
    expected.map(({ octets }) => octets ?? new Uint8Array(0)),
    "punted",
  );
}

for (const [name, offloads] of [
  ["all", ALL_OFFLOADS],
  ["all but tso", ALL_OFFLOADS & ~OFFLOAD_TSO],
  ["all but uso", ALL_OFFLOADS & ~OFFLOAD_USO],
  ["neither tso nor uso", OFFLOAD_GSO],
  ["tso and uso alone", ALL_OFFLOADS & ~OFFLOAD_GSO],
] as const) {
  test(`up, offloads: ${name}`, () => {
    const property = fc.property(fc.integer(), (seed) => {
      plane.offload(offloads);
      const world = new OffloadWorld(plane, new PacketRandom(seed), false);
      const arrivals = new Arrivals(world);
      try {
        for (let batch = 0; batch < BATCHES; batch++) {
          probe(world, offloads, arrivals.batch(batch === 0 && worlds++ % MANY === 0));
        }
        world.checkTraffic();
      } finally {
        world.close();
        while (plane.punt.take() !== undefined);
      }
    });
    const numRuns = offloads === ALL_OFFLOADS ? RUNS : Math.ceil(RUNS / 4);
    fc.assert(property, { numRuns, endOnFailure: true });
  });
}

after(() => {
  const few = ["type 1", "type 129", "type 4", "type 132", "type 5", "joined", "up.punted"].filter(
    (what) => (seen[what] ?? 0) < RUNS / 4,
  );
  assert.deepEqual(few, [], JSON.stringify(seen));
  assert.ok(plane.rests.up >= RUNS / MANY, `the writes were too few ${plane.rests.up} times`);
});
