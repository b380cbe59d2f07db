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
  const header: { -readonly [Name in keyof HeaderFields]: HeaderFields[Name] } = {
    bits: bitsOf(word),
    version: word & 0xf,
  };
  let at = 2;
  const next = () => {
    at += 2;
    return at <= octets.length ? u16(octets, at - 2) : undefined;
  };
  const set = (name: Exclude<keyof HeaderFields, "bits">) => {
    const value = next();
    if (value !== undefined) header[name] = value;
  };
  if (word & LENGTH_BIT) set("length");
  set("tunnelId");
  set("sessionId");
  if (word & SEQUENCE_BIT) {
    set("ns");
    set("nr");
  }
  if (word & OFFSET_BIT) set("offsetSize");
  return header;
}

/** "TLS--". */
function bitsOf(word: number): string {
  let bits = "";
  for (const [bit, name] of BITS) bits += word & bit ? name : "-";
  return bits;
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
