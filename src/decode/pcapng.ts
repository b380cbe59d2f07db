/**
 * pcapng (draft-ietf-opsawg-pcapng): sections of either byte order, interfaces with their link
 * types and clocks, and the three kinds of packet blocks. Other blocks are left out unread.
 *
 * @module
 */
import { CAPTURE_BLOCK_MAX, CAPTURE_INTERFACES_MAX, CAPTURE_PACKET_MAX } from "../limits.ts";
import { Input } from "./input.ts";
import type { Frame, Reader, Time } from "./types.ts";

const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const KEPT: readonly number[] = [SECTION, INTERFACE, PACKET, SIMPLE_PACKET, ENHANCED_PACKET];

const ORDER_MAGIC = 0x1a2b3c4d;
/** Type and length in front, length again behind. */
const BLOCK_HEADER = 8;
const BLOCK_FRAME = 12;
const OPTION_RESOLUTION = 9;
const OPTION_OFFSET = 14;
const MICROSECONDS = 1_000_000n;
const NANOSECONDS = 1_000_000_000n;

interface Interface {
  readonly link: number;
  readonly snapLength: number;
  /** Ticks a second. */
  readonly resolution: bigint;
  /** Seconds to be added. */
  readonly offset: bigint;
}

export function isPcapng(octets: Uint8Array): boolean {
  return viewOf(octets).getUint32(0) === SECTION;
}

export class PcapngReader implements Reader {
  fault: string | undefined;
  readonly #input = new Input();
  #isLittle = true;
  #interfaces: Interface[] = [];
  #number = 0;

  *push(chunk: Uint8Array): Iterable<Frame> {
    if (this.fault !== undefined) return;
    this.#input.push(chunk);
    for (;;) {
      const block = this.#takeBlock();
      if (block === undefined) return;
      const frame = this.#readBlock(block);
      if (this.fault !== undefined) return;
      if (frame !== undefined) yield frame;
    }
  }

  end(): Iterable<Frame> {
    if (this.fault === undefined && (this.#input.length > 0 || this.#input.isSkipping)) {
      this.fault = `it was cut in the block behind packet ${this.#number}`;
    }
    return [];
  }

  /** The next block that is wanted, whole. */
  #takeBlock(): Uint8Array | undefined {
    for (;;) {
      // The byte order of a section is behind the length of its first block.
      const head = this.#input.peek(BLOCK_FRAME);
      if (head === undefined) return undefined;
      const view = viewOf(head);
      const isSection = view.getUint32(0) === SECTION;
      if (isSection && !this.#beginSection(view)) return undefined;
      const type = view.getUint32(0, this.#isLittle);
      const length = view.getUint32(4, this.#isLittle);
      const isKept = KEPT.includes(type);
      if (length < BLOCK_FRAME || length % 4 !== 0 || (isKept && length > CAPTURE_BLOCK_MAX)) {
        this.#damaged(`a block of ${length} octets`);
        return undefined;
      }
      if (!isKept) {
        this.#input.skip(length);
        continue;
      }
      const block = this.#input.take(length);
      if (block !== undefined && viewOf(block).getUint32(length - 4, this.#isLittle) !== length) {
        this.#damaged("a block whose two lengths differ");
        return undefined;
      }
      return block;
    }
  }

  #beginSection(view: DataView): boolean {
    const isLittle = view.getUint32(8, true) === ORDER_MAGIC;
    if (!isLittle && view.getUint32(8) !== ORDER_MAGIC) {
      this.#damaged("a section without its byte-order magic");
      return false;
    }
    this.#isLittle = isLittle;
    return true;
  }

  #readBlock(block: Uint8Array): Frame | undefined {
    const view = viewOf(block);
    const body = block.length - BLOCK_FRAME;
    switch (view.getUint32(0, this.#isLittle)) {
      case SECTION:
        this.#interfaces = [];
        return undefined;
      case INTERFACE:
        return body < 8 ? this.#damaged("an interface without fields") : this.#addInterface(view);
      case SIMPLE_PACKET:
        return body < 4 ? this.#damaged("a packet without fields") : this.#simplePacket(block);
      default:
        return body < 20 ? this.#damaged("a packet without fields") : this.#packet(block);
    }
  }

  #addInterface(view: DataView): undefined {
    if (this.#interfaces.length >= CAPTURE_INTERFACES_MAX) return this.#damaged("more interfaces");
    const options = this.#readOptions(view, BLOCK_HEADER + 8);
    const exponent = options.resolution ?? 6;
    const isBinary = (exponent & 0x80) !== 0;
    this.#interfaces.push({
      link: view.getUint16(BLOCK_HEADER, this.#isLittle),
      snapLength: view.getUint32(BLOCK_HEADER + 4, this.#isLittle),
      resolution: (isBinary ? 2n : 10n) ** BigInt(exponent & 0x7f),
      offset: options.offset ?? 0n,
    });
    return undefined;
  }

  #readOptions(view: DataView, from: number): { resolution?: number; offset?: bigint } {
    const found: { resolution?: number; offset?: bigint } = {};
    const end = view.byteLength - 4;
    for (let at = from; at + 4 <= end; ) {
      const code = view.getUint16(at, this.#isLittle);
      const length = view.getUint16(at + 2, this.#isLittle);
      if (code === 0 || at + 4 + length > end) break;
      if (code === OPTION_RESOLUTION && length === 1) found.resolution = view.getUint8(at + 4);
      if (code === OPTION_OFFSET && length === 8) {
        found.offset = view.getBigInt64(at + 4, this.#isLittle);
      }
      at += 4 + length + ((4 - (length % 4)) % 4);
    }
    return found;
  }

  /** Enhanced, or its predecessor, whose interface has 16 bits. */
  #packet(block: Uint8Array): Frame | undefined {
    const view = viewOf(block);
    const isOld = view.getUint32(0, this.#isLittle) === PACKET;
    const index = isOld
      ? view.getUint16(BLOCK_HEADER, this.#isLittle)
      : view.getUint32(BLOCK_HEADER, this.#isLittle);
    const high = view.getUint32(BLOCK_HEADER + 4, this.#isLittle);
    const low = view.getUint32(BLOCK_HEADER + 8, this.#isLittle);
    const kept = view.getUint32(BLOCK_HEADER + 12, this.#isLittle);
    const length = view.getUint32(BLOCK_HEADER + 16, this.#isLittle);
    const from = this.#interfaces[index];
    if (from === undefined) return this.#damaged(`a packet of interface ${index}, which is none`);
    if (kept > CAPTURE_PACKET_MAX || kept > block.length - BLOCK_FRAME - 20) {
      return this.#damaged(`a packet of ${kept} octets`);
    }
    const at = BLOCK_HEADER + 20;
    const time = timeOf((BigInt(high) << 32n) | BigInt(low), from);
    return this.#frame(from, time, block.subarray(at, at + kept), length);
  }

  #simplePacket(block: Uint8Array): Frame | undefined {
    const [from] = this.#interfaces;
    if (from === undefined) return this.#damaged("a packet before any interface");
    const length = viewOf(block).getUint32(BLOCK_HEADER, this.#isLittle);
    const room = Math.min(block.length - BLOCK_FRAME - 4, from.snapLength || CAPTURE_PACKET_MAX);
    const at = BLOCK_HEADER + 4;
    return this.#frame(from, undefined, block.subarray(at, at + Math.min(length, room)), length);
  }

  #frame(from: Interface, time: Time | undefined, octets: Uint8Array, length: number): Frame {
    this.#number++;
    const frame = { number: this.#number, link: from.link, octets };
    const whole = Math.max(length, octets.length);
    return time === undefined ? { ...frame, length: whole } : { ...frame, length: whole, time };
  }

  #damaged(what: string): undefined {
    this.fault = `behind packet ${this.#number} is ${what}: the file is damaged there`;
    return undefined;
  }
}

function timeOf(ticks: bigint, { resolution, offset }: Interface): Time {
  if (resolution === MICROSECONDS && offset === 0n) {
    // Below 2^53 for the next 200 years, and cheaper.
    const whole = Number(ticks);
    const seconds = Math.floor(whole / 1e6);
    return { seconds, nanoseconds: (whole - seconds * 1e6) * 1_000 };
  }
  const nanoseconds = ((ticks % resolution) * NANOSECONDS) / resolution;
  return { seconds: Number(ticks / resolution + offset), nanoseconds: Number(nanoseconds) };
}

function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}
