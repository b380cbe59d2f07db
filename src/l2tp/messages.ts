/**
 * The control messages of RFC 2661 6, from AVPs and to AVPs.
 *
 * @module
 */
import {
  type Avp,
  type AvpInput,
  AvpType,
  type ControlMessage,
  MessageType,
} from "../codec/index.ts";
import {
  PEER_TEXT_MAX,
  PEER_WINDOW_DEFAULT,
  RECEIVE_WINDOW,
  UNPROVEN_ANSWER_MAX,
} from "../limits.ts";
import { collect, nameOf, Values } from "./avps.ts";
import { ErrorCode, type Fault, PROTOCOL_VERSION } from "./results.ts";
import type { Result } from "./types.ts";

/** Framing Capabilities: asynchronous and synchronous. L2TP frames are the same to us. */
const FRAMING_BOTH = 3;
const MESSAGE_HEADER = 12;
const AVP_HEADER = 6;
/** Header, Message Type, Assigned Tunnel ID, Result Code without Error Code. */
const STOP_NOTIFICATION_MIN = 36;

export type MessageName = keyof typeof MessageType;

/** A received message. Ids that are missing or not valid are 0; so are absent numbers. */
export interface Message {
  readonly name: MessageName | "unknown";
  /** The M bit of the Message Type AVP (RFC 2661 4.4.1). */
  readonly mandatory: boolean;
  readonly fault: Fault | undefined;
  readonly values: Values;
  readonly assignedTunnelId: number;
  readonly assignedSessionId: number;
}

export interface StartRequest {
  readonly peerTunnelId: number;
  readonly version: number;
  readonly receiveWindow: number;
  readonly hostName: string;
  readonly vendorName: string;
  readonly challenge: Uint8Array | undefined;
}

export interface CallRequest {
  readonly peerSessionId: number;
  readonly callSerialNumber: number;
  readonly calledNumber: string;
  readonly callingNumber: string;
}

interface Rule {
  readonly required: readonly number[];
  /** All that are looked at. */
  readonly wanted: readonly number[];
}

function rule(required: readonly number[], optional: readonly number[] = []): Rule {
  return { required, wanted: [...required, ...optional] };
}

const { AssignedSessionId, AssignedTunnelId } = AvpType;

/**
 * Which AVPs are looked at. StopCCN and CDN require none: whatever they lack, the peer has ended
 * the tunnel or session. ICCN requires none either: nothing here depends on the line speed.
 */
const RULES: Record<MessageName | "unknown", Rule> = {
  SCCRQ: rule(
    [AvpType.ProtocolVersion, AvpType.HostName, AvpType.FramingCapabilities, AssignedTunnelId],
    [AvpType.ReceiveWindowSize, AvpType.Challenge, AvpType.VendorName],
  ),
  SCCRP: rule([], [AssignedTunnelId]),
  SCCCN: rule([], [AvpType.ChallengeResponse]),
  StopCCN: rule([], [AssignedTunnelId, AvpType.ResultCode]),
  HELLO: rule([]),
  OCRQ: rule([], [AssignedSessionId]),
  OCRP: rule([], [AssignedSessionId]),
  OCCN: rule([]),
  ICRQ: rule(
    [AssignedSessionId, AvpType.CallSerialNumber],
    [AvpType.CalledNumber, AvpType.CallingNumber],
  ),
  ICRP: rule([], [AssignedSessionId]),
  ICCN: rule([], [AvpType.TxConnectSpeed, AvpType.FramingType, AvpType.SequencingRequired]),
  CDN: rule([], [AssignedSessionId, AvpType.ResultCode]),
  WEN: rule([]),
  SLI: rule([]),
  unknown: rule([]),
};

const NAMES: ReadonlyMap<number, MessageName> = new Map(
  (Object.keys(MessageType) as MessageName[]).map((name) => [MessageType[name], name]),
);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Reads a message that is not a ZLB. `secret` reveals hidden AVPs; empty for none. */
export function readMessage(avps: readonly Avp[], secret: Uint8Array): Message {
  const values = new Values();
  const { name, mandatory, fault: typeFault } = readType(avps[0]);
  const { required, wanted } = RULES[name];
  const avpFault = collect(avps, wanted, secret, values);
  const fault = typeFault ?? avpFault ?? missing(values, required) ?? outOfRange(values);
  return {
    name,
    mandatory,
    fault,
    values,
    assignedTunnelId: values.uint16(AssignedTunnelId) ?? 0,
    assignedSessionId: values.uint16(AssignedSessionId) ?? 0,
  };
}

/** Whether a message is of a type, known without reading the rest of it. */
export function isOfType(message: ControlMessage, name: MessageName): boolean {
  const value = message.avps[0]?.value;
  return value?.length === 2 && value[0] === 0 && value[1] === MessageType[name];
}

/** Of an SCCRQ without fault. */
export function readStartRequest(message: Message): StartRequest {
  const { values } = message;
  return {
    peerTunnelId: message.assignedTunnelId,
    version: values.uint16(AvpType.ProtocolVersion) ?? 0,
    receiveWindow: values.uint16(AvpType.ReceiveWindowSize) ?? PEER_WINDOW_DEFAULT,
    hostName: readHostName(message),
    vendorName: text(values.octets(AvpType.VendorName)),
    challenge: values.octets(AvpType.Challenge),
  };
}

/** The Host Name of a message that may have a fault; "" for none. */
export function readHostName(message: Message): string {
  return text(message.values.octets(AvpType.HostName));
}

/** Of an ICRQ without fault. */
export function readCallRequest(message: Message): CallRequest {
  const { values } = message;
  return {
    peerSessionId: message.assignedSessionId,
    callSerialNumber: values.uint32(AvpType.CallSerialNumber) ?? 0,
    calledNumber: text(values.octets(AvpType.CalledNumber)),
    callingNumber: text(values.octets(AvpType.CallingNumber)),
  };
}

/** Of a StopCCN or CDN; code 0 (reserved) where the peer named none. Error Code is optional. */
export function readResult(message: Message): Result {
  const value = message.values.octets(AvpType.ResultCode);
  if (value === undefined) return { code: 0 };
  const fields = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const code = plain(fields.getUint16(0));
  if (value.length < 4) return { code };
  const error = fields.getUint16(2);
  return value.length === 4 ? { code, error } : { code, error, message: text(value.subarray(4)) };
}

/** Apple's clients write a Result Code with its low octet first; none has more than one octet. */
function plain(code: number): number {
  return code > 0xff && (code & 0xff) === 0 ? code >> 8 : code;
}

/**
 * SCCRP, which goes to addresses that nothing is known of: mandatory AVPs, the Challenge and Challenge
 * Response that a secret asks for, and our window where there is room for it. A peer that is not told
 * takes it to be 4 (RFC 2661 4.4.3), and has two sessions set up in each round trip.
 */
export function startReply(reply: {
  hostName: Uint8Array;
  tunnelId: number;
  challenge: Uint8Array | undefined;
  response: Uint8Array | undefined;
}): AvpInput[] {
  const avps = [
    messageType("SCCRP"),
    uint16(AvpType.ProtocolVersion, PROTOCOL_VERSION),
    { type: AvpType.FramingCapabilities, value: Uint8Array.of(0, 0, 0, FRAMING_BOTH) },
    { type: AvpType.HostName, value: reply.hostName },
    uint16(AssignedTunnelId, reply.tunnelId),
  ];
  if (reply.challenge !== undefined) {
    avps.push({ type: AvpType.Challenge, value: reply.challenge });
  }
  if (reply.response !== undefined) {
    avps.push({ type: AvpType.ChallengeResponse, value: reply.response });
  }
  const withWindow = [...avps, uint16(AvpType.ReceiveWindowSize, RECEIVE_WINDOW)];
  return sizeOf(withWindow) <= UNPROVEN_ANSWER_MAX ? withWindow : avps;
}

/** Octets of a control message (RFC 2661 3.1, 4.1). */
function sizeOf(avps: readonly AvpInput[]): number {
  return avps.reduce((size, { value }) => size + AVP_HEADER + value.length, MESSAGE_HEADER);
}

/** A StopCCN of at most `most` octets: Error Message and Error Code are cut to fit. */
export function stopNotification(tunnelId: number, result: Result, most = Infinity): AvpInput[] {
  const assigned = uint16(AssignedTunnelId, tunnelId);
  return [messageType("StopCCN"), assigned, resultCode(result, most - STOP_NOTIFICATION_MIN)];
}

export function hello(): AvpInput[] {
  return [messageType("HELLO")];
}

export function callReply(sessionId: number): AvpInput[] {
  return [messageType("ICRP"), uint16(AssignedSessionId, sessionId)];
}

export function disconnectNotify(sessionId: number, result: Result): AvpInput[] {
  return [messageType("CDN"), resultCode(result), uint16(AssignedSessionId, sessionId)];
}

/** UTF-8 of at most `max` octets, cut between characters. */
export function cutText(value: string, max: number): Uint8Array {
  const octets = new Uint8Array(max);
  return octets.slice(0, encoder.encodeInto(value, octets).written);
}

function readType(avp: Avp | undefined): Pick<Message, "name" | "mandatory" | "fault"> {
  const wellFormed =
    avp !== undefined &&
    avp.vendor === 0 &&
    avp.type === AvpType.MessageType &&
    avp.recognised &&
    !avp.hidden &&
    avp.value.length === 2;
  if (!wellFormed) {
    // Nothing says whether such a message may be ignored: it is malformed (RFC 2661 7.1).
    const result = { code: 2, error: ErrorCode.OutOfRange, message: "Message Type" };
    return { name: "unknown", mandatory: true, fault: { counter: "missing-avp", result } };
  }
  const type = ((avp.value[0] ?? 0) << 8) | (avp.value[1] ?? 0);
  const name = NAMES.get(type);
  if (name !== undefined) return { name, mandatory: avp.mandatory, fault: undefined };
  const result = { code: 2, error: ErrorCode.OutOfRange, message: `Message Type ${type}` };
  const fault: Fault = { counter: "unknown-message", result };
  return { name: "unknown", mandatory: avp.mandatory, fault };
}

function missing(values: Values, required: readonly number[]): Fault | undefined {
  const type = required.find((each) => !values.has(each));
  if (type === undefined) return undefined;
  const message = `${nameOf(type)} missing`;
  return { counter: "missing-avp", result: { code: 2, error: ErrorCode.OutOfRange, message } };
}

/** RFC 2661 5.3: 0 is no Assigned Tunnel ID and no Assigned Session ID. */
function outOfRange(values: Values): Fault | undefined {
  for (const type of [AssignedTunnelId, AssignedSessionId]) {
    if (values.uint16(type) !== 0) continue;
    const result = { code: 2, error: ErrorCode.OutOfRange, message: `${nameOf(type)} 0` };
    return { counter: "malformed-avp", result };
  }
  return undefined;
}

/** Text of a peer for logs and tables: bounded, without control characters. */
function text(value: Uint8Array | undefined): string {
  if (value === undefined) return "";
  return decoder.decode(value.subarray(0, PEER_TEXT_MAX)).replaceAll(/\p{Cc}/gu, "\ufffd");
}

function messageType(name: MessageName): AvpInput {
  return uint16(AvpType.MessageType, MessageType[name]);
}

function uint16(type: number, value: number): AvpInput {
  return { type, value: Uint8Array.of((value >> 8) & 0xff, value & 0xff) };
}

/**
 * An Error Message needs an Error Code before it (RFC 2661 4.4.2). Both are optional and take no
 * more than `room` octets.
 */
function resultCode(result: Result, room = Infinity): AvpInput {
  const fields = [result.code >> 8, result.code & 0xff];
  const error = result.error ?? (result.message === undefined ? undefined : ErrorCode.None);
  if (error === undefined || room < 2) {
    return { type: AvpType.ResultCode, value: Uint8Array.from(fields) };
  }
  fields.push((error >> 8) & 0xff, error & 0xff);
  const message = cutText(result.message ?? "", Math.min(PEER_TEXT_MAX, room - 2));
  return { type: AvpType.ResultCode, value: Uint8Array.of(...fields, ...message) };
}
