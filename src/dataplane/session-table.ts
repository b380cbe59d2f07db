/**
 * The session and route records, as the control thread writes them.
 *
 * A record is complete before it is published and withdrawn before it is reused. Frames that wait
 * in the inject ring still refer to a record that is being withdrawn: it stays findable by them
 * until the worker has passed their place in the ring. Records are reused oldest first, after a
 * rest, each time with a new generation.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import { readReasons } from "./counters.ts";
import { Freelist } from "./freelist.ts";
import type { Forwarding } from "./memory.ts";
import { PrefixTable } from "./prefix-table.ts";
import type { InjectRing } from "./rings.ts";
import { RouteTable } from "./route-table.ts";
import type {
  QueueSteering,
  SessionAddressing,
  SessionForwarding,
  SessionHandle,
  SessionTraffic,
} from "./session.ts";
import { readLong, recordAt } from "./words.ts";

export type * from "./session.ts";

/** The inject ring of the worker that a session belongs to. */
export type InjectOf = (tunnelId: number, sessionId: number) => InjectRing;

const BITS_LENGTH = 0x4002; // L set, Ver 2: a data message with a Length field
const BITS_LENGTH_SEQUENCE = 0x4802; // S too: with Ns and Nr
const HEADER_SIZE = 8;
const NUMBERS_SIZE = 4;
/** The worker writes the other protocol's last octet over it where it has to. */
const PPP_IPV4 = 0x0021;
const SECOND_MS = 1_000;
const U32_MAX = 0xffff_ffffn;
const WORD_BITS = 32n;
/** Where a socket address has its port, two octets of it. */
const PORT = 2;

export class SessionTable {
  readonly #memory: WebAssembly.Memory;
  readonly #words: Uint32Array;
  readonly #longs: BigUint64Array;
  readonly #view: DataView;
  readonly #octets: Uint8Array;
  readonly #forwarding: Forwarding;
  readonly #injectOf: InjectOf;
  readonly #routes: RouteTable;
  readonly #withdrawn: { index: number; inject: InjectRing; position: number }[] = [];
  readonly #prefixes: PrefixTable;
  /** Subnets that a session did not get: another one has them, or the table is full. */
  refusedRoutes = 0;
  readonly #free: Freelist = new Freelist(layout.SESSION_COUNT);
  /** As of the last `setTime`. */
  #now = 0;

  /** `steering` by index of the network; none where the kernel chooses. */
  constructor(
    memory: WebAssembly.Memory,
    forwarding: Forwarding,
    injectOf: InjectOf,
    steering: readonly QueueSteering[] = [],
  ) {
    this.#memory = memory;
    this.#words = new Uint32Array(memory.buffer);
    this.#longs = new BigUint64Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    this.#octets = new Uint8Array(memory.buffer);
    this.#forwarding = forwarding;
    this.#routes = new RouteTable(memory, forwarding, steering);
    this.#prefixes = new PrefixTable(memory, forwarding);
    this.#injectOf = injectOf;
  }

  /** To be told each turn: the workers know what second it is; `now` in milliseconds. */
  setTime(now: number): void {
    this.#now = now;
    const second = Math.floor(now / SECOND_MS);
    if (this.#read32(layout.CONTROL_SECOND) !== second) {
      this.#store32(layout.CONTROL_SECOND, second);
    }
  }

  /** Publishes a session for PPP control frames only; `undefined` when the table is full. */
  publish(addressing: SessionAddressing): SessionHandle | undefined {
    this.#reclaim();
    const index = this.#free.take(this.#now);
    if (index === undefined) return undefined;
    const record = recordAt(index);
    const generation = (this.#view.getUint32(record + layout.SESSION_GENERATION, true) + 1) >>> 0;
    this.#octets.fill(0, record, record + layout.SESSION_SIZE);
    const set = (field: number, value: number) => this.#view.setUint32(record + field, value, true);
    set(layout.SESSION_GENERATION, generation);
    set(layout.SESSION_KEY, ((addressing.tunnelId << 16) | addressing.sessionId) >>> 0);
    for (const [field, bits] of [
      [layout.SESSION_PREFIX, BITS_LENGTH],
      [layout.SESSION_PREFIX_NUMBERED, BITS_LENGTH_SEQUENCE],
    ] as const) {
      this.#view.setUint16(record + field, bits);
      this.#view.setUint16(record + field + 4, addressing.peerTunnelId);
      this.#view.setUint16(record + field + 6, addressing.peerSessionId);
    }
    set(layout.SESSION_NAME_LENGTH, addressing.name.length);
    this.#octets.set(addressing.name, record + layout.SESSION_NAME);
    set(layout.SESSION_CONTROL_LENGTH, addressing.control.length);
    this.#octets.set(addressing.control, record + layout.SESSION_CONTROL);
    this.#store32(record + layout.SESSION_STATE, layout.SESSION_STATE_USED);
    if (!this.#forwarding.insertSession(index)) {
      this.#store32(record + layout.SESSION_STATE, layout.SESSION_STATE_FREE);
      this.#free.give(index, this.#now);
      return undefined;
    }
    return { index, generation };
  }

  /**
   * Every data message carries Ns from here on, or none does; numbers go on where they were. Those
   * of the peer that have one go by it.
   */
  sequence({ index }: SessionHandle, isOn = true): void {
    const record = recordAt(index);
    this.#setFlag(record, layout.SESSION_SEQUENCED, isOn);
    if (isOn) this.#setFlag(record, layout.SESSION_REORDER, true);
  }

  /** Data messages carry Ns when the last one of the peer did: it is the LNS (RFC 2661 5.4). */
  follow({ index }: SessionHandle): void {
    this.#setFlag(recordAt(index), layout.SESSION_FOLLOWS | layout.SESSION_REORDER, true);
  }

  /**
   * What carries the session to its peer has this DSCP (RFC 3308), whatever is inside; without one
   * that of its network.
   */
  mark({ index }: SessionHandle, dscp: number | undefined): void {
    this.#store32(recordAt(index) + layout.SESSION_DSCP, dscp === undefined ? 0 : dscp + 1);
  }

  /**
   * Lets packets of the families that are named through, both ways, and of no other. May be called
   * again when a family comes or goes. False when a route table is full at that place: nothing
   * passes then.
   */
  forward(handle: SessionHandle, forwarding: SessionForwarding): boolean {
    const { network, mtu, address = 0, prefix6 = 0n, rateDown = 0, rateUp = 0 } = forwarding;
    const record = recordAt(handle.index);
    // What both families share does not change under a packet of the other one.
    if (this.#read32(record + layout.SESSION_NETWORK) !== network) this.hold(handle);
    this.#store32(record + layout.SESSION_NETWORK, network);
    this.#store32(record + layout.SESSION_MTU, mtu);
    if (!this.#isOpen(record)) {
      const second = this.#read32(layout.CONTROL_SECOND);
      this.#store32(record + layout.SESSION_HEARD, second);
      this.#store32(record + layout.SESSION_SENT, second);
    }
    this.#store32(record + layout.SESSION_SHAPE_RATE, rateDown);
    this.#store32(record + layout.SESSION_POLICE_RATE, rateUp);
    this.#setFlag(record, layout.SESSION_SHAPED, rateDown !== 0);
    this.#setFlag(record, layout.SESSION_POLICED, rateUp !== 0);
    if (forwarding.sequenced !== undefined) this.sequence(handle, forwarding.sequenced);
    const prefix = this.#writePppHeader(record, forwarding);
    this.#store32(record + layout.SESSION_PREFIX_LENGTH, prefix);
    if (
      this.#routes.setAddress(handle, network, address) &&
      this.#routes.setSubnet(handle, network, prefix6)
    ) {
      this.#setRoutes(handle, forwarding);
      this.#setEverything(handle, forwarding.everything === true ? network : undefined);
      return true;
    }
    this.hold(handle);
    return false;
  }

  /**
   * LCP is opened, and our end has this Magic-Number: Echo-Requests of the peer are answered where
   * they come in. With 0 they come to us, as before.
   */
  answerEcho(handle: SessionHandle, magic: number): void {
    const record = recordAt(handle.index);
    const flags = record + layout.SESSION_FLAGS;
    if (this.#read32(record + layout.SESSION_MAGIC) === magic) return;
    this.#store32(flags, this.#read32(flags) & ~layout.SESSION_ECHO);
    this.#store32(record + layout.SESSION_MAGIC, magic);
    if (magic !== 0) this.#store32(flags, this.#read32(flags) | layout.SESSION_ECHO);
  }

  /**
   * From here on every frame of either session goes on to the peer of the other, unopened: nothing of
   * them is forwarded to a device, answered, or comes to us.
   */
  switch(a: SessionHandle, b: SessionHandle): void {
    const second = this.#read32(layout.CONTROL_SECOND);
    for (const [own, other] of [
      [a, b],
      [b, a],
    ] as const) {
      this.hold(own);
      this.answerEcho(own, 0);
      const record = recordAt(own.index);
      this.#store32(record + layout.SESSION_HEARD, second);
      this.#store32(record + layout.SESSION_SENT, second);
      this.#store64(record + layout.SESSION_PARTNER, nameOf(other));
    }
    for (const { index } of [a, b]) this.#setFlag(recordAt(index), layout.SESSION_SWITCHED, true);
  }

  /** Ends that for both sessions: what comes in either is dropped and counted. */
  unswitch(handle: SessionHandle): void {
    const field = recordAt(handle.index) + layout.SESSION_PARTNER;
    const partner = this.#longs[field / 8] ?? 0n;
    if (partner === 0n) return;
    this.#store64(field, 0n);
    const back = recordAt(Number(partner & U32_MAX)) + layout.SESSION_PARTNER;
    if (this.#longs[back / 8] === nameOf(handle)) this.#store64(back, 0n);
  }

  /** Back to PPP control frames only. */
  hold(handle: SessionHandle): void {
    this.#setEverything(handle, undefined);
    this.#routes.setAddress(handle, 0, 0);
    this.#routes.setSubnet(handle, 0, 0n);
    this.#prefixes.clear(handle.index);
    this.#setFlag(recordAt(handle.index), layout.SESSION_ROUTED, false);
  }

  /**
   * The peer's port has changed. Only the first eight octets of a socket address hold it, so that
   * one store moves the session: no worker sees the half of it.
   *
   * @throws {RangeError} when anything else of the name would change
   */
  move(handle: SessionHandle, name: Uint8Array): void {
    const record = recordAt(handle.index);
    const at = record + layout.SESSION_NAME;
    const length = this.#read32(record + layout.SESSION_NAME_LENGTH);
    const isPort = (index: number) => index === PORT || index === PORT + 1;
    const isSame = (octet: number, index: number) =>
      isPort(index) || octet === this.#octets[at + index];
    if (name.length !== length || !name.every(isSame)) {
      throw new RangeError("only the port of a peer may change");
    }
    const view = new DataView(name.buffer, name.byteOffset, name.byteLength);
    this.#store64(at, view.getBigUint64(0, true));
  }

  /** Takes the session away from the worker; frames injected before still go out. */
  withdraw(handle: SessionHandle): void {
    this.unswitch(handle);
    this.hold(handle);
    this.#forwarding.removeSession(handle.index);
    const key = this.#read32(recordAt(handle.index) + layout.SESSION_KEY);
    const inject = this.#injectOf(key >>> 16, key & 0xffff);
    this.#withdrawn.push({ index: handle.index, inject, position: inject.head });
    this.#reclaim();
  }

  traffic(handle: SessionHandle): SessionTraffic {
    const record = recordAt(handle.index);
    // Not by the view: until it is compiled it reads octet by octet, under the hands of the worker.
    const read = (field: number) => readLong(this.#words, (record + field) / 4);
    return {
      rxPackets: read(layout.SESSION_RX_PACKETS),
      rxOctets: read(layout.SESSION_RX_OCTETS),
      txPackets: read(layout.SESSION_TX_PACKETS),
      txOctets: read(layout.SESSION_TX_OCTETS),
      drops: read(layout.SESSION_DROPS),
    };
  }

  /** Generation and counters, into `found` from `at`: of many sessions without garbage. */
  sample(handle: SessionHandle, found: Float64Array, at: number): void {
    const word = (recordAt(handle.index) + layout.SESSION_RX_PACKETS) / 4;
    found[at] = handle.generation;
    for (let field = 0; field < 4; field++)
      found[at + 1 + field] = readLong(this.#words, word + 2 * field);
    found[at + 5] = readLong(this.#words, (recordAt(handle.index) + layout.SESSION_DROPS) / 4);
  }

  /** Drops by reason; only those that there were. */
  reasons(handle: SessionHandle): Record<string, number> {
    return readReasons(this.#memory, recordAt(handle.index) + layout.SESSION_REASONS);
  }

  /** Beginning of the second in which the last packet came from the peer, or the session opened. */
  heardAt(handle: SessionHandle): number {
    return this.#read32(recordAt(handle.index) + layout.SESSION_HEARD) * SECOND_MS;
  }

  /** End of the second in which the last packet went either way. */
  activeAt(handle: SessionHandle): number {
    const sentAt = this.#read32(recordAt(handle.index) + layout.SESSION_SENT) * SECOND_MS;
    return Math.max(this.heardAt(handle), sentAt) + SECOND_MS;
  }

  /** Whether packets of any family may pass. */
  #isOpen(record: number): boolean {
    const subnet = this.#longs[(record + layout.SESSION_SUBNET) / 8];
    return this.#read32(record + layout.SESSION_ADDRESS) !== 0 || subnet !== 0n;
  }

  /** Completes the prefix; returns its length. */
  #writePppHeader(record: number, { acfc, pfc }: SessionForwarding): number {
    const header = [
      ...(acfc ? [] : [0xff, 0x03]),
      ...(pfc ? [] : [PPP_IPV4 >> 8]),
      PPP_IPV4 & 0xff,
    ];
    this.#octets.set(header, record + layout.SESSION_PREFIX + HEADER_SIZE);
    const numbered = record + layout.SESSION_PREFIX_NUMBERED + HEADER_SIZE + NUMBERS_SIZE;
    this.#octets.set(header, numbered);
    return HEADER_SIZE + header.length;
  }

  /** Frees the records whose last injected frame the worker has passed. */
  #reclaim(): void {
    for (let first = this.#withdrawn[0]; first !== undefined; first = this.#withdrawn[0]) {
      if (!first.inject.hasPassed(first.position)) return;
      this.#withdrawn.shift();
      this.#store32(recordAt(first.index) + layout.SESSION_STATE, layout.SESSION_STATE_FREE);
      this.#free.give(first.index, this.#now);
    }
  }

  /** What no other session of `network` has is this one's; or not any more. */
  #setEverything(handle: SessionHandle, network: number | undefined): void {
    const record = recordAt(handle.index);
    const own = nameOf(handle);
    const before = everythingAt(this.#read32(record + layout.SESSION_NETWORK));
    if (network === undefined && this.#longs[before / 8] === own) this.#store64(before, 0n);
    this.#setFlag(record, layout.SESSION_EVERYTHING, network !== undefined);
    if (network !== undefined) this.#store64(everythingAt(network), own);
  }

  /** Subnets of the families that are open. */
  #setRoutes(handle: SessionHandle, forwarding: SessionForwarding): void {
    const { network, address = 0, prefix6 = 0n, routes = [] } = forwarding;
    const open = routes.filter((route) => (route.includes(":") ? prefix6 !== 0n : address !== 0));
    if (open.length === 0 && this.#prefixes.count(handle.index) === 0) return;
    this.refusedRoutes += this.#prefixes.set(handle, network, open).length;
    const isRouted = this.#prefixes.count(handle.index) > 0;
    this.#setFlag(recordAt(handle.index), layout.SESSION_ROUTED, isRouted);
  }

  #setFlag(record: number, flag: number, isSet: boolean): void {
    const flags = this.#read32(record + layout.SESSION_FLAGS);
    this.#store32(record + layout.SESSION_FLAGS, isSet ? flags | flag : flags & ~flag);
  }

  #read32(at: number): number {
    return this.#words[at / 4] ?? 0;
  }

  #store32(at: number, value: number): void {
    Atomics.store(this.#words, at / 4, value);
  }

  #store64(at: number, value: bigint): void {
    Atomics.store(this.#longs, at / 8, value);
  }
}

/** As one word, so that one store changes both. */
function nameOf({ index, generation }: SessionHandle): bigint {
  return (BigInt(generation) << WORD_BITS) | BigInt(index);
}

function everythingAt(network: number): number {
  return layout.CONTROL_NETWORKS + network * layout.NETWORK_SIZE + layout.NETWORK_EVERYTHING;
}
