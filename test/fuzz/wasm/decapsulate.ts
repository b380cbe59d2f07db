/**
 * From peers to devices, whole turns of a worker: messages of any octets, and such as peers send, in
 * GRO buffers of several sessions, with Ns, to sessions that are switched, policed, not open, of
 * another worker.
 *
 * @module
 */
import * as layout from "../../../assembly/layout.ts";
import { HandedRing, PuntRing } from "../../../src/dataplane/rings.ts";
import { Octets } from "../octets.ts";
import type { Target } from "../target.ts";
import { upward } from "./ends.ts";
import { same, WasmExecutor } from "./executor.ts";
import { Output } from "./output.ts";
import { Shape } from "./packets.ts";
import { SENDERS, WISHES, World } from "./world.ts";

const MESSAGES_MAX = 24;
/** Behind a message nothing of an earlier one is found. */
const TRAIL = 64;
const CMSG_SPACE = 24;
/** What UDP over IPv6 carries. */
const DATAGRAM_MAX = 65_527;
/** One of them for each datagram. */
export const UP_COUNTERS = [
  ...[layout.COUNT_UP_WRONG_PEER, layout.COUNT_UP_PPP, layout.COUNT_UP_NOT_OPEN],
  ...[layout.COUNT_UP_IP_HEADER, layout.COUNT_UP_SOURCE_ADDRESS, layout.COUNT_UP_OTHER_NETWORK],
  ...[layout.COUNT_UP_OWN_SUBNET, layout.COUNT_UP_TRUNCATED, layout.COUNT_UP_PUNT_FULL],
  ...[layout.COUNT_UP_PUNT_SHARE, layout.COUNT_UP_POLICED, layout.COUNT_UP_ECN],
  ...[layout.COUNT_UP_LATE, layout.COUNT_UP_ECHO_SHARE, layout.COUNT_UP_NO_PARTNER],
  ...[layout.COUNT_UP_PACKETS, layout.COUNT_UP_PUNTED, layout.COUNT_UP_MALFORMED],
  ...[layout.COUNT_UP_VERSION, layout.COUNT_UP_CONTROL, layout.COUNT_UP_NO_SESSION],
  ...[layout.COUNT_UP_CONTROL_FULL, layout.COUNT_UP_HANDED, layout.COUNT_UP_HANDED_FULL],
  ...[layout.COUNT_UP_ECHO, layout.COUNT_UP_SWITCHED],
];

/** What recvmmsg fills, turn by turn. */
export class Upward {
  readonly #world: World;
  readonly #output: Output;
  readonly #punt: PuntRing;
  readonly #handed: HandedRing;
  /** Messages that wait for a turn. */
  #messages = 0;
  /** Octets of each; sender of the last one. */
  readonly #lengths = new Uint32Array(MESSAGES_MAX);
  #sender = 0;
  /** Datagrams that were given, packets and frames that came out. */
  #given = 0;
  #packets = 0;
  #switched = 0;
  #punted = 0;
  #now = 1_000;

  /** Whether others change packets and records meanwhile: then counters need not add up. */
  readonly #isAttacked: boolean;

  constructor(world: World, output: Output, isAttacked = false) {
    this.#world = world;
    this.#output = output;
    this.#isAttacked = isAttacked;
    this.#punt = new PuntRing(world.memory, world.worker + layout.WORKER_PUNT);
    this.#handed = new HandedRing(world.memory, world.worker + layout.WORKER_HANDED);
  }

  run(input: Uint8Array): void {
    const program = new Octets(input);
    const world = this.#world;
    const first = program.next();
    world.reset(first & 15);
    world.set(layout.CONTROL_STEER, (first >> 4) & 1);
    [this.#messages, this.#given, this.#packets, this.#switched, this.#punted] = [0, 0, 0, 0, 0];
    this.#now = 1_000;
    while (program.left > 0) this.#step(program);
    this.#turn();
    this.#now += 100;
    world.at(this.#now);
    this.#release(1);
    world.checkGuards();
    if (!this.#isAttacked) world.checkReasons();
  }

  #step(program: Octets): void {
    const kind = program.next();
    if (this.#messages === MESSAGES_MAX || kind % 8 === 7) {
      this.#turn();
      this.#now += program.next();
      this.#world.at(this.#now);
      if ((kind & 8) !== 0) this.#release(kind & 16);
    } else if (kind % 8 < 2) this.#raw(program);
    else if (kind % 8 < 6) this.#frames(program, kind);
    else this.#told(program, kind);
  }

  /** A message of any octets. */
  #raw(program: Octets): void {
    const choice = program.next();
    this.#begin(choice & 1);
    this.#add(program.take((choice & 2) === 0 ? program.next() : program.u16()));
  }

  /** One or more data messages of a session, in a message of their own or behind the last one. */
  #frames(program: Octets, kind: number): void {
    const index = program.next() % WISHES.length;
    const { tunnelId, sessionId, sender = 0 } = WISHES[index] ?? { tunnelId: 0, sessionId: 0 };
    const look = program.next();
    const ns = (look & 2) === 0 ? undefined : program.next() << ((look & 4) << 1);
    // What a session sends may have another's source.
    const frames = this.#payloads(program, index + ((look >> 4) & 1), kind);
    if ((kind & 8) === 0 || this.#messages === 0) this.#begin(sender);
    for (const [i, frame] of frames.entries()) {
      const front = (look & 8) === 0 ? [0xff, 0x03] : [];
      const numbers = ns === undefined ? [] : [(ns + i) >> 8, ns + i, 0, 0];
      const octets = 6 + (look & 1) * 2 + numbers.length + front.length + frame.length;
      const bits = (look & 1 ? 0x40 : 0) | (ns === undefined ? 0 : 0x08);
      const length = look & 1 ? [octets >> 8, octets] : [];
      this.#add(Uint8Array.of(bits, 2, ...length, 0, tunnelId, 0, sessionId, ...numbers, ...front));
      this.#add(frame);
      const isFirst = i === 0 && this.#lengths[this.#messages - 1] === octets;
      if (isFirst && frames.length > 1) this.#tellSegment(octets);
    }
    if ((kind & 8) === 0 && (kind & 64) !== 0) this.#tellSegment(program.u16());
  }

  /** Protocol and Information of frames: IP packets of a flow, an Echo-Request, or what there is. */
  #payloads(program: Octets, index: number, kind: number): Uint8Array[] {
    if (kind % 8 === 5) return [program.take(program.next())];
    if (kind % 8 === 4) {
      const data = program.take(program.next() & 31);
      const request = [0xc0, 0x21, 9, program.next(), 0, 8 + data.length, 1, 2, 3, 4, ...data];
      return [Uint8Array.from(request)];
    }
    const shape = new Shape(program, upward(index, program.next()));
    const copies = (kind & 32) === 0 ? 1 : 1 + (program.next() & 15);
    return Array.from({ length: copies }, (_, i) => {
      const packet = shape.packet(i);
      const frame = new Uint8Array(2 + packet.length);
      frame[1] = shape.isIpv6 ? 0x57 : 0x21;
      frame.set(packet, 2);
      return frame;
    });
  }

  /** What the kernel tells of the last message: flags, control messages, a length of any value. */
  #told(program: Octets, kind: number): void {
    if (this.#messages === 0) return;
    const message = this.#messageAt(this.#messages - 1);
    const world = this.#world;
    if ((kind & 8) !== 0) world.set(message + layout.MMSGHDR_FLAGS, program.next());
    if ((kind & 16) !== 0) {
      const length = Math.min(program.u16(), DATAGRAM_MAX);
      world.set(message + layout.MMSGHDR_LENGTH, (kind & 128) === 0 ? length : length << 17);
    }
    if ((kind & 32) !== 0) {
      const control = world.place(message + layout.MMSGHDR_CONTROL);
      const octets = program.take(program.next() % (layout.RECEIVE_CONTROL_SIZE + 1));
      world.octets.set(octets, control);
      world.set(message + layout.MMSGHDR_CONTROL_LENGTH, octets.length);
    }
    if ((kind & 64) !== 0) this.#tellTos(program.next());
  }

  #begin(sender: number): void {
    if (this.#messages === MESSAGES_MAX) this.#turn();
    const message = this.#messageAt(this.#messages++);
    const world = this.#world;
    this.#lengths[this.#messages - 1] = 0;
    this.#sender = sender % SENDERS.length;
    const name = SENDERS[this.#sender]?.name ?? new Uint8Array(0);
    world.octets.set(name, world.place(message + layout.MMSGHDR_NAME));
    world.set(message + layout.MMSGHDR_LENGTH, 0);
    world.set(message + layout.MMSGHDR_FLAGS, 0);
    world.set(message + layout.MMSGHDR_CONTROL_LENGTH, 0);
  }

  /** Octets behind those that the last message has. */
  #add(octets: Uint8Array): void {
    const last = this.#messages - 1;
    const length = this.#lengths[last] ?? 0;
    const taken = octets.subarray(0, DATAGRAM_MAX - length);
    this.#world.octets.set(taken, this.#bufferAt(last) + length);
    this.#lengths[last] = length + taken.length;
    this.#world.set(this.#messageAt(last) + layout.MMSGHDR_LENGTH, length + taken.length);
  }

  #tellSegment(segment: number): void {
    this.#tell(0, 17, 104, 20, segment);
  }

  #tellTos(tos: number): void {
    if (this.#sender === 0) this.#tell(1, 0, 1, 17, tos);
    else this.#tell(1, 41, 67, 20, tos);
  }

  #tell(place: number, level: number, type: number, length: number, value: number): void {
    const world = this.#world;
    const message = this.#messageAt(this.#messages - 1);
    const control = world.place(message + layout.MMSGHDR_CONTROL) + place * CMSG_SPACE;
    const words = [length, 0, level, type, value, 0];
    for (const [i, word] of words.entries()) world.set(control + i * 4, word);
    const told = world.get(message + layout.MMSGHDR_CONTROL_LENGTH);
    const all = Math.max(told, (place + 1) * CMSG_SPACE);
    world.set(message + layout.MMSGHDR_CONTROL_LENGTH, all);
  }

  #messageAt(index: number): number {
    return this.#world.worker + layout.WORKER_RECEIVE + index * layout.MMSGHDR_SIZE;
  }

  #bufferAt(index: number): number {
    const first = this.#world.worker + layout.WORKER_RECEIVE + layout.RECEIVE_BUFFERS;
    return first + index * layout.BUFFER_SIZE;
  }

  /** The turn of messages of the program; each datagram is in one counter then. */
  #turn(): void {
    const messages = this.#messages;
    this.#messages = 0;
    for (let index = 0; index < messages; index++) {
      this.#given += this.#datagrams(index);
      const end = this.#bufferAt(index) + (this.#lengths[index] ?? 0);
      const last = this.#bufferAt(index) + layout.BUFFER_CAPACITY;
      this.#world.octets.fill(0, end, Math.min(end + TRAIL, last));
    }
    this.turn(messages);
    this.#world.forwarding.resetReceived(this.#world.worker, messages);
    this.#check();
  }

  /** Datagrams of a message, as the kernel tells them: what it tells of a GRO buffer is first. */
  #datagrams(index: number): number {
    const world = this.#world;
    const message = this.#messageAt(index);
    const length = world.get(message + layout.MMSGHDR_LENGTH);
    const isCut = (world.get(message + layout.MMSGHDR_FLAGS) & layout.MSG_TRUNC) !== 0;
    if (length > layout.BUFFER_CAPACITY || isCut) return 1;
    const whole = Math.max(1, length);
    const segment = this.#segment(message) || whole;
    return Math.ceil(whole / Math.min(segment, whole));
  }

  /** What UDP_GRO tells, found as the CMSG_ macros find it (RFC 3542 20.2); 0 without. */
  #segment(message: number): number {
    const world = this.#world;
    const told = world.get(message + layout.MMSGHDR_CONTROL_LENGTH);
    const first = world.place(message + layout.MMSGHDR_CONTROL);
    for (let at = 0; told - at >= 16; ) {
      const length = Number(world.view.getBigUint64(first + at, true));
      if (length < 16 || length > told - at) return 0;
      const isGro = world.view.getUint32(first + at + 8, true) === 17;
      const isSegment = isGro && world.view.getUint32(first + at + 12, true) === 104;
      if (isSegment && length >= 20) return world.view.getUint32(first + at + 16, true);
      at += Math.ceil(length / 8) * 8;
    }
    return 0;
  }

  /** One call of decapsulate after the other, until all is done. */
  turn(messages: number): void {
    const { forwarding, worker } = this.#world;
    this.#deliver(() => forwarding.decapsulate(worker, messages));
  }

  #release(isAll: number): void {
    const { forwarding, worker } = this.#world;
    this.#deliver(() => forwarding.releaseHeld(worker, isAll));
    this.#check();
  }

  #deliver(call: () => number): void {
    const world = this.#world;
    const { worker } = world;
    do {
      this.#packets += this.#output.checkWrites(call());
      const messages = world.get(worker + layout.WORKER_DOWN_MESSAGES);
      this.#switched += this.#output.checkMessages(messages, false);
      this.#output.checkEchoes(world.get(worker + layout.WORKER_ECHOES));
      this.#takePunted();
    } while (world.get(worker + layout.WORKER_UP_REST) !== 0);
  }

  #takePunted(): void {
    for (let punted = this.#punt.take(); punted !== undefined; punted = this.#punt.take()) {
      this.#punted++;
    }
    for (let handed = this.#handed.take(); handed !== undefined; handed = this.#handed.take()) {
      this.#punted++;
    }
  }

  #check(): void {
    if (this.#isAttacked) return;
    const world = this.#world;
    const held = world.get(world.worker + layout.WORKER_HELD);
    same(world.count(...UP_COUNTERS) + held, this.#given, "datagrams that are accounted for");
    same(world.count(layout.COUNT_UP_PACKETS), this.#packets, "packets written");
    same(world.count(layout.COUNT_UP_SWITCHED), this.#switched, "frames switched");
    const punted = world.count(layout.COUNT_UP_PUNTED, layout.COUNT_UP_CONTROL);
    same(punted, this.#punted, "frames punted");
  }
}

/** One of each kind. */
const SEEDS = [
  "0f 02 00 01 00 00 10 0102030405060708090a0b0c0d0e0f10",
  "0f 22 00 01 00 00 00 00 20 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 07",
  "0f 22 03 01 80 01 00 10 000102030405060708090a0b0c0d0e0f 03",
  "00 02 01 03 02 00 01 00 04 01020304 02 01 03 01 00 01 00 04 01020304 0f 40",
  "08 02 05 01 00 01 00 04 01020304 0a 05 01 00 01 00 04 01020304",
  "00 04 04 01 04 01020304 05 04 04 01 00 06",
  "01 00 02 00 14 c8020014000100000000000080080000000000010707",
  "0f 02 02 01 00 00 40 ff 76 01 6e 03",
  "00 02 00 11 00 01 00 04 01020304 02 00 11 80 01 00 04 01020304",
  "00 02 09 01 00 01 00 04 01020304 02 0a 01 00 01 00 04 01020304",
].map((hex) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex")));

const OTHERS = [
  ...["encapsulate", "fragment", "inject", "lay", "pool", "prefixes", "plain", "queues", "routes"],
  ...["segment", "shape", "subnets", "too-big", "wheel", "chain"],
].map((file) => `assembly/forward/${file}.ts`);

export const decapsulateTarget: Target = {
  name: "wasm-decapsulate",
  kind: "WebAssembly",
  lengthMax: 1_024,
  seeds: () => SEEDS,
  open: async () => {
    const world = new World(["assembly/forward/", "assembly/ip/"], OTHERS);
    const upward = new Upward(world, new Output(world));
    return new WasmExecutor(world.branches, (input) => upward.run(input));
  },
};
