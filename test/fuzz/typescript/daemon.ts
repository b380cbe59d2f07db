/**
 * What the daemon reads that others have written: requests on its control socket, its history file.
 *
 * @module
 */
import { decodeRequest, encodeMessage, MessageReader } from "../../../src/daemon/api-messages.ts";
import { select } from "../../../src/daemon/api-select.ts";
import { parseHistory } from "../../../src/daemon/history-file.ts";
import { type Entry, formatLine, makeEntry, parseLine } from "../../../src/history/entry.ts";
import { API_REQUEST_MAX, HISTORY_TEXT_MAX } from "../../../src/limits.ts";
import { must, Octets } from "../octets.ts";

const REQUESTS = [
  { show: "tunnels" },
  { show: "sessions", about: "10.64.0.7", last: 3 },
  { show: "sessions", busiest: "octets", last: 5 },
  { show: "sessions", call: { number: "123", peer: "p", subAddress: "4" } },
  { show: "workers", worker: { change: "drain", index: 1 } },
  { show: "workers", worker: { change: "add" } },
  { show: "history", user: "bob", what: "session" },
  { show: "history", about: "2001:db8::/32" },
  { show: "counters" },
] as const;
const VALUES = [
  "",
  "bob",
  "7",
  "10.64.0.7",
  "::/0",
  0,
  1,
  -1,
  1.5,
  1e9,
  null,
  [],
  {},
  true,
] as const;
const KEYS = [
  "show",
  "about",
  "user",
  "what",
  "last",
  "busiest",
  "worker",
  "call",
  "__proto__",
] as const;
const ENTRIES: readonly Entry[] = ["bob", "", "D\\bob"].map((user, at) =>
  makeEntry({
    ...{ at, since: 0, what: "session", rank: "user", code: "peer-hung-up", by: "peer" },
    ...{ phase: "network", user, addresses: ["10.64.0.7", "2001:db8:64::/64"], tunnelId: 7 },
    ...{ peer: "192.0.2.7:1701", result: { message: "CDN", by: "peer", code: 1 } },
  }),
);

/** A stream of octets in pieces, well-formed requests and others. */
export function api(input: Uint8Array): void {
  const choices = new Octets(input);
  const reader = new MessageReader(API_REQUEST_MAX);
  while (choices.left > 0) {
    const octets = choices.seldom(3) ? choices.take(choices.below(40)) : request(choices);
    const cut = choices.seldom(4) ? choices.next() % (octets.length + 1) : octets.length;
    for (const part of [octets.subarray(0, cut), octets.subarray(cut)]) {
      const bodies = reader.push(part);
      must(reader.pending <= API_REQUEST_MAX + 4 + octets.length, "more is kept than one request");
      for (const body of bodies ?? []) answer(body);
      if (bodies === undefined) return;
    }
  }
}

function request(choices: Octets): Uint8Array {
  const value: Record<string, unknown> = { ...choices.of(REQUESTS) };
  if (choices.seldom(2)) value[choices.of(KEYS)] = choices.of(VALUES);
  const octets = encodeMessage(value as unknown as Parameters<typeof encodeMessage>[0]);
  for (let left = choices.below(4) - 1; left > 0; left--) {
    octets[choices.next() % octets.length] = choices.next();
  }
  return octets;
}

function answer(body: Uint8Array): void {
  const request = decodeRequest(body);
  if (request === undefined) return;
  const rows = [...select(ENTRIES, request)];
  must(rows.length <= Math.min(request.last ?? Infinity, ENTRIES.length), "too many rows");
}

const LINE = formatLine(ENTRIES[0] as Entry);
const TOKENS = [
  ...['"at"', '"code"', '"what"', '"addresses"', '"result"', '"count"', '"id"', '"user"', ":"],
  ...["{", "}", "[", "]", ",", "null", "1e308", "-1", '"lns"', '"stranger"', '"\\u0007"', "\n"],
] as unknown as readonly [string, ...string[]];

/** The text of a file: lines of our own that somebody has changed, and others. */
export function historyFile(input: Uint8Array): void {
  const choices = new Octets(input);
  let text = "";
  while (choices.left > 0) text += line(choices);
  const { entries, corrupt } = parseHistory(text);
  must(entries.length + corrupt <= text.split("\n").length, "more entries than lines");
  for (const entry of entries) {
    must(entry.user.length <= HISTORY_TEXT_MAX, "a text is too long");
    must(parseLine(formatLine(entry)) !== undefined, "what was read is not read again");
  }
}

function line(choices: Octets): string {
  if (choices.seldom(6)) return Buffer.from(choices.take(choices.below(60))).toString("latin1");
  let text = LINE;
  for (let left = choices.below(4); left > 0; left--) {
    const at = choices.next() % (text.length + 1);
    text = text.slice(0, at) + choices.of(TOKENS) + text.slice(at + choices.below(12));
  }
  return choices.seldom(8) ? text : `${text}\n`;
}
