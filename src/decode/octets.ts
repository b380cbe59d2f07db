/**
 * Numbers and text out of octets that may end anywhere: what is not there reads as 0.
 *
 * @module
 */
const decoder = new TextDecoder();
const HEX = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));
/** Octets of hex in a line for a person. */
const SHOWN_MAX = 32;

export function u16(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}

export function u32(octets: Uint8Array, at: number): number {
  return u16(octets, at) * 0x1_0000 + u16(octets, at + 2);
}

export function hex(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += HEX[octet];
  return text;
}

/** Hex of a length that a line has room for. */
export function shortHex(octets: Uint8Array): string {
  if (octets.length === 0) return "empty";
  if (octets.length <= SHOWN_MAX) return hex(octets);
  return `${hex(octets.subarray(0, SHOWN_MAX))}… (${octets.length} octets)`;
}

export function hex16(value: number): string {
  return `0x${value.toString(16).padStart(4, "0")}`;
}

export function hex32(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}

export function utf8(octets: Uint8Array): string {
  return decoder.decode(octets);
}

/** Text of a peer in quotes: none of its control characters reaches a terminal. */
export function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** "1,234,567". */
export function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** "1 octet", "20 octets". */
export function octetsText(count: number): string {
  return count === 1 ? "1 octet" : `${grouped(count)} octets`;
}
