/**
 * From devices to peers, whole turns of a worker: buffers of any octets behind any virtio header, and
 * packets and super-packets such as hosts send, to sessions that are shaped, numbered, of a small MTU,
 * of another worker; what waits is released later.
 *
 * @module
 */
import * as layout from "../../../assembly/layout.ts";
import { Octets } from "../octets.ts";
import type { Target } from "../target.ts";
import { downward } from "./ends.ts";
import { same, WasmExecutor } from "./executor.ts";
import { Output } from "./output.ts";
import { Shape } from "./packets.ts";
import { WISHES, World } from "./world.ts";

const READS_MAX = 24;
const TRAIL = 64;
const MORE_MAX = 6_000;
/** Calls that one batch may need: each sends something. */
const CALLS_MAX = 10_000;
const TYPES = [
  layout.VIRTIO_NONE,
  layout.VIRTIO_TCPV4,
  layout.VIRTIO_TCPV6,
  layout.VIRTIO_UDP,
  layout.VIRTIO_TCPV4 | layout.VIRTIO_ECN,
];
/** One of them for each packet that is neither cut nor kept. */
export const DOWN_COUNTERS = [
  ...[layout.COUNT_DOWN_PACKETS, layout.COUNT_DOWN_NOT_IP, layout.COUNT_DOWN_IP_HEADER],
  ...[layout.COUNT_DOWN_NO_ROUTE, layout.COUNT_DOWN_NOT_ROUTABLE, layout.COUNT_DOWN_NOT_OPEN],
  ...[layout.COUNT_DOWN_TOO_BIG, layout.COUNT_DOWN_SHAPED, layout.COUNT_DOWN_POOL_FULL],
  ...[layout.COUNT_DOWN_HANDED, layout.COUNT_DOWN_HANDED_FULL],
];

/** What readv fills, turn by turn. */
export class Downward {
  readonly #world: World;
  readonly #output: Output;
  #reads = 0;
  #given = 0;
  #frames = 0;
  /** Whether something may have become more than one packet. */
  #isCut = false;
  #now = 1_000;

  /** Whether others change packets and records meanwhile: then counters need not add up. */
  readonly #isAttacked: boolean;

  constructor(world: World, output: Output, isAttacked = false) {
    this.#world = world;
    this.#output = output;
    this.#isAttacked = isAttacked;
  }

  run(input: Uint8Array): void {
    const program = new Octets(input);
    const world = this.#world;
    const first = program.next();
    world.reset(first & 15);
    world.set(layout.CONTROL_STEER, (first >> 4) & 1);
    [this.#reads, this.#given, this.#frames, this.#isCut] = [0, 0, 0, false];
    this.#now = 1_000;
    while (program.left > 0) this.#step(program);
    this.#turn(0, 0);
    this.#release(() => world.forwarding.flush(world.worker));
    this.#check();
    world.checkGuards();
    if (!this.#isAttacked) world.checkReasons();
  }

  #step(program: Octets): void {
    const kind = program.next();
    if (kind % 8 === 7) {
      this.#turn((kind >> 3) & 3, program.next());
      this.#now += program.next();
      this.#world.at(this.#now);
      const { forwarding, worker } = this.#world;
      if ((kind & 32) !== 0) this.#release(() => forwarding.release(worker));
    } else if (kind % 8 === 6) this.#change(program, kind);
    else if (kind % 8 < 2) this.#raw(program);
    else this.#packet(program, kind);
  }

  /** Any octets behind any virtio header. */
  #raw(program: Octets): void {
    const virtio = program.take(layout.VIRTIO_SIZE);
    this.#isCut ||= virtio[layout.VIRTIO_TYPE] !== layout.VIRTIO_NONE;
    this.#read(virtio, program.take(program.next()));
  }

  /** A packet for a session, or a super-packet with more octets than the program has. */
  #packet(program: Octets, kind: number): void {
    const index = program.next() % WISHES.length;
    const ends = downward(index, program.next());
    const more = (kind & 8) === 0 ? 0 : program.u16() % MORE_MAX;
    const shape = new Shape(program, ends, more);
    const virtio = new Uint8Array(layout.VIRTIO_SIZE);
    if ((kind & 16) !== 0) {
      const type = (kind & 32) === 0 ? this.#typeOf(shape) : (TYPES[program.next() % 5] ?? 0);
      const view = new DataView(virtio.buffer);
      virtio[layout.VIRTIO_FLAGS] = layout.VIRTIO_NEEDS_CHECKSUM;
      virtio[layout.VIRTIO_TYPE] = (kind & 64) === 0 ? type : layout.VIRTIO_NONE;
      view.setUint16(layout.VIRTIO_SEGMENT, program.u16(), true);
      view.setUint16(layout.VIRTIO_CHECKSUM_START, shape.ipHeader, true);
      view.setUint16(layout.VIRTIO_CHECKSUM_OFFSET, shape.checksumOffset, true);
      if ((kind & 128) !== 0) virtio[program.next() % layout.VIRTIO_SIZE] = program.next();
      this.#isCut ||= virtio[layout.VIRTIO_TYPE] !== layout.VIRTIO_NONE;
    }
    this.#read(virtio, shape.packet(0));
  }

  #typeOf(shape: Shape): number {
    if (shape.protocol !== 6) return layout.VIRTIO_UDP;
    return shape.isIpv6 ? layout.VIRTIO_TCPV6 : layout.VIRTIO_TCPV4;
  }

  /** What the control thread may change between two turns, or within one that is not done. */
  #change(program: Octets, kind: number): void {
    const index = program.next() % WISHES.length;
    const record = layout.SESSION_RECORDS + (index + 1) * layout.SESSION_SIZE;
    if ((kind & 8) !== 0) this.#world.set(record + layout.SESSION_MTU, program.u16());
    if ((kind & 16) !== 0) {
      this.#world.set(record + layout.SESSION_SHAPE_RATE, program.u16() * program.next());
    }
    if ((kind & 32) !== 0) {
      this.#world.set(record + layout.SESSION_FLAGS, program.u16());
    }
    if ((kind & 64) !== 0) {
      this.#world.set(this.#world.worker + layout.WORKER_LIMITS, program.u16() << 16);
    }
  }

  #read(virtio: Uint8Array, packet: Uint8Array): void {
    if (this.#reads === READS_MAX) this.#turn(0, 0);
    const world = this.#world;
    const at = world.worker + layout.WORKER_READ + this.#reads * layout.BUFFER_SIZE;
    const start = at + layout.BUFFER_HEADROOM;
    const taken = packet.subarray(0, layout.BUFFER_CAPACITY);
    world.octets.set(virtio, start - layout.VIRTIO_SIZE);
    world.octets.set(taken, start);
    const end = start + taken.length;
    world.octets.fill(0, end, Math.min(end + TRAIL, start + layout.BUFFER_CAPACITY));
    const offloads = world.get(world.worker + layout.WORKER_OFFLOADS);
    const before = (offloads & layout.OFFLOAD_VIRTIO) === 0 ? 0 : layout.VIRTIO_SIZE;
    const lengths = world.worker + layout.WORKER_READ_LENGTHS;
    world.set(lengths + this.#reads * 4, before + taken.length);
    this.#reads++;
    this.#given++;
  }

  #turn(network: number, plain: number): void {
    const reads = this.#reads;
    this.#reads = 0;
    this.turn(network, reads, plain);
    this.#check();
  }

  /** One call of encapsulate after the other, until all is done; of one message its frames again. */
  turn(network: number, reads: number, plain = 0): void {
    const world = this.#world;
    const { forwarding, worker } = world;
    let calls = 0;
    do {
      const count = forwarding.encapsulate(worker, network, reads);
      this.#frames += this.#output.checkMessages(count, true);
      this.#output.checkErrors();
      if (plain !== 0) this.#plain(count, plain);
      if (calls++ === CALLS_MAX) throw new Error("it does not end");
    } while (world.get(worker + layout.WORKER_DOWN_REST) !== layout.REST_NONE);
  }

  #plain(count: number, plain: number): void {
    const { forwarding, worker } = this.#world;
    const message = plain % (count + 1);
    const frames = forwarding.plain(worker, message, plain >> 7);
    const at = worker + layout.WORKER_SEND + layout.SEND_MESSAGES + message * layout.MESSAGE_SIZE;
    const octets = message < count ? this.#world.get(at + layout.MESSAGE_LENGTH) : 0;
    const again = this.#output.checkPlain(frames);
    if (!this.#isAttacked) same(again, octets, "octets of frames that go once more");
  }

  #release(call: () => number): void {
    const world = this.#world;
    let calls = 0;
    do {
      this.#frames += this.#output.checkMessages(call(), true);
      if (calls++ === CALLS_MAX) throw new Error("it does not end");
    } while (world.get(world.worker + layout.WORKER_RELEASE_REST) !== 0);
  }

  #check(): void {
    if (this.#isAttacked) return;
    const world = this.#world;
    same(world.count(layout.COUNT_DOWN_PACKETS), this.#frames, "frames of messages");
    const isWhole = world.count(layout.COUNT_DOWN_FRAGMENTED) === 0 && !this.#isCut;
    if (!isWhole) return;
    const accounted = world.count(...DOWN_COUNTERS) + this.#waiting();
    same(accounted, this.#given, "packets that are accounted for");
  }

  /** Frames that wait for their shaper. */
  #waiting(): number {
    const world = this.#world;
    const shapers = world.sessions.map(({ index }) => layout.SHAPERS + index * layout.SHAPER_SIZE);
    return shapers.reduce((sum, at) => sum + world.get(at + layout.SHAPER_FRAMES), 0);
  }
}

const SEEDS = [
  "0f 02 00 00 01 00 10 000102030405060708090a0b0c0d0e0f 07 00 00",
  "0f 1a 00 00 2000 00 00 04 01020304 0500 07 00 00",
  "0f 1a 00 80 2000 01 00 04 01020304 0500 07 00 00",
  "0f 12 03 00 01 00 10 000102030405060708090a0b0c0d0e0f 0000 0f 00 00",
  "08 0a 01 00 0400 01 00 04 01020304 07 00 00",
  "08 0a 02 00 0400 01 00 04 01020304 0a 02 00 0400 01 00 04 01020304 0a 02 00 0400 01 00 00 27 00 60",
  "0f 0a 00 00 0800 05 00 4000 04 01020304 07 00 00",
  "01 00 00000000000000000000 14 4500001400000000401100000a4000020a400003",
  "0f 02 09 00 01 00 04 01020304 02 0a 00 01 00 04 01020304 02 08 00 01 00 04 01020304 17 00 00",
].map((hex) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex")));

const OTHERS = [
  ...["coalesce", "decapsulate", "deliver", "echo", "flows", "hold", "inject", "police", "punt"],
  ...["sequence", "switch", "writes", "ring", "vectors", "chain"],
].map((file) => `assembly/forward/${file}.ts`);

export const encapsulateTarget: Target = {
  name: "wasm-encapsulate",
  kind: "WebAssembly",
  lengthMax: 1_024,
  seeds: () => SEEDS,
  open: async () => {
    const world = new World(["assembly/forward/", "assembly/ip/"], OTHERS);
    const downward = new Downward(world, new Output(world));
    return new WasmExecutor(world.branches, (input) => downward.run(input));
  },
};
