/**
 * Packets as hex text: which lines are one. Of a log each is, those of a dump belong together.
 *
 * @module
 */
import { CAPTURE_PACKET_MAX, HEX_LINE_MAX } from "../limits.ts";
import { halfLine, insideText, isLength, readLine } from "./hex-line.ts";
import { Link } from "./link.ts";
import { beginsAsL2tp, isPacket, isWhole, linkOf } from "./look.ts";
import { octetsText } from "./octets.ts";
import type { Frame, Reader } from "./types.ts";

const LINE_FEED = 10;
export class HexReader implements Reader {
  fault: string | undefined;
  #text = "";
  /** Lines of the packet that is being read. */
  #lines: Uint8Array[] = [];
  #length = 0;
  /** Whether its lines have offsets. */
  #hasOffsets = false;
  /** Whether all of them are groups of four digits, whose octets may be swapped. */
  #isOfWords = true;
  #number = 0;
  #lineNumber = 0;
  /** The first line with half an octet. */
  #half: number | undefined;

  *push(chunk: Uint8Array): Iterable<Frame> {
    let from = 0;
    while (from < chunk.length && this.fault === undefined) {
      const found = chunk.indexOf(LINE_FEED, from);
      const end = found < 0 ? chunk.length : found;
      const room = HEX_LINE_MAX + 1 - this.#text.length;
      this.#text += latin1(chunk.subarray(from, Math.min(end, from + room)));
      from = end + 1;
      if (this.#text.length > HEX_LINE_MAX) {
        this.fault = `line ${this.#lineNumber + 1} is longer than any packet: this is no capture`;
        return;
      }
      if (found >= 0) yield* this.#takeLine();
    }
  }

  *end(): Iterable<Frame> {
    if (this.fault !== undefined) return;
    yield* this.#takeLine();
    yield* this.#flush();
    if (this.#half !== undefined) this.fault = `line ${this.#half} has an odd number of hex digits`;
    else if (this.#number === 0) this.fault = "it is no capture, and there is no hex in it";
  }

  *#takeLine(): Iterable<Frame> {
    const text = this.#text.trimEnd();
    this.#text = "";
    this.#lineNumber++;
    // Dumps end with their length; one of words that had an odd number of octets is one longer.
    const isOdd = this.#isOfWords && isLength(text, this.#length - 1);
    if (this.#hasOffsets && this.#length > 0 && (isOdd || isLength(text, this.#length))) {
      yield* this.#flush(isOdd ? this.#length - 1 : this.#length);
      return;
    }
    if (text === "*" && this.#hasOffsets && this.#length > 0) {
      this.fault = `line ${this.#lineNumber} stands for repeated ones: dump them all, with -v`;
      return;
    }
    const line = readLine(text, this.#length);
    if (line === undefined) {
      yield* this.#flush();
      const half = halfLine(text);
      if (half !== undefined && (this.#number === 0 || beginsAsL2tp(half))) {
        this.#half ??= this.#lineNumber;
      }
      for (const octets of insideText(text)) yield this.#frame(octets);
      return;
    }
    const hasOffset = line.offset !== undefined;
    if (line.offset === 0 || hasOffset !== this.#hasOffsets) yield* this.#flush();
    this.#hasOffsets = hasOffset;
    this.#isOfWords &&= line.isOfWords;
    this.#lines.push(line.octets);
    this.#length += line.octets.length;
    if (this.#length > CAPTURE_PACKET_MAX) {
      this.fault = `line ${this.#lineNumber}: a packet cannot have ${octetsText(this.#length)}`;
    }
  }

  /** `length` is what the end of a dump says. */
  *#flush(length = this.#length): Iterable<Frame> {
    const lines = this.#lines;
    const isOfWords = this.#hasOffsets && this.#isOfWords;
    this.#lines = [];
    this.#length = 0;
    this.#isOfWords = true;
    if (lines.length === 0) return;
    const whole = joined(lines);
    if (!this.#hasOffsets && isLineEach(lines, whole)) {
      for (const octets of lines) yield this.#frame(octets);
    } else {
      yield this.#frame(isOfWords ? ordered(whole).subarray(0, length) : whole);
    }
  }

  #frame(octets: Uint8Array): Frame {
    this.#number++;
    return { number: this.#number, link: linkOf(octets), octets, length: octets.length };
  }
}

/**
 * Lines without offsets are a packet each where one is whole by itself, or all begin as one; what is
 * broken among them is then no part of its neighbours.
 */
function isLineEach(lines: readonly Uint8Array[], whole: Uint8Array): boolean {
  return !isWhole(whole) && (lines.some(isWhole) || lines.every(isPacket));
}

/** hexdump and od -x print words of a little-endian host: their octets are swapped. */
function ordered(octets: Uint8Array): Uint8Array {
  const swapped = octets.map((_, index) => octets[index ^ 1] ?? 0);
  return certaintyOf(swapped) > certaintyOf(octets) ? swapped : octets;
}

/** That octets are in their order: a few begin as L2TP by chance. */
function certaintyOf(octets: Uint8Array): number {
  if (isWhole(octets) || linkOf(octets) !== Link.Datagram) return 2;
  return beginsAsL2tp(octets) ? 1 : 0;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function latin1(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return text;
}
