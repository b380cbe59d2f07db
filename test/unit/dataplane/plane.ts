// A data plane without a kernel: what recvmmsg and readv would write is written by hand, what
// sendmmsg and writev would take is read back. `BASE` is a made-up address of the memory.
import * as layout from "../../../assembly/layout.ts";
import { readCounters } from "../../../src/dataplane/counters.ts";
import { createMemory, instantiate, workerAt } from "../../../src/dataplane/memory.ts";
import { InjectRing, PuntRing } from "../../../src/dataplane/rings.ts";
import {
  type SessionForwarding,
  type SessionHandle,
  SessionTable,
} from "../../../src/dataplane/session-table.ts";
import { encodePktinfo, encodeSockaddr, type Family } from "../../../src/linux/sockaddr.ts";
import { ipv4, ipv6 } from "../../../src/net.ts";

export const NETWORKS = 4;
export const BASE = 0x7000_0000_0000n;
export const FORWARDING = { network: 0, mtu: 1400, acfc: false, pfc: false } as const;

/** Whom a batch comes from, and how recvmmsg would flag it. */
export interface Sender {
  readonly address: string;
  readonly port: number;
  readonly flags?: number;
  readonly family?: Family | undefined;
}

export class Plane {
  readonly memory = createMemory();
  readonly octets = new Uint8Array(this.memory.buffer);
  readonly view = new DataView(this.memory.buffer);
  readonly worker: number;
  readonly forwarding = instantiate(this.memory);
  readonly punt: PuntRing;
  readonly inject: InjectRing;
  readonly table: SessionTable;

  constructor(worker = 0) {
    this.worker = workerAt(worker);
    this.forwarding.layoutWorker(this.worker, BASE);
    this.view.setUint32(this.worker + layout.WORKER_NETWORKS, NETWORKS, true);
    this.punt = new PuntRing(this.memory, this.worker + layout.WORKER_PUNT);
    this.inject = new InjectRing(this.memory, this.worker + layout.WORKER_INJECT);
    this.table = new SessionTable(this.memory, this.forwarding, this.inject);
  }

  /**
   * A session of 192.0.2.9:1701 with peer ids one above ours; forwards when it has an address or a
   * prefix.
   */
  session(
    tunnelId: number,
    sessionId: number,
    address?: string,
    more: Partial<SessionForwarding> = {},
  ): SessionHandle {
    const handle = this.table.publish({
      tunnelId,
      sessionId,
      peerTunnelId: tunnelId + 1,
      peerSessionId: sessionId + 1,
      name: encodeSockaddr("192.0.2.9", 1701),
      control: encodePktinfo("192.0.2.1"),
    });
    if (handle === undefined) throw new Error("session table is full");
    const wish = address === undefined ? more : { address: ipv4(address), ...more };
    if (Object.keys(wish).length > 0) this.table.forward(handle, { ...FORWARDING, ...wish });
    return handle;
  }

  /** One batch from the network side of the tunnel; returns the packets written to TUN devices. */
  up(
    datagrams: readonly Uint8Array[],
    from: Sender = { address: "192.0.2.9", port: 1701 },
  ): { network: number; packet: Uint8Array }[] {
    const batch = this.worker + layout.WORKER_RECEIVE;
    datagrams.forEach((datagram, index) => {
      const message = batch + layout.BATCH_HEADERS + index * layout.MMSGHDR_SIZE;
      const vector = this.#offset(message + layout.MMSGHDR_VECTOR);
      const slot = this.#offset(vector + layout.IOVEC_BASE);
      this.octets.set(datagram.subarray(0, layout.SLOT_CAPACITY), slot);
      this.view.setUint32(message + layout.MMSGHDR_LENGTH, datagram.length, true);
      this.view.setInt32(message + layout.MMSGHDR_FLAGS, from.flags ?? 0, true);
      const name = this.#offset(message + layout.MMSGHDR_NAME);
      this.octets.set(encodeSockaddr(from.address, from.port, from.family), name);
    });
    const packets = this.forwarding.decapsulate(this.worker, datagrams.length);
    this.forwarding.resetReceive(batch, datagrams.length);
    return Array.from({ length: packets }, (_, index) => ({
      network: this.view.getUint8(this.worker + layout.WORKER_TUN_NETWORKS + index),
      packet: this.#read(this.worker + layout.WORKER_TUN_VECTORS + index * layout.IOVEC_SIZE),
    }));
  }

  /** One batch from a TUN device; returns the datagrams that would be sent. */
  down(packets: readonly Uint8Array[], network = 0): Message[] {
    packets.forEach((packet, index) => {
      const vector = this.worker + layout.WORKER_READ_VECTORS + index * layout.IOVEC_SIZE;
      this.octets.set(packet, this.#offset(vector + layout.IOVEC_BASE));
      const length = this.worker + layout.WORKER_READ_LENGTHS + index * 4;
      this.view.setUint32(length, packet.length, true);
    });
    const count = this.forwarding.encapsulate(this.worker, network, packets.length);
    return this.#messages(this.worker + layout.WORKER_SEND, count);
  }

  /** What the worker sends of the inject ring in one go. */
  sendInjected(): Message[] {
    const count = this.forwarding.inject(this.worker);
    const messages = this.#messages(this.worker + layout.WORKER_INJECT_SEND, count);
    this.forwarding.releaseInjected(this.worker);
    return messages;
  }

  counters(): Record<string, number> {
    const all = Object.entries(readCounters(this.memory, this.worker));
    return Object.fromEntries(all.filter(([, count]) => count > 0));
  }

  #messages(batch: number, count: number): Message[] {
    return Array.from({ length: count }, (_, index) => {
      const message = batch + layout.BATCH_HEADERS + index * layout.MMSGHDR_SIZE;
      const name = this.#offset(message + layout.MMSGHDR_NAME);
      const nameLength = this.view.getUint32(message + layout.MMSGHDR_NAME_LENGTH, true);
      const control = this.#offset(message + layout.MMSGHDR_CONTROL);
      const controlAt = message + layout.MMSGHDR_CONTROL_LENGTH;
      const controlLength = Number(this.view.getBigUint64(controlAt, true));
      return {
        datagram: this.#read(this.#offset(message + layout.MMSGHDR_VECTOR)),
        name: this.octets.slice(name, name + nameLength),
        control: this.octets.slice(control, control + controlLength),
      };
    });
  }

  /** What a vector points at; throws when it leaves the memory. */
  #read(vector: number): Uint8Array {
    const at = this.#offset(vector + layout.IOVEC_BASE);
    const length = Number(this.view.getBigUint64(vector + layout.IOVEC_LENGTH, true));
    if (at + length > layout.MEMORY_SIZE) throw new Error("vector leaves the memory");
    return this.octets.slice(at, at + length);
  }

  #offset(at: number): number {
    const offset = Number(this.view.getBigUint64(at, true) - BASE);
    if (offset <= 0 || offset >= layout.MEMORY_SIZE) throw new Error("address leaves the memory");
    return offset;
  }
}

export interface Message {
  readonly datagram: Uint8Array;
  readonly name: Uint8Array;
  readonly control: Uint8Array;
}

/** An IPv4 packet with a right header checksum and `payload` octets of counted payload. */
export function packet(source: string, destination: string, payload = 40): Uint8Array {
  const octets = new Uint8Array(20 + payload).map((_, index) => index & 0xff);
  const view = new DataView(octets.buffer);
  view.setUint32(0, 0x4500_0000 + octets.length);
  view.setUint32(4, 0);
  view.setUint32(8, 0x4011_0000);
  view.setUint32(12, ipv4(source));
  view.setUint32(16, ipv4(destination));
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(10, ~sum & 0xffff);
  return octets;
}

/** An IPv6 packet with `payload` octets of counted payload, UDP unless it is said. */
export function packet6(
  source: string,
  destination: string,
  payload = 40,
  nextHeader = 17,
): Uint8Array {
  const octets = new Uint8Array(40 + payload).map((_, index) => index & 0xff);
  const view = new DataView(octets.buffer);
  view.setUint32(0, 0x6000_0000);
  view.setUint16(4, payload);
  view.setUint8(6, nextHeader);
  view.setUint8(7, 64);
  octets.set(ipv6(source), 8);
  octets.set(ipv6(destination), 24);
  return octets;
}

/** The upper half of an IPv6 address as a number: the /64 that it is in. */
export function prefix6(address: string): bigint {
  return new DataView(ipv6(address).buffer).getBigUint64(0);
}

/** A data message with Length field around a PPP frame. */
export function dataMessage(tunnelId: number, sessionId: number, frame: Uint8Array): Uint8Array {
  const octets = new Uint8Array(8 + frame.length);
  const view = new DataView(octets.buffer);
  view.setUint16(0, 0x4002);
  view.setUint16(2, octets.length);
  view.setUint16(4, tunnelId);
  view.setUint16(6, sessionId);
  octets.set(frame, 8);
  return octets;
}

export function pppFrame(information: Uint8Array, header = [0xff, 0x03, 0x00, 0x21]): Uint8Array {
  return Uint8Array.of(...header, ...information);
}

/** Octets before an IPv6 packet in a PPP frame. */
export const PPP_IPV6 = [0xff, 0x03, 0x00, 0x57];

/** A client of tests, and a host that it talks to. */
export const CLIENT = "10.64.0.2";
export const HOST = "203.0.113.7";
export const CLIENT6 = "2001:db8:64:2::5";
export const HOST6 = "2001:db8:8::1";

/** A data message of session 8 in tunnel 7. */
export function message(inner: Uint8Array): Uint8Array {
  return dataMessage(7, 8, pppFrame(inner));
}

export function message6(inner: Uint8Array): Uint8Array {
  return dataMessage(7, 8, pppFrame(inner, PPP_IPV6));
}

/** What that session's client may send. */
export function good(): Uint8Array {
  return message(packet(CLIENT, HOST));
}
