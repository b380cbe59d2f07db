/**
 * Messages on the control socket: four octets of length, highest first, then one msgpack value.
 *
 * A client sends one request. The answer is a row of messages that ends with `{ end: true }`; then
 * the connection closes.
 *
 * @module
 */
import { Packr, Unpackr } from "msgpackr";
import { type Entry, readEntry, WHATS } from "../history/entry.ts";
import {
  BUSIEST_MAX,
  HISTORY_ENTRIES_MAX,
  NETWORK_NAME_MAX,
  PEER_TEXT_MAX,
  SUBJECT_MAX,
} from "../limits.ts";
import type { Offloads } from "../offloads.ts";

/** A tunnel as `simplon show tunnels` has it. */
export interface TunnelRow {
  tunnelId: number;
  peerTunnelId: number;
  /** Address and port, "10.9.0.1:1701". */
  peer: string;
  hostName: string;
  state: string;
  sessions: number;
  /** Age. */
  seconds: number;
}

/** A session as `simplon show sessions` has it; "rx" is what came from the client. */
export interface SessionRow {
  tunnelId: number;
  sessionId: number;
  peerTunnelId: number;
  peerSessionId: number;
  peer: string;
  /** Called and Calling Number, where they were told; else "". */
  called: string;
  calling: string;
  /** Connect Speeds of the line to the client and from it, bits a second; 0: not told. */
  txSpeed: number;
  rxSpeed: number;
  user: string;
  network: string;
  address: string;
  /** "2001:db8:64:1::/64" while IPv6 is up, else "". */
  prefix6: string;
  /** That of the link, or "forwarded". */
  phase: string;
  /** Address and port of the LNS that the call has gone on to, else "". */
  forwardedTo: string;
  seconds: number;
  /** Seconds since the last packet of IP, either way. */
  idle: number;
  /** Bits of IP a second to the client and from it at most; 0: no bound. */
  rateDown: number;
  rateUp: number;
  rxPackets: number;
  rxOctets: number;
  txPackets: number;
  txOctets: number;
  drops: number;
  /** The same by reason; only those that there were. */
  reasons: Record<string, number>;
}

/** What the busiest sessions are chosen by. */
export const BUSY_ORDERS = ["octets", "packets", "drops"] as const;
export type BusyOrder = (typeof BUSY_ORDERS)[number];

/** A session, and what it had lately: in the `ms` before the answer, 0 when nobody has asked before. */
export interface BusyRow extends SessionRow {
  during: { ms: number } & Traffic;
}

type Counted = "rxPackets" | "rxOctets" | "txPackets" | "txOctets" | "drops";
export type Traffic = Pick<SessionRow, Counted>;

export interface BusiestAnswer {
  readonly busiest: readonly BusyRow[];
  readonly sessions: number;
  readonly tunnels: number;
  /** Since the server was started: sessions that began, all traffic, drops by reason. */
  readonly begun: number;
  readonly total: Traffic;
  readonly reasons: Readonly<Record<string, number>>;
}

/** A worker as `simplon show workers` has it. */
export interface WorkerRow {
  index: number;
  state: "running" | "starting" | "paused" | "draining";
  /** Slots of tunnels that it owns; see docs/OPERATIONS.md. */
  slots: number[];
  packets: number;
  drops: number;
  /** Threads that were lost and replaced. */
  losses: number;
}

/** What a client of a LAC does: waits for its next attempt, dials, agrees on PPP, is up. */
export const CLIENT_STATES = ["waiting", "dialling", "connecting", "connected"] as const;

/** A client of a LAC as `simplon show clients` has it; "rx" is what came from the LNS. */
export interface ClientRow {
  name: string;
  tun: string;
  state: (typeof CLIENT_STATES)[number];
  /** "192.0.2.1:1701" while one is dialled or connected, else "". */
  lns: string;
  address: string;
  address6: string;
  /** How long it has been in its state. */
  seconds: number;
  /** Until the next attempt, of one that waits. */
  next: number;
  rxPackets: number;
  rxOctets: number;
  txPackets: number;
  txOctets: number;
  drops: number;
  /** Why it is not up, or what of its routes and name servers is not applied; "" is nothing. */
  problem: string;
}

export const SUBJECTS = [
  "tunnels",
  "sessions",
  "clients",
  "workers",
  "counters",
  "history",
] as const;
export type Subject = (typeof SUBJECTS)[number];

/** What each subject is answered with. */
export interface Answers {
  tunnels: TunnelRow[];
  sessions: SessionRow[];
  clients: ClientRow[];
  workers: WorkerRow[];
  counters: Record<string, number>;
  /** The newest first. */
  history: Entry[];
}

export type Row = TunnelRow | SessionRow | Entry;

/** What may be done with workers while they run. */
export const CHANGES = ["add", "drain", "restart"] as const;
export interface WorkerChange {
  readonly change: (typeof CHANGES)[number];
  /** Which one; not of "add". */
  readonly index?: number;
}

/** An outgoing call that is to be placed, at a LAC of the list `peer`. */
export interface CallRequest {
  readonly number: string;
  readonly peer: string;
  readonly subAddress?: string;
}

/** The session of a call that is up; address and port of its LAC. */
export interface PlacedCall {
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly peer: string;
}

export type CallAnswer = { readonly placed: PlacedCall } | { readonly refusal: string };

/** Which rows are wanted. */
export interface Filter {
  /** A user, an address or a tunnel; see `../history/subject.ts`. */
  readonly about?: string;
  /** The name of a user and nothing else. */
  readonly user?: string;
  /** Entries of the history about sessions, tunnels or the LNS itself. */
  readonly what?: Entry["what"];
  /** How many, from the first. */
  readonly last?: number;
}

export interface Request extends Filter {
  readonly show: Subject;
  /** With "sessions": only the busiest, `last` of them. */
  readonly busiest?: BusyOrder;
  /** With "workers": is done before they are shown. */
  readonly worker?: WorkerChange;
  /** With "sessions": is placed, and its session is all that is told. */
  readonly call?: CallRequest;
}

export interface CountersAnswer {
  readonly counters: Record<string, number>;
  readonly offloads: Offloads;
}

export type AnswerMessage =
  | { readonly rows: readonly (Row | WorkerRow | ClientRow)[] }
  | CallAnswer
  | CountersAnswer
  | BusiestAnswer
  | { readonly end: true };

const LENGTH_OCTETS = 4;

// Rows share their keys, which "records" write once a message.
const packr = new Packr({ useRecords: true, variableMapSize: true });

export function encodeMessage(message: Request | AnswerMessage): Uint8Array {
  const body = packr.pack(message);
  const frame = new Uint8Array(LENGTH_OCTETS + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, LENGTH_OCTETS);
  return frame;
}

/** Cuts a stream of octets into message bodies, none longer than `max`. */
export class MessageReader {
  readonly #max: number;
  #held: Uint8Array = new Uint8Array(0);

  constructor(max: number) {
    this.#max = max;
  }

  /** Octets that belong to no complete message yet. */
  get pending(): number {
    return this.#held.length;
  }

  /** Bodies that are complete with `chunk`; `undefined` when one claims to be too long. */
  push(chunk: Uint8Array): Uint8Array[] | undefined {
    const bodies: Uint8Array[] = [];
    let octets = Buffer.concat([this.#held, chunk]) as Uint8Array;
    while (octets.length >= LENGTH_OCTETS) {
      const length = new DataView(octets.buffer, octets.byteOffset).getUint32(0);
      if (length > this.#max) return undefined;
      if (length > octets.length - LENGTH_OCTETS) break;
      bodies.push(octets.subarray(LENGTH_OCTETS, LENGTH_OCTETS + length));
      octets = octets.subarray(LENGTH_OCTETS + length);
    }
    this.#held = octets;
    return bodies;
  }
}

/** The request in a body, or `undefined` for anything else. */
export function decodeRequest(body: Uint8Array): Request | undefined {
  const value = decode(body);
  if (typeof value !== "object" || value === null) return undefined;
  const { show, about, user, what, last, busiest, worker, call } = value as Record<string, unknown>;
  const subject = SUBJECTS.find((known) => known === show);
  if (subject === undefined || !isText(about) || !isText(user) || !isNumberOfRows(last)) {
    return undefined;
  }
  if (what !== undefined && !WHATS.some((known) => known === what)) return undefined;
  if (worker !== undefined && !(subject === "workers" && isWorkerChange(worker))) return undefined;
  if (call !== undefined && !(subject === "sessions" && isCallRequest(call))) return undefined;
  if (busiest !== undefined && !isBusiest(subject, busiest, last)) return undefined;
  const given = { about, user, what, last, busiest, worker, call };
  const present = Object.entries(given).filter(([, each]) => each !== undefined);
  return { show: subject, ...Object.fromEntries(present) };
}

function isBusiest(subject: Subject, busiest: unknown, last: unknown): boolean {
  const isOrder = BUSY_ORDERS.some((known) => known === busiest);
  return subject === "sessions" && isOrder && typeof last === "number" && last <= BUSIEST_MAX;
}

function isWorkerChange(value: unknown): value is WorkerChange {
  if (typeof value !== "object" || value === null) return false;
  const { change, index } = value as Record<string, unknown>;
  if (change === "add") return index === undefined;
  return CHANGES.some((known) => known === change) && Number.isSafeInteger(index);
}

function isCallRequest(value: unknown): value is CallRequest {
  if (typeof value !== "object" || value === null) return false;
  const { number, peer, subAddress } = value as Record<string, unknown>;
  const isName = typeof peer === "string" && peer.length <= NETWORK_NAME_MAX;
  return isName && isNumber(number) && (subAddress === undefined || isNumber(subAddress));
}

/** A Called Number or a Sub-Address (RFC 2661 4.4.4): ASCII. */
export function isNumber(value: unknown): value is string {
  return typeof value === "string" && value.length <= PEER_TEXT_MAX && /^[!-~]+$/.test(value);
}

export function isText(value: unknown): boolean {
  if (value === undefined) return true;
  return typeof value === "string" && value !== "" && value.length <= SUBJECT_MAX;
}

export const ROWS_MAX = Object.values(HISTORY_ENTRIES_MAX).reduce((sum, count) => sum + count, 0);

export function isNumberOfRows(value: unknown): boolean {
  if (value === undefined) return true;
  return Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= ROWS_MAX;
}

/** Entries of an answer: those that this version understands. */
export function readEntries(rows: readonly unknown[]): Entry[] {
  return rows.map(readEntry).filter((entry) => entry !== undefined);
}

export function decodeAnswer(body: Uint8Array): AnswerMessage | undefined {
  const value = decode(body);
  return typeof value === "object" && value !== null ? (value as AnswerMessage) : undefined;
}

function decode(body: Uint8Array): unknown {
  try {
    // A decoder of its own: what one message defines must not reach the next.
    return new Unpackr().unpack(body);
  } catch {
    return undefined;
  }
}
