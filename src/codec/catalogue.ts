/**
 * The numbers of RFC 2661: Attribute Types of the AVPs (4.4), Message Types (3.2), and the names
 * that the RFC prints for them; Attribute Types of RFC 3145, 3308 and 3437 too.
 *
 * @module
 */

/** Attribute Type of each AVP of RFC 2661 4.4, 3145, 3308 and 3437; vendor 0. */
export const AvpType = {
  MessageType: 0,
  ResultCode: 1,
  ProtocolVersion: 2,
  FramingCapabilities: 3,
  BearerCapabilities: 4,
  TieBreaker: 5,
  FirmwareRevision: 6,
  HostName: 7,
  VendorName: 8,
  AssignedTunnelId: 9,
  ReceiveWindowSize: 10,
  Challenge: 11,
  Q931CauseCode: 12,
  ChallengeResponse: 13,
  AssignedSessionId: 14,
  CallSerialNumber: 15,
  MinimumBps: 16,
  MaximumBps: 17,
  BearerType: 18,
  FramingType: 19,
  CalledNumber: 21,
  CallingNumber: 22,
  SubAddress: 23,
  TxConnectSpeed: 24,
  PhysicalChannelId: 25,
  InitialReceivedLcpConfreq: 26,
  LastSentLcpConfreq: 27,
  LastReceivedLcpConfreq: 28,
  ProxyAuthenType: 29,
  ProxyAuthenName: 30,
  ProxyAuthenChallenge: 31,
  ProxyAuthenId: 32,
  ProxyAuthenResponse: 33,
  CallErrors: 34,
  Accm: 35,
  RandomVector: 36,
  PrivateGroupId: 37,
  RxConnectSpeed: 38,
  SequencingRequired: 39,
  PppDisconnectCauseCode: 46,
  Ccds: 47,
  Sds: 48,
  LcpWantOptions: 49,
  LcpAllowOptions: 50,
  LnsLastSentLcpConfreq: 51,
  LnsLastReceivedLcpConfreq: 52,
} as const;

/** Values of the Message Type AVP (RFC 2661 3.2). */
export const MessageType = {
  SCCRQ: 1,
  SCCRP: 2,
  SCCCN: 3,
  StopCCN: 4,
  HELLO: 6,
  OCRQ: 7,
  OCRP: 8,
  OCCN: 9,
  ICRQ: 10,
  ICRP: 11,
  ICCN: 12,
  CDN: 14,
  WEN: 15,
  SLI: 16,
} as const;

/** Indexed by Attribute Type; 20 is reserved. */
const AVP_NAMES: readonly (string | undefined)[] = [
  "Message Type",
  "Result Code",
  "Protocol Version",
  "Framing Capabilities",
  "Bearer Capabilities",
  "Tie Breaker",
  "Firmware Revision",
  "Host Name",
  "Vendor Name",
  "Assigned Tunnel ID",
  "Receive Window Size",
  "Challenge",
  "Q.931 Cause Code",
  "Challenge Response",
  "Assigned Session ID",
  "Call Serial Number",
  "Minimum BPS",
  "Maximum BPS",
  "Bearer Type",
  "Framing Type",
  undefined,
  "Called Number",
  "Calling Number",
  "Sub-Address",
  "Tx Connect Speed",
  "Physical Channel ID",
  "Initial Received LCP CONFREQ",
  "Last Sent LCP CONFREQ",
  "Last Received LCP CONFREQ",
  "Proxy Authen Type",
  "Proxy Authen Name",
  "Proxy Authen Challenge",
  "Proxy Authen ID",
  "Proxy Authen Response",
  "Call Errors",
  "ACCM",
  "Random Vector",
  "Private Group ID",
  "Rx Connect Speed",
  "Sequencing Required",
  ...new Array<undefined>(6), // of other RFCs
  "PPP Disconnect Cause Code",
  "CCDS",
  "SDS",
  "LCP Want Options",
  "LCP Allow Options",
  "LNS Last Sent LCP Confreq",
  "LNS Last Received LCP Confreq",
];

const MESSAGE_NAMES = new Map<number, string>(
  Object.entries(MessageType).map(([name, value]) => [value, name]),
);

/** The RFC's name of an Attribute Type of vendor 0. */
export function avpTypeName(type: number): string | undefined {
  return AVP_NAMES[type];
}

/** The RFC's name of a Message Type. */
export function messageTypeName(type: number): string | undefined {
  return MESSAGE_NAMES.get(type);
}
