/**
 * The AVPs of RFC 2661 4.4 with their ranges, and the walk over those of one message: which are
 * recognised, revealed, well-formed (4.1 to 4.4, 7.1).
 *
 * @module
 */
import { type Avp, AvpType } from "../codec/index.ts";
import { reveal } from "./authentication.ts";
import type { CounterName } from "./counters.ts";
import type { Result } from "./types.ts";

/** Error Codes of RFC 2661 4.4.2. */
export const ErrorCode = {
  None: 0,
  Length: 2,
  OutOfRange: 3,
  Resources: 4,
  SessionId: 5,
  UnknownAvp: 8,
} as const;

/** What is wrong with a message, as it is counted and as the peer is told. */
export interface Fault {
  readonly counter: CounterName;
  readonly result: Result;
}

interface Rule {
  readonly name: string;
  /** Octets of the value, before hiding. */
  readonly min: number;
  readonly max: number;
  readonly mayHide: boolean;
}

const ANY = 1_017;

function fixed(name: string, length: number, mayHide = true): Rule {
  return { name, min: length, max: length, mayHide };
}

function open(name: string, min: number, mayHide = true): Rule {
  return { name, min, max: ANY, mayHide };
}

/** Proxy values are not used yet, so their length is not looked at. */
const RULES: ReadonlyMap<number, Rule> = new Map([
  [AvpType.MessageType, fixed("Message Type", 2, false)],
  [AvpType.ResultCode, open("Result Code", 2, false)],
  [AvpType.ProtocolVersion, fixed("Protocol Version", 2, false)],
  [AvpType.FramingCapabilities, fixed("Framing Capabilities", 4)],
  [AvpType.BearerCapabilities, fixed("Bearer Capabilities", 4)],
  [AvpType.TieBreaker, fixed("Tie Breaker", 8, false)],
  [AvpType.FirmwareRevision, fixed("Firmware Revision", 2)],
  [AvpType.HostName, open("Host Name", 1, false)],
  [AvpType.VendorName, open("Vendor Name", 0)],
  [AvpType.AssignedTunnelId, fixed("Assigned Tunnel ID", 2)],
  [AvpType.ReceiveWindowSize, fixed("Receive Window Size", 2, false)],
  [AvpType.Challenge, open("Challenge", 1)],
  [AvpType.Q931CauseCode, open("Q.931 Cause Code", 3, false)],
  [AvpType.ChallengeResponse, fixed("Challenge Response", 16)],
  [AvpType.AssignedSessionId, fixed("Assigned Session ID", 2)],
  [AvpType.CallSerialNumber, fixed("Call Serial Number", 4)],
  [AvpType.MinimumBps, fixed("Minimum BPS", 4)],
  [AvpType.MaximumBps, fixed("Maximum BPS", 4)],
  [AvpType.BearerType, fixed("Bearer Type", 4)],
  [AvpType.FramingType, fixed("Framing Type", 4)],
  [AvpType.CalledNumber, open("Called Number", 0)],
  [AvpType.CallingNumber, open("Calling Number", 0)],
  [AvpType.SubAddress, open("Sub-Address", 0)],
  [AvpType.TxConnectSpeed, fixed("Tx Connect Speed", 4)],
  [AvpType.PhysicalChannelId, fixed("Physical Channel ID", 4)],
  [AvpType.InitialReceivedLcpConfreq, open("Initial Received LCP CONFREQ", 0)],
  [AvpType.LastSentLcpConfreq, open("Last Sent LCP CONFREQ", 0)],
  [AvpType.LastReceivedLcpConfreq, open("Last Received LCP CONFREQ", 0)],
  [AvpType.ProxyAuthenType, open("Proxy Authen Type", 0)],
  [AvpType.ProxyAuthenName, open("Proxy Authen Name", 0)],
  [AvpType.ProxyAuthenChallenge, open("Proxy Authen Challenge", 0)],
  [AvpType.ProxyAuthenId, open("Proxy Authen ID", 0)],
  [AvpType.ProxyAuthenResponse, open("Proxy Authen Response", 0)],
  [AvpType.CallErrors, fixed("Call Errors", 26)],
  [AvpType.Accm, fixed("ACCM", 10)],
  [AvpType.RandomVector, open("Random Vector", 0, false)],
  [AvpType.PrivateGroupId, open("Private Group ID", 0)],
  [AvpType.RxConnectSpeed, fixed("Rx Connect Speed", 4)],
  [AvpType.SequencingRequired, open("Sequencing Required", 0, false)],
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

  uint32(type: number): number | undefined {
    const value = this.#values.get(type);
    return value === undefined ? undefined : view(value).getUint32(0);
  }

  set(type: number, value: Uint8Array): void {
    this.#values.set(type, value);
  }
}

export function nameOf(type: number): string {
  return RULES.get(type)?.name ?? String(type);
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
      if (avp.mandatory) fault ??= wrongLength(rule);
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
    return length < rule.min || length > rule.max ? wrongLength(rule) : undefined;
  }
  if (!rule.mayHide) {
    const message = `${rule.name} hidden`;
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

function wrongLength(rule: Rule): Fault {
  const result = { code: 2, error: ErrorCode.Length, message: rule.name };
  return { counter: "malformed-avp", result };
}

function view(value: Uint8Array): DataView {
  return new DataView(value.buffer, value.byteOffset, value.byteLength);
}
