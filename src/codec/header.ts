/**
 * The L2TP header (RFC 2661 3.1) of a single datagram.
 *
 * @module
 */
import {
  BIT_LENGTH,
  BIT_OFFSET,
  BIT_PRIORITY,
  BIT_SEQUENCE,
  BIT_TYPE,
  HEADER_BITS,
  HEADER_LENGTH,
  HEADER_NR,
  HEADER_NS,
  HEADER_OFFSET_SIZE,
  HEADER_PAYLOAD_AT,
  HEADER_PAYLOAD_LENGTH,
  HEADER_SESSION_ID,
  HEADER_TUNNEL_ID,
  L2TP_VERSION,
  STATUS_OK,
} from "../../assembly/records.ts";
import { uint16 } from "./check.ts";
import { codec, faultOf, type Instance, PACKET_AT, PACKET_MAX, RECORD_AT } from "./load.ts";
import type { Fault, Header, ParsedHeader } from "./types.ts";

/** Octets up to and with Offset Size, when all optional fields are there. */
const FIELDS_MAX = 14;

/**
 * Checks and reads the header of a datagram. A string is the fault; it is never "ok".
 *
 * A Length smaller than the datagram cuts `payload` there: the rest is padding.
 */
export function parseHeader(datagram: Uint8Array): ParsedHeader | Fault {
  const instance = codec();
  const { bytes, view } = instance;
  // The parser reads no octet behind the fields, so only these are copied.
  const fields = Math.min(datagram.length, FIELDS_MAX);
  for (let i = 0; i < fields; i++) bytes[PACKET_AT + i] = datagram[i] ?? 0;
  const status = instance.exports.parseHeader(PACKET_AT, datagram.length, RECORD_AT);
  if (status !== STATUS_OK) return faultOf(status);
  const payloadAt = view.getUint32(RECORD_AT + HEADER_PAYLOAD_AT, true);
  const payloadEnd = payloadAt + view.getUint32(RECORD_AT + HEADER_PAYLOAD_LENGTH, true);
  const bits = u16(view, HEADER_BITS);
  const header: ParsedHeader = {
    control: (bits & BIT_TYPE) !== 0,
    priority: (bits & BIT_PRIORITY) !== 0,
    tunnelId: u16(view, HEADER_TUNNEL_ID),
    sessionId: u16(view, HEADER_SESSION_ID),
    payload: datagram.subarray(payloadAt, payloadEnd),
  };
  if ((bits & BIT_LENGTH) !== 0) header.length = u16(view, HEADER_LENGTH);
  if ((bits & BIT_SEQUENCE) !== 0) {
    header.ns = u16(view, HEADER_NS);
    header.nr = u16(view, HEADER_NR);
  }
  if ((bits & BIT_OFFSET) !== 0) header.offsetSize = u16(view, HEADER_OFFSET_SIZE);
  return header;
}

/**
 * Builds a whole datagram. Length is filled in; a control message always has it.
 *
 * @throws RangeError for a number that has no place in its field, Ns without Nr, a control message
 * without them or with Offset or Priority, more than 65535 octets in all
 */
export function buildHeader(header: Header, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const instance = codec();
  const size = headerSize(header);
  const length = size + payload.length;
  if (length > PACKET_MAX) throw new RangeError(`a datagram cannot have ${length} octets`);
  writeHeader(instance, RECORD_AT, header, length);
  const written = instance.exports.buildHeader(RECORD_AT, PACKET_AT, size);
  if (written !== size) throw new Error(`the header has ${written} octets instead of ${size}`);
  const datagram = new Uint8Array(length);
  datagram.set(instance.bytes.subarray(PACKET_AT, PACKET_AT + size));
  datagram.set(payload, size);
  return datagram;
}

/** Octets of the header, Offset Pad among them. */
export function headerSize(header: Header): number {
  const { control, ns, nr, offsetSize } = header;
  let size = 6;
  if (control || header.length !== undefined) size += 2;
  if (control || ns !== undefined || nr !== undefined) size += 4;
  if (offsetSize !== undefined) size += 2 + uint16(offsetSize, "offsetSize");
  return size;
}

/** Writes a record that `buildHeader` of the module takes. */
export function writeHeader(instance: Instance, at: number, header: Header, length: number): void {
  const { control, priority, ns, nr, offsetSize } = header;
  if (control && (priority || offsetSize !== undefined)) {
    throw new RangeError("a control message has no Offset Size and no Priority");
  }
  const hasLength = control || header.length !== undefined;
  const hasSequence = control || ns !== undefined || nr !== undefined;
  const { view } = instance;
  const bits =
    L2TP_VERSION |
    (control ? BIT_TYPE : 0) |
    (hasLength ? BIT_LENGTH : 0) |
    (hasSequence ? BIT_SEQUENCE : 0) |
    (offsetSize === undefined ? 0 : BIT_OFFSET) |
    (priority ? BIT_PRIORITY : 0);
  view.setUint16(at + HEADER_BITS, bits, true);
  view.setUint16(at + HEADER_LENGTH, hasLength ? uint16(length, "length") : 0, true);
  view.setUint16(at + HEADER_TUNNEL_ID, uint16(header.tunnelId, "tunnelId"), true);
  view.setUint16(at + HEADER_SESSION_ID, uint16(header.sessionId, "sessionId"), true);
  view.setUint16(at + HEADER_NS, hasSequence ? uint16(ns, "ns") : 0, true);
  view.setUint16(at + HEADER_NR, hasSequence ? uint16(nr, "nr") : 0, true);
  view.setUint16(at + HEADER_OFFSET_SIZE, uint16(offsetSize ?? 0, "offsetSize"), true);
}

function u16(view: DataView, field: number): number {
  return view.getUint16(RECORD_AT + field, true);
}
