/**
 * Changes inputs by chance: what one byte, one length or one block more or less does. All chance comes
 * from one seed.
 *
 * @module
 */
import { PacketRandom } from "../reference/packets.ts";

/** Changes of one input at most. */
const CHANGES_MAX = 4;
const BLOCK_MAX = 64;
/** Around the bounds of what a length or a number of 8, 16 or 32 bits may be. */
const EDGES_8 = [0, 1, 2, 3, 4, 5, 6, 7, 8, 0x10, 0x20, 0x40, 0x7f, 0x80, 0xc0, 0xfe, 0xff];
const EDGES_16 = [...EDGES_8, 0x100, 0x3ff, 0x400, 0x5dc, 0x7fff, 0x8000, 0xfffe, 0xffff];
const EDGES_32 = [...EDGES_16, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];
/** How far a number is moved up or down. */
const STEP_MAX = 16;

export class Mutator {
  readonly random: PacketRandom;
  readonly #dictionary: readonly Uint8Array[];
  readonly #lengthMax: number;
  /** The input under change, and how many octets of it there are. */
  readonly #octets: Uint8Array;
  readonly #view: DataView;
  #length = 0;

  constructor(seed: number, lengthMax: number, dictionary: readonly Uint8Array[] = []) {
    this.random = new PacketRandom(seed);
    this.#dictionary = dictionary;
    this.#lengthMax = lengthMax;
    this.#octets = new Uint8Array(lengthMax);
    this.#view = new DataView(this.#octets.buffer);
  }

  /** A changed copy of `input`, with pieces of `other` where they come in. */
  mutate(input: Uint8Array, other: Uint8Array): Uint8Array {
    this.#length = Math.min(input.length, this.#lengthMax);
    this.#octets.set(input.subarray(0, this.#length));
    for (let left = 1 + this.random.below(CHANGES_MAX); left > 0; left--) this.#change(other);
    return this.#octets.slice(0, this.#length);
  }

  #change(other: Uint8Array): void {
    const { random } = this;
    const kind = random.below(12);
    if (kind === 0) this.#flipBit();
    else if (kind === 1) this.#putByte(random.u32());
    else if (kind === 2) this.#putByte(pick(random, EDGES_8));
    else if (kind === 3) this.#putWord(pick(random, EDGES_16));
    else if (kind === 4) this.#putLong(pick(random, EDGES_32));
    else if (kind === 5) this.#step();
    else if (kind === 6) this.#insert(random.fill(new Uint8Array(this.#blockLength(BLOCK_MAX))));
    else if (kind === 7) this.#remove();
    else if (kind === 8) this.#insert(this.#block(this.#octets.subarray(0, this.#length)).slice());
    else if (kind === 9) this.#insert(this.#block(other));
    else if (kind === 10) this.#overwrite(this.#block(other));
    else this.#word();
  }

  #flipBit(): void {
    const at = this.#place(1);
    if (at >= 0) this.#octets[at] = this.#byteAt(at) ^ (1 << this.random.below(8));
  }

  #putByte(value: number): void {
    const at = this.#place(1);
    if (at >= 0) this.#octets[at] = value;
  }

  #putWord(value: number): void {
    const at = this.#place(2);
    if (at >= 0) this.#view.setUint16(at, value);
  }

  #putLong(value: number): void {
    const at = this.#place(4);
    if (at >= 0) this.#view.setUint32(at, value);
  }

  /** A number a little larger or smaller: of 8 or of 16 bits. */
  #step(): void {
    const by = this.random.below(2 * STEP_MAX + 1) - STEP_MAX;
    const at = this.#place(2);
    if (at < 0) return;
    if (this.random.chance(50)) this.#octets[at] = this.#byteAt(at) + by;
    else this.#view.setUint16(at, this.#view.getUint16(at) + by);
  }

  #word(): void {
    const word = this.#dictionary[this.random.below(this.#dictionary.length)];
    if (word === undefined) this.#flipBit();
    else if (this.random.chance(50)) this.#insert(word);
    else this.#overwrite(word);
  }

  #insert(block: Uint8Array): void {
    const room = Math.min(block.length, this.#lengthMax - this.#length);
    const at = this.random.below(this.#length + 1);
    this.#octets.copyWithin(at + room, at, this.#length);
    this.#octets.set(block.subarray(0, room), at);
    this.#length += room;
  }

  #overwrite(block: Uint8Array): void {
    const at = this.#place(1);
    if (at >= 0) this.#octets.set(block.subarray(0, this.#length - at), at);
  }

  #remove(): void {
    if (this.#length === 0) return;
    const at = this.random.below(this.#length);
    const count = Math.min(this.#blockLength(this.#length - at), this.#length - at);
    this.#octets.copyWithin(at, at + count, this.#length);
    this.#length -= count;
  }

  #block(octets: Uint8Array): Uint8Array {
    const at = this.random.below(octets.length);
    return octets.subarray(at, at + this.#blockLength(octets.length - at));
  }

  /** Mostly short: 1 to `most` octets. */
  #blockLength(most: number): number {
    return 1 + this.random.below(this.random.chance(75) ? Math.min(8, most) : most);
  }

  /** Where `count` octets are, -1 when there are less. */
  #place(count: number): number {
    return this.#length < count ? -1 : this.random.below(this.#length - count + 1);
  }

  #byteAt(at: number): number {
    return this.#octets[at] ?? 0;
  }
}

function pick(random: PacketRandom, edges: readonly number[]): number {
  return edges[random.below(edges.length)] ?? 0;
}
