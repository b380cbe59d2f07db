/**
 * Call management (RFC 2661 6.6 to 6.14): what ICRQ to SLI say, to AVPs and from AVPs.
 *
 * @module
 */
import {
  type AvpInput,
  AvpType,
  type AvpValues,
  type CallErrors,
  makeAvp,
  readAvp,
} from "../codec/index.ts";
import type { Values } from "./avps.ts";
import type { CallAction } from "./call-automata.ts";
import type { Message } from "./messages.ts";
import { resultCode } from "./result-code.ts";
import type { Session } from "./session.ts";
import { messageType } from "./start-messages.ts";
import type { Accm, Call, Connected, ProxyAuthen, ProxyLcp, Result } from "./types.ts";

/** What is told of a line that is none. */
const CONNECT_SPEED = 1_000_000_000;
const SYNCHRONOUS = 1;
const SPEED_MAX = 0xffff_ffff;

/** What an action of a call automaton sends; empty when it sends nothing. */
export function messageOf(action: CallAction, session: Session, result: Result): AvpInput[] {
  const { id, callSerialNumber, call, connected } = session;
  switch (action) {
    case "Send ICRQ":
      return incomingCallRequest(id, callSerialNumber, call);
    case "Send OCRQ":
      return outgoingCallRequest(id, callSerialNumber, call);
    case "Send ICRP":
      return callReply("ICRP", id);
    case "Send OCRP":
      return callReply("OCRP", id);
    case "Send ICCN":
      return callConnected("ICCN", connected);
    case "Send OCCN":
      return callConnected("OCCN", connected);
    case "Send CDN":
      return disconnectNotify(id, result);
    default:
      return [];
  }
}

function incomingCallRequest(sessionId: number, serial: number, call: Call): AvpInput[] {
  return [
    messageType("ICRQ"),
    makeAvp(AvpType.AssignedSessionId, sessionId),
    makeAvp(AvpType.CallSerialNumber, serial),
    ...optional(AvpType.BearerType, call.bearerType),
    ...optional(AvpType.PhysicalChannelId, call.physicalChannelId),
    ...optional(AvpType.CallingNumber, call.callingNumber),
    ...optional(AvpType.CalledNumber, call.calledNumber),
    ...optional(AvpType.SubAddress, call.subAddress),
  ];
}

function outgoingCallRequest(sessionId: number, serial: number, call: Call): AvpInput[] {
  return [
    messageType("OCRQ"),
    makeAvp(AvpType.AssignedSessionId, sessionId),
    makeAvp(AvpType.CallSerialNumber, serial),
    makeAvp(AvpType.MinimumBps, call.minimumBps ?? 0),
    makeAvp(AvpType.MaximumBps, call.maximumBps ?? SPEED_MAX),
    makeAvp(AvpType.BearerType, call.bearerType ?? 0),
    makeAvp(AvpType.FramingType, call.framingType ?? 0),
    makeAvp(AvpType.CalledNumber, call.calledNumber ?? ""),
    ...optional(AvpType.SubAddress, call.subAddress),
  ];
}

/** Of an ICRQ, OCRQ or OCRP without fault. */
export function readCall({ values }: Message): Call {
  return present<Call>({
    calledNumber: values.text(AvpType.CalledNumber),
    callingNumber: values.text(AvpType.CallingNumber),
    subAddress: values.text(AvpType.SubAddress),
    bearerType: values.uint32(AvpType.BearerType),
    framingType: values.uint32(AvpType.FramingType),
    physicalChannelId: values.uint32(AvpType.PhysicalChannelId),
    minimumBps: values.uint32(AvpType.MinimumBps),
    maximumBps: values.uint32(AvpType.MaximumBps),
  });
}

function callReply(name: "ICRP" | "OCRP", sessionId: number): AvpInput[] {
  return [messageType(name), makeAvp(AvpType.AssignedSessionId, sessionId)];
}

function callConnected(name: "ICCN" | "OCCN", connected: Connected): AvpInput[] {
  return [
    messageType(name),
    makeAvp(AvpType.TxConnectSpeed, connected.txConnectSpeed ?? CONNECT_SPEED),
    makeAvp(AvpType.FramingType, connected.framingType ?? SYNCHRONOUS),
    ...optional(AvpType.RxConnectSpeed, connected.rxConnectSpeed),
    ...(connected.sequencingRequired ? [makeAvp(AvpType.SequencingRequired, true)] : []),
    ...(name === "ICCN" ? proxied(connected) : []),
  ];
}

/** Of an ICCN or OCCN without fault. */
export function readConnected({ values }: Message): Connected {
  return present<Connected>({
    txConnectSpeed: values.uint32(AvpType.TxConnectSpeed),
    rxConnectSpeed: values.uint32(AvpType.RxConnectSpeed),
    framingType: values.uint32(AvpType.FramingType),
    sequencingRequired: values.has(AvpType.SequencingRequired) ? true : undefined,
    privateGroupId: values.text(AvpType.PrivateGroupId),
    proxyLcp: readProxyLcp(values),
    proxyAuthen: readProxyAuthen(values),
  });
}

function disconnectNotify(sessionId: number, result: Result): AvpInput[] {
  return [messageType("CDN"), resultCode(result), makeAvp(AvpType.AssignedSessionId, sessionId)];
}

export function readCallErrors({ values }: Message): CallErrors | undefined {
  return decoded(values, AvpType.CallErrors);
}

export function readAccm({ values }: Message): Accm | undefined {
  return decoded(values, AvpType.Accm);
}

export function wanErrorNotify(errors: CallErrors): AvpInput[] {
  return [messageType("WEN"), makeAvp(AvpType.CallErrors, errors)];
}

export function setLinkInfo(accm: Accm): AvpInput[] {
  return [messageType("SLI"), makeAvp(AvpType.Accm, accm)];
}

function proxied({ privateGroupId, proxyLcp = {}, proxyAuthen }: Connected): AvpInput[] {
  return [
    ...optional(AvpType.PrivateGroupId, privateGroupId),
    ...optional(AvpType.InitialReceivedLcpConfreq, proxyLcp.initialReceived),
    ...optional(AvpType.LastSentLcpConfreq, proxyLcp.lastSent),
    ...optional(AvpType.LastReceivedLcpConfreq, proxyLcp.lastReceived),
    ...optional(AvpType.ProxyAuthenType, proxyAuthen?.type),
    ...octets(AvpType.ProxyAuthenName, proxyAuthen?.name),
    ...optional(AvpType.ProxyAuthenChallenge, proxyAuthen?.challenge),
    ...optional(AvpType.ProxyAuthenId, proxyAuthen?.id),
    ...optional(AvpType.ProxyAuthenResponse, proxyAuthen?.response),
  ];
}

function readProxyLcp(values: Values): ProxyLcp | undefined {
  const proxy = present<ProxyLcp>({
    initialReceived: values.octets(AvpType.InitialReceivedLcpConfreq),
    lastSent: values.octets(AvpType.LastSentLcpConfreq),
    lastReceived: values.octets(AvpType.LastReceivedLcpConfreq),
  });
  return Object.keys(proxy).length === 0 ? undefined : proxy;
}

/** Without its type nothing of it is to be used (RFC 2661 4.4.5). */
function readProxyAuthen(values: Values): ProxyAuthen | undefined {
  const type = values.uint16(AvpType.ProxyAuthenType);
  if (type === undefined) return undefined;
  const id = values.uint16(AvpType.ProxyAuthenId);
  return present<ProxyAuthen>({
    type,
    name: values.octets(AvpType.ProxyAuthenName),
    challenge: values.octets(AvpType.ProxyAuthenChallenge),
    id: id === undefined ? undefined : id & 0xff,
    response: values.octets(AvpType.ProxyAuthenResponse),
  });
}

function decoded<T extends keyof AvpValues>(values: Values, type: T): AvpValues[T] | undefined {
  const value = values.octets(type);
  if (value === undefined) return undefined;
  const avp = { vendor: 0, type, mandatory: true, hidden: false, recognised: true, value };
  return readAvp([avp], type);
}

function optional<T extends keyof AvpValues>(type: T, value: AvpValues[T] | undefined): AvpInput[] {
  return value === undefined ? [] : [makeAvp(type, value)];
}

/** A name need not be UTF-8; it goes on as it came. */
function octets(type: number, value: Uint8Array | undefined): AvpInput[] {
  return value === undefined ? [] : [{ type, mandatory: false, value }];
}

/** The fields that have a value. */
function present<T>(fields: { readonly [K in keyof T]-?: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
