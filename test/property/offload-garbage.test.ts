/**
 * What no kernel gives: virtio headers, lengths and segment sizes of any value, around packets right and
 * wrong. Nothing but the worker's own region is written, and what is sent or written to a device
 * is still well-formed: frames that their peer takes, packets that the kernel takes.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import * as layout from "../../assembly/layout.ts";
import { checkIpv4, checkIpv6 } from "../reference/codec.ts";
import type { ModelSession } from "../reference/forwarding.ts";
import { buildVirtio, refusal, split } from "../reference/offload.ts";
import { PacketRandom } from "../reference/packets.ts";
import { ALL_OFFLOADS, Plane, type Read, type Received } from "../unit/dataplane/plane.ts";
import { type Entry, OffloadWorld } from "./offload-world.ts";

const RUNS = Number(process.env.OFFLOAD_RUNS ?? 15);
const BATCHES = 6;

const plane = new Plane(0, ALL_OFFLOADS);
const seen: Record<string, number> = {};

function see(what: string): void {
  seen[what] = (seen[what] ?? 0) + 1;
}

/** Any value, and those around which mistakes are made. */
function edge(random: PacketRandom, ...likely: readonly number[]): number {
  return random.chance(60) ? random.pick(...likely) : random.u32() & 0xffff;
}

function anyPacket(world: OffloadWorld, entry: Entry, isUp: boolean): Uint8Array {
  const { random } = world;
  const { source, destination } = world.pair(entry);
  const pair = isUp ? { source, destination } : { source: destination, destination: source };
  const flow = world.flow(pair, 30, { size: random.pick(1, 100, 1000) });
  const packet = flow.whole(random.below(random.pick(10, 3_000, 60_000)), random.below(256)).packet;
  if (random.chance(40)) {
    const at = random.below(Math.min(80, packet.length));
    packet[at] = random.u32();
  }
  return random.chance(90) ? packet : packet.subarray(0, random.below(packet.length + 1));
}

function anyRead(world: OffloadWorld): Read {
  const { random } = world;
  const packet = anyPacket(world, world.entry(), false);
  const ip = (packet[0] ?? 0) >> 4 === 6 ? 40 : 20;
  const virtio = buildVirtio({
    flags: random.pick(0, 1, 1, 1, 2, random.below(256)),
    type: random.pick(0, 1, 4, 5, 0x81, 0x84, random.below(256)),
    headerLength: edge(random, 0, ip, ip + 8, ip + 32, packet.length & 0xffff),
    size: edge(random, 0, 1, 100, 1000, 65_535, packet.length & 0xffff),
    checksumStart: edge(random, 0, ip, ip, ip, ip, 8, packet.length & 0xffff),
    checksumOffset: edge(random, 6, 16, 16, 0, 1),
  });
  return { virtio, packet };
}

/** What a peer is sent is a frame for it, with a packet that is whole and not too big. */
function checkFrame(models: readonly ModelSession[], frame: Uint8Array): void {
  const id = ((frame[6] ?? 0) << 8) + (frame[7] ?? 0);
  const session = models.find(({ peerSessionId }) => peerSessionId === id);
  assert.ok(session, "a frame of no session");
  assert.equal(((frame[2] ?? 0) << 8) + (frame[3] ?? 0), frame.length);
  const header = (session.sequence ? 13 : 9) + (session.acfc ? 0 : 2) + (session.pfc ? 0 : 1);
  const packet = frame.subarray(header);
  assert.ok(packet.length <= session.mtu, `${packet.length} octets for ${session.mtu}`);
  const check = (packet[0] ?? 0) >> 4 === 6 ? checkIpv6 : checkIpv4;
  assert.equal(check(packet), "ok");
}

function probeDown(world: OffloadWorld): void {
  const count = 1 + world.random.below(layout.BUFFER_COUNT);
  const reads = Array.from({ length: count }, () => anyRead(world));
  const before = plane.counters()["down.packets"] ?? 0;
  let frames = 0;
  for (const { datagram, segment } of plane.read(reads)) {
    const parts = split(datagram, segment);
    assert.ok(parts.length <= layout.SEGMENTS_MAX && datagram.length <= 65_507);
    for (const frame of parts) checkFrame(world.models, frame);
    frames += parts.length;
    see(segment === 0 ? "single" : "packed");
  }
  assert.equal((plane.counters()["down.packets"] ?? 0) - before, frames);
}

function probeUp(world: OffloadWorld): void {
  const { random } = world;
  const count = 1 + random.below(layout.BUFFER_COUNT);
  const received = Array.from({ length: count }, (): Received => {
    const entry = world.entry();
    const { model, peer } = entry;
    const packet = anyPacket(world, entry, true).subarray(0, random.pick(0, 100, 2_000, 60_000));
    const ppp = [0xff, 3, 0, (packet[0] ?? 0) >> 4 === 6 ? 0x57 : 0x21];
    const datagram = [0, 2, 0, model.tunnelId, 0, model.sessionId, ...ppp, ...packet];
    const flags = random.pick(0, 0, 0, layout.MSG_TRUNC);
    const octets = Uint8Array.from(random.chance(50) ? datagram : [...datagram, ...datagram]);
    const likely = [0, 1, 7, datagram.length, octets.length, octets.length + 1, 0x7fff_ffff, -1];
    return { octets, sender: { ...peer, flags }, segment: random.pick(...likely) };
  });
  for (const { virtio, packet } of plane.receive(received)) {
    assert.ok(virtio);
    assert.equal(refusal(virtio, packet), undefined);
    see("written");
  }
  while (plane.punt.take() !== undefined);
}

test("whatever a device or a socket gives, what goes on is well-formed", () => {
  const region = { at: plane.worker + layout.WORKER_SIZE, size: layout.WORKER_SIZE };
  const guard = () => Buffer.from(plane.octets.slice(region.at, region.at + region.size));
  const low = () => Buffer.from(plane.octets.slice(0, layout.WORKERS));
  const [nextBefore, lowBefore] = [guard(), low()];
  const property = fc.property(fc.integer(), (seed) => {
    const world = new OffloadWorld(plane, new PacketRandom(seed), true);
    try {
      for (let batch = 0; batch < BATCHES; batch++) {
        probeDown(world);
        probeUp(world);
      }
    } finally {
      world.close();
    }
  });
  fc.assert(property, { numRuns: RUNS, endOnFailure: true });
  assert.equal(Buffer.compare(nextBefore, guard()), 0);
  assert.equal(Buffer.compare(lowBefore, low()), 0);
});

after(() => {
  const few = ["single", "packed", "written"].filter((what) => (seen[what] ?? 0) < RUNS);
  assert.deepEqual(few, [], JSON.stringify(seen));
});
