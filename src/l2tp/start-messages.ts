/**
 * Control connection management (RFC 2661 6.1 to 6.5): SCCRQ, SCCRP, SCCCN, StopCCN and HELLO to
 * AVPs, and what the peer says of itself from AVPs.
 *
 * @module
 */
import { type AvpInput, AvpType, MessageType, makeAvp } from "../codec/index.ts";
import { PEER_WINDOW_DEFAULT, UNPROVEN_ANSWER_MAX } from "../limits.ts";
import { sizeOf } from "./fit.ts";
import type { Message, MessageName } from "./messages.ts";
import { optionalAvp, phbOf, readDscp } from "./optional.ts";
import { resultCode } from "./result-code.ts";
import { PROTOCOL_VERSION } from "./results.ts";
import type { Result, Role } from "./types.ts";

/** Framing Capabilities and Bearer Capabilities: L2TP frames and lines are the same to us. */
const BOTH = 3;
/** Vendor Name and Firmware Revision, in a format of our own (RFC 2661 4.4.3). */
const VENDOR_NAME = "simplon";
const FIRMWARE_REVISION = 0x0001;
/** Header, Message Type, Assigned Tunnel ID, Result Code without Error Code. */
const STOP_NOTIFICATION_MIN = 36;

/** What SCCRQ and SCCRP tell of the peer. */
export interface Start {
  readonly tunnelId: number;
  readonly version: number;
  readonly receiveWindow: number;
  readonly framingCapabilities: number;
  /** `undefined`: it places no outgoing calls. */
  readonly bearerCapabilities: number | undefined;
  readonly hostName: string;
  readonly vendorName: string;
  readonly challenge: Uint8Array | undefined;
  readonly response: Uint8Array | undefined;
  readonly tieBreaker: Uint8Array | undefined;
  /** That it asks control messages to be sent with (RFC 3308). */
  readonly dscp: number | undefined;
}

/** Of a peer that has not answered. */
export const NOT_STARTED: Start = {
  tunnelId: 0,
  version: PROTOCOL_VERSION,
  receiveWindow: PEER_WINDOW_DEFAULT,
  framingCapabilities: 0,
  bearerCapabilities: undefined,
  hostName: "",
  vendorName: "",
  challenge: undefined,
  response: undefined,
  tieBreaker: undefined,
  dscp: undefined,
};

/** What we say of ourselves. */
export interface Introduction {
  readonly role: Role;
  readonly hostName: Uint8Array;
  readonly tunnelId: number;
  readonly challenge: Uint8Array | undefined;
  readonly receiveWindow: number;
  readonly dscp: number | undefined;
}

/** Of an SCCRQ or SCCRP without fault. */
export function readStart(message: Message): Start {
  const { values } = message;
  return {
    tunnelId: message.assignedTunnelId,
    version: values.uint16(AvpType.ProtocolVersion) ?? 0,
    receiveWindow: values.uint16(AvpType.ReceiveWindowSize) ?? PEER_WINDOW_DEFAULT,
    framingCapabilities: values.uint32(AvpType.FramingCapabilities) ?? 0,
    bearerCapabilities: values.uint32(AvpType.BearerCapabilities),
    hostName: readHostName(message),
    vendorName: values.text(AvpType.VendorName) ?? "",
    challenge: values.octets(AvpType.Challenge),
    response: values.octets(AvpType.ChallengeResponse),
    tieBreaker: values.octets(AvpType.TieBreaker),
    dscp: readDscp(values.uint16(AvpType.Ccds)),
  };
}

/** The Host Name of a message that may have a fault; "" for none. */
export function readHostName(message: Message): string {
  return message.values.text(AvpType.HostName) ?? "";
}

export function startRequest(ours: Introduction, tieBreaker: Uint8Array): AvpInput[] {
  const { challenge } = ours;
  return [
    ...introduction("SCCRQ", ours),
    makeAvp(AvpType.ReceiveWindowSize, ours.receiveWindow),
    ...optionalAvp(AvpType.Challenge, challenge),
    makeAvp(AvpType.TieBreaker, tieBreaker),
    makeAvp(AvpType.FirmwareRevision, FIRMWARE_REVISION),
    makeAvp(AvpType.VendorName, VENDOR_NAME),
    ...optionalAvp(AvpType.Ccds, phbOf(ours.dscp)),
  ];
}

/**
 * SCCRP, which goes to addresses that nothing is known of: mandatory AVPs, the Challenge and Challenge
 * Response that a secret asks for, and our window and the DSCP where there is room for them. A peer
 * that is not told the window takes it to be 4 (RFC 2661 4.4.3), and has two sessions set up in each
 * round trip.
 */
export function startReply(ours: Introduction, response: Uint8Array | undefined): AvpInput[] {
  const { challenge } = ours;
  const avps = [
    ...introduction("SCCRP", ours),
    ...optionalAvp(AvpType.Challenge, challenge),
    ...optionalAvp(AvpType.ChallengeResponse, response),
  ];
  const further = [
    makeAvp(AvpType.ReceiveWindowSize, ours.receiveWindow),
    ...optionalAvp(AvpType.Ccds, phbOf(ours.dscp)),
  ];
  for (const avp of further) if (sizeOf([...avps, avp]) <= UNPROVEN_ANSWER_MAX) avps.push(avp);
  return avps;
}

export function startConnected(response: Uint8Array | undefined): AvpInput[] {
  return [messageType("SCCCN"), ...optionalAvp(AvpType.ChallengeResponse, response)];
}

/** A StopCCN of at most `most` octets: Error Message and Error Code are cut to fit. */
export function stopNotification(tunnelId: number, result: Result, most = Infinity): AvpInput[] {
  const assigned = makeAvp(AvpType.AssignedTunnelId, tunnelId);
  return [messageType("StopCCN"), assigned, resultCode(result, most - STOP_NOTIFICATION_MIN)];
}

export function hello(): AvpInput[] {
  return [messageType("HELLO")];
}

export function messageType(name: MessageName): AvpInput {
  return makeAvp(AvpType.MessageType, MessageType[name]);
}

/** A LAC can place outgoing calls and has to say so (RFC 2661 4.4.3). */
function introduction(name: "SCCRQ" | "SCCRP", ours: Introduction): AvpInput[] {
  return [
    messageType(name),
    makeAvp(AvpType.ProtocolVersion, PROTOCOL_VERSION),
    makeAvp(AvpType.FramingCapabilities, BOTH),
    { type: AvpType.HostName, value: ours.hostName },
    makeAvp(AvpType.AssignedTunnelId, ours.tunnelId),
    ...(ours.role === "lac" ? [makeAvp(AvpType.BearerCapabilities, BOTH)] : []),
  ];
}
