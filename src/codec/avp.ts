/**
 * AVPs by what they mean: the value of each AVP of RFC 2661 4.4 as a number, a text or a record,
 * and its M bit as the RFC sets it.
 *
 * @module
 */
import {
  readText,
  readUint16,
  readUint32,
  textValue,
  uint16Value,
  uint32Value,
} from "./avp-value.ts";
import { AvpType } from "./catalogue.ts";
import type { Avp, AvpInput } from "./types.ts";

/** Result Code (RFC 2661 4.4.2). */
export interface ResultCode {
  /** Of a StopCCN: 1 to 7; of a CDN: 1 to 11. */
  code: number;
  /** General Error Code: 0 to 8. Absent when the peer left it out. */
  error?: number;
  /** UTF-8; only together with `error`. */
  message?: string;
}

/** Q.931 Cause Code (RFC 2661 4.4.4). */
export interface CauseCode {
  cause: number;
  /** Q.931 message that carried it, 8 bits. */
  message: number;
  advisory?: string;
}

/** Call Errors (RFC 2661 4.4.6): counts since the call was established, 32 bits each. */
export interface CallErrors {
  crc: number;
  framing: number;
  hardwareOverruns: number;
  bufferOverruns: number;
  timeouts: number;
  alignment: number;
}

/** ACCM (RFC 2661 4.4.6): the character maps that LAC and peer use, 32 bits each. */
export interface Accm {
  send: number;
  receive: number;
}

/** PPP Disconnect Cause Code (RFC 3145). */
export interface PppDisconnectCause {
  code: number;
  /** PPP Protocol that it is about; 0: none. */
  protocol: number;
  /** 0: none; 1: at the peer; 2: at the sender of the AVP. */
  direction: number;
  message?: string;
}

/** What the value of each AVP is, by Attribute Type. */
export interface AvpValues {
  [AvpType.MessageType]: number;
  [AvpType.ResultCode]: ResultCode;
  /** Version in the high octet, revision in the low one: 0x0100. */
  [AvpType.ProtocolVersion]: number;
  /** Bit 0 synchronous, bit 1 asynchronous. */
  [AvpType.FramingCapabilities]: number;
  /** Bit 0 digital, bit 1 analogue. */
  [AvpType.BearerCapabilities]: number;
  /** 8 octets. */
  [AvpType.TieBreaker]: Uint8Array;
  [AvpType.FirmwareRevision]: number;
  [AvpType.HostName]: string;
  [AvpType.VendorName]: string;
  [AvpType.AssignedTunnelId]: number;
  [AvpType.ReceiveWindowSize]: number;
  [AvpType.Challenge]: Uint8Array;
  [AvpType.Q931CauseCode]: CauseCode;
  /** 16 octets. */
  [AvpType.ChallengeResponse]: Uint8Array;
  [AvpType.AssignedSessionId]: number;
  [AvpType.CallSerialNumber]: number;
  /** Bits a second, as all speeds. */
  [AvpType.MinimumBps]: number;
  [AvpType.MaximumBps]: number;
  [AvpType.BearerType]: number;
  [AvpType.FramingType]: number;
  [AvpType.CalledNumber]: string;
  [AvpType.CallingNumber]: string;
  [AvpType.SubAddress]: string;
  [AvpType.TxConnectSpeed]: number;
  [AvpType.PhysicalChannelId]: number;
  /** Options of an LCP Configure-Request, without its header; so the two that follow. */
  [AvpType.InitialReceivedLcpConfreq]: Uint8Array;
  [AvpType.LastSentLcpConfreq]: Uint8Array;
  [AvpType.LastReceivedLcpConfreq]: Uint8Array;
  [AvpType.ProxyAuthenType]: number;
  [AvpType.ProxyAuthenName]: string;
  [AvpType.ProxyAuthenChallenge]: Uint8Array;
  /** 8 bits, in the low octet. */
  [AvpType.ProxyAuthenId]: number;
  [AvpType.ProxyAuthenResponse]: Uint8Array;
  [AvpType.CallErrors]: CallErrors;
  [AvpType.Accm]: Accm;
  [AvpType.RandomVector]: Uint8Array;
  [AvpType.PrivateGroupId]: string;
  [AvpType.RxConnectSpeed]: number;
  /** Its presence is all it says. */
  [AvpType.SequencingRequired]: true;
  [AvpType.PppDisconnectCauseCode]: PppDisconnectCause;
  /** PHB codes (RFC 3140); of a single DSCP that, in the 6 high bits. */
  [AvpType.Ccds]: number;
  [AvpType.Sds]: number;
  /** Options of LCP, as of the AVPs above. */
  [AvpType.LcpWantOptions]: Uint8Array;
  [AvpType.LcpAllowOptions]: Uint8Array;
  [AvpType.LnsLastSentLcpConfreq]: Uint8Array;
  [AvpType.LnsLastReceivedLcpConfreq]: Uint8Array;
}

export type AvpValue = AvpValues[keyof AvpValues];

interface Format {
  /** `undefined` for octets that are no such value. */
  read(value: Uint8Array): AvpValue | undefined;
  write(value: never): Uint8Array;
}

const uint16Format: Format = { read: readUint16, write: uint16Value };
const uint32Format: Format = { read: readUint32, write: uint32Value };
const textFormat: Format = { read: readText, write: textValue };
const octetsFormat: Format = { read: (value) => value, write: (value: Uint8Array) => value };

const emptyFormat: Format = {
  read: (value) => (value.length === 0 ? true : undefined),
  write: () => new Uint8Array(0),
};

const resultFormat: Format = {
  read(value): ResultCode | undefined {
    const { length } = value;
    const code = readUint16(value.subarray(0, 2));
    if (code === undefined || length === 3) return undefined;
    if (length === 2) return { code };
    const error = readUint16(value.subarray(2, 4)) ?? 0;
    return length === 4 ? { code, error } : { code, error, message: readText(value.subarray(4)) };
  },
  write({ code, error, message }: ResultCode) {
    if (error === undefined && message !== undefined) {
      throw new RangeError("an Error Message needs an Error Code");
    }
    const tail = error === undefined ? [] : [uint16Value(error), textValue(message ?? "")];
    return joined([uint16Value(code), ...tail]);
  },
};

const causeFormat: Format = {
  read(value): CauseCode | undefined {
    const cause = readUint16(value.subarray(0, 2));
    const message = value[2];
    if (cause === undefined || message === undefined) return undefined;
    const advisory = value.length > 3 ? { advisory: readText(value.subarray(3)) } : {};
    return { cause, message, ...advisory };
  },
  write({ cause, message, advisory = "" }: CauseCode) {
    if (message > 0xff) throw new RangeError(`a Q.931 message has 8 bits, not ${message}`);
    return joined([uint16Value(cause), uint16Value(message).subarray(1), textValue(advisory)]);
  },
};

const disconnectFormat: Format = {
  read(value): PppDisconnectCause | undefined {
    const code = readUint16(value.subarray(0, 2));
    const protocol = readUint16(value.subarray(2, 4));
    const direction = value[4];
    if (code === undefined || protocol === undefined || direction === undefined) return undefined;
    const message = value.length > 5 ? { message: readText(value.subarray(5)) } : {};
    return { code, protocol, direction, ...message };
  },
  write({ code, protocol, direction, message = "" }: PppDisconnectCause) {
    if (direction > 0xff) throw new RangeError(`a direction has 8 bits, not ${direction}`);
    const last = uint16Value(direction).subarray(1);
    return joined([uint16Value(code), uint16Value(protocol), last, textValue(message)]);
  },
};

/** A reserved 16-bit field, and then numbers of 32 bits. */
function numbersFormat(names: readonly string[]): Format {
  return {
    read(value) {
      if (value.length !== 2 + 4 * names.length) return undefined;
      const number = (i: number) => readUint32(value.subarray(2 + 4 * i, 6 + 4 * i));
      return Object.fromEntries(names.map((name, i) => [name, number(i)])) as unknown as Accm;
    },
    write: (value: Readonly<Record<string, number>>) =>
      joined([new Uint8Array(2), ...names.map((name) => uint32Value(value[name] as number))]),
  };
}

function sized(size: number): Format {
  return {
    read: (value) => (value.length === size ? value : undefined),
    write(value: Uint8Array) {
      if (value.length !== size) throw new RangeError(`value must have ${size} octets`);
      return value;
    },
  };
}

const errorsFormat = numbersFormat([
  "crc",
  "framing",
  "hardwareOverruns",
  "bufferOverruns",
  "timeouts",
  "alignment",
]);
const accmFormat = numbersFormat(["send", "receive"]);

/** M and H bit as its RFC rules for each AVP. */
const M = 1;
/** MUST NOT be hidden. */
const SHOWN = 2;

const CATALOGUE: Readonly<Record<keyof AvpValues, readonly [format: Format, rules: number]>> = {
  [AvpType.MessageType]: [uint16Format, M | SHOWN],
  [AvpType.ResultCode]: [resultFormat, M | SHOWN],
  [AvpType.ProtocolVersion]: [uint16Format, M | SHOWN],
  [AvpType.FramingCapabilities]: [uint32Format, M],
  [AvpType.BearerCapabilities]: [uint32Format, M],
  [AvpType.TieBreaker]: [sized(8), SHOWN],
  [AvpType.FirmwareRevision]: [uint16Format, 0],
  [AvpType.HostName]: [textFormat, M | SHOWN],
  [AvpType.VendorName]: [textFormat, 0],
  [AvpType.AssignedTunnelId]: [uint16Format, M],
  [AvpType.ReceiveWindowSize]: [uint16Format, M | SHOWN],
  [AvpType.Challenge]: [octetsFormat, M],
  [AvpType.Q931CauseCode]: [causeFormat, M | SHOWN],
  [AvpType.ChallengeResponse]: [sized(16), M],
  [AvpType.AssignedSessionId]: [uint16Format, M],
  [AvpType.CallSerialNumber]: [uint32Format, M],
  [AvpType.MinimumBps]: [uint32Format, M],
  [AvpType.MaximumBps]: [uint32Format, M],
  [AvpType.BearerType]: [uint32Format, M],
  [AvpType.FramingType]: [uint32Format, M],
  [AvpType.CalledNumber]: [textFormat, M],
  [AvpType.CallingNumber]: [textFormat, M],
  [AvpType.SubAddress]: [textFormat, M],
  [AvpType.TxConnectSpeed]: [uint32Format, M],
  [AvpType.PhysicalChannelId]: [uint32Format, 0],
  [AvpType.InitialReceivedLcpConfreq]: [octetsFormat, 0],
  [AvpType.LastSentLcpConfreq]: [octetsFormat, 0],
  [AvpType.LastReceivedLcpConfreq]: [octetsFormat, 0],
  [AvpType.ProxyAuthenType]: [uint16Format, 0],
  [AvpType.ProxyAuthenName]: [textFormat, 0],
  [AvpType.ProxyAuthenChallenge]: [octetsFormat, 0],
  [AvpType.ProxyAuthenId]: [uint16Format, 0],
  [AvpType.ProxyAuthenResponse]: [octetsFormat, 0],
  [AvpType.CallErrors]: [errorsFormat, M],
  [AvpType.Accm]: [accmFormat, M],
  [AvpType.RandomVector]: [octetsFormat, M | SHOWN],
  [AvpType.PrivateGroupId]: [textFormat, 0],
  [AvpType.RxConnectSpeed]: [uint32Format, 0],
  [AvpType.SequencingRequired]: [emptyFormat, M | SHOWN],
  [AvpType.PppDisconnectCauseCode]: [disconnectFormat, 0],
  [AvpType.Ccds]: [uint16Format, 0],
  [AvpType.Sds]: [uint16Format, 0],
  [AvpType.LcpWantOptions]: [octetsFormat, 0],
  [AvpType.LcpAllowOptions]: [octetsFormat, 0],
  [AvpType.LnsLastSentLcpConfreq]: [octetsFormat, 0],
  [AvpType.LnsLastReceivedLcpConfreq]: [octetsFormat, 0],
};

/**
 * An AVP to be built, its M bit as RFC 2661 4.4 sets it for this type.
 *
 * @throws RangeError for a value that has no place in its field
 */
export function makeAvp<T extends keyof AvpValues>(type: T, value: AvpValues[T]): AvpInput {
  const [format, rules] = CATALOGUE[type];
  return { type, mandatory: (rules & M) !== 0, value: format.write(value as never) };
}

/**
 * The value of an AVP of vendor 0. `undefined`: hidden, not in the catalogue, or of a length that
 * RFC 2661 4.4 does not give it.
 */
export function decodeAvp(avp: Avp): AvpValue | undefined {
  if (avp.vendor !== 0 || avp.hidden) return undefined;
  return CATALOGUE[avp.type as keyof AvpValues]?.[0].read(avp.value);
}

/** The value of the first AVP of this type; `undefined` as `decodeAvp`, and when there is none. */
export function readAvp<T extends keyof AvpValues>(
  avps: readonly Avp[],
  type: T,
): AvpValues[T] | undefined {
  const found = avps.find((avp) => avp.vendor === 0 && avp.type === type);
  return found && (decodeAvp(found) as AvpValues[T] | undefined);
}

/** True when RFC 2661 4.4 rules out that an AVP of vendor 0 and this type is hidden. */
export function isNeverHidden(type: number): boolean {
  return ((CATALOGUE[type as keyof AvpValues]?.[1] ?? 0) & SHOWN) !== 0;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
