/**
 * What the codec takes and gives.
 *
 * @module
 */

/** "ok", or why something was refused; what a peer sends wrong is never an exception. */
export type Status = (typeof STATUS_NAMES)[number];

/** Why something was refused. */
export type Fault = Exclude<Status, "ok">;

/** Indexed by the STATUS_ values of assembly/records.ts. */
export const STATUS_NAMES = [
  "ok",
  /** It ends within its own header. */
  "short",
  /** Ver is not 2: not L2TPv2 (RFC 2661 3.1). */
  "version",
  /** Length is shorter than the header or longer than the datagram. */
  "length",
  /** Offset Size reaches past the end of the datagram. */
  "offset",
  /** A control message without L or S, or with O or P (RFC 2661 3.1); or a data message. */
  "control-bits",
  /** An AVP is shorter than its header or reaches past the end of the message (RFC 2661 4.1). */
  "avp-length",
  /** More AVPs than any message of RFC 2661 has. */
  "too-many",
  /** No room for what is to be built. */
  "capacity",
  /** Neither IPv4 nor IPv6, or not the one that was asked for. */
  "ip-version",
  /** A header length or total length that the packet does not have. */
  "ip-header",
  /** The IPv4 header checksum is wrong (RFC 791). */
  "ip-checksum",
] as const;

/** The L2TP version 2 header (RFC 2661 3.1). An optional field is present when its bit is set. */
export interface Header {
  /** T */
  control: boolean;
  /** Present if L; on building, its presence sets L, and the value is taken from the datagram. */
  length?: number;
  /** Ns and Nr are present if S. */
  ns?: number;
  nr?: number;
  /** Octets of Offset Pad; present if O. */
  offsetSize?: number;
  /** P */
  priority: boolean;
  tunnelId: number;
  sessionId: number;
}

export interface ParsedHeader extends Header {
  /** What follows the header, as a view of the datagram. */
  payload: Uint8Array;
}

/** An Attribute-Value Pair (RFC 2661 4.1). */
export interface Avp {
  vendor: number;
  type: number;
  /** M */
  mandatory: boolean;
  /** H: the value is as it was on the wire, not revealed. */
  hidden: boolean;
  /** False when a reserved bit is set: the AVP has to be treated as unrecognised. */
  recognised: boolean;
  /** At most 1017 octets. */
  value: Uint8Array;
}

/** An AVP to be built. */
export interface AvpInput {
  /** 0, the IETF, when absent. */
  vendor?: number;
  type: number;
  /** True when absent. */
  mandatory?: boolean;
  /** False when absent; the value has to be hidden already. */
  hidden?: boolean;
  value: Uint8Array;
}

export interface ControlMessage {
  tunnelId: number;
  sessionId: number;
  ns: number;
  nr: number;
  /** Empty in a ZLB. */
  avps: Avp[];
}

export interface ControlMessageInput {
  tunnelId: number;
  sessionId: number;
  ns: number;
  nr: number;
  avps: readonly AvpInput[];
}

export interface PppFrame {
  /** An even number is that of no protocol: an unrecognised one (RFC 1661 2). */
  protocol: number;
  /** The Information field and its padding, as a view of the frame. */
  information: Uint8Array;
}

/** What the peer has agreed to receive (RFC 1661 6.5, 6.6). */
export interface Compression {
  acfc?: boolean;
  pfc?: boolean;
}
