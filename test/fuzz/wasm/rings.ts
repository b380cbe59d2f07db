/**
 * The rings between threads: frames to send, what is handed over, punted frames; filled as they are
 * to be, and with entries, heads and tails of any value.
 *
 * @module
 */
import * as layout from "../../../assembly/layout.ts";
import { HandedRing, HandoverRing, InjectRing, PuntRing } from "../../../src/dataplane/rings.ts";
import { Octets } from "../octets.ts";
import type { Target } from "../target.ts";
import { Upward } from "./decapsulate.ts";
import { Downward } from "./encapsulate.ts";
import { upward } from "./ends.ts";
import { WasmExecutor } from "./executor.ts";
import { Output } from "./output.ts";
import { Shape } from "./packets.ts";
import { SENDERS, WISHES, World } from "./world.ts";

/** A ring has at most so many entries: who takes from it is done by then. */
const TAKES_MAX = 3 * layout.HANDOVER_CAPACITY;
const ATTACKED_TAKES_MAX = 16;

export class Rings {
  readonly #world: World;
  readonly #output: Output;
  readonly #up: Upward;
  readonly #down: Downward;
  readonly #inject: InjectRing;
  readonly #handover: HandoverRing;
  readonly #takers: readonly {
    take(): { frame: Uint8Array } | { datagram: Uint8Array } | undefined;
  }[];

  readonly #isAttacked: boolean;

  constructor(world: World, isAttacked = false) {
    const { memory, worker } = world;
    this.#world = world;
    this.#isAttacked = isAttacked;
    this.#output = new Output(world, isAttacked);
    this.#up = new Upward(world, this.#output, isAttacked);
    this.#down = new Downward(world, this.#output, isAttacked);
    this.#inject = new InjectRing(memory, worker + layout.WORKER_INJECT);
    this.#handover = new HandoverRing(memory, worker);
    this.#takers = [
      new PuntRing(memory, worker + layout.WORKER_PUNT),
      new HandedRing(memory, worker + layout.WORKER_HANDED),
    ];
  }

  run(input: Uint8Array): void {
    const program = new Octets(input);
    this.#world.reset(program.next() & 15);
    while (program.left > 0) this.#step(program);
    this.#send();
    this.#takeHanded();
    this.#world.checkGuards();
    if (!this.#isAttacked) this.#world.checkReasons();
  }

  #step(program: Octets): void {
    const kind = program.next();
    if (kind % 8 === 0) this.#send();
    else if (kind % 8 === 1) this.#takeHanded();
    else if (kind % 8 === 2) this.#take(program.next());
    else if (kind % 8 === 3) this.#put(program);
    else if (kind % 8 === 4) this.#handOver(program);
    else if (kind % 8 === 5) this.#write(program, kind);
    else if (kind % 8 === 6) this.#move(program, kind);
    else this.#change(program, kind);
  }

  /** As a worker does. */
  #send(): void {
    const { forwarding, worker } = this.#world;
    this.#output.checkInjected(forwarding.inject(worker));
    forwarding.releaseInjected(worker);
  }

  #takeHanded(): void {
    const world = this.#world;
    const { forwarding, worker } = world;
    // Who flips bits of heads gives ever more.
    for (let takes = 0; takes < (this.#isAttacked ? ATTACKED_TAKES_MAX : TAKES_MAX); takes++) {
      const taken = forwarding.takeHanded(worker);
      if (taken > layout.BUFFER_COUNT) throw new Error(`${taken} taken`);
      if (taken === 0) return;
      const kind = world.get(worker + layout.WORKER_TAKEN_KIND);
      if (kind === layout.HANDED_DATAGRAM) this.#up.turn(taken);
      else this.#down.turn(world.get(worker + layout.WORKER_TAKEN_NETWORK), taken);
    }
    if (!this.#isAttacked) throw new Error("taking does not end");
  }

  /** As the control thread does, some of it. */
  #take(count: number): void {
    for (const taker of this.#takers) {
      for (let left = count & 15; left > 0; left--) {
        const taken = taker.take();
        if (taken === undefined) break;
        const { length } = "frame" in taken ? taken.frame : taken.datagram;
        if (length > layout.SLOT_CAPACITY) throw new Error(`${length} octets from a ring`);
      }
    }
  }

  #put(program: Octets): void {
    const index = program.next();
    const handle = this.#world.session(index);
    if (handle === undefined) return;
    this.#inject.put(handle.index, handle.generation ^ (index >> 7), program.take(program.next()));
  }

  /** A datagram of a session from the control thread. */
  #handOver(program: Octets): void {
    const index = program.next() % WISHES.length;
    const { tunnelId, sessionId, sender = 0 } = WISHES[index] ?? { tunnelId: 0, sessionId: 0 };
    const shape = new Shape(program, upward(index, program.next()));
    const packet = shape.packet(0);
    const front = [0, 2, 0, tunnelId, 0, sessionId, 0xff, 3, 0, shape.isIpv6 ? 0x57 : 0x21];
    const datagram = new Uint8Array(front.length + packet.length);
    datagram.set(front);
    datagram.set(packet, front.length);
    this.#handover.put(datagram, SENDERS[sender]?.name ?? new Uint8Array(0));
  }

  /** Words and octets of any value where the next entry of a ring is, and the ring is moved on. */
  #write(program: Octets, kind: number): void {
    const world = this.#world;
    const ring = this.#ring(program.next());
    const head = world.get(ring.at);
    const entry = ring.at + ring.entries + ((head * ring.unit) % ring.size);
    const end = ring.at + ring.entries + ring.size;
    for (let word = 0; word < 4; word++) {
      if ((kind & (8 << word)) === 0) continue;
      const value = (program.u16() << 16) | program.u16();
      if (entry + word * 4 < end) world.set(entry + word * 4, value);
    }
    const name = entry + layout.HANDED_NAME;
    const octets = program.take(program.next()).subarray(0, Math.max(0, end - name));
    world.octets.set(octets, Math.min(name, end));
    world.set(ring.at, head + 1 + program.next() * (ring.unit === 1 ? layout.HANDOVER_LINE : 0));
  }

  /** Head or tail has any value. */
  #move(program: Octets, kind: number): void {
    const { at } = this.#ring(program.next());
    const value = (program.u16() << 16) | program.u16();
    this.#world.set((kind & 8) === 0 ? at : at + layout.RING_TAIL, value);
  }

  /** A session goes, or its record is another one's. */
  #change(program: Octets, kind: number): void {
    const record =
      layout.SESSION_RECORDS + (1 + (program.next() % WISHES.length)) * layout.SESSION_SIZE;
    const fields = [
      layout.SESSION_GENERATION,
      layout.SESSION_STATE,
      layout.SESSION_FLAGS,
      layout.SESSION_TAKEN,
      layout.SESSION_NAME_LENGTH,
      layout.SESSION_CONTROL_LENGTH,
    ];
    this.#world.set(record + (fields[(kind >> 3) % fields.length] ?? 0), program.u16());
  }

  #ring(choice: number) {
    const { worker } = this.#world;
    const usual = { entries: layout.RING_ENTRIES, unit: layout.SLOT_SIZE };
    const size = layout.RING_COUNT * layout.SLOT_SIZE;
    if (choice % 4 === 0) return { ...usual, size, at: worker + layout.WORKER_INJECT };
    if (choice % 4 === 1) return { ...usual, size, at: worker + layout.WORKER_PUNT };
    if (choice % 4 === 2) return { ...usual, size, at: worker + layout.WORKER_HANDED };
    const producer = (choice >> 2) % layout.PRODUCER_COUNT;
    return {
      at: worker + layout.WORKER_HANDOVERS + producer * layout.HANDOVER_SIZE,
      entries: layout.HANDOVER_OCTETS,
      unit: 1,
      size: layout.HANDOVER_CAPACITY,
    };
  }
}

const SEEDS = [
  "00 03 00 0a 01020304050607080900 00",
  "0f 04 00 00 01 00 04 01020304 01",
  "00 0d 00 00000001 04 01020304 00",
  "00 15 03 00000010 00000002 20 0102030405060708 02 01",
  "00 1d 03 00000000 00000001 00 00 06 03 00000040 1d 03 00000000 00000002 00 00 06 03 00000080 01",
  "00 06 03 00001000 01 06 00 ffffff00 00 02 0f",
].map((hex) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex")));

export const ringsTarget: Target = {
  name: "wasm-rings",
  kind: "WebAssembly",
  lengthMax: 512,
  seeds: () => SEEDS,
  open: async () => {
    const files = ["handover", "inject", "ring"].map((file) => `assembly/forward/${file}.ts`);
    const world = new World(files, []);
    const rings = new Rings(world);
    return new WasmExecutor(world.branches, (input) => rings.run(input));
  },
};
