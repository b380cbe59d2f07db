/**
 * Hidden AVPs (RFC 2661 4.3). The hash is the caller's: MD5 is in no browser's Web Crypto, and the
 * codec has no dependency.
 *
 * @module
 */
import { isNeverHidden } from "./avp.ts";
import { AvpType } from "./catalogue.ts";
import { uint16 } from "./check.ts";
import type { Avp, AvpInput } from "./types.ts";

/** MD5 (RFC 1321): any octets in, 16 octets out. */
export type Md5 = (octets: Uint8Array) => Uint8Array;

export interface Hiding {
  /** The secret that both ends of the tunnel share. */
  secret: Uint8Array;
  /** Value of the Random Vector AVP that stands before the hidden one in the message. */
  randomVector: Uint8Array;
  md5: Md5;
  /** Octets behind the value, so that its length is hidden too. */
  padding?: Uint8Array;
}

const BLOCK = 16;
/** Original Length, the first field of the Hidden AVP Subformat. */
const LENGTH_FIELD = 2;

/**
 * The AVP with its value hidden and H set.
 *
 * @throws RangeError when RFC 2661 4.4 rules out that an AVP of this type is hidden
 */
export function hideAvp(avp: AvpInput, hiding: Hiding): AvpInput {
  const { vendor = 0, type, value } = avp;
  if (vendor === 0 && isNeverHidden(type)) throw new RangeError(`AVP ${type} is never hidden`);
  const { padding = new Uint8Array(0) } = hiding;
  const clear = new Uint8Array(LENGTH_FIELD + value.length + padding.length);
  new DataView(clear.buffer).setUint16(0, uint16(value.length, "length of the value"));
  clear.set(value, LENGTH_FIELD);
  clear.set(padding, LENGTH_FIELD + value.length);
  return { ...avp, hidden: true, value: combine(type, clear, hiding, true) };
}

/**
 * The AVPs of a message with every hidden value revealed by the Random Vector before it. One that
 * cannot be stays hidden: no Random Vector came before it, or its Original Length reaches past its
 * end, as another secret makes it do. (A wrong secret may also reveal a wrong value.)
 */
export function revealAvps(avps: readonly Avp[], secret: Uint8Array, md5: Md5): Avp[] {
  let randomVector: Uint8Array | undefined;
  return avps.map((avp) => {
    if (avp.vendor === 0 && avp.type === AvpType.RandomVector) randomVector = avp.value;
    if (!avp.hidden || randomVector === undefined) return avp;
    const clear = combine(avp.type, avp.value, { secret, randomVector, md5 }, false);
    const length = ((clear[0] ?? 0) << 8) | (clear[1] ?? 0);
    if (length > clear.length - LENGTH_FIELD) return avp;
    return { ...avp, hidden: false, value: clear.slice(LENGTH_FIELD, LENGTH_FIELD + length) };
  });
}

/** XOR with the stream that each block of hidden octets continues. */
function combine(type: number, octets: Uint8Array, hiding: Hiding, isHiding: boolean): Uint8Array {
  const { secret, randomVector, md5 } = hiding;
  const result = new Uint8Array(octets.length);
  const hidden = isHiding ? result : octets;
  let pad = md5(Uint8Array.of(type >> 8, type & 0xff, ...secret, ...randomVector));
  for (let at = 0; at < octets.length; at += BLOCK) {
    const end = Math.min(at + BLOCK, octets.length);
    for (let i = at; i < end; i++) result[i] = (octets[i] ?? 0) ^ (pad[i - at] ?? 0);
    if (end < octets.length) pad = md5(Uint8Array.of(...secret, ...hidden.subarray(at, end)));
  }
  return result;
}
