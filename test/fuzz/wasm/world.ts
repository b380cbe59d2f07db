/**
 * What the data plane is fuzzed in: a memory with sessions of every kind, and one worker. Each input
 * finds it as it was at the beginning.
 *
 * @module
 */
import * as layout from "../../../assembly/layout.ts";
import type { CodecExports } from "../../../src/codec/load.ts";
import { type Forwarding, workerAt } from "../../../src/dataplane/memory.ts";
import { writeNetworks } from "../../../src/dataplane/networks.ts";
import { InjectRing } from "../../../src/dataplane/rings.ts";
import {
  type SessionForwarding,
  type SessionHandle,
  SessionTable,
} from "../../../src/dataplane/session-table.ts";
import { encodePktinfo, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { ipv4 } from "../../../src/net.ts";
import { type Area, Guards, gapsOfMemory, unusedOfMemory } from "./guards.ts";
import { Branches, compileMarked, DATAPLANE } from "./module.ts";

/** Where the memory is for the kernel: its lower half is 0, so that the lower word is the place. */
const BASE = 0x7000_0000_0000n;
const BASE_UPPER = 0x7000;
const PAGE = 65_536;
const PAGES = Math.ceil(layout.MEMORY_SIZE / PAGE);
const REACHED = PAGES * PAGE;
const NETWORKS = 3;

/** Peers by address: of each family one. */
export const SENDERS = ["192.0.2.9", "2001:db8:99::9"].map((address) => {
  const name = new Uint8Array(layout.SOCKADDR_MAX);
  name.set(encodeSockaddr(address, 1701));
  return { address, name };
});

export interface Wish extends Partial<SessionForwarding> {
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly sender?: number;
  /** A peer that we are the LAC of. */
  readonly follows?: true;
  /** Magic-Number of our end. */
  readonly magic?: number;
  readonly isClosed?: true;
}

/** Tunnel 6 is another worker's, tunnel 7 is one's that is not. */
export const WISHES: readonly Wish[] = [
  { tunnelId: 1, sessionId: 1 },
  { tunnelId: 1, sessionId: 2, sequenced: true, mtu: 576 },
  { tunnelId: 2, sessionId: 1, rateUp: 30_000, rateDown: 30_000 },
  { tunnelId: 2, sessionId: 2, network: 1, routes: ["10.99.0.0/16", "2001:db8:99:8000::/50"] },
  { tunnelId: 3, sessionId: 1, magic: 0x1122_3344, isClosed: true },
  { tunnelId: 3, sessionId: 2, isClosed: true },
  { tunnelId: 4, sessionId: 1, sequenced: true, isClosed: true },
  { tunnelId: 4, sessionId: 2, isClosed: true },
  { tunnelId: 5, sessionId: 1, network: 2, everything: true, sender: 1 },
  { tunnelId: 6, sessionId: 1 },
  { tunnelId: 7, sessionId: 1 },
  { tunnelId: 1, sessionId: 3, sender: 1, acfc: true, pfc: true, follows: true, rateDown: 90_000 },
];
/** Session 5 and 6 of these are switched to one another; 7 had a partner. */
const SWITCHED = [5, 6, 7] as const;

export class World {
  readonly memory: WebAssembly.Memory;
  readonly octets: Uint8Array;
  readonly words: Uint32Array;
  readonly view: DataView;
  readonly worker = workerAt(0);
  readonly forwarding: Forwarding & CodecExports;
  readonly branches: Branches;
  readonly sessions: readonly SessionHandle[];
  readonly table: SessionTable;
  readonly #kept: readonly { at: number; octets: Uint8Array }[];
  readonly #guards: Guards;

  /** Branches count that are in `files` and not in `others`. */
  constructor(files: readonly string[], others: readonly string[]) {
    const module = compileMarked(DATAPLANE);
    this.memory = new WebAssembly.Memory({ initial: PAGES + 1, maximum: PAGES + 1, shared: true });
    this.octets = new Uint8Array(this.memory.buffer);
    this.words = new Uint32Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    const reached = new WebAssembly.Global({ value: "i32" }, REACHED);
    const instance = new WebAssembly.Instance(module, { env: { memory: this.memory, reached } });
    this.forwarding = instance.exports as unknown as Forwarding & CodecExports;
    this.branches = new Branches(module, this.memory, REACHED, files, others);
    this.words.set([0, 0, 0, 0, 0, 0, 1, 9], layout.CONTROL_OWNERS / 4);
    for (const index of [0, 1]) {
      this.forwarding.layoutWorker(workerAt(index), BASE, 0);
      this.set(workerAt(index) + layout.WORKER_NETWORKS, NETWORKS);
    }
    const treatment = { gateway: "10.64.0.1", pool6: ["2001:db8:64::/48"], mssClamp: true };
    writeNetworks(this.memory, [
      { ...treatment, dscp: 0, ecn: false },
      { ...treatment, dscp: "copy", ecn: true },
      { ...treatment, dscp: 46, ecn: false, mssClamp: false, pool6: [] },
    ]);
    const inject = new InjectRing(this.memory, this.worker + layout.WORKER_INJECT);
    this.table = new SessionTable(this.memory, this.forwarding, () => inject);
    this.sessions = WISHES.map((wish, index) => this.#publish(wish, index));
    const [one, other, left] = SWITCHED.map((index) => this.session(index));
    if (one === undefined || other === undefined || left === undefined) throw new Error("sessions");
    this.table.switch(one, other);
    this.table.switch(left, left);
    this.table.unswitch(left);
    this.#guards = new Guards(this.memory, gapsOfMemory(), unusedOfMemory());
    this.#kept = this.#changing().map(({ at, end }) => ({
      at,
      octets: this.octets.slice(at, end),
    }));
  }

  session(index: number): SessionHandle | undefined {
    return this.sessions[index % this.sessions.length];
  }

  /** As it was at the beginning, but for the numbers of calls, by which tables of a call are told. */
  reset(offloads: number): void {
    const { worker } = this;
    const growing = [layout.WORKER_UP_CALL, layout.WORKER_DOWN_CALL, layout.WORKER_POOL_EPOCH];
    const numbers = growing.map((field) => this.get(worker + field));
    for (const { at, octets } of this.#kept) this.octets.set(octets, at);
    for (const [i, field] of growing.entries()) this.set(worker + field, (numbers[i] ?? 0) + 1);
    // Super-packets are told of in virtio headers.
    const isSuper = (offloads & (layout.OFFLOAD_TSO | layout.OFFLOAD_USO)) !== 0;
    const virtio = isSuper ? layout.OFFLOAD_VIRTIO : 0;
    this.set(worker + layout.WORKER_OFFLOADS, offloads | virtio);
    this.at(1_000);
  }

  /** The time of the next calls, milliseconds. */
  at(now: number): void {
    this.view.setFloat64(this.worker + layout.WORKER_NOW, now * 1_000, true);
    this.set(layout.CONTROL_SECOND, Math.floor(now / 1_000));
  }

  get(at: number): number {
    return this.words[at / 4] ?? 0;
  }

  set(at: number, value: number): void {
    this.words[at / 4] = value;
  }

  /** Since the beginning of this input. */
  count(...counters: readonly number[]): number {
    const first = this.worker + layout.WORKER_COUNTERS;
    return counters.reduce((sum, counter) => sum + this.get(first + counter * 8), 0);
  }

  /** The place of an address of the kernel. */
  place(at: number): number {
    if (this.get(at + 4) !== BASE_UPPER)
      throw new Error(`no address: ${this.view.getBigUint64(at, true)}`);
    return this.get(at);
  }

  /** Copies what `count` vectors point at, each within one of `areas`; octets copied. */
  gather(vectors: number, count: number, areas: readonly Area[], to: Uint8Array): number {
    let length = 0;
    for (let vector = vectors; vector < vectors + count * layout.IOVEC_SIZE; ) {
      const at = this.place(vector + layout.IOVEC_BASE);
      const octets = this.get(vector + layout.IOVEC_LENGTH);
      if (this.get(vector + layout.IOVEC_LENGTH + 4) !== 0) throw new Error("vector of 4 GiB");
      if (!areas.some((area) => at >= area.at && at + octets <= area.end)) {
        throw new Error(`vector of ${octets} at ${at} is in no area`);
      }
      to.set(this.octets.subarray(at, at + octets), length);
      length += octets;
      vector += layout.IOVEC_SIZE;
    }
    return length;
  }

  /** Nothing was written outside of a region. */
  checkGuards(): void {
    this.#guards.check();
    const { worker } = this;
    const bounds = [
      [layout.WORKER_DOWN_HEADERS, layout.HEADERS_SIZE],
      [layout.WORKER_POOL_USED, layout.POOL_COUNT],
      [layout.WORKER_HELD_USED, layout.HOLD_COUNT],
    ] as const;
    for (const [field, most] of bounds) {
      const used = this.get(worker + field);
      if (used > most) throw new Error(`${used} are used, of ${most}`);
    }
  }

  /** What a session's drops say in all, and by reason. */
  checkReasons(): void {
    for (const { index } of this.sessions) {
      const record = layout.SESSION_RECORDS + index * layout.SESSION_SIZE;
      let sum = 0;
      for (let reason = 0; reason < layout.SESSION_REASON_COUNT; reason++) {
        sum += this.get(record + layout.SESSION_REASONS + reason * 4);
      }
      const drops = this.get(record + layout.SESSION_DROPS);
      if (sum !== drops) throw new Error(`session ${index} has ${drops} drops, ${sum} reasons`);
    }
  }

  #publish(wish: Wish, index: number): SessionHandle {
    const { tunnelId, sessionId, sender = 0, follows, magic = 0, isClosed } = wish;
    const { address } = SENDERS[sender] ?? { address: "" };
    const handle = this.table.publish({
      tunnelId,
      sessionId,
      peerTunnelId: 0x1000 + tunnelId,
      peerSessionId: 0x2000 + index,
      name: encodeSockaddr(address, 1701),
      control: encodePktinfo(sender === 0 ? "192.0.2.1" : "2001:db8:99::1"),
    });
    if (handle === undefined) throw new Error("no session");
    if (follows) this.table.follow(handle);
    if (isClosed) {
      if (wish.sequenced) this.table.sequence(handle);
      this.table.answerEcho(handle, magic);
      const record = layout.SESSION_RECORDS + handle.index * layout.SESSION_SIZE;
      this.set(record + layout.SESSION_MTU, 1_400);
      return handle;
    }
    const usual = { network: 0, mtu: 1_400, acfc: false, pfc: false };
    const own = {
      address: ipv4(`10.64.0.${index + 2}`),
      prefix6: 0x2001_0db8_0064_0000n + BigInt(index),
    };
    this.table.forward(handle, { ...usual, ...own, ...wish });
    return handle;
  }

  /** What calls change, but for what is valid only when something here says so. */
  #changing(): Area[] {
    const size = (at: number, octets: number) => ({ at, end: at + octets });
    const { worker } = this;
    const records = this.sessions.length + 1;
    const rings = [layout.WORKER_PUNT, layout.WORKER_INJECT, layout.WORKER_HANDED];
    const handovers = Array.from({ length: layout.PRODUCER_COUNT }, (_, producer) =>
      size(
        worker + layout.WORKER_HANDOVERS + producer * layout.HANDOVER_SIZE,
        layout.HANDOVER_OCTETS,
      ),
    );
    return [
      size(worker, layout.WORKER_RECEIVE),
      size(worker + layout.WORKER_WHEEL, layout.WHEEL_COUNT * 4),
      size(worker + layout.WORKER_LIMITS, 64),
      ...rings.map((ring) => size(worker + ring, layout.RING_ENTRIES)),
      ...handovers,
      size(workerAt(1) + layout.WORKER_HANDOVERS, layout.HANDOVER_OCTETS),
      size(layout.SESSION_RECORDS, records * layout.SESSION_SIZE),
      size(layout.SHAPERS, records * layout.SHAPER_SIZE),
      size(layout.CONTROL_STEER, 4),
    ];
  }
}
