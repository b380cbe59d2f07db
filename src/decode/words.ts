/**
 * Names of numbers that stand in AVPs, as their RFCs print them.
 *
 * @module
 */

/** Message Types in full (RFC 2661 3.2). */
export const MESSAGES: Readonly<Record<string, string>> = {
  SCCRQ: "Start-Control-Connection-Request",
  SCCRP: "Start-Control-Connection-Reply",
  SCCCN: "Start-Control-Connection-Connected",
  StopCCN: "Stop-Control-Connection-Notification",
  HELLO: "Hello",
  OCRQ: "Outgoing-Call-Request",
  OCRP: "Outgoing-Call-Reply",
  OCCN: "Outgoing-Call-Connected",
  ICRQ: "Incoming-Call-Request",
  ICRP: "Incoming-Call-Reply",
  ICCN: "Incoming-Call-Connected",
  CDN: "Call-Disconnect-Notify",
  WEN: "WAN-Error-Notify",
  SLI: "Set-Link-Info",
};

/** Attribute Types of vendor 0 that the codec has no values for (IANA, l2tp-parameters). */
const OTHER_AVPS: Readonly<Record<number, string>> = {
  40: "Rx Minimum BPS",
  41: "Rx Maximum BPS",
  42: "Service Category",
  43: "Service Name",
  44: "Calling Sub-Address",
  45: "VPI/VCI Identifier",
  53: "Modem On-Hold Capable",
  54: "Modem On-Hold Status",
  55: "PPPoE Relay",
  56: "PPPoE Relay Response Capability",
  57: "PPPoE Relay Forward Capability",
  58: "Extended Vendor ID",
  59: "Message Digest",
  60: "Router ID",
  61: "Assigned Control Connection ID",
  62: "Pseudowire Capabilities List",
  63: "Local Session ID",
  64: "Remote Session ID",
  65: "Assigned Cookie",
  66: "Remote End ID",
  68: "Pseudowire Type",
  69: "L2-Specific Sublayer",
  70: "Data Sequencing",
  71: "Circuit Status",
  72: "Preferred Language",
  73: "Control Message Authentication Nonce",
  74: "Tx Connect Speed",
  75: "Rx Connect Speed",
  76: "Failover Capability",
  77: "Tunnel Recovery",
  78: "Suggested Control Sequence",
  79: "Failover Session State",
};

export function otherAvpName(type: number): string | undefined {
  return OTHER_AVPS[type];
}

/** SMI Network Management Private Enterprise Codes of those who made LACs and LNSs. */
export const VENDORS: Readonly<Record<number, string>> = {
  2: "IBM",
  9: "Cisco",
  43: "3Com",
  166: "Shiva",
  193: "Ericsson",
  311: "Microsoft",
  429: "US Robotics",
  529: "Ascend",
  2011: "Huawei",
  2352: "Redback",
  2636: "Juniper",
  3561: "Broadband Forum",
  4874: "Juniper E series",
  10415: "3GPP",
  14988: "MikroTik",
};

/** Proxy Authen Type (RFC 2661 4.4.5). */
export const PROXY_AUTHEN_TYPES: readonly string[] = [
  "reserved",
  "textual username/password exchange",
  "PPP CHAP",
  "PPP PAP",
  "no authentication",
  "Microsoft CHAP version 1",
];

/** Causes of ITU-T Q.850 that calls end with. */
export const Q931_CAUSES: Readonly<Record<number, string>> = {
  1: "unallocated number",
  2: "no route to specified transit network",
  3: "no route to destination",
  6: "channel unacceptable",
  16: "normal call clearing",
  17: "user busy",
  18: "no user responding",
  19: "no answer from user",
  20: "subscriber absent",
  21: "call rejected",
  22: "number changed",
  26: "non-selected user clearing",
  27: "destination out of order",
  28: "invalid number format",
  29: "facility rejected",
  30: "response to STATUS ENQUIRY",
  31: "normal, unspecified",
  34: "no circuit/channel available",
  38: "network out of order",
  41: "temporary failure",
  42: "switching equipment congestion",
  43: "access information discarded",
  44: "requested circuit/channel not available",
  47: "resource unavailable, unspecified",
  50: "requested facility not subscribed",
  57: "bearer capability not authorized",
  58: "bearer capability not presently available",
  63: "service or option not available, unspecified",
  65: "bearer capability not implemented",
  69: "requested facility not implemented",
  79: "service or option not implemented, unspecified",
  81: "invalid call reference value",
  88: "incompatible destination",
  95: "invalid message, unspecified",
  96: "mandatory information element is missing",
  97: "message type non-existent or not implemented",
  100: "invalid information element contents",
  101: "message not compatible with call state",
  102: "recovery on timer expiry",
  111: "protocol error, unspecified",
  127: "interworking, unspecified",
};

/** Message types of Q.931. */
export const Q931_MESSAGES: Readonly<Record<number, string>> = {
  1: "ALERTING",
  2: "CALL PROCEEDING",
  3: "PROGRESS",
  5: "SETUP",
  7: "CONNECT",
  13: "SETUP ACKNOWLEDGE",
  15: "CONNECT ACKNOWLEDGE",
  69: "DISCONNECT",
  77: "RELEASE",
  90: "RELEASE COMPLETE",
  110: "NOTIFY",
  117: "STATUS ENQUIRY",
  123: "INFORMATION",
  125: "STATUS",
};
