/**
 * The data plane against a plain reference: sessions open, move, close and are used again in any
 * order, and between any two steps a packet of either family, right or wrong in some octet, goes up
 * or down. What surrounds the packet's slot must not change.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import * as layout from "../../assembly/layout.ts";
import { writeNetworks } from "../../src/dataplane/networks.ts";
import type { SessionHandle } from "../../src/dataplane/session-table.ts";
import { AF_INET6, encodePktinfo, encodeSockaddr } from "../../src/linux/sockaddr.ts";
import { formatIpv6 } from "../../src/net.ts";
import { checksum } from "../reference/codec.ts";
import { downWhole, type ModelSession, up, type Verdict } from "../reference/forwarding.ts";
import { PacketRandom } from "../reference/packets.ts";
import { errorAbout } from "../reference/too-big.ts";
import { dataMessage, packet, packet6 } from "../unit/dataplane/frames.ts";
import { Plane, type Sender } from "../unit/dataplane/plane.ts";

const RUNS = 120;
const STEPS = 1_000;
const SESSIONS = 8;
const HEADROOM_USED = layout.SESSION_PREFIX_MAX;
const NETWORKS = 3;

/** Sockets of either family, a mapped address and a link-local one with its interface. */
const PEERS: readonly Sender[] = [
  { address: "192.0.2.9", port: 1701 },
  { address: "2001:db8:99::9", port: 1701 },
  { address: "192.0.2.9", port: 1701, family: AF_INET6 },
  { address: "fe80::9%3", port: 1701 },
  { address: "fe80::9%4", port: 1701 },
];
/** Destinations and sources that belong to nobody here, or mean the link. */
const OTHERS = ["203.0.113.7", "10.64.99.1", "224.0.0.1"];
const OTHERS6 = [
  ...["2001:db8:8::1", "2001:db8:64:ffff::1", "::", "::1", "fe80::1", "febf:ffff::1", "fec0::1"],
  ...["ff02::1", "ff02::1:ff00:1", "ff12::1", "ff01::1", "ff05::2", "ff0e::1", "fe7f::1"],
];
const PPP_HEADERS = [[0xff, 3, 0, 0x57], [0, 0x57], [0x57], [0xff, 3, 0x57]];

interface Entry {
  handle: SessionHandle;
  model: ModelSession;
  readonly peer: Sender;
}

/** The last network lowers the segment size of a SYN. */
const CLAMPING = NETWORKS - 1;

const plane = new Plane();
writeNetworks(
  plane.memory,
  Array.from({ length: NETWORKS }, (_, index) => ({
    ...{ gateway: "10.64.0.1", pool6: [], dscp: 0, ecn: false },
    mssClamp: index === CLAMPING,
  })),
);
const seen: Record<string, number> = {};

/** One world: eight sessions of three networks, and what is done to them. */
class World {
  readonly random: PacketRandom;
  readonly entries: Entry[];

  constructor(seed: number) {
    this.random = new PacketRandom(seed);
    this.entries = Array.from({ length: SESSIONS }, (_, index) => this.publish(index));
    for (const [index, entry] of this.entries.entries()) {
      if (index % 4 !== 3) this.#forward(entry, index);
    }
  }

  get models(): ModelSession[] {
    return this.entries.map(({ model }) => model);
  }

  publish(index: number): Entry {
    const peer = this.#peer(this.random.below(3));
    const ids = { tunnelId: 7 + (index % 2), sessionId: 8 + index };
    const peerIds = { peerTunnelId: 0x1234, peerSessionId: 0x5600 + index };
    const name = encodeSockaddr(peer.address, peer.port, peer.family);
    const control = encodePktinfo("192.0.2.1");
    const handle = plane.table.publish({ ...ids, ...peerIds, name, control });
    assert.ok(handle);
    const shared = { network: 0, mtu: 1400, acfc: false, pfc: false };
    return { handle, peer, model: { ...ids, ...peerIds, ...shared, name: [...name] } };
  }

  change(): void {
    const index = this.random.below(SESSIONS);
    const entry = this.entries[index] as Entry;
    const action = this.random.below(10);
    if (action < 6) this.#forward(entry, index);
    else if (action < 7) {
      plane.table.hold(entry.handle);
      entry.model = { ...entry.model, address: undefined, prefix: undefined };
    } else if (action < 9) {
      const peer = this.#peer(this.random.below(3), entry.peer);
      const name = encodeSockaddr(peer.address, peer.port, peer.family);
      plane.table.move(entry.handle, name);
      this.entries[index] = { ...entry, peer, model: { ...entry.model, name: [...name] } };
    } else {
      plane.table.withdraw(entry.handle);
      this.entries[index] = this.publish(index);
    }
  }

  close(): void {
    for (const { handle } of this.entries) plane.table.withdraw(handle);
  }

  datagram(): { octets: Uint8Array; sender: Sender } {
    const entry = this.entries[this.random.below(SESSIONS)] as Entry;
    const inner = this.#packet(entry.model, true);
    const header = [...(PPP_HEADERS[this.random.below(PPP_HEADERS.length)] ?? [])];
    if ((inner[0] ?? 0) >> 4 === 4) header.splice(-1, 1, 0x21);
    if (this.random.chance(3)) header.splice(-1, 1, this.random.u32());
    const { tunnelId, sessionId } = entry.model;
    const wrong = this.random.chance(2) ? 1 : 0;
    const frame = Uint8Array.of(...header, ...inner);
    const octets = this.#damage(dataMessage(tunnelId, sessionId + wrong, frame), 60);
    const other = this.entries[this.random.below(SESSIONS)] as Entry;
    return { octets, sender: this.random.chance(95) ? entry.peer : other.peer };
  }

  packet(): { octets: Uint8Array; network: number } {
    const entry = this.entries[this.random.below(SESSIONS)] as Entry;
    const octets = this.#damage(this.#packet(entry.model, false), 44);
    const isOwn = this.random.chance(90);
    return { octets, network: isOwn ? entry.model.network : this.random.below(NETWORKS) };
  }

  #peer(port: number, same?: Sender): Sender {
    const peer = same ?? (PEERS[this.random.below(PEERS.length)] as Sender);
    return { ...peer, port: 1701 + port };
  }

  #forward(entry: Entry, index: number): void {
    const { random } = this;
    const shared = { network: random.below(NETWORKS), mtu: random.pick(1280, 1400) };
    const ppp = { acfc: random.chance(50), pfc: random.chance(50) };
    const address = random.chance(70) ? [10, 64, index, 1 + random.below(2)] : undefined;
    const subnet = 2 * index + random.below(2);
    const prefix = random.chance(70) ? [0x20, 1, 0x0d, 0xb8, 0, 0x64, 0, subnet] : undefined;
    const number = (octets: number[]) => new DataView(Uint8Array.from(octets).buffer);
    const wish = {
      ...(address && { address: number(address).getUint32(0) }),
      ...(prefix && { prefix6: number(prefix).getBigUint64(0) }),
    };
    assert.ok(plane.table.forward(entry.handle, { ...shared, ...ppp, ...wish }));
    const clamps = shared.network === CLAMPING;
    entry.model = { ...entry.model, ...shared, ...ppp, address, prefix, clamps };
  }

  /** From the session's client to somebody, or the other way; nearly always well addressed. */
  #packet(model: ModelSession, isUp: boolean): Uint8Array {
    const { random } = this;
    const payload = random.chance(90) ? random.below(60) : 1_200 + random.below(200);
    const other = (this.entries[random.below(SESSIONS)] as Entry).model;
    if (random.chance(40)) {
      const own = text4(random.chance(90) ? model : other);
      const far = random.chance(70) ? (OTHERS[random.below(3)] ?? "") : text4(other);
      const octets = packet(...(isUp ? ([own, far] as const) : ([far, own] as const)), payload);
      // Other sources, flags and protocols, where they make a difference to what is too large.
      if (random.chance(50)) octets[6] = random.pick(0, 0x40, 0x20, 0x40, 0x60);
      if (random.chance(5)) octets[7] = random.u32();
      if (random.chance(5)) octets[isUp ? 15 : 12] = random.pick(0, 127, 224, 255);
      if (random.chance(20)) octets.set([1, 0, 0], 9);
      if (random.chance(20)) octets[20] = random.below(20);
      repairChecksum(octets);
      return random.chance(30) ? this.#syn(octets, 20) : octets;
    }
    const own = this.#text6(random.chance(90) ? model : other);
    const choice = OTHERS6[random.below(OTHERS6.length)] ?? "";
    const far = random.chance(60) ? choice : this.#text6(other);
    const source = random.chance(90) ? own : choice;
    const [from, to] = isUp ? [source, far] : [far, random.chance(90) ? own : choice];
    const octets = packet6(from, to, payload, random.pick(6, 17, 58, 58, 0));
    return random.chance(30) ? this.#syn(octets, 40) : octets;
  }

  /** TCP, nearly always with a segment size that it names in its SYN. */
  #syn(octets: Uint8Array, start: number): Uint8Array {
    const { random } = this;
    octets[start === 20 ? 9 : 6] = 6;
    if (start === 20) repairChecksum(octets);
    const options = [random.pick(1, 2), 4, random.pick(4, 5, 6), random.u32() & 0xff];
    const place = start + 20 + random.below(3);
    if (octets.length < start + 32) return octets;
    octets.set(
      [random.pick(0x80, 0x80, 0x60, 0x50, 0xf0), random.pick(2, 2, 0x12, 0x10)],
      start + 12,
    );
    octets.fill(1, start + 20, start + 32);
    octets.set(random.chance(90) ? [2, ...options.slice(1)] : options, place);
    return octets;
  }

  /** Any address of the session's /64. */
  #text6({ prefix = [0x20, 1, 0x0d, 0xb8, 0, 0x64, 0xee, 0] }: ModelSession): string {
    const rest = this.random.fill(new Uint8Array(8));
    return formatIpv6(Uint8Array.of(...prefix, ...rest));
  }

  /** One octet of the first `front` changed, or the end cut off, in some. */
  #damage(octets: Uint8Array, front: number): Uint8Array {
    const { random } = this;
    if (random.chance(75)) return octets;
    if (random.chance(30)) return octets.subarray(0, random.below(octets.length + 1));
    const place = random.below(Math.min(front, octets.length));
    if (octets.length > 0) octets[place] = random.u32();
    if ((octets[0] ?? 0) >> 4 === 4 && random.chance(50)) repairChecksum(octets);
    return octets;
  }
}

function text4({ address = [10, 64, 98, 1] }: ModelSession): string {
  return address.join(".");
}

function repairChecksum(octets: Uint8Array): void {
  if (octets.length < 20) return;
  octets.fill(0, 10, 12);
  const sum = checksum(octets.subarray(0, 20));
  octets.set([sum >> 8, sum & 0xff], 10);
}

const RECEIVE_BUFFER = plane.worker + layout.WORKER_RECEIVE + layout.RECEIVE_BUFFERS;
const READ_BUFFER = plane.worker + layout.WORKER_READ;
/** Octets of a buffer that are looked at. */
const LOOKED_AT = 4_096;
const CANARIES = new Uint8Array(LOOKED_AT).fill(0xa5);

/** Runs `work` on the first of some buffers; octets before and behind the packet stay. */
function guarded<T>(
  buffer: number,
  headroom: number,
  length: number,
  written: number,
  work: () => T,
): T {
  const octets = plane.octets.subarray(buffer, buffer + LOOKED_AT);
  octets.set(CANARIES);
  const result = work();
  const isIntact = (from: number, to: number) =>
    Buffer.compare(octets.subarray(from, to), CANARIES.subarray(from, to)) === 0;
  assert.ok(isIntact(0, headroom - written), "the headroom was written to");
  assert.ok(isIntact(headroom + length, LOOKED_AT), "written behind the packet");
  return result;
}

function counted(work: () => void): string[] {
  const before = plane.counters();
  work();
  const changed = Object.entries(plane.counters()).filter(
    ([name, count]) => count !== (before[name] ?? 0) && !name.endsWith(".octets"),
  );
  return changed.flatMap(([name, count]) =>
    Array.from<string>({ length: count - (before[name] ?? 0) }).fill(name),
  );
}

function probeUp(world: World): void {
  const { octets, sender } = world.datagram();
  const name = encodeSockaddr(sender.address, sender.port, sender.family);
  const expected = up(world.models, octets, [...name]);
  const counters = counted(() => {
    const written = guarded(RECEIVE_BUFFER, 0, octets.length, 0, () => plane.up([octets], sender));
    const passes = expected.counter === "up.packets";
    const { network, octets: packet } = expected;
    assert.deepEqual(written, passes ? [{ network, packet }] : []);
  });
  assert.deepEqual(counters, [expected.counter]);
  const punted = plane.punt.take();
  const isPunted = expected.counter === "up.punted";
  assert.deepEqual(punted?.frame, isPunted ? expected.octets : undefined);
  if (isPunted) assert.equal(punted?.session, handleOf(world, expected).index);
  tally(expected);
}

function probeDown(world: World): void {
  const { octets, network } = world.packet();
  const verdicts = downWhole(world.models, network, octets);
  const frames = verdicts.flatMap(({ octets: frame }) => frame ?? []);
  const error = errorOf(verdicts, octets);
  tick();
  const counters = counted(() => {
    const work = () => plane.down([octets], network);
    const headroom = layout.BUFFER_HEADROOM;
    const sent = guarded(READ_BUFFER, headroom, octets.length, HEADROOM_USED, work);
    assert.deepEqual(
      sent.map(({ datagram }) => datagram),
      frames,
    );
    const session = verdicts.at(-1)?.session;
    for (const { name } of sent) assert.deepEqual([...name], session?.name);
  });
  assert.deepEqual(plane.errors.splice(0), error === undefined ? [] : [error]);
  const expected = verdicts.map(({ counter }) => counter);
  if (error !== undefined) expected.push("down.icmp-errors");
  assert.deepEqual(counters.sort(), expected.sort());
  for (const verdict of verdicts) tally(verdict);
}

/** What the sender is told of a packet that was dropped as too large. */
function errorOf([verdict]: readonly Verdict[], octets: Uint8Array): Uint8Array | undefined {
  if (verdict?.counter !== "down.too-big") return undefined;
  const error = errorAbout(octets, verdict.session?.mtu ?? 0);
  tally({ counter: error === undefined ? "silent" : "error" });
  return error;
}

/** Enough time for another error passes. */
function tick(): void {
  const now = plane.worker + layout.WORKER_NOW;
  plane.view.setFloat64(now, plane.view.getFloat64(now, true) + layout.ERROR_INTERVAL, true);
}

function handleOf(world: World, { session }: Verdict): SessionHandle {
  const entry = world.entries.find(({ model }) => model === session);
  assert.ok(entry);
  return entry.handle;
}

function tally({ counter }: Verdict): void {
  seen[counter] = (seen[counter] ?? 0) + 1;
}

test("any packet, in any state of the sessions, ends where the reference says", () => {
  const property = fc.property(fc.integer(), (seed) => {
    const world = new World(seed);
    for (let step = 0; step < STEPS; step++) {
      if (world.random.chance(5)) world.change();
      if (world.random.chance(50)) probeUp(world);
      else probeDown(world);
    }
    world.close();
  });
  fc.assert(property, { numRuns: RUNS, endOnFailure: true });
});

after(() => {
  const total = Object.values(seen).reduce((sum, count) => sum + count, 0);
  assert.ok(total >= 100_000, `${total} packets`);
  const often = Object.entries(seen).filter(([, count]) => count >= 50);
  assert.ok(often.length >= 20, `too few outcomes: ${JSON.stringify(seen)}`);
});
