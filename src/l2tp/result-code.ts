/**
 * The Result Code AVP of StopCCN and CDN (RFC 2661 4.4.2).
 *
 * @module
 */
import { type AvpInput, AvpType, uint16Value } from "../codec/index.ts";
import { PEER_TEXT_MAX } from "../limits.ts";
import { peerText } from "./avps.ts";
import type { Message } from "./messages.ts";
import { ErrorCode } from "./results.ts";
import type { Result } from "./types.ts";

const encoder = new TextEncoder();

/** Of a StopCCN or CDN; code 0 (reserved) where the peer named none. Error Code is optional. */
export function readResult(message: Message): Result {
  const value = message.values.octets(AvpType.ResultCode);
  if (value === undefined) return { code: 0 };
  const fields = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const code = plain(fields.getUint16(0));
  if (value.length < 4) return { code };
  const error = fields.getUint16(2);
  if (value.length === 4) return { code, error };
  return { code, error, message: peerText(value.subarray(4)) };
}

/**
 * An Error Message needs an Error Code before it. Both are optional and take no more than `room`
 * octets.
 */
export function resultCode(result: Result, room = Infinity): AvpInput {
  const fields = [...uint16Value(result.code)];
  const error = result.error ?? (result.message === undefined ? undefined : ErrorCode.None);
  if (error === undefined || room < 2) {
    return { type: AvpType.ResultCode, value: Uint8Array.from(fields) };
  }
  fields.push(...uint16Value(error));
  const message = cutText(result.message ?? "", Math.min(PEER_TEXT_MAX, room - 2));
  return { type: AvpType.ResultCode, value: Uint8Array.of(...fields, ...message) };
}

/** UTF-8 of at most `max` octets, cut between characters. */
export function cutText(value: string, max: number): Uint8Array {
  const octets = new Uint8Array(max);
  return octets.slice(0, encoder.encodeInto(value, octets).written);
}

/** Apple's clients write a Result Code with its low octet first; none has more than one octet. */
function plain(code: number): number {
  return code > 0xff && (code & 0xff) === 0 ? code >> 8 : code;
}
