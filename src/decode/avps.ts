/**
 * AVPs in words: what `decodeAvp` reads, under the RFCs' names for it.
 *
 * @module
 */
import {
  type Accm,
  type Avp,
  AvpType,
  type AvpValue,
  avpTypeName,
  type CallErrors,
  type CauseCode,
  callResultText,
  decodeAvp,
  disconnectCauseText,
  disconnectDirectionText,
  errorText,
  messageTypeName,
  type PppDisconnectCause,
  type ResultCode,
  readAvp,
  stopResultText,
} from "../codec/index.ts";
import { grouped, hex, hex16, hex32, octetsText, quoted, shortHex, utf8 } from "./octets.ts";
import { LCP_OPTIONS, readOptions } from "./options.ts";
import { protocolName } from "./protocols.ts";
import type { AvpFields, Field } from "./types.ts";
import {
  MESSAGES,
  otherAvpName,
  PROXY_AUTHEN_TYPES,
  Q931_CAUSES,
  Q931_MESSAGES,
  VENDORS,
} from "./words.ts";

/** What the words of an AVP depend on. */
export interface AvpContext {
  /** As they were on the wire, beside those that may have been revealed. */
  readonly received: readonly Avp[];
  readonly hasSecret: boolean;
  readonly isPasswordShown: boolean;
  /** Of a Challenge Response, when that can be told. */
  readonly isResponseRight: boolean | undefined;
}

type Words = Pick<Field, "text" | "value" | "fields">;

interface Message extends AvpContext {
  readonly avps: readonly Avp[];
}

type Describe = (value: never, message: Message) => Words;

/** RFC 2661 4.4.2: beside this Result Code the Error Code is the highest version supported. */
const STOP_VERSION = 5;
const AVP_HEADER = 6;
const STOP_CCN = 4;
/** Proxy Authen Types whose response is no password: CHAP and MS-CHAPv1. */
const NO_PASSWORD: readonly (number | undefined)[] = [2, 5];

/** `avps` are the received ones, with those revealed that could be. */
export function describeAvps(avps: readonly Avp[], context: AvpContext): AvpFields[] {
  const message = { ...context, avps };
  return avps.map((clear, index) => {
    const onWire = context.received[index] ?? clear;
    const isRevealed = onWire.hidden && !clear.hidden && !isNonsense(clear);
    const avp = isRevealed ? clear : onWire;
    const words = avp.hidden ? hidden(index, message) : describe(avp, message);
    const length = AVP_HEADER + onWire.value.length;
    return { name: avpName(avp), type: avp.type, avp, length, isRevealed, ...words };
  });
}

export function avpName({ vendor, type }: Pick<Avp, "vendor" | "type">): string {
  if (vendor !== 0) return `${VENDORS[vendor] ?? `vendor ${vendor}`}, type ${type}`;
  return avpTypeName(type) ?? otherAvpName(type) ?? `unknown, type ${type}`;
}

/** A wrong secret may reveal octets that are no such value. */
function isNonsense(avp: Avp): boolean {
  return avp.vendor === 0 && avpTypeName(avp.type) !== undefined && decodeAvp(avp) === undefined;
}

function hidden(index: number, message: Message): Words {
  const { received, hasSecret } = message;
  const { vendor, type, value } = received[index] as Avp;
  const hasVector = received
    .slice(0, index)
    .some((avp) => avp.vendor === 0 && avp.type === AvpType.RandomVector);
  const why = !hasVector
    ? ", and no Random Vector before it"
    : hasSecret
      ? ", and the secret does not reveal it"
      : "";
  const isResponse = vendor === 0 && type === AvpType.ProxyAuthenResponse;
  const isShown = !isResponse || isResponseShown(message);
  return { text: `hidden, ${octetsText(value.length)}${why}`, value: isShown ? hex(value) : null };
}

function describe(avp: Avp, message: Message): Words {
  if (avp.vendor !== 0) return octets(avp.value);
  const value = decodeAvp(avp);
  if (value !== undefined) {
    const say = DESCRIPTIONS[avp.type] as
      | ((value: AvpValue, message: Message) => Words)
      | undefined;
    if (say !== undefined) return say(value, message);
  }
  const { text } = octets(avp.value);
  const isKnown = avpTypeName(avp.type) !== undefined;
  return { text: isKnown ? `no such value: ${text}` : text, value: hex(avp.value) };
}

function octets(value: Uint8Array): Words {
  return { text: shortHex(value), value: hex(value) };
}

function number(value: number): Words {
  return { text: String(value), value };
}

function text(value: string): Words {
  return { text: quoted(value), value };
}

function speed(value: number): Words {
  return { text: `${grouped(value)} bps`, value };
}

function named(value: number, name: string | undefined): Words {
  return { text: `${name ?? "unknown"} (${value})`, value };
}

/** Two flags in the lowest bits of four octets. */
function flags(first: string, second: string): (value: number) => Words {
  return (value) => {
    const names = [value & 2 ? second : "", value & 1 ? first : ""].filter((name) => name !== "");
    const rest = (value & ~3) >>> 0;
    if (rest !== 0) names.push(`reserved bits ${hex32(rest)}`);
    return { text: names.join(", ") || "none", value };
  };
}

function resultCode(result: ResultCode, { avps }: Message): Words {
  const { code, error, message } = result;
  const isStop = readAvp(avps, AvpType.MessageType) === STOP_CCN;
  const name = isStop ? stopResultText(code) : callResultText(code);
  const parts = [`${name ?? "unknown"} (${code})`];
  if (isStop && code === STOP_VERSION && error !== undefined) {
    parts.push(`highest version ${error >> 8}.${error & 0xff}`);
  } else if (error !== undefined) {
    parts.push(`error: ${errorText(error) ?? "unknown"} (${error})`);
  }
  if (message !== undefined) parts.push(quoted(message));
  return { text: parts.join("; "), value: { ...result } };
}

function causeCode(cause: CauseCode): Words {
  const parts = [
    `${Q931_CAUSES[cause.cause] ?? "cause"} (${cause.cause})`,
    `in ${Q931_MESSAGES[cause.message] ?? "message"} (${cause.message})`,
  ];
  if (cause.advisory !== undefined) parts.push(quoted(cause.advisory));
  return { text: parts.join("; "), value: { ...cause } };
}

function callErrors(errors: CallErrors): Words {
  const { crc, framing, hardwareOverruns, bufferOverruns, timeouts, alignment } = errors;
  const counts: [string, number][] = [
    ["CRC errors", crc],
    ["framing errors", framing],
    ["hardware overruns", hardwareOverruns],
    ["buffer overruns", bufferOverruns],
    ["timeout errors", timeouts],
    ["alignment errors", alignment],
  ];
  return {
    text: counts.map(([name, count]) => `${name} ${grouped(count)}`).join(", "),
    value: { ...errors },
  };
}

function accm({ send, receive }: Accm): Words {
  return { text: `send ${hex32(send)}, receive ${hex32(receive)}`, value: { send, receive } };
}

function lcpOptions(value: Uint8Array): Words {
  const { fields, fault } = readOptions(LCP_OPTIONS, value);
  const names = fields.map(({ name, text: words }) => (words === "" ? name : `${name} ${words}`));
  const list = names.join(", ") || "no options";
  const said = fault === undefined ? list : `${list}; ${fault}`;
  return { text: said, value: hex(value), fields };
}

function response(value: Uint8Array, message: Message): Words {
  if (isNoPassword(message.avps)) return octets(value);
  return password(value, message.isPasswordShown);
}

function isResponseShown({ avps, isPasswordShown }: Message): boolean {
  return isPasswordShown || isNoPassword(avps);
}

/** Only where the one Proxy Authen Type is known, and says so: anything else may be a password. */
function isNoPassword(avps: readonly Avp[]): boolean {
  const types = avps.filter(({ vendor, type }) => vendor === 0 && type === AvpType.ProxyAuthenType);
  const [only] = types;
  if (types.length !== 1 || only === undefined || only.hidden || !only.recognised) return false;
  return NO_PASSWORD.includes(decodeAvp(only) as number | undefined);
}

/** A person who shows a capture to others does not mean to show passwords. */
export function password(value: Uint8Array, isShown: boolean): Words {
  if (isShown) return { text: quoted(utf8(value)), value: utf8(value) };
  return { text: `not shown, ${octetsText(value.length)}`, value: null };
}

function challengeResponse(value: Uint8Array, { isResponseRight }: Message): Words {
  const { text: digits } = octets(value);
  const verdict = { true: ", right for the secret", false: ", wrong for the secret" };
  const said = isResponseRight === undefined ? "" : verdict[`${isResponseRight}`];
  return { text: `${digits}${said}`, value: hex(value) };
}

function disconnectCause(cause: PppDisconnectCause): Words {
  const { code, protocol, direction, message } = cause;
  const parts = [`${disconnectCauseText(code) ?? "unknown"} (${code})`];
  if (protocol !== 0) parts.push(protocolName(protocol));
  parts.push(disconnectDirectionText(direction) ?? `direction ${direction}`);
  if (message !== undefined) parts.push(quoted(message));
  return { text: parts.join("; "), value: { ...cause } };
}

/** A PHB identification code: of a standard PHB the DSCP in its upper six bits (RFC 3140 2). */
function perHopBehaviour(value: number): Words {
  const isStandard = (value & 0x03ff) === 0;
  return { text: `${hex16(value)}${isStandard ? `, DSCP ${value >> 10}` : ""}`, value };
}

const framing = flags("synchronous", "asynchronous");
const bearer = flags("digital", "analog");

const DESCRIPTIONS: Readonly<Record<number, Describe>> = {
  [AvpType.MessageType]: (value: number) => {
    const name = messageTypeName(value);
    const full = name === undefined ? "unknown" : `${name}, ${MESSAGES[name]}`;
    return { text: `${full} (${value})`, value };
  },
  [AvpType.ResultCode]: resultCode,
  [AvpType.ProtocolVersion]: (value: number) => ({
    text: `${value >> 8}.${value & 0xff}`,
    value,
  }),
  [AvpType.FramingCapabilities]: framing,
  [AvpType.BearerCapabilities]: bearer,
  [AvpType.TieBreaker]: octets,
  [AvpType.FirmwareRevision]: (value: number) => ({ text: hex16(value), value }),
  [AvpType.HostName]: text,
  [AvpType.VendorName]: text,
  [AvpType.AssignedTunnelId]: number,
  [AvpType.ReceiveWindowSize]: number,
  [AvpType.Challenge]: octets,
  [AvpType.Q931CauseCode]: causeCode,
  [AvpType.ChallengeResponse]: challengeResponse,
  [AvpType.AssignedSessionId]: number,
  [AvpType.CallSerialNumber]: number,
  [AvpType.MinimumBps]: speed,
  [AvpType.MaximumBps]: speed,
  [AvpType.BearerType]: bearer,
  [AvpType.FramingType]: framing,
  [AvpType.CalledNumber]: text,
  [AvpType.CallingNumber]: text,
  [AvpType.SubAddress]: text,
  [AvpType.TxConnectSpeed]: speed,
  [AvpType.PhysicalChannelId]: (value: number) => ({ text: hex32(value), value }),
  [AvpType.InitialReceivedLcpConfreq]: lcpOptions,
  [AvpType.LastSentLcpConfreq]: lcpOptions,
  [AvpType.LastReceivedLcpConfreq]: lcpOptions,
  [AvpType.ProxyAuthenType]: (value: number) => named(value, PROXY_AUTHEN_TYPES[value]),
  [AvpType.ProxyAuthenName]: text,
  [AvpType.ProxyAuthenChallenge]: octets,
  [AvpType.ProxyAuthenId]: number,
  [AvpType.ProxyAuthenResponse]: response,
  [AvpType.CallErrors]: callErrors,
  [AvpType.Accm]: accm,
  [AvpType.RandomVector]: octets,
  [AvpType.PrivateGroupId]: text,
  [AvpType.RxConnectSpeed]: speed,
  [AvpType.SequencingRequired]: () => ({ text: "yes", value: true }),
  [AvpType.PppDisconnectCauseCode]: disconnectCause,
  [AvpType.Ccds]: perHopBehaviour,
  [AvpType.Sds]: perHopBehaviour,
  [AvpType.LcpWantOptions]: lcpOptions,
  [AvpType.LcpAllowOptions]: lcpOptions,
  [AvpType.LnsLastSentLcpConfreq]: lcpOptions,
  [AvpType.LnsLastReceivedLcpConfreq]: lcpOptions,
};
