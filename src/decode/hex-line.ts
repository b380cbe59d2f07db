/**
 * Lines of hex text: bare octets, the dumps of tshark -x, xxd, hexdump, od and tcpdump -x with offsets
 * in front and characters behind, arrays and strings of source code, octets in the middle of a log.
 *
 * @module
 */
import { beginsAsL2tp } from "./look.ts";

/** Hex in the middle of a line of text: at least as long as the shortest L2TP header. */
const INSIDE_TEXT = /(?<![0-9a-z])(?:0x)?((?:[0-9a-f]{2}){6,})(?![0-9a-z])/gi;
const OFFSET = /^\s*(?:0x)?([0-9a-f]{3,16})(:\s*|\s+)/i;
const LENGTH = /^\s*(?:0x)?([0-9a-f]{3,16})\s*$/i;
/** Octets with or without separators and nothing else, but for brackets of an array around. */
const ONLY_HEX = /^[\s{[(]*(?:(?:0x|\\x)?[0-9a-f]{2}[\s:,-]*)+(?:[}\])][\s}\]),;]*)?$/i;
const SEPARATORS = /0x|\\x|[\s:,;{}[\]()-]/gi;
/** What stands in front of an array in C. */
const ASSIGNMENT = /^[\w\s[\]*]*=\s*\{/;
const ARRAY = /[{[(]\s*((?:0x[0-9a-f]{2}\s*,\s*){5,}0x[0-9a-f]{2})\s*,?\s*[}\])]/gi;
/** A string that begins with an escape, as C, Python and shells have them. */
const STRING = /(?<!\\)(["'])(\\(?:x[0-9a-f]{2}|[0-7])(?:\\.|(?!\1)[^\\])*)\1/gi;
const ONLY_STRING = /^\s*b?(["'])(\\(?:x[0-9a-f]{2}|[0-7])(?:\\.|(?!\1)[^\\])*)\1[\s;,\\)]*$/i;
const CHARACTER = /\\x([0-9a-f]{2})|\\([0-7]{1,3})|\\(.)|([ -~])/gi;
const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };
/** hexdump -C has a gap between its halves. */
const HALF_LINE = 8;
/** Digits of a group: xxd -c 32 -g 32 has this many. */
const GROUP_MAX = 64;
/** Digits of the shortest L2TP header. */
const SHORTEST = 12;

export interface Line {
  readonly offset: number | undefined;
  readonly octets: Uint8Array;
  /** Groups of four digits. */
  readonly isOfWords: boolean;
}

/** `undefined` for a line that is not hex; `length` is where the next offset has to be. */
export function readLine(text: string, length: number): Line | undefined {
  const match = OFFSET.exec(text);
  if (match !== null) {
    const rest = text.slice(match[0].length);
    const digits = match[1] ?? "";
    const isFirst = Number.parseInt(digits, 16) === 0;
    const isOffset = isFirst ? isDumped(rest) : isNumber(digits, length);
    const octets = isOffset ? dumped(rest) : undefined;
    if (octets !== undefined && octets.length > 0) {
      const isOfWords = /^[0-9a-f]{4}(?:\s|$)/i.test(rest);
      return { offset: isFirst ? 0 : length, octets, isOfWords };
    }
  }
  const octets = bare(text);
  return octets && { offset: undefined, octets, isOfWords: false };
}

/** The last line of a dump: how long it was. */
export function isLength(text: string, length: number): boolean {
  const digits = LENGTH.exec(text)?.[1];
  return digits !== undefined && isNumber(digits, length);
}

/** Hex of which half an octet is missing: the octets before. */
export function halfLine(text: string): Uint8Array | undefined {
  const digits = text.replaceAll(SEPARATORS, "");
  const isHalf = digits.length > SHORTEST && digits.length % 2 !== 0 && /^[0-9a-f]+$/i.test(digits);
  return isHalf ? bytesOf(digits) : undefined;
}

/** A log has other hex, too: hashes, addresses. */
export function insideText(text: string): Uint8Array[] {
  const found = [
    ...[...text.matchAll(INSIDE_TEXT), ...text.matchAll(ARRAY)].map(([, hex = ""]) => bytesOf(hex)),
    ...[...text.matchAll(STRING)].map(([, , string = ""]) => characters(string)),
  ];
  return found.filter(beginsAsL2tp);
}

/** od prints octal unless it is told otherwise. */
function isNumber(digits: string, value: number): boolean {
  const isOctal = /^[0-7]+$/.test(digits) && Number.parseInt(digits, 8) === value;
  return isOctal || Number.parseInt(digits, 16) === value;
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

function bare(text: string): Uint8Array | undefined {
  const string = ONLY_STRING.exec(text)?.[2];
  if (string !== undefined) return characters(string);
  const hex = text.replace(ASSIGNMENT, "");
  return ONLY_HEX.test(hex) ? bytesOf(hex) : undefined;
}

function bytesOf(text: string): Uint8Array {
  const digits = text.replaceAll(SEPARATORS, "");
  const octets = new Uint8Array(digits.length >> 1);
  for (let i = 0; i < octets.length; i++) {
    octets[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  }
  return octets;
}

function characters(string: string): Uint8Array {
  const octets: number[] = [];
  for (const [, hex, octal, escaped, plain] of string.matchAll(CHARACTER)) {
    if (hex !== undefined) octets.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) octets.push(Number.parseInt(octal, 8));
    else if (escaped !== undefined) octets.push(ESCAPES[escaped] ?? escaped.charCodeAt(0));
    else octets.push(plain?.charCodeAt(0) ?? 0);
  }
  return Uint8Array.from(octets);
}
