/**
 * The AVPs of RFC 2661 4.4, 3145, 3308 and 3437 with their ranges, and the walk over those of one message: which are
 * recognised, revealed, well-formed (4.1 to 4.4, 7.1).
 *
 * @module
 */
import { type Avp, AvpType, avpTypeName } from "../codec/index.ts";
import { AVP_VALUE_MAX, PASSED_TEXT_MAX, PEER_TEXT_MAX } from "../limits.ts";
import { reveal } from "./authentication.ts";
import { ErrorCode, type Fault } from "./results.ts";

interface Rule {
  /** Octets of the value, before hiding. */
  readonly min: number;
  readonly max: number;
  readonly mayHide: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function fixed(length: number, mayHide = true): Rule {
  return { min: length, max: length, mayHide };
}

function open(min: number, mayHide = true): Rule {
  return { min, max: AVP_VALUE_MAX, mayHide };
}

/** Text and octets of any length are taken as they are; what is too long for us is cut. */
const RULES: ReadonlyMap<number, Rule> = new Map([
  [AvpType.MessageType, fixed(2, false)],
  [AvpType.ResultCode, open(2, false)],
  [AvpType.ProtocolVersion, fixed(2, false)],
  [AvpType.FramingCapabilities, fixed(4)],
  [AvpType.BearerCapabilities, fixed(4)],
  [AvpType.TieBreaker, fixed(8, false)],
  [AvpType.FirmwareRevision, fixed(2)],
  [AvpType.HostName, open(1, false)],
  [AvpType.VendorName, open(0)],
  [AvpType.AssignedTunnelId, fixed(2)],
  [AvpType.ReceiveWindowSize, fixed(2, false)],
  [AvpType.Challenge, open(1)],
  [AvpType.Q931CauseCode, open(3, false)],
  [AvpType.ChallengeResponse, fixed(16)],
  [AvpType.AssignedSessionId, fixed(2)],
  [AvpType.CallSerialNumber, fixed(4)],
  [AvpType.MinimumBps, fixed(4)],
  [AvpType.MaximumBps, fixed(4)],
  [AvpType.BearerType, fixed(4)],
  [AvpType.FramingType, fixed(4)],
  [AvpType.CalledNumber, open(0)],
  [AvpType.CallingNumber, open(0)],
  [AvpType.SubAddress, open(0)],
  [AvpType.TxConnectSpeed, fixed(4)],
  [AvpType.PhysicalChannelId, fixed(4)],
  [AvpType.InitialReceivedLcpConfreq, open(0)],
  [AvpType.LastSentLcpConfreq, open(0)],
  [AvpType.LastReceivedLcpConfreq, open(0)],
  [AvpType.ProxyAuthenType, fixed(2)],
  [AvpType.ProxyAuthenName, open(0)],
  [AvpType.ProxyAuthenChallenge, open(0)],
  [AvpType.ProxyAuthenId, fixed(2)],
  [AvpType.ProxyAuthenResponse, open(0)],
  [AvpType.CallErrors, fixed(26)],
  [AvpType.Accm, fixed(10)],
  [AvpType.RandomVector, open(0, false)],
  [AvpType.PrivateGroupId, open(0)],
  [AvpType.RxConnectSpeed, fixed(4)],
  [AvpType.SequencingRequired, open(0, false)],
  [AvpType.PppDisconnectCauseCode, open(5)],
  [AvpType.Ccds, fixed(2)],
  [AvpType.Sds, fixed(2)],
  [AvpType.LcpWantOptions, open(0)],
  [AvpType.LcpAllowOptions, open(0)],
  [AvpType.LnsLastSentLcpConfreq, open(0)],
  [AvpType.LnsLastReceivedLcpConfreq, open(0)],
]);

/** Values by Attribute Type, for the types that were asked for; the first of a type counts. */
export class Values {
  #values = new Map<number, Uint8Array>();

  has(type: number): boolean {
    return this.#values.has(type);
  }

  octets(type: number): Uint8Array | undefined {
    return this.#values.get(type);
  }

  uint16(type: number): number | undefined {
    const value = this.#values.get(type);
    return value === undefined ? undefined : view(value).getUint16(0);
  }

  /** Text of a peer for logs and tables: bounded, without control characters. */
  text(type: number): string | undefined {
    const value = this.#values.get(type);
    return value === undefined ? undefined : peerText(value);
  }

  /** What `text` does not tell as it came, for whoever passes it on; of bounded length too. */
  odd(type: number): Uint8Array | undefined {
    const value = this.#values.get(type);
    if (value === undefined || value.length > PASSED_TEXT_MAX) return undefined;
    const told = encoder.encode(peerText(value));
    const isTold = told.length === value.length && told.every((octet, at) => octet === value[at]);
    return isTold ? undefined : value.slice();
  }

  uint32(type: number): number | undefined {
    const value = this.#values.get(type);
    return value === undefined ? undefined : view(value).getUint32(0);
  }

  set(type: number, value: Uint8Array): void {
    this.#values.set(type, value);
  }
}

export function peerText(value: Uint8Array): string {
  return cleanText(decoder.decode(value.subarray(0, PEER_TEXT_MAX)));
}

export function cleanText(text: string): string {
  return text.slice(0, PEER_TEXT_MAX).replaceAll(/\p{Cc}/gu, "\ufffd");
}

export function nameOf(type: number): string {
  return avpTypeName(type) ?? String(type);
}

/**
 * Walks the AVPs behind the Message Type. Values of the types in `wanted` go into `values`; the
 * first fault is returned, and the walk goes on, so that a refusal can name the peer's ids. An
 * AVP without the M bit has no fault: it is as if it were absent (4.1, 7.1).
 */
export function collect(
  avps: readonly Avp[],
  wanted: readonly number[],
  secret: Uint8Array,
  values: Values,
): Fault | undefined {
  let fault: Fault | undefined;
  let randomVector: Uint8Array | undefined;
  for (let i = 1; i < avps.length; i++) {
    const avp = avps[i];
    if (avp === undefined) break;
    const rule = avp.vendor === 0 && avp.recognised ? RULES.get(avp.type) : undefined;
    const found = rule === undefined ? unknown(avp) : check(avp, rule, secret, randomVector);
    if (found !== undefined) {
      if (avp.mandatory) fault ??= found;
      continue;
    }
    if (avp.type === AvpType.RandomVector) randomVector = avp.value;
    // Only what is used is revealed, and once: the work that a datagram can cause is bounded.
    if (!wanted.includes(avp.type) || values.has(avp.type) || rule === undefined) continue;
    const value = avp.hidden ? revealed(avp, secret, randomVector) : avp.value;
    if (value === undefined) {
      if (avp.mandatory) fault ??= unrevealed(avp);
    } else if (value.length < rule.min || value.length > rule.max) {
      if (avp.mandatory) fault ??= wrongLength(avp);
    } else {
      values.set(avp.type, value);
    }
  }
  return fault;
}

function check(
  avp: Avp,
  rule: Rule,
  secret: Uint8Array,
  randomVector: Uint8Array | undefined,
): Fault | undefined {
  if (!avp.hidden) {
    const length = avp.value.length;
    return length < rule.min || length > rule.max ? wrongLength(avp) : undefined;
  }
  if (!rule.mayHide) {
    const message = `${nameOf(avp.type)} hidden`;
    return { counter: "malformed-avp", result: { code: 2, error: ErrorCode.OutOfRange, message } };
  }
  return secret.length === 0 || randomVector === undefined ? unrevealed(avp) : undefined;
}

function revealed(
  avp: Avp,
  secret: Uint8Array,
  randomVector: Uint8Array | undefined,
): Uint8Array | undefined {
  if (randomVector === undefined) return undefined;
  return reveal(avp.type, avp.value, secret, randomVector);
}

/** RFC 2661 4.4.2: the Error Message of Error Code 8 names the AVP. */
function unknown(avp: Avp): Fault {
  const message = avp.vendor === 0 ? `AVP ${avp.type}` : `AVP ${avp.type} of vendor ${avp.vendor}`;
  const result = { code: 2, error: ErrorCode.UnknownAvp, message };
  return { counter: "unknown-mandatory-avp", result };
}

/** An AVP whose hidden value cannot be had is as good as unknown. */
function unrevealed(avp: Avp): Fault {
  const message = `AVP ${avp.type} (hidden ${nameOf(avp.type)})`;
  return { counter: "unrevealed-avp", result: { code: 2, error: ErrorCode.UnknownAvp, message } };
}

function wrongLength(avp: Avp): Fault {
  const result = { code: 2, error: ErrorCode.Length, message: nameOf(avp.type) };
  return { counter: "malformed-avp", result };
}

function view(value: Uint8Array): DataView {
  return new DataView(value.buffer, value.byteOffset, value.byteLength);
}
