/**
 * Packets as hex text: the octets of a datagram out of a log, or the dumps of tshark -x, xxd,
 * hexdump -C and tcpdump -x with offsets in front and characters behind.
 *
 * @module
 */
import { CAPTURE_PACKET_MAX, HEX_LINE_MAX } from "../limits.ts";
import { beginsAsL2tp, isWholeDatagram, linkOf } from "./look.ts";
import { octetsText } from "./octets.ts";
import type { Frame, Reader } from "./types.ts";

const LINE_FEED = 10;
/** Hex in the middle of a line of text: at least as long as the shortest L2TP header. */
const INSIDE_TEXT = /(?<![0-9a-z])(?:0x)?((?:[0-9a-f]{2}){6,})(?![0-9a-z])/gi;
const OFFSET = /^\s*(?:0x)?([0-9a-f]{3,16})(:\s*|\s+)/i;
/** Octets with or without separators and nothing else. */
const ONLY_HEX = /^(?:(?:0x|\\x)?[0-9a-f]{2}[\s:,-]*)+$/i;
const SEPARATORS = /0x|\\x|[\s:,-]/gi;
/** hexdump -C has a gap between its halves. */
const HALF_LINE = 8;
/** Digits of a group: xxd -c 32 -g 32 has this many. */
const GROUP_MAX = 64;

interface Line {
  readonly offset: number | undefined;
  readonly octets: Uint8Array;
}

export class HexReader implements Reader {
  fault: string | undefined;
  #text = "";
  /** Lines of the packet that is being read. */
  #lines: Uint8Array[] = [];
  #length = 0;
  /** Whether its lines have offsets. */
  #hasOffsets = false;
  #number = 0;
  #lineNumber = 0;

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
    if (this.#number === 0) this.fault = "it is no capture, and there is no hex in it";
  }

  *#takeLine(): Iterable<Frame> {
    const text = this.#text.trimEnd();
    this.#text = "";
    this.#lineNumber++;
    const line = readLine(text, this.#length);
    if (line === undefined) {
      yield* this.#flush();
      for (const octets of insideText(text)) yield this.#frame(octets);
      return;
    }
    const hasOffset = line.offset !== undefined;
    if (line.offset === 0 || hasOffset !== this.#hasOffsets) yield* this.#flush();
    this.#hasOffsets = hasOffset;
    this.#lines.push(line.octets);
    this.#length += line.octets.length;
    if (this.#length > CAPTURE_PACKET_MAX) {
      this.fault = `line ${this.#lineNumber}: a packet cannot have ${octetsText(this.#length)}`;
    }
  }

  /** Lines without offsets are one packet, unless each of them is one by itself. */
  *#flush(): Iterable<Frame> {
    const lines = this.#lines;
    this.#lines = [];
    this.#length = 0;
    if (lines.length === 0) return;
    if (!this.#hasOffsets && lines.every(isWholeDatagram)) {
      for (const octets of lines) yield this.#frame(octets);
    } else {
      yield this.#frame(joined(lines));
    }
  }

  #frame(octets: Uint8Array): Frame {
    this.#number++;
    return { number: this.#number, link: linkOf(octets), octets, length: octets.length };
  }
}

/** `undefined` for a line that is not hex; `length` is where the next offset has to be. */
function readLine(text: string, length: number): Line | undefined {
  const match = OFFSET.exec(text);
  if (match !== null) {
    const offset = Number.parseInt(match[1] ?? "", 16);
    const rest = text.slice(match[0].length);
    const isOffset = offset === length || offset === 0;
    const octets = isOffset && (offset !== 0 || isDumped(rest)) ? dumped(rest) : undefined;
    if (octets !== undefined && octets.length > 0) return { offset, octets };
  }
  return ONLY_HEX.test(text) ? { offset: undefined, octets: bytesOf(text) } : undefined;
}

/** Two or four digits in front, as every dump has them. */
function isDumped(rest: string): boolean {
  return /^(?:[0-9a-f]{2}|[0-9a-f]{4})(?:\s|$)/i.test(rest);
}

/** The octets of a dumped line, up to the gap before its characters. */
function dumped(rest: string): Uint8Array {
  const octets: number[] = [];
  const isHalved = rest.endsWith("|");
  const group = /([0-9a-f]+)(\s*)/iy;
  for (let match = group.exec(rest); match !== null; match = group.exec(rest)) {
    const [, digits = "", gap = ""] = match;
    if (digits.length > GROUP_MAX) return new Uint8Array(0);
    if (digits.length % 2 !== 0) break;
    octets.push(...bytesOf(digits));
    const isEnd = gap.length > 1 && !(isHalved && octets.length === HALF_LINE && gap.length === 2);
    if (isEnd || gap === "") break;
  }
  return Uint8Array.from(octets);
}

/** A log has other hex, too: hashes, addresses. */
function insideText(text: string): Uint8Array[] {
  return [...text.matchAll(INSIDE_TEXT)]
    .map((match) => bytesOf(match[1] ?? ""))
    .filter(beginsAsL2tp);
}

function bytesOf(text: string): Uint8Array {
  const digits = text.replaceAll(SEPARATORS, "");
  const octets = new Uint8Array(digits.length >> 1);
  for (let i = 0; i < octets.length; i++) {
    octets[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  }
  return octets;
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
