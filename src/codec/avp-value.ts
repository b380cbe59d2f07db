/**
 * AVP values as numbers and text. What a peer sent with another length reads as undefined.
 *
 * @module
 */
import { uint16 } from "./check.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @throws RangeError when `value` does not fit 16 bits */
export function uint16Value(value: number): Uint8Array {
  const number = uint16(value, "value");
  return Uint8Array.of(number >> 8, number & 0xff);
}

/** @throws RangeError when `value` does not fit 32 bits */
export function uint32Value(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new RangeError(`value must be an integer from 0 to 4294967295, not ${value}`);
  }
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

/** UTF-8 (RFC 2661 4.4.2), which ASCII is a part of. */
export function textValue(text: string): Uint8Array {
  return encoder.encode(text);
}

export function readUint16(value: Uint8Array): number | undefined {
  return value.length === 2 ? fields(value).getUint16(0) : undefined;
}

export function readUint32(value: Uint8Array): number | undefined {
  return value.length === 4 ? fields(value).getUint32(0) : undefined;
}

/** Octets that are not UTF-8 become U+FFFD. */
export function readText(value: Uint8Array): string {
  return decoder.decode(value);
}

function fields(value: Uint8Array): DataView {
  return new DataView(value.buffer, value.byteOffset, value.byteLength);
}
