/**
 * What must hold of all that a worker gives to the kernel: vectors within the areas that packets lie
 * in, lengths that add up, frames and packets that are whole.
 *
 * @module
 */
import * as layout from "../../../assembly/layout.ts";
import { L2TP_VERSION } from "../../../assembly/records.ts";
import { same as mustBeSame } from "./executor.ts";
import type { Area } from "./guards.ts";
import type { World } from "./world.ts";

const VERSION_6 = 6;
/** What a Length field can say. */
const LENGTH_MAX = 65_535;
const OCTETS_MAX = LENGTH_MAX + layout.VIRTIO_SIZE;

export class Output {
  readonly #world: World;
  readonly #scratch = new Uint8Array(2 * OCTETS_MAX);
  readonly #view = new DataView(this.#scratch.buffer);
  /** Where packets, frames and their headers may lie. */
  readonly #areas: readonly Area[];
  readonly #echoes: readonly Area[];
  readonly #injected: readonly Area[];
  readonly #errors: readonly Area[];

  /** Whether others change packets meanwhile: then only where they lie is checked. */
  readonly #isAttacked: boolean;

  constructor(world: World, isAttacked = false) {
    this.#world = world;
    this.#isAttacked = isAttacked;
    const { worker } = world;
    const area = (from: number, end: number) => ({ at: worker + from, end: worker + end });
    const received = layout.WORKER_RECEIVE + layout.RECEIVE_BUFFERS;
    this.#areas = [
      area(received, layout.WORKER_WRITES),
      area(layout.WORKER_READ, layout.WORKER_SEND),
      area(layout.WORKER_SEND_HEADERS, layout.WORKER_PAIRS),
      area(layout.WORKER_HOLD + layout.SLOT_SIZE, layout.WORKER_HOLD_END),
      area(layout.WORKER_POOL + layout.SLOT_SIZE, layout.WORKER_WHEEL),
      area(layout.WORKER_WRITES, layout.WORKER_FLOWS),
    ];
    const slots = layout.WORKER_ECHO_SEND + layout.BATCH_SLOTS;
    this.#echoes = [area(slots, layout.WORKER_ECHO_SEND + layout.BATCH_SIZE)];
    const ring = layout.WORKER_INJECT + layout.RING_ENTRIES;
    this.#injected = [area(ring, layout.WORKER_INJECT + layout.RING_SIZE)];
    this.#errors = [area(layout.WORKER_ERRORS, layout.WORKER_ECHO_SEND)];
  }

  /** What is written to devices; how many packets it is. */
  checkWrites(count: number): number {
    const { worker } = this.#world;
    let packets = 0;
    for (let index = 0; index < count; index++) {
      packets += this.#checkWrite(worker + layout.WORKER_WRITES + index * layout.WRITE_SIZE);
    }
    if (count > layout.WRITE_COUNT) throw new Error(`${count} writes`);
    return packets;
  }

  #checkWrite(write: number): number {
    const world = this.#world;
    const vectors = world.get(write + layout.WRITE_VECTOR_COUNT);
    if (vectors > layout.WRITE_VECTORS_MAX) throw new Error(`${vectors} vectors in a write`);
    const octets = world.gather(write + layout.WRITE_VECTORS, vectors, this.#areas, this.#scratch);
    const virtio = this.#virtio();
    const length = world.get(write + layout.WRITE_LENGTH);
    this.#same(octets, virtio + length, "octets of a write");
    this.#checkPacket(virtio, length);
    const session = world.get(write + layout.WRITE_SESSION);
    const network = world.get(session + layout.SESSION_NETWORK);
    this.#same(world.get(write + layout.WRITE_NETWORK), network, "network of a write");
    this.#checkSource(session, virtio);
    const segments = world.get(write + layout.WRITE_SEGMENTS);
    const payload = length - world.get(write + layout.WRITE_HEADERS);
    const isPlain = virtio === 0 || this.#scratch[layout.VIRTIO_TYPE] === layout.VIRTIO_NONE;
    this.#same(isPlain, segments === 1, "a packet alone");
    if (isPlain) return 1;
    const segment = this.#view.getUint16(layout.VIRTIO_SEGMENT, true);
    this.#same(Math.ceil(payload / segment), segments, "segments");
    return segments;
  }

  #virtio(): number {
    const offloads = this.#world.get(this.#world.worker + layout.WORKER_OFFLOADS);
    return (offloads & layout.OFFLOAD_VIRTIO) === 0 ? 0 : layout.VIRTIO_SIZE;
  }

  /** A packet as a whole, `length` octets of it, lies at `at` of what was gathered. */
  #checkPacket(at: number, length: number): void {
    const version = (this.#scratch[at] ?? 0) >> 4;
    if (version === VERSION_6) {
      this.#same(this.#view.getUint16(at + 4) + 40, length, "octets of an IPv6 packet");
      return;
    }
    this.#same(version, 4, "IP version");
    this.#same(this.#view.getUint16(at + 2), length, "octets of an IPv4 packet");
    const header = ((this.#scratch[at] ?? 0) & 15) * 4;
    let sum = 0;
    for (let field = 0; field < header; field += 2) sum += this.#view.getUint16(at + field);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    this.#same(sum, 0xffff, "sum of an IPv4 header");
  }

  /** No packet leaves that has another's source. */
  #checkSource(session: number, at: number): void {
    const world = this.#world;
    const free = layout.SESSION_EVERYTHING | layout.SESSION_ROUTED;
    if ((world.get(session + layout.SESSION_FLAGS) & free) !== 0) return;
    if ((this.#scratch[at] ?? 0) >> 4 === VERSION_6) {
      const subnet = world.view.getBigUint64(session + layout.SESSION_SUBNET, true);
      this.#same(this.#view.getBigUint64(at + 8), subnet, "source");
    } else {
      this.#same(
        this.#view.getUint32(at + 12),
        world.get(session + layout.SESSION_ADDRESS),
        "source",
      );
    }
  }

  /** Messages of frames; `isPackets`: of IP packets each. How many frames there are. */
  checkMessages(count: number, isPackets: boolean): number {
    const { worker } = this.#world;
    if (count > layout.MESSAGE_COUNT) throw new Error(`${count} messages`);
    let frames = 0;
    for (let index = 0; index < count; index++) {
      const message =
        worker + layout.WORKER_SEND + layout.SEND_MESSAGES + index * layout.MESSAGE_SIZE;
      const header = worker + layout.WORKER_SEND + index * layout.MMSGHDR_SIZE;
      frames += this.#checkMessage(message, header, isPackets);
    }
    return frames;
  }

  #checkMessage(message: number, header: number, isPackets: boolean): number {
    const world = this.#world;
    const segments = world.get(message + layout.MESSAGE_SEGMENTS);
    const segment = world.get(message + layout.MESSAGE_SEGMENT);
    const octets = this.#checkHeader(header, layout.MESSAGE_CONTROL_SIZE, this.#areas);
    this.#same(octets, world.get(message + layout.MESSAGE_LENGTH), "octets of a message");
    // One by itself may be more than UDP carries: then the kernel refuses it.
    const most = segments === 1 ? LENGTH_MAX : layout.MESSAGE_OCTETS_MAX;
    if (octets > most) throw new Error(`${octets} octets in a message`);
    this.#same(Math.ceil(octets / segment), segments, "frames of a message");
    if (segments > layout.SEGMENTS_MAX) throw new Error(`${segments} frames in a message`);
    for (let at = 0; at < octets; at += segment) {
      const length = Math.min(segment, octets - at);
      const payload = this.checkFrame(at, length);
      if (isPackets) this.#checkDown(at, payload, length);
    }
    return segments;
  }

  /** An mmsghdr; its octets are gathered. */
  #checkHeader(header: number, controlMax: number, areas: readonly Area[]): number {
    const world = this.#world;
    world.place(header + layout.MMSGHDR_NAME);
    const name = world.get(header + layout.MMSGHDR_NAME_LENGTH);
    if (name > layout.SOCKADDR_MAX) throw new Error(`name of ${name} octets`);
    const control = world.get(header + layout.MMSGHDR_CONTROL_LENGTH);
    if (control > controlMax) throw new Error(`${control} octets of control messages`);
    const vectors = world.get(header + layout.MMSGHDR_VECTOR_COUNT);
    if (vectors > layout.MESSAGE_VECTORS_MAX) throw new Error(`${vectors} vectors in a message`);
    const first = world.place(header + layout.MMSGHDR_VECTOR);
    return world.gather(first, vectors, areas, this.#scratch);
  }

  /** An L2TP data message of so many octets; where its PPP frame is. */
  checkFrame(at: number, length: number): number {
    const bits = this.#view.getUint16(at);
    this.#same(bits & 0x800f, L2TP_VERSION, "T and Ver");
    let place = at + 2;
    if ((bits & 0x4000) !== 0) {
      this.#same(this.#view.getUint16(place), length, "Length of a frame");
      place += 2;
    }
    this.#same(this.#view.getUint16(place) >> 12, 1, "Tunnel ID of a peer");
    this.#same(this.#view.getUint16(place + 2) >> 12, 2, "Session ID of a peer");
    return place + 4 + ((bits & 0x0800) === 0 ? 0 : 4);
  }

  #checkDown(start: number, payload: number, length: number): void {
    let at = payload;
    if (this.#view.getUint16(at) === 0xff03) at += 2;
    if (this.#scratch[at] === 0) at++;
    const protocol = this.#scratch[at];
    at++;
    const isIpv6 = (this.#scratch[at] ?? 0) >> 4 === VERSION_6;
    this.#same(protocol, isIpv6 ? 0x57 : 0x21, "PPP protocol");
    this.#checkPacket(at, start + length - at);
  }

  #same(actual: unknown, expected: unknown, what: string): void {
    if (!this.#isAttacked) mustBeSame(actual, expected, what);
  }

  checkEchoes(count: number): void {
    this.#checkBatch(layout.WORKER_ECHO_SEND, count, this.#echoes);
  }

  checkInjected(count: number): void {
    this.#checkBatch(layout.WORKER_INJECT_SEND, count, this.#injected);
  }

  #checkBatch(batch: number, count: number, areas: readonly Area[]): void {
    if (count > layout.BATCH_COUNT) throw new Error(`${count} messages in a batch`);
    for (let index = 0; index < count; index++) {
      const header = this.#world.worker + batch + index * layout.MMSGHDR_SIZE;
      this.checkFrame(0, this.#checkHeader(header, layout.BATCH_CONTROL_SIZE, areas));
    }
  }

  /** Frames of a message that go once more, one by one. */
  checkPlain(count: number): number {
    let octets = 0;
    for (let index = 0; index < count; index++) {
      const header = this.#world.worker + layout.WORKER_PLAIN + index * layout.MMSGHDR_SIZE;
      const length = this.#checkHeader(header, layout.MESSAGE_CONTROL_SIZE, this.#areas);
      this.checkFrame(0, length);
      octets += length;
    }
    return octets;
  }

  /** ICMP errors for the device. */
  checkErrors(): void {
    const { worker } = this.#world;
    const count = this.#world.get(worker + layout.WORKER_ERRORS_WAITING);
    if (count > layout.ERROR_COUNT) throw new Error(`${count} errors`);
    for (let index = 0; index < count; index++) {
      const error = worker + layout.WORKER_ERRORS + index * layout.ERROR_SIZE;
      const octets = this.#world.gather(
        error + layout.ERROR_VECTOR,
        1,
        this.#errors,
        this.#scratch,
      );
      this.#checkPacket(this.#virtio(), octets - this.#virtio());
    }
  }
}
