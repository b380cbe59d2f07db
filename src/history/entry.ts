/**
 * One entry of the history: how a session, a tunnel or the LNS itself ended or failed to begin.
 *
 * Texts of peers are cut and lose their control characters before they are kept. Passwords,
 * challenges and secrets have no field here.
 *
 * @module
 */
import type { EndedBy } from "../l2tp/index.ts";
import { HISTORY_ADDRESSES_MAX, HISTORY_TEXT_MAX } from "../limits.ts";
import { CODES, type Code } from "./codes.ts";

/**
 * How far it came; a session whose peer has proved its name is in "network". Whose call has gone on to
 * another LNS, which asks for that proof, is "forwarded".
 */
export const PHASES = ["tunnel", "call", "lcp", "authenticate", "network", "forwarded"] as const;
export type Phase = (typeof PHASES)[number];

/**
 * Who could have caused the entry: a user who proved who it is; a peer with a tunnel, so that its
 * address is its own; anybody, for the address may be forged.
 */
export const RANKS = ["user", "visitor", "stranger"] as const;
export type Rank = (typeof RANKS)[number];

export const WHATS = ["session", "tunnel", "lns"] as const;

/** Result Code, Error Code and Error Message of RFC 2661 4.4.2. */
export interface EndResult {
  /** Which of the two the codes are of: their numbers mean different things. */
  readonly message: "StopCCN" | "CDN";
  /** Who sent the message. */
  readonly by: "peer" | "local";
  readonly code: number;
  readonly error?: number;
  readonly text?: string;
  /** What a CDN said beside that (RFC 3145, RFC 2661 4.4.4), in words. */
  readonly disconnect?: string;
}

export interface Entry {
  /** When it ended, or last failed; milliseconds since 1970, as all times here. */
  readonly at: number;
  /** When it began, or first failed. */
  readonly since: number;
  readonly what: (typeof WHATS)[number];
  readonly rank: Rank;
  readonly code: Code;
  readonly by: EndedBy;
  readonly phase: Phase;
  /** The name that the peer gave; proved if the phase is "network". */
  readonly user: string;
  readonly network: string;
  /** What the session had: its IPv4 address, its IPv6 prefix. */
  readonly addresses: readonly string[];
  /** "10.9.0.1:1701"; empty where many peers are counted together. */
  readonly peer: string;
  readonly hostName: string;
  readonly callingNumber: string;
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly rxOctets: number;
  readonly txOctets: number;
  readonly result?: EndResult;
  /** What the peer or AAA said. */
  readonly words: string;
  /** How often; more than 1 where repetitions are one entry. */
  readonly count: number;
  /** A later line of the file with the same id takes the place of an earlier one. */
  readonly id?: string;
}

const TEXTS = ["user", "network", "peer", "hostName", "callingNumber", "words"] as const;
const NUMBERS = ["tunnelId", "sessionId", "rxOctets", "txOctets"] as const;

const NOTHING = {
  user: "",
  network: "",
  addresses: [],
  peer: "",
  hostName: "",
  callingNumber: "",
  tunnelId: 0,
  sessionId: 0,
  rxOctets: 0,
  txOctets: 0,
  words: "",
  count: 1,
} as const;

type Required = Pick<Entry, "at" | "since" | "what" | "rank" | "code" | "by" | "phase">;

/** A whole entry: what is not given is empty, and texts are made fit to be kept. */
export function makeEntry(given: Required & Partial<Entry>): Entry {
  const entry: Mutable<Entry> = { ...NOTHING, ...given };
  for (const key of TEXTS) entry[key] = cleanText(entry[key]);
  entry.addresses = entry.addresses.slice(0, HISTORY_ADDRESSES_MAX).map(cleanText);
  if (entry.result !== undefined) entry.result = cleanResult(entry.result);
  return entry;
}

function cleanResult(result: EndResult): EndResult {
  const { text, disconnect } = result;
  return {
    ...result,
    ...(text !== undefined && { text: cleanText(text) }),
    ...(disconnect !== undefined && { disconnect: cleanText(disconnect) }),
  };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Controls, what changes the direction of writing and the like, and halves of characters. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** Of bounded length, without control characters, and whole characters only. */
export function cleanText(text: string): string {
  if (text === "") return text;
  return text.slice(0, HISTORY_TEXT_MAX).replaceAll(UNFIT, "\ufffd");
}

/** One line of the file, without its line feed. What is empty is left out. */
export function formatLine(entry: Entry): string {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(entry)) if (!isNothing(key, value)) kept[key] = value;
  return JSON.stringify(kept);
}

/** The entry in a line of the file, or `undefined` for anything else. */
export function parseLine(line: string): Entry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return readEntry(value);
}

/** The entry that `value` is: of a file or an answer, so nothing about it is certain. */
export function readEntry(value: unknown): Entry | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const record = { ...NOTHING, ...(value as Record<string, unknown>) };
  const { at, since, what, rank, code, by, phase, addresses, result, count, id } = record as {
    [key: string]: unknown;
  };
  const isWhole =
    isCount(at) &&
    isCount(since) &&
    WHATS.some((known) => known === what) &&
    (by === "peer" || by === "local" || by === "timeout") &&
    RANKS.some((known) => known === rank) &&
    PHASES.some((known) => known === phase) &&
    typeof code === "string" &&
    Object.hasOwn(CODES, code) &&
    TEXTS.every((key) => typeof record[key] === "string") &&
    NUMBERS.every((key) => isCount(record[key])) &&
    Array.isArray(addresses) &&
    addresses.every((address) => typeof address === "string") &&
    isCount(count) &&
    (id === undefined || typeof id === "string") &&
    (result === undefined || isResult(result));
  return isWhole ? makeEntry(record as unknown as Entry) : undefined;
}

function isResult(value: unknown): value is EndResult {
  if (typeof value !== "object" || value === null) return false;
  const { message, by, code, error, text, disconnect } = value as Record<string, unknown>;
  return (
    (message === "StopCCN" || message === "CDN") &&
    (by === "peer" || by === "local") &&
    isCount(code) &&
    (error === undefined || isCount(error)) &&
    (text === undefined || typeof text === "string") &&
    (disconnect === undefined || typeof disconnect === "string")
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isNothing(key: string, value: unknown): boolean {
  if (value === undefined) return true;
  if (!Object.hasOwn(NOTHING, key)) return false;
  const nothing = NOTHING[key as keyof typeof NOTHING];
  return Array.isArray(value) ? value.length === 0 : value === nothing;
}

/** Whether it is neither a normal end nor one that the operator wished. */
export function isFault(entry: Entry): boolean {
  return CODES[entry.code].kind === "fault";
}

/** What happened at the same moment stays in its order. */
export function newestFirst(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => a.at - b.at).reverse();
}
