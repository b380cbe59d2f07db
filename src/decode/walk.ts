/**
 * What can be read of a message that the codec refuses as a whole: its header as far as it goes,
 * and the AVPs before the one that is wrong (RFC 2661 3.1, 4.1).
 *
 * @module
 */
import type { Avp } from "../codec/index.ts";
import { AVPS_MAX } from "../limits.ts";
import { u16 } from "./octets.ts";
import type { HeaderFields } from "./types.ts";

const AVP_HEADER = 6;
const MANDATORY = 0x8000;
const HIDDEN = 0x4000;
const RESERVED = 0x3c00;
const LENGTH = 0x03ff;

const TYPE_BIT = 0x8000;
const LENGTH_BIT = 0x4000;
const SEQUENCE_BIT = 0x0800;
const OFFSET_BIT = 0x0200;
const PRIORITY_BIT = 0x0100;
const BITS: readonly (readonly [bit: number, name: string])[] = [
  [TYPE_BIT, "T"],
  [LENGTH_BIT, "L"],
  [SEQUENCE_BIT, "S"],
  [OFFSET_BIT, "O"],
  [PRIORITY_BIT, "P"],
];

/** The fields that are there. */
export function readHeader(octets: Uint8Array): HeaderFields {
  const word = u16(octets, 0);
  const bits = BITS.map(([bit, name]) => (word & bit ? name : "-")).join("");
  const names: (keyof HeaderFields)[] = ["tunnelId", "sessionId"];
  if (word & LENGTH_BIT) names.unshift("length");
  if (word & SEQUENCE_BIT) names.push("ns", "nr");
  if (word & OFFSET_BIT) names.push("offsetSize");
  const fields = names
    .map((name, index) => [name, 2 + 2 * index] as const)
    .filter(([, at]) => at + 2 <= octets.length)
    .map(([name, at]) => [name, u16(octets, at)]);
  return { bits, version: word & 0xf, ...Object.fromEntries(fields) };
}

/** AVPs up to the first that is wrong, and where that begins. */
export function walkAvps(octets: Uint8Array): { readonly avps: Avp[]; readonly at: number } {
  const avps: Avp[] = [];
  let at = 0;
  while (at + AVP_HEADER <= octets.length && avps.length < AVPS_MAX) {
    const word = u16(octets, at);
    const length = word & LENGTH;
    if (length < AVP_HEADER || length > octets.length - at) break;
    avps.push({
      vendor: u16(octets, at + 2),
      type: u16(octets, at + 4),
      mandatory: (word & MANDATORY) !== 0,
      hidden: (word & HIDDEN) !== 0,
      recognised: (word & RESERVED) === 0,
      value: octets.slice(at + AVP_HEADER, at + length),
    });
    at += length;
  }
  return { avps, at };
}
