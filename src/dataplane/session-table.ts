/**
 * The session and route records, as the control thread writes them.
 *
 * A record is complete before it is published and withdrawn before it is reused. Frames that wait
 * in the inject ring still refer to a record that is being withdrawn: it stays findable by them
 * until the worker has passed their place in the ring. Records are reused oldest first, each time
 * with a new generation.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import { RECORDS_RESTING } from "../limits.ts";
import type { Forwarding } from "./memory.ts";
import type { InjectRing } from "./rings.ts";

export interface SessionAddressing {
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly peerTunnelId: number;
  readonly peerSessionId: number;
  /** sockaddr of the peer. */
  readonly name: Uint8Array;
  /** Control message with the address to send from. */
  readonly control: Uint8Array;
}

export interface SessionForwarding {
  /** Index of the virtual network. */
  readonly network: number;
  /** IPv4 address of the peer inside, as a number. */
  readonly address: number;
  /** Octets of the largest IP packet to the peer. */
  readonly mtu: number;
  /** What the peer lets us leave out of the PPP header (RFC 1661 6.5, 6.6). */
  readonly acfc: boolean;
  readonly pfc: boolean;
}

export interface SessionTraffic {
  readonly rxPackets: number;
  readonly rxOctets: number;
  readonly txPackets: number;
  readonly txOctets: number;
  readonly drops: number;
}

/** Names a record for as long as the session lives. */
export interface SessionHandle {
  readonly index: number;
  readonly generation: number;
}

const BITS_LENGTH = 0x4002; // L set, Ver 2: a data message with a Length field
const BITS_LENGTH_SEQUENCE = 0x4802; // S too: with Ns and Nr
const HEADER_SIZE = 8;
const HEADER_SIZE_SEQUENCE = 12;
const PPP_IPV4 = 0x0021;

export class SessionTable {
  readonly #memory: WebAssembly.Memory;
  readonly #view: DataView;
  readonly #octets: Uint8Array;
  readonly #forwarding: Forwarding;
  readonly #inject: InjectRing;
  readonly #withdrawn: { index: number; position: number }[] = [];
  readonly #free: Freelist = new Freelist(layout.SESSION_COUNT);

  constructor(memory: WebAssembly.Memory, forwarding: Forwarding, inject: InjectRing) {
    this.#memory = memory;
    this.#view = new DataView(memory.buffer);
    this.#octets = new Uint8Array(memory.buffer);
    this.#forwarding = forwarding;
    this.#inject = inject;
  }

  /** Publishes a session for PPP control frames only; `undefined` when the table is full. */
  publish(addressing: SessionAddressing): SessionHandle | undefined {
    this.#reclaim();
    const index = this.#free.take();
    if (index === undefined) return undefined;
    const record = recordAt(index);
    const generation = (this.#view.getUint32(record + layout.SESSION_GENERATION, true) + 1) >>> 0;
    this.#octets.fill(0, record, record + layout.SESSION_SIZE);
    const set = (field: number, value: number) => this.#view.setUint32(record + field, value, true);
    set(layout.SESSION_GENERATION, generation);
    set(layout.SESSION_KEY, ((addressing.tunnelId << 16) | addressing.sessionId) >>> 0);
    set(layout.SESSION_HEADER_LENGTH, HEADER_SIZE);
    const prefix = record + layout.SESSION_PREFIX;
    this.#view.setUint16(prefix, BITS_LENGTH);
    this.#view.setUint16(prefix + 4, addressing.peerTunnelId);
    this.#view.setUint16(prefix + 6, addressing.peerSessionId);
    set(layout.SESSION_NAME_LENGTH, addressing.name.length);
    this.#octets.set(addressing.name, record + layout.SESSION_NAME);
    set(layout.SESSION_CONTROL_LENGTH, addressing.control.length);
    this.#octets.set(addressing.control, record + layout.SESSION_CONTROL);
    this.#setState(record, layout.SESSION_STATE_PUNT);
    if (!this.#forwarding.insertSession(index)) {
      this.#setState(record, layout.SESSION_STATE_FREE);
      this.#free.give(index);
      return undefined;
    }
    return { index, generation };
  }

  /** Every data message carries Ns from here on. Only before the first frame was injected. */
  sequence(handle: SessionHandle): void {
    const record = recordAt(handle.index);
    this.#view.setUint16(record + layout.SESSION_PREFIX, BITS_LENGTH_SEQUENCE);
    this.#view.setUint32(record + layout.SESSION_HEADER_LENGTH, HEADER_SIZE_SEQUENCE, true);
    this.#view.setUint32(record + layout.SESSION_SEQUENCED, 1, true);
  }

  /** Lets IP packets through, both ways. False when the route table is full at that place. */
  forward(handle: SessionHandle, forwarding: SessionForwarding): boolean {
    const record = recordAt(handle.index);
    const set = (field: number, value: number) => this.#view.setUint32(record + field, value, true);
    set(layout.SESSION_NETWORK, forwarding.network);
    set(layout.SESSION_ADDRESS, forwarding.address);
    set(layout.SESSION_MTU, forwarding.mtu);
    set(layout.SESSION_PREFIX_LENGTH, this.#writePppHeader(record, forwarding));
    this.#setState(record, layout.SESSION_STATE_FORWARD);

    // A session has one route, in the route record of the same index.
    const route = routeAt(handle.index);
    this.#view.setUint32(route + layout.ROUTE_NETWORK, forwarding.network, true);
    this.#view.setUint32(route + layout.ROUTE_ADDRESS, forwarding.address, true);
    this.#view.setUint32(route + layout.ROUTE_SESSION, handle.index, true);
    this.#view.setUint32(route + layout.ROUTE_GENERATION, handle.generation, true);
    if (this.#forwarding.insertRoute(handle.index)) return true;
    this.#setState(record, layout.SESSION_STATE_PUNT);
    return false;
  }

  /** Back to PPP control frames only. */
  hold(handle: SessionHandle): void {
    const record = recordAt(handle.index);
    if (this.#view.getUint32(record + layout.SESSION_STATE, true) !== layout.SESSION_STATE_FORWARD)
      return;
    this.#forwarding.removeRoute(handle.index);
    this.#setState(record, layout.SESSION_STATE_PUNT);
  }

  /** Takes the session away from the worker; frames injected before still go out. */
  withdraw(handle: SessionHandle): void {
    this.hold(handle);
    this.#forwarding.removeSession(handle.index);
    this.#withdrawn.push({ index: handle.index, position: this.#inject.head });
    this.#reclaim();
  }

  traffic(handle: SessionHandle): SessionTraffic {
    const record = recordAt(handle.index);
    const read = (field: number) => Number(this.#view.getBigUint64(record + field, true));
    return {
      rxPackets: read(layout.SESSION_RX_PACKETS),
      rxOctets: read(layout.SESSION_RX_OCTETS),
      txPackets: read(layout.SESSION_TX_PACKETS),
      txOctets: read(layout.SESSION_TX_OCTETS),
      drops: read(layout.SESSION_DROPS),
    };
  }

  /** Completes the prefix; returns its length. */
  #writePppHeader(record: number, { acfc, pfc }: SessionForwarding): number {
    const at = this.#view.getUint32(record + layout.SESSION_HEADER_LENGTH, true);
    const header = [
      ...(acfc ? [] : [0xff, 0x03]),
      ...(pfc ? [] : [PPP_IPV4 >> 8]),
      PPP_IPV4 & 0xff,
    ];
    this.#octets.set(header, record + layout.SESSION_PREFIX + at);
    return at + header.length;
  }

  /** Frees the records whose last injected frame the worker has passed. */
  #reclaim(): void {
    for (let first = this.#withdrawn[0]; first !== undefined; first = this.#withdrawn[0]) {
      if (!this.#inject.hasPassed(first.position)) return;
      this.#withdrawn.shift();
      this.#setState(recordAt(first.index), layout.SESSION_STATE_FREE);
      this.#free.give(first.index);
    }
  }

  #setState(record: number, state: number): void {
    Atomics.store(new Uint32Array(this.#memory.buffer, record + layout.SESSION_STATE, 1), 0, state);
  }
}

/** Indices 1 to `count`; one that was given back rests until many others were. */
class Freelist {
  readonly #count: number;
  #unused = 1;
  #resting: number[] = [];
  #next = 0;

  constructor(count: number) {
    this.#count = count;
  }

  take(): number | undefined {
    const rested = this.#resting.length - this.#next > RECORDS_RESTING;
    if (!rested && this.#unused <= this.#count) return this.#unused++;
    const index = this.#resting[this.#next];
    if (index === undefined) return undefined;
    if (++this.#next === RECORDS_RESTING) {
      this.#resting = this.#resting.slice(this.#next);
      this.#next = 0;
    }
    return index;
  }

  give(index: number): void {
    this.#resting.push(index);
  }
}

function recordAt(index: number): number {
  return layout.SESSION_RECORDS + index * layout.SESSION_SIZE;
}

function routeAt(index: number): number {
  return layout.ROUTE_RECORDS + index * layout.ROUTE_SIZE;
}
