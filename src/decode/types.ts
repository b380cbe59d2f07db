/**
 * What goes through the room: frames of a capture, datagrams in them, and what they say.
 *
 * @module
 */
import type { Avp, Fault } from "../codec/index.ts";

/** When a packet was seen: seconds since 1970 and nanoseconds of them. */
export interface Time {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** A packet as it was captured. */
export interface Frame {
  /** From 1, as every other program counts. */
  readonly number: number;
  /** Absent in hex text. */
  readonly time?: Time;
  /** LINKTYPE_ value of pcap. */
  readonly link: number;
  readonly octets: Uint8Array;
  /** Octets that it had; more than there are when the capture cut it. */
  readonly length: number;
}

/** What a reader of a file gives: frames, and at most one sentence, which is its last word. */
export interface Reader {
  /** What is complete now. Views of the chunk: to be used before the next one. */
  push(chunk: Uint8Array): Iterable<Frame>;
  /** The end of the file. */
  end(): Iterable<Frame>;
  /** Why the file cannot be read on, or that it was cut. */
  readonly fault: string | undefined;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A UDP datagram, or what hex text says is the payload of one. */
export interface Datagram {
  readonly frame: number;
  readonly time: Time | undefined;
  readonly source: Endpoint | undefined;
  readonly destination: Endpoint | undefined;
  readonly payload: Uint8Array;
  /** Octets of the payload that the capture did not keep. */
  readonly missing: number;
  /** Frames that carried the IP fragments of it. */
  readonly fragments: readonly number[];
  /** "2 of 5": its place where the kernel had several in one packet. */
  readonly place: string | undefined;
}

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/** One thing that was read: by name, for a person and for a program. */
export interface Field {
  readonly name: string;
  /** Number of the option, where it is one. */
  readonly type?: number;
  readonly text: string;
  readonly value: Json;
  readonly fields?: readonly Field[];
}

/** T, L, S, O and P as "TLS--", and each field that is there. */
export interface HeaderFields {
  readonly bits: string;
  readonly version: number;
  readonly length?: number;
  readonly tunnelId?: number;
  readonly sessionId?: number;
  readonly ns?: number;
  readonly nr?: number;
  readonly offsetSize?: number;
}

export interface AvpFields extends Field {
  readonly avp: Avp;
  /** As it was on the wire. */
  readonly length: number;
  /** Hidden on the wire, and the secret revealed it. */
  readonly isRevealed: boolean;
}

/** A PPP frame. */
export interface Ppp {
  readonly protocol: number;
  /** "LCP", "IPv4". */
  readonly name: string;
  /** "Configure-Request"; of a control protocol only. */
  readonly code?: { readonly number: number; readonly name: string; readonly identifier: number };
  /** What a line has room for. */
  readonly summary: string;
  readonly fields: readonly Field[];
  readonly fault?: string;
}

/** Which tunnel or session a message belongs to: the IDs that the left and the right end chose. */
export interface Ids {
  readonly left: number | undefined;
  readonly right: number | undefined;
}

export interface Message {
  readonly datagram: Datagram;
  /** When the first message of the capture was seen. */
  readonly begin: Time | undefined;
  /** Whether the source is the end that was seen first. */
  readonly isFromLeft: boolean;
  readonly kind: "control" | "data" | "malformed";
  /** "SCCRQ", "ZLB", "LCP Configure-Request", "IPv4". */
  readonly name: string;
  /** What a line has room for. */
  readonly summary: string;
  readonly header: HeaderFields;
  readonly tunnel: Ids | undefined;
  readonly session: Ids | undefined;
  /** Whom the session belongs to, as far as it was said. */
  readonly user: string | undefined;
  /** The same Ns was seen before. */
  readonly isRepeated: boolean;
  /** Its form is right, and a receiver refuses it; the notes say why. */
  readonly isRefused: boolean;
  readonly avps: readonly AvpFields[];
  readonly ppp: Ppp | undefined;
  readonly fault: { readonly status: Fault; readonly text: string } | undefined;
  /** Oddities that are no faults. */
  readonly notes: readonly string[];
}

/** Code and Data of a packet of a PPP control protocol. */
export interface ControlPacket {
  readonly code: number;
  readonly data: Uint8Array;
}

/** What such a packet says, and what a line has room for. */
export interface Said {
  readonly fields: readonly Field[];
  readonly summary: string;
  readonly fault?: string | undefined;
}
