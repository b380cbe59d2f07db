/**
 * The capture format of libpcap (draft-ietf-opsawg-pcap): both byte orders, microseconds and
 * nanoseconds.
 *
 * @module
 */
import { CAPTURE_PACKET_MAX } from "../limits.ts";
import { Input } from "./input.ts";
import type { Frame, Reader } from "./types.ts";

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
/** The upper bits of the field say whether there is a FCS. */
const LINK_MASK = 0x0fff_ffff;

/** True when a file begins so. */
export function isPcap(octets: Uint8Array): boolean {
  return formatOf(octets) !== undefined;
}

function formatOf(octets: Uint8Array): { isLittle: boolean; isNano: boolean } | undefined {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  for (const isLittle of [true, false]) {
    const magic = view.getUint32(0, isLittle);
    if (magic === MICROSECONDS || magic === NANOSECONDS) {
      return { isLittle, isNano: magic === NANOSECONDS };
    }
  }
  return undefined;
}

export class PcapReader implements Reader {
  fault: string | undefined;
  readonly #input = new Input();
  #isLittle = true;
  #isNano = false;
  #link: number | undefined;
  #number = 0;

  *push(chunk: Uint8Array): Iterable<Frame> {
    if (this.fault !== undefined) return;
    this.#input.push(chunk);
    if (this.#link === undefined && !this.#readHeader()) return;
    for (;;) {
      const frame = this.#readRecord();
      if (frame === undefined) return;
      yield frame;
    }
  }

  end(): Iterable<Frame> {
    if (this.fault === undefined && this.#input.length > 0) {
      this.fault =
        this.#link === undefined
          ? "it ends in the header of the file"
          : `it was cut inside packet ${this.#number + 1}`;
    }
    return [];
  }

  #readHeader(): boolean {
    const header = this.#input.take(FILE_HEADER);
    const format = header && formatOf(header);
    if (header === undefined || format === undefined) return false;
    this.#isLittle = format.isLittle;
    this.#isNano = format.isNano;
    this.#link = viewOf(header).getUint32(20, format.isLittle) & LINK_MASK;
    return true;
  }

  #readRecord(): Frame | undefined {
    const header = this.#input.peek(RECORD_HEADER);
    if (header === undefined) return undefined;
    const view = viewOf(header);
    const kept = view.getUint32(8, this.#isLittle);
    if (kept > CAPTURE_PACKET_MAX) {
      this.fault = `packet ${this.#number + 1} claims ${kept} octets: the file is damaged there`;
      return undefined;
    }
    const octets = this.#input.take(RECORD_HEADER + kept)?.subarray(RECORD_HEADER);
    if (octets === undefined) return undefined;
    const seconds = view.getUint32(0, this.#isLittle);
    const fraction = view.getUint32(4, this.#isLittle);
    this.#number++;
    return {
      number: this.#number,
      time: { seconds, nanoseconds: this.#isNano ? fraction : fraction * 1_000 },
      link: this.#link ?? 0,
      octets,
      length: Math.max(kept, view.getUint32(12, this.#isLittle)),
    };
  }
}

function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}
