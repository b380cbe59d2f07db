/**
 * The control messages of RFC 2661 6 as they are received: their type, which AVPs of each are
 * looked at, and what is wrong with them.
 *
 * @module
 */
import { type Avp, AvpType, type ControlMessage, MessageType } from "../codec/index.ts";
import { collect, nameOf, Values } from "./avps.ts";
import { ErrorCode, type Fault } from "./results.ts";

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

interface Rule {
  readonly required: readonly number[];
  /** All that are looked at. */
  readonly wanted: readonly number[];
}

function rule(required: readonly number[], optional: readonly number[] = []): Rule {
  return { required, wanted: [...required, ...optional] };
}

const { AssignedSessionId, AssignedTunnelId } = AvpType;

const START = [
  AvpType.ProtocolVersion,
  AvpType.HostName,
  AvpType.FramingCapabilities,
  AssignedTunnelId,
];
const START_OPTIONAL = [
  AvpType.BearerCapabilities,
  AvpType.ReceiveWindowSize,
  AvpType.Challenge,
  AvpType.VendorName,
  AvpType.Ccds,
];
const CONNECTED = [
  AvpType.TxConnectSpeed,
  AvpType.FramingType,
  AvpType.RxConnectSpeed,
  AvpType.SequencingRequired,
  AvpType.LcpWantOptions,
  AvpType.LcpAllowOptions,
];
/** What a LAC has negotiated and heard in place of the LNS (RFC 2661 4.4.5). */
export const PROXY = [
  AvpType.InitialReceivedLcpConfreq,
  AvpType.LastSentLcpConfreq,
  AvpType.LastReceivedLcpConfreq,
  AvpType.ProxyAuthenType,
  AvpType.ProxyAuthenName,
  AvpType.ProxyAuthenChallenge,
  AvpType.ProxyAuthenId,
  AvpType.ProxyAuthenResponse,
];

/**
 * Which AVPs are looked at. StopCCN and CDN require none: whatever they lack, the peer has ended
 * the tunnel or session. ICCN and OCCN require none either: nothing here depends on the line
 * speed. WEN and SLI only inform, and one without its AVP informs of nothing.
 */
const RULES: Record<MessageName | "unknown", Rule> = {
  SCCRQ: rule(START, [...START_OPTIONAL, AvpType.TieBreaker]),
  SCCRP: rule(START, [...START_OPTIONAL, AvpType.ChallengeResponse]),
  SCCCN: rule([], [AvpType.ChallengeResponse]),
  StopCCN: rule([], [AssignedTunnelId, AvpType.ResultCode]),
  HELLO: rule([]),
  OCRQ: rule(
    [
      AssignedSessionId,
      AvpType.CallSerialNumber,
      AvpType.MinimumBps,
      AvpType.MaximumBps,
      AvpType.BearerType,
      AvpType.FramingType,
      AvpType.CalledNumber,
    ],
    [AvpType.SubAddress, AvpType.Sds],
  ),
  OCRP: rule([AssignedSessionId], [AvpType.PhysicalChannelId, AvpType.Sds]),
  OCCN: rule([], CONNECTED),
  ICRQ: rule(
    [AssignedSessionId, AvpType.CallSerialNumber],
    [
      AvpType.BearerType,
      AvpType.PhysicalChannelId,
      AvpType.CalledNumber,
      AvpType.CallingNumber,
      AvpType.SubAddress,
      AvpType.Sds,
    ],
  ),
  ICRP: rule([AssignedSessionId], [AvpType.Sds]),
  ICCN: rule([], [...CONNECTED, ...PROXY, AvpType.PrivateGroupId]),
  CDN: rule(
    [],
    [AssignedSessionId, AvpType.ResultCode, AvpType.Q931CauseCode, AvpType.PppDisconnectCauseCode],
  ),
  WEN: rule([], [AvpType.CallErrors]),
  SLI: rule([], [AvpType.Accm, AvpType.LnsLastSentLcpConfreq, AvpType.LnsLastReceivedLcpConfreq]),
  unknown: rule([]),
};

const NAMES: ReadonlyMap<number, MessageName> = new Map(
  (Object.keys(MessageType) as MessageName[]).map((name) => [MessageType[name], name]),
);

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
