// A data plane without a kernel: what recvmmsg and readv would write is written by hand, what
// sendmmsg and writev would take is read back. `BASE` is a made-up address.
import * as layout from "../../../assembly/layout.ts";
import { readCounters } from "../../../src/dataplane/counters.ts";
import {
  createMemory,
  type Forwarding,
  instantiate,
  workerAt,
} from "../../../src/dataplane/memory.ts";
import {
  type HandedDatagram,
  HandedRing,
  InjectRing,
  PuntRing,
} from "../../../src/dataplane/rings.ts";
import {
  type SessionForwarding,
  type SessionHandle,
  SessionTable,
} from "../../../src/dataplane/session-table.ts";
import { encodePktinfo, encodeSockaddr } from "../../../src/linux/sockaddr.ts";
import { ipv4 } from "../../../src/net.ts";
import { cut, parseVirtio, split } from "../../reference/offload.ts";
import type { Message, Read, Received, Sender, Write } from "./seen.ts";

export type * from "./seen.ts";

export const NETWORKS = 4;
export const BASE = 0x7000_0000_0000n;
export const FORWARDING = { network: 0, mtu: 1400, acfc: false, pfc: false } as const;
export const NO_OFFLOADS = 0;
export const ALL_OFFLOADS =
  layout.OFFLOAD_VIRTIO | layout.OFFLOAD_TSO | layout.OFFLOAD_USO | layout.OFFLOAD_GSO;

const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;
const CMSG_HEADER = 16;

let defaultOffloads = NO_OFFLOADS;

/** What planes have from here on that are told nothing else. */
export function offloadByDefault(offloads: number): void {
  defaultOffloads = offloads;
}

export class Plane {
  readonly memory: WebAssembly.Memory;
  readonly octets: Uint8Array;
  readonly view: DataView;
  readonly worker: number;
  readonly forwarding: Forwarding;
  readonly punt: PuntRing;
  readonly handed: HandedRing;
  readonly handedOver: HandedDatagram[] = [];
  readonly inject: InjectRing;
  readonly table: SessionTable;
  /** Messages of sessions that are switched, since the beginning. */
  readonly switched: Message[] = [];
  /** Echo-Replies that the worker has sent, since the beginning. */
  readonly echoes: Message[] = [];
  /** Errors about packets that were too large, since the beginning. */
  readonly errors: Uint8Array[] = [];
  /** How often the writes or the messages were too few for a batch. */
  readonly rests = { up: 0, down: 0 };
  #offloads = NO_OFFLOADS;

  /** With a memory of another plane: a further worker over it. */
  constructor(worker = 0, offloads = defaultOffloads, memory = createMemory()) {
    this.memory = memory;
    this.octets = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.forwarding = instantiate(memory);
    this.worker = workerAt(worker);
    this.offload(offloads);
    this.view.setUint32(this.worker + layout.WORKER_NETWORKS, NETWORKS, true);
    this.punt = new PuntRing(this.memory, this.worker + layout.WORKER_PUNT);
    this.handed = new HandedRing(this.memory, this.worker + layout.WORKER_HANDED);
    this.inject = new InjectRing(this.memory, this.worker + layout.WORKER_INJECT);
    this.table = new SessionTable(this.memory, this.forwarding, () => this.inject);
  }

  /** The worker starts again with these offloads. */
  offload(offloads: number): void {
    this.#offloads = offloads;
    this.forwarding.layoutWorker(this.worker, BASE, offloads);
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

  /** Datagrams from the network side of the tunnel; returns the packets that TUN devices see. */
  up(
    datagrams: readonly Uint8Array[],
    from: Sender = { address: "192.0.2.9", port: 1701 },
  ): { network: number; packet: Uint8Array }[] {
    const writes = this.receive(datagrams.map((octets) => ({ octets, sender: from })));
    return writes.flatMap(({ network, virtio, packet }) => {
      const packets = virtio === undefined ? [packet] : cut(parseVirtio(virtio), packet);
      return packets.map((packet) => ({ network, packet }));
    });
  }

  /** One batch from the network side of the tunnel; returns what is written to TUN devices. */
  receive(batch: readonly Received[]): Write[] {
    batch.forEach((received, index) => {
      this.#putReceived(received, index);
    });
    return this.#decapsulate(batch.length);
  }

  #decapsulate(received: number): Write[] {
    const writes = this.#deliver(() => this.forwarding.decapsulate(this.worker, received));
    this.forwarding.resetReceived(this.worker, received);
    const take = () => this.handed.take();
    for (let one = take(); one !== undefined; one = take()) this.handedOver.push(one);
    return writes;
  }

  /** Frames that were held for too long; or all that are. */
  releaseHeld(isAll = false): Write[] {
    return this.#deliver(() => this.forwarding.releaseHeld(this.worker, isAll ? 1 : 0));
  }

  /** Calls again for as long as writes are too few. */
  #deliver(call: () => number): Write[] {
    const writes: Write[] = [];
    for (;;) {
      const count = call();
      if (count > layout.WRITE_COUNT) throw new Error(`${count} writes`);
      for (let index = 0; index < count; index++) writes.push(this.#write(index));
      const messages = this.view.getUint32(this.worker + layout.WORKER_DOWN_MESSAGES, true);
      const switched = this.#messages(this.worker + layout.WORKER_SEND, messages);
      this.#checkSegments(switched);
      this.switched.push(...switched);
      const echoes = this.view.getUint32(this.worker + layout.WORKER_ECHOES, true);
      this.echoes.push(...this.#messages(this.worker + layout.WORKER_ECHO_SEND, echoes));
      if (this.view.getUint32(this.worker + layout.WORKER_UP_REST, true) === 0) return writes;
      this.rests.up++;
    }
  }

  /** As recvmmsg does. */
  #putReceived({ octets, sender, segment, tos }: Received, index: number): void {
    const message = this.worker + layout.WORKER_RECEIVE + index * layout.MMSGHDR_SIZE;
    const vector = this.#offset(message + layout.MMSGHDR_VECTOR);
    const room = Number(this.view.getBigUint64(vector + layout.IOVEC_LENGTH, true));
    this.octets.set(octets.subarray(0, room), this.#offset(vector + layout.IOVEC_BASE));
    this.view.setUint32(message + layout.MMSGHDR_LENGTH, octets.length, true);
    this.view.setInt32(message + layout.MMSGHDR_FLAGS, sender.flags ?? 0, true);
    const name = this.#offset(message + layout.MMSGHDR_NAME);
    this.octets.set(encodeSockaddr(sender.address, sender.port, sender.family), name);
    const control = this.#offset(message + layout.MMSGHDR_CONTROL);
    const isV6 = sender.address.includes(":");
    const controls: [level: number, type: number, octets: bigint, value: number][] = [];
    if (segment !== undefined) controls.push([SOL_UDP, UDP_GRO, 20n, segment]);
    if (tos !== undefined) controls.push(isV6 ? [41, 67, 20n, tos] : [0, 1, 17n, tos]);
    const inAll = BigInt(controls.length * 24);
    this.view.setBigUint64(message + layout.MMSGHDR_CONTROL_LENGTH, inAll, true);
    controls.forEach(([level, type, length, value], place) => {
      const at = control + place * 24;
      this.view.setBigUint64(at, length, true);
      [level, type, value].forEach((word, index) => {
        this.view.setInt32(at + 8 + index * 4, word, true);
      });
    });
  }

  #write(index: number): Write {
    const write = this.worker + layout.WORKER_WRITES + index * layout.WRITE_SIZE;
    const count = this.view.getUint32(write + layout.WRITE_VECTOR_COUNT, true);
    if (count > layout.WRITE_VECTORS_MAX) throw new Error(`${count} vectors in a write`);
    const octets = this.#gather(write + layout.WRITE_VECTORS, count);
    const network = this.view.getUint32(write + layout.WRITE_NETWORK, true);
    const virtio = (this.#offloads & layout.OFFLOAD_VIRTIO) === 0 ? 0 : layout.VIRTIO_SIZE;
    return {
      network,
      virtio: virtio === 0 ? undefined : octets.slice(0, virtio),
      packet: octets.slice(virtio),
      vectors: count,
    };
  }

  /** Packets from a TUN device; returns the datagrams that the peers see. */
  down(packets: readonly Uint8Array[], network = 0): Message[] {
    return this.read(
      packets.map((packet) => ({ packet })),
      network,
    ).flatMap((message) =>
      split(message.datagram, message.segment).map((datagram) => ({
        ...message,
        datagram,
        segment: 0,
      })),
    );
  }

  /** One batch from a TUN device; returns the messages that would be sent. */
  read(packets: readonly Read[], network = 0): Message[] {
    packets.forEach((packet, index) => {
      this.#putRead(packet, index);
    });
    return this.#encapsulate(packets.length, network);
  }

  #encapsulate(packets: number, network: number): Message[] {
    const messages: Message[] = [];
    for (;;) {
      const count = this.forwarding.encapsulate(this.worker, network, packets);
      messages.push(...this.#messages(this.worker + layout.WORKER_SEND, count));
      this.#checkSegments(messages.slice(messages.length - count));
      this.#takeErrors();
      if (this.view.getUint32(this.worker + layout.WORKER_DOWN_REST, true) === 0) break;
      this.rests.down++;
    }
    return messages;
  }

  /** What other threads have handed over: what comes of it both ways. */
  takeHanded(): { writes: Write[]; messages: Message[] } {
    const writes: Write[] = [];
    const messages: Message[] = [];
    const word = (field: number) => this.view.getUint32(this.worker + field, true);
    for (;;) {
      const taken = this.forwarding.takeHanded(this.worker);
      if (taken === 0) return { writes, messages };
      const isUp = word(layout.WORKER_TAKEN_KIND) === layout.HANDED_DATAGRAM;
      if (isUp) writes.push(...this.#decapsulate(taken));
      else messages.push(...this.#encapsulate(taken, word(layout.WORKER_TAKEN_NETWORK)));
    }
  }

  /** What would be written to the device. */
  #takeErrors(): void {
    const waiting = this.view.getUint32(this.worker + layout.WORKER_ERRORS_WAITING, true);
    const virtio = (this.#offloads & layout.OFFLOAD_VIRTIO) === 0 ? 0 : layout.VIRTIO_SIZE;
    for (let index = 0; index < waiting; index++) {
      const error = this.worker + layout.WORKER_ERRORS + index * layout.ERROR_SIZE;
      const octets = this.#gather(error + layout.ERROR_VECTOR, 1);
      if (octets.subarray(0, virtio).some((octet) => octet !== 0)) throw new Error("not plain");
      this.errors.push(octets.slice(virtio));
    }
  }

  /** The number of frames of a message is what is counted when it gets lost. */
  #checkSegments(messages: readonly Message[]): void {
    messages.forEach(({ datagram, segment }, index) => {
      const at = this.worker + layout.WORKER_SEND + layout.SEND_MESSAGES;
      const field = at + index * layout.MESSAGE_SIZE + layout.MESSAGE_SEGMENTS;
      const told = this.view.getUint32(field, true);
      const frames = split(datagram, segment).length;
      if (told !== frames) throw new Error(`${frames} frames in a message that tells ${told}`);
    });
  }

  /** As readv does. */
  #putRead({ virtio, packet }: Read, index: number): void {
    const hasVirtio = (this.#offloads & layout.OFFLOAD_VIRTIO) !== 0;
    const header = hasVirtio ? (virtio ?? new Uint8Array(layout.VIRTIO_SIZE)) : new Uint8Array(0);
    const vector = this.worker + layout.WORKER_READ_VECTORS + index * layout.IOVEC_SIZE;
    const at = this.#offset(vector + layout.IOVEC_BASE);
    this.octets.set(header, at);
    this.octets.set(packet, at + header.length);
    const length = this.worker + layout.WORKER_READ_LENGTHS + index * 4;
    this.view.setUint32(length, header.length + packet.length, true);
  }

  /** The frames of message `index`, which the kernel refused. */
  plain(index: number, isNever = 0): Message[] {
    const count = this.forwarding.plain(this.worker, index, isNever);
    return this.#messages(this.worker + layout.WORKER_PLAIN, count);
  }

  /** The time of the next calls, milliseconds. */
  at(now: number): void {
    this.view.setFloat64(this.worker + layout.WORKER_NOW, now * 1_000, true);
  }

  /** Frames whose time has come; or all that wait. */
  release(isAll = false): Message[] {
    const { forwarding, worker } = this;
    const messages: Message[] = [];
    do {
      const count = isAll ? forwarding.flush(worker) : forwarding.release(worker);
      messages.push(...this.#messages(worker + layout.WORKER_SEND, count));
    } while (this.view.getUint32(worker + layout.WORKER_RELEASE_REST, true) !== 0);
    return messages;
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

  #messages(headers: number, count: number): Message[] {
    return Array.from({ length: count }, (_, index) => {
      const message = headers + index * layout.MMSGHDR_SIZE;
      const name = this.#offset(message + layout.MMSGHDR_NAME);
      const nameLength = this.view.getUint32(message + layout.MMSGHDR_NAME_LENGTH, true);
      const vectors = Number(this.view.getBigUint64(message + layout.MMSGHDR_VECTOR_COUNT, true));
      return {
        datagram: this.#gather(this.#offset(message + layout.MMSGHDR_VECTOR), vectors),
        name: this.octets.slice(name, name + nameLength),
        vectors,
        ...this.#control(message),
      };
    });
  }

  /** The control messages that are not UDP_SEGMENT, and what that one says. */
  #control(message: number): { control: Uint8Array; segment: number } {
    const at = this.#offset(message + layout.MMSGHDR_CONTROL);
    const length = Number(this.view.getBigUint64(message + layout.MMSGHDR_CONTROL_LENGTH, true));
    const others: number[] = [];
    let segment = 0;
    for (let next = at; next < at + length; ) {
      const octets = Number(this.view.getBigUint64(next, true));
      if (octets < CMSG_HEADER || next + octets > at + length) throw new Error("broken cmsg");
      const end = Math.min(next + Math.ceil(octets / 8) * 8, at + length);
      const level = this.view.getInt32(next + 8, true);
      const isSegment = level === SOL_UDP && this.view.getInt32(next + 12, true) === UDP_SEGMENT;
      if (isSegment) segment = this.view.getUint16(next + CMSG_HEADER, true);
      else others.push(...this.octets.subarray(next, end));
      next = end;
    }
    return { control: Uint8Array.from(others), segment };
  }

  /** What vectors point at; throws when one leaves the memory. */
  #gather(vectors: number, count: number): Uint8Array {
    const parts = Array.from({ length: count }, (_, index) => {
      const vector = vectors + index * layout.IOVEC_SIZE;
      const at = this.#offset(vector + layout.IOVEC_BASE);
      const length = Number(this.view.getBigUint64(vector + layout.IOVEC_LENGTH, true));
      if (at + length > layout.MEMORY_SIZE) throw new Error("vector leaves the memory");
      return this.octets.subarray(at, at + length);
    });
    const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #offset(at: number): number {
    const offset = Number(this.view.getBigUint64(at, true) - BASE);
    if (offset <= 0 || offset >= layout.MEMORY_SIZE) throw new Error("address leaves the memory");
    return offset;
  }
}
