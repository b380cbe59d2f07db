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
import { cleanText, type Values } from "./avps.ts";
import type { CallAction } from "./call-automata.ts";
import type { Message } from "./messages.ts";
import { optionalAvp, phbOf, present, readDscp } from "./optional.ts";
import { resultCode } from "./result-code.ts";
import type { Session } from "./session.ts";
import { messageType } from "./start-messages.ts";
import type {
  Accm,
  Call,
  CallOctets,
  Cause,
  Connected,
  Disconnect,
  ProxyAuthen,
  ProxyLcp,
} from "./types.ts";

/** What is told of a line that is none. */
const CONNECT_SPEED = 1_000_000_000;
const SYNCHRONOUS = 1;
const SPEED_MAX = 0xffff_ffff;

/** What an action of a call automaton sends; empty when it sends nothing. */
export function messageOf(action: CallAction, session: Session, cause: Cause): AvpInput[] {
  const { id, callSerialNumber, call, connected } = session;
  switch (action) {
    case "Send ICRQ":
      return incomingCallRequest(id, callSerialNumber, call);
    case "Send OCRQ":
      return outgoingCallRequest(id, callSerialNumber, call);
    case "Send ICRP":
      return callReply("ICRP", id, call);
    case "Send OCRP":
      return callReply("OCRP", id, call);
    case "Send ICCN":
      return callConnected("ICCN", connected);
    case "Send OCCN":
      return callConnected("OCCN", connected);
    case "Send CDN":
      return disconnectNotify(id, cause);
    default:
      return [];
  }
}

export function incomingCallRequest(sessionId: number, serial: number, call: Call): AvpInput[] {
  return [
    messageType("ICRQ"),
    makeAvp(AvpType.AssignedSessionId, sessionId),
    makeAvp(AvpType.CallSerialNumber, serial),
    ...optionalAvp(AvpType.BearerType, call.bearerType),
    ...optionalAvp(AvpType.PhysicalChannelId, call.physicalChannelId),
    ...told(AvpType.CallingNumber, call.callingNumber, call.octets?.callingNumber),
    ...told(AvpType.CalledNumber, call.calledNumber, call.octets?.calledNumber),
    ...told(AvpType.SubAddress, call.subAddress, call.octets?.subAddress),
    ...optionalAvp(AvpType.Sds, phbOf(call.dscp)),
  ];
}

export function outgoingCallRequest(sessionId: number, serial: number, call: Call): AvpInput[] {
  return [
    messageType("OCRQ"),
    makeAvp(AvpType.AssignedSessionId, sessionId),
    makeAvp(AvpType.CallSerialNumber, serial),
    makeAvp(AvpType.MinimumBps, call.minimumBps ?? 0),
    makeAvp(AvpType.MaximumBps, call.maximumBps ?? SPEED_MAX),
    makeAvp(AvpType.BearerType, call.bearerType ?? 0),
    makeAvp(AvpType.FramingType, call.framingType ?? 0),
    ...told(AvpType.CalledNumber, call.calledNumber ?? "", call.octets?.calledNumber),
    ...told(AvpType.SubAddress, call.subAddress, call.octets?.subAddress),
    ...optionalAvp(AvpType.Sds, phbOf(call.dscp)),
  ];
}

/** Of an ICRQ or OCRQ without fault. */
export function readCall({ values }: Message): Call {
  return present<Call>({
    calledNumber: values.text(AvpType.CalledNumber),
    callingNumber: values.text(AvpType.CallingNumber),
    subAddress: values.text(AvpType.SubAddress),
    octets: readOctets(values),
    bearerType: values.uint32(AvpType.BearerType),
    framingType: values.uint32(AvpType.FramingType),
    physicalChannelId: values.uint32(AvpType.PhysicalChannelId),
    minimumBps: values.uint32(AvpType.MinimumBps),
    maximumBps: values.uint32(AvpType.MaximumBps),
    dscp: readDscp(values.uint16(AvpType.Sds)),
  });
}

function readOctets(values: Values): CallOctets | undefined {
  const octets = present<CallOctets>({
    calledNumber: values.odd(AvpType.CalledNumber),
    callingNumber: values.odd(AvpType.CallingNumber),
    subAddress: values.odd(AvpType.SubAddress),
  });
  return Object.keys(octets).length === 0 ? undefined : octets;
}

/** Our call as the reply leaves it: a DSCP that it does not confirm is none (RFC 3308). */
export function readReply({ dscp: _asked, ...call }: Call, message: Message): Call {
  return { ...call, ...readCall(message) };
}

function callReply(name: "ICRP" | "OCRP", sessionId: number, { dscp }: Call): AvpInput[] {
  return [
    messageType(name),
    makeAvp(AvpType.AssignedSessionId, sessionId),
    ...optionalAvp(AvpType.Sds, phbOf(dscp)),
  ];
}

export function callConnected(name: "ICCN" | "OCCN", connected: Connected): AvpInput[] {
  return [
    messageType(name),
    makeAvp(AvpType.TxConnectSpeed, connected.txConnectSpeed ?? CONNECT_SPEED),
    makeAvp(AvpType.FramingType, connected.framingType ?? SYNCHRONOUS),
    ...optionalAvp(AvpType.RxConnectSpeed, connected.rxConnectSpeed),
    ...(connected.sequencingRequired ? [makeAvp(AvpType.SequencingRequired, true)] : []),
    ...optionalAvp(AvpType.LcpWantOptions, connected.lcpWantOptions),
    ...optionalAvp(AvpType.LcpAllowOptions, connected.lcpAllowOptions),
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
    privateGroupOctets: values.odd(AvpType.PrivateGroupId),
    proxyLcp: readProxyLcp(values),
    proxyAuthen: readProxyAuthen(values),
    lcpWantOptions: values.octets(AvpType.LcpWantOptions),
    lcpAllowOptions: values.octets(AvpType.LcpAllowOptions),
  });
}

export function disconnectNotify(
  sessionId: number,
  { result, disconnect = {} }: Cause,
): AvpInput[] {
  return [
    messageType("CDN"),
    resultCode(result),
    makeAvp(AvpType.AssignedSessionId, sessionId),
    ...optionalAvp(AvpType.Q931CauseCode, disconnect.q931),
    ...optionalAvp(AvpType.PppDisconnectCauseCode, disconnect.ppp),
  ];
}

/** Of a CDN; `undefined` when it says nothing beside its Result Code. */
export function readDisconnect({ values }: Message): Disconnect | undefined {
  const disconnect = present<Disconnect>({
    ppp: clean(decoded(values, AvpType.PppDisconnectCauseCode), "message"),
    q931: clean(decoded(values, AvpType.Q931CauseCode), "advisory"),
  });
  return Object.keys(disconnect).length === 0 ? undefined : disconnect;
}

export function readCallErrors({ values }: Message): CallErrors | undefined {
  return decoded(values, AvpType.CallErrors);
}

/** Of an SLI. */
export function readAccm({ values }: Message): Accm | undefined {
  const accm = decoded(values, AvpType.Accm);
  if (accm === undefined) return undefined;
  return present<Accm>({
    ...accm,
    lastSent: values.octets(AvpType.LnsLastSentLcpConfreq),
    lastReceived: values.octets(AvpType.LnsLastReceivedLcpConfreq),
  });
}

export function wanErrorNotify(errors: CallErrors): AvpInput[] {
  return [messageType("WEN"), makeAvp(AvpType.CallErrors, errors)];
}

export function setLinkInfo(accm: Accm): AvpInput[] {
  return [
    messageType("SLI"),
    makeAvp(AvpType.Accm, accm),
    ...optionalAvp(AvpType.LnsLastSentLcpConfreq, accm.lastSent),
    ...optionalAvp(AvpType.LnsLastReceivedLcpConfreq, accm.lastReceived),
  ];
}

function proxied(connected: Connected): AvpInput[] {
  const { privateGroupId, privateGroupOctets, proxyLcp = {}, proxyAuthen } = connected;
  return [
    ...told(AvpType.PrivateGroupId, privateGroupId, privateGroupOctets),
    ...optionalAvp(AvpType.InitialReceivedLcpConfreq, proxyLcp.initialReceived),
    ...optionalAvp(AvpType.LastSentLcpConfreq, proxyLcp.lastSent),
    ...optionalAvp(AvpType.LastReceivedLcpConfreq, proxyLcp.lastReceived),
    ...optionalAvp(AvpType.ProxyAuthenType, proxyAuthen?.type),
    ...octets(AvpType.ProxyAuthenName, proxyAuthen?.name),
    ...optionalAvp(AvpType.ProxyAuthenChallenge, proxyAuthen?.challenge),
    ...optionalAvp(AvpType.ProxyAuthenId, proxyAuthen?.id),
    ...optionalAvp(AvpType.ProxyAuthenResponse, proxyAuthen?.response),
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

/** With its text as that of any peer. */
function clean<K extends string, T extends { readonly [key in K]?: string }>(
  value: T | undefined,
  key: K,
): T | undefined {
  const text = value?.[key];
  return value && text !== undefined ? { ...value, [key]: cleanText(text) } : value;
}

function decoded<T extends keyof AvpValues>(values: Values, type: T): AvpValues[T] | undefined {
  const value = values.octets(type);
  if (value === undefined) return undefined;
  const avp = { vendor: 0, type, mandatory: true, hidden: false, recognised: true, value };
  return readAvp([avp], type);
}

/** A text of a call, or what came in its place. */
function told(
  type: (typeof AvpType)["CalledNumber" | "CallingNumber" | "SubAddress" | "PrivateGroupId"],
  text: string | undefined,
  odd: Uint8Array | undefined,
): AvpInput[] {
  return odd === undefined ? optionalAvp(type, text) : [{ ...makeAvp(type, ""), value: odd }];
}

/** A name need not be UTF-8; it goes on as it came. */
function octets(type: number, value: Uint8Array | undefined): AvpInput[] {
  return value === undefined ? [] : [{ type, mandatory: false, value }];
}
