/**
 * Control messages: the header and its AVPs, validated as a whole (RFC 2661 3.1, 4.1).
 *
 * @module
 */
import {
  AVP_FLAGS,
  AVP_HEADER_SIZE,
  AVP_HIDDEN,
  AVP_LENGTH_MAX,
  AVP_MANDATORY,
  AVP_RECORD_SIZE,
  AVP_RESERVED,
  AVP_TYPE,
  AVP_VALUE_AT,
  AVP_VALUE_LENGTH,
  AVP_VENDOR,
  BIT_TYPE,
  HEADER_BITS,
  HEADER_NR,
  HEADER_NS,
  HEADER_PAYLOAD_AT,
  HEADER_PAYLOAD_LENGTH,
  HEADER_SESSION_ID,
  HEADER_TUNNEL_ID,
  STATUS_CONTROL_BITS,
  STATUS_OK,
} from "../../assembly/records.ts";
import { AVPS_MAX } from "../limits.ts";
import { uint16 } from "./check.ts";
import { writeHeader } from "./header.ts";
import {
  AVP_RECORDS_AT,
  codec,
  faultOf,
  type Instance,
  PACKET_AT,
  PACKET_MAX,
  RECORD_AT,
} from "./load.ts";
import type { Avp, AvpInput, ControlMessage, ControlMessageInput, Fault } from "./types.ts";

/** A control message has Length, Ns and Nr, and no Offset: its header is always this long. */
const HEADER_SIZE = 12;
const VALUE_MAX = AVP_LENGTH_MAX - AVP_HEADER_SIZE;

/**
 * Checks and reads a control message. A string is the fault; a data message has the fault
 * "control-bits". Values are copies: the datagram may be reused.
 */
export function parseControlMessage(datagram: Uint8Array): ControlMessage | Fault {
  const instance = codec();
  const { bytes, view, exports } = instance;
  // Length has 16 bits, so what lies behind is padding; the copy is what is checked and read.
  const isWhole = datagram.length <= PACKET_MAX;
  bytes.set(isWhole ? datagram : datagram.subarray(0, PACKET_MAX), PACKET_AT);
  const status = exports.parseHeader(PACKET_AT, datagram.length, RECORD_AT);
  if (status !== STATUS_OK) return faultOf(status);
  if ((u16(view, HEADER_BITS) & BIT_TYPE) === 0) return faultOf(STATUS_CONTROL_BITS);
  const at = PACKET_AT + view.getUint32(RECORD_AT + HEADER_PAYLOAD_AT, true);
  const length = view.getUint32(RECORD_AT + HEADER_PAYLOAD_LENGTH, true);
  const count = exports.walkAvps(at, length, AVP_RECORDS_AT, AVPS_MAX);
  if (count < 0) return faultOf(-count);
  const avps: Avp[] = [];
  for (let i = 0; i < count; i++)
    avps.push(readAvp(instance, AVP_RECORDS_AT + i * AVP_RECORD_SIZE));
  return {
    tunnelId: u16(view, HEADER_TUNNEL_ID),
    sessionId: u16(view, HEADER_SESSION_ID),
    ns: u16(view, HEADER_NS),
    nr: u16(view, HEADER_NR),
    avps,
  };
}

/**
 * Builds a whole control message; without AVPs it is a ZLB.
 *
 * @throws RangeError for a number that has no place in its field, a value of more than 1017 octets,
 * more than 65535 octets in all
 */
export function buildControlMessage(message: ControlMessageInput): Uint8Array {
  const instance = codec();
  const { avps } = message;
  const length = avps.reduce((sum, { value }) => sum + AVP_HEADER_SIZE + value.length, HEADER_SIZE);
  if (length > PACKET_MAX) throw new RangeError(`a control message cannot have ${length} octets`);
  writeHeader(instance, RECORD_AT, { ...message, control: true, priority: false }, length);
  instance.exports.buildHeader(RECORD_AT, PACKET_AT, HEADER_SIZE);
  let at = PACKET_AT + HEADER_SIZE;
  avps.forEach((avp, i) => {
    writeAvp(instance, AVP_RECORDS_AT + i * AVP_RECORD_SIZE, avp, at + AVP_HEADER_SIZE);
    at += AVP_HEADER_SIZE + avp.value.length;
  });
  const room = length - HEADER_SIZE;
  const used = instance.exports.buildAvps(
    AVP_RECORDS_AT,
    avps.length,
    PACKET_AT + HEADER_SIZE,
    room,
  );
  if (used !== room) throw new Error(`the AVPs have ${used} octets instead of ${room}`);
  return instance.bytes.slice(PACKET_AT, PACKET_AT + length);
}

function readAvp({ bytes, view }: Instance, record: number): Avp {
  const flags = view.getUint16(record + AVP_FLAGS, true);
  const at = view.getUint32(record + AVP_VALUE_AT, true);
  return {
    vendor: view.getUint16(record + AVP_VENDOR, true),
    type: view.getUint16(record + AVP_TYPE, true),
    mandatory: (flags & AVP_MANDATORY) !== 0,
    hidden: (flags & AVP_HIDDEN) !== 0,
    recognised: (flags & AVP_RESERVED) === 0,
    value: bytes.slice(at, at + view.getUint16(record + AVP_VALUE_LENGTH, true)),
  };
}

/** Writes the record, and the value to the place that it has in the message. */
function writeAvp({ bytes, view }: Instance, record: number, avp: AvpInput, valueAt: number): void {
  const { vendor = 0, type, mandatory = true, hidden = false, value } = avp;
  if (value.length > VALUE_MAX) {
    throw new RangeError(`an AVP value cannot have ${value.length} octets`);
  }
  const flags = (mandatory ? AVP_MANDATORY : 0) | (hidden ? AVP_HIDDEN : 0);
  view.setUint16(record + AVP_FLAGS, flags, true);
  view.setUint16(record + AVP_VENDOR, uint16(vendor, "vendor"), true);
  view.setUint16(record + AVP_TYPE, uint16(type, "type"), true);
  view.setUint16(record + AVP_VALUE_LENGTH, value.length, true);
  view.setUint32(record + AVP_VALUE_AT, valueAt, true);
  bytes.set(value, valueAt);
}

function u16(view: DataView, field: number): number {
  return view.getUint16(RECORD_AT + field, true);
}
