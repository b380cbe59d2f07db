/**
 * PPP frames as L2TP carries them (RFC 1661 2, 6.5, 6.6; RFC 2661 5.3).
 *
 * @module
 */
import {
  PPP_ACFC,
  PPP_INFORMATION_AT,
  PPP_PFC,
  PPP_PROTOCOL,
  STATUS_OK,
} from "../../assembly/records.ts";
import { codec, faultOf, PACKET_AT, RECORD_AT } from "./load.ts";
import type { Compression, Fault, PppFrame } from "./types.ts";

/** FF 03 and two octets of Protocol. */
const FIELDS_MAX = 4;

/** Reads a frame with or without FF 03, one or two octets of Protocol. A string is the fault. */
export function parsePpp(frame: Uint8Array): PppFrame | Fault {
  const { bytes, view, exports } = codec();
  // The parser reads no octet behind these fields, so only these are copied.
  const fields = Math.min(frame.length, FIELDS_MAX);
  for (let i = 0; i < fields; i++) bytes[PACKET_AT + i] = frame[i] ?? 0;
  const status = exports.parseFrame(PACKET_AT, frame.length, RECORD_AT);
  if (status !== STATUS_OK) return faultOf(status);
  return {
    protocol: view.getUint16(RECORD_AT + PPP_PROTOCOL, true),
    information: frame.subarray(view.getUint32(RECORD_AT + PPP_INFORMATION_AT, true)),
  };
}

/**
 * Builds a frame, by default without any compression. LCP is never compressed.
 *
 * @throws RangeError when `protocol` is none (RFC 1661 2)
 */
export function buildPpp(
  protocol: number,
  information: Uint8Array,
  compression: Compression = {},
): Uint8Array {
  const { bytes, exports } = codec();
  const flags = (compression.acfc ? PPP_ACFC : 0) | (compression.pfc ? PPP_PFC : 0);
  const isNumber = Number.isInteger(protocol) && protocol >= 0 && protocol <= 0xffff;
  const size = isNumber ? exports.buildFrameHeader(PACKET_AT, FIELDS_MAX, protocol, flags) : 0;
  if (size === 0) throw new RangeError(`${protocol} is no PPP protocol`);
  const frame = new Uint8Array(size + information.length);
  for (let i = 0; i < size; i++) frame[i] = bytes[PACKET_AT + i] ?? 0;
  frame.set(information, size);
  return frame;
}
