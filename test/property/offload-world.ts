// Sessions of three peers in three networks, and the hosts that talk through them: what the
// properties of the offloads are about.
import assert from "node:assert/strict";
import * as layout from "../../assembly/layout.ts";
import type { SessionHandle } from "../../src/dataplane/session-table.ts";
import { encodePktinfo, encodeSockaddr } from "../../src/linux/sockaddr.ts";
import type { ModelSession, Verdict } from "../reference/forwarding.ts";
import { Flow, type Pair, type Wish } from "../reference/hosts.ts";
import type { PacketRandom } from "../reference/packets.ts";
import type { Plane, Sender } from "../unit/dataplane/plane.ts";

export const NETWORKS = 3;
const SESSIONS = 16;
const TUNNEL = 7;
const PEERS: readonly Sender[] = [
  { address: "192.0.2.9", port: 1701 },
  { address: "2001:db8:99::9", port: 1701 },
  { address: "192.0.2.9", port: 1702 },
  { address: "2001:db8:99::8", port: 1701 },
];
const HOSTS: readonly (readonly number[])[] = [
  [203, 0, 113, 7],
  [203, 0, 113, 8],
  [198, 51, 100, 1],
];
const HOSTS6: readonly (readonly number[])[] = [1, 2, 3].map((last) => [
  ...[0x20, 1, 0x0d, 0xb8, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, last],
]);

export interface Entry {
  readonly handle: SessionHandle;
  readonly model: ModelSession;
  readonly peer: Sender;
}

export class OffloadWorld {
  readonly plane: Plane;
  readonly random: PacketRandom;
  /** Percent of sessions that leave out octets of the PPP header. */
  readonly compressed: number;
  readonly entries: readonly Entry[];
  readonly models: readonly ModelSession[];
  readonly #expected = new Map<ModelSession, { packets: number; octets: number; drops: number }>();

  constructor(plane: Plane, random: PacketRandom, isSequenced: boolean) {
    this.plane = plane;
    this.random = random;
    this.compressed = random.pick(0, 0, 40);
    this.entries = Array.from({ length: SESSIONS }, (_, index) =>
      this.#session(index, isSequenced && index % 7 === 5),
    );
    this.models = this.entries.map(({ model }) => model);
  }

  /** Notes what the reference does with packets or datagrams, for `checkTraffic`. */
  expect(verdicts: readonly Verdict[]): void {
    for (const { counter, session, octets, room = 0 } of verdicts) {
      if (session === undefined || counter === "up.punted") continue;
      const traffic = this.#expected.get(session) ?? { packets: 0, octets: 0, drops: 0 };
      this.#expected.set(session, traffic);
      if (octets === undefined || !counter.endsWith(".packets")) traffic.drops++;
      else {
        traffic.packets++;
        traffic.octets += octets.length - (counter === "down.packets" ? room : 0);
      }
    }
  }

  /** Each session's record tells what the reference did. */
  checkTraffic(): void {
    for (const { handle, model } of this.entries) {
      const told = this.plane.table.traffic(handle);
      const packets = told.rxPackets + told.txPackets;
      const octets = told.rxOctets + told.txOctets;
      const expected = this.#expected.get(model) ?? { packets: 0, octets: 0, drops: 0 };
      assert.deepEqual({ packets, octets, drops: told.drops }, expected);
    }
  }

  close(): void {
    for (const { handle } of this.entries) this.plane.table.withdraw(handle);
  }

  /** The paths to some peers take no packed frames as long as others. */
  limit(): void {
    for (let tunnel = TUNNEL; tunnel < TUNNEL + PEERS.length; tunnel++) {
      const limit = this.random.chance(80) ? 0 : this.random.pick(1, 200, 700, 1400);
      const at = this.plane.worker + layout.WORKER_LIMITS + tunnel * 2;
      this.plane.view.setUint16(at, limit, true);
    }
  }

  /** Octets of the largest frame that may be packed for the session's tunnel. */
  limitOf({ tunnelId }: ModelSession): number {
    const at = this.plane.worker + layout.WORKER_LIMITS + tunnelId * 2;
    return this.plane.view.getUint16(at, true) || 0xffff;
  }

  entry(): Entry {
    return this.entries[this.random.below(this.entries.length)] as Entry;
  }

  /** A client of the session and a host far away, of the same family. */
  pair({ model }: Entry): Pair {
    const { random } = this;
    const isV6 = model.prefix !== undefined && (model.address === undefined || random.chance(50));
    const host = random.below(HOSTS.length);
    if (!isV6) {
      return { source: model.address ?? [10, 9, 9, 9], destination: HOSTS[host] ?? [] };
    }
    const rest = [0, 0, 0, 0, 0, 0, 0, 1 + random.below(3)];
    return { source: [...(model.prefix ?? []), ...rest], destination: HOSTS6[host] ?? [] };
  }

  flow(pair: Pair, wildness: number, wish: Wish): Flow {
    return new Flow(this.random, pair, wildness, wish);
  }

  #session(index: number, isSequenced: boolean): Entry {
    const { random } = this;
    const peer = PEERS[index % PEERS.length] as Sender;
    const ids = { tunnelId: TUNNEL + (index % PEERS.length), sessionId: 8 + index };
    const peerIds = { peerTunnelId: 0x1234, peerSessionId: 0x5600 + index };
    const name = encodeSockaddr(peer.address, peer.port, peer.family);
    const control = encodePktinfo(peer.address.includes(":") ? "2001:db8:99::1" : "192.0.2.1");
    const handle = this.plane.table.publish({ ...ids, ...peerIds, name, control });
    assert.ok(handle);
    if (isSequenced) this.plane.table.sequence(handle);
    const shared = { network: index % 5 === 3 ? 1 : 0, mtu: random.pick(1280, 1400, 1460, 1500) };
    const ppp = { acfc: random.chance(this.compressed), pfc: random.chance(this.compressed) };
    const address = index % 7 === 4 ? undefined : [10, 64, index, 1];
    const prefix = index % 7 === 3 ? undefined : [0x20, 1, 0x0d, 0xb8, 0, 0x64, 0, index];
    const number = (octets: number[]) => new DataView(Uint8Array.from(octets).buffer);
    const wish = {
      ...(address && { address: number(address).getUint32(0) }),
      ...(prefix && { prefix6: number(prefix).getBigUint64(0) }),
    };
    assert.ok(this.plane.table.forward(handle, { ...shared, ...ppp, ...wish }));
    const model = { ...ids, ...peerIds, ...shared, ...ppp, address, prefix, name: [...name] };
    return { handle, peer, model: isSequenced ? { ...model, sequence: { ns: 0 } } : model };
  }
}

/** Fails with the place and the octets of the first difference. */
export function assertSame(
  actual: readonly Uint8Array[],
  expected: readonly Uint8Array[],
  what: string,
): void {
  const length = Math.max(actual.length, expected.length);
  for (let index = 0; index < length; index++) {
    const [a, e] = [actual[index], expected[index]];
    if (a !== undefined && e !== undefined && Buffer.compare(a, e) === 0) continue;
    const place = a && e ? a.findIndex((octet, at) => e[at] !== octet) : 0;
    const text = (octets: Uint8Array | undefined) =>
      octets && `${octets.length}: ${Buffer.from(octets).toString("hex").slice(0, 240)}`;
    const [got, wanted] = [actual.length, expected.length];
    const where = `octet ${place} of ${index}, ${got} instead of ${wanted} in all`;
    assert.equal(text(a), text(e), `${what}: ${where}`);
    assert.fail(`${what}: ${where}`);
  }
}

/** What of the counters changed by `work`, without the octets. */
export function countedBy(plane: Plane, work: () => void): Record<string, number> {
  const before = plane.counters();
  work();
  const changes = Object.entries(plane.counters()).map(
    ([name, count]) => [name, count - (before[name] ?? 0)] as const,
  );
  return Object.fromEntries(changes.filter(([name, n]) => n !== 0 && !name.endsWith(".octets")));
}

export function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
