/** Entries for tests. @module */
import { type Entry, makeEntry } from "../../../src/history/entry.ts";

export const NOON = Date.UTC(2026, 10, 22, 12, 0, 0);

/** A session of bob's that was refused at noon; `given` says otherwise. */
export function entry(given: Partial<Entry> = {}): Entry {
  return makeEntry({
    at: NOON,
    since: NOON - 2_000,
    what: "session",
    rank: "visitor",
    code: "wrong-password",
    by: "local",
    phase: "authenticate",
    user: "bob",
    peer: "192.0.2.7:1701",
    hostName: "lac",
    tunnelId: 7,
    sessionId: 9,
    ...given,
  });
}

/** A session of a user who proved who it is. */
export function ended(given: Partial<Entry> = {}): Entry {
  return entry({
    rank: "user",
    code: "peer-hung-up",
    by: "peer",
    phase: "network",
    network: "default",
    addresses: ["10.64.0.2", "2001:db8:64:1::/64"],
    rxOctets: 1_200,
    txOctets: 3_400_000,
    since: NOON - 3_600_000,
    words: "User request",
    result: { message: "CDN", by: "peer", code: 1 },
    ...given,
  });
}
