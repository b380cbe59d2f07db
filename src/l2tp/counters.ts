/**
 * Counters of control connections: every drop and every refusal by its reason.
 *
 * @module
 */
const NAMES = [
  // Datagrams that are dropped before they reach a tunnel.
  "malformed-short",
  "malformed-version",
  "malformed-length",
  "malformed-control-bits",
  "malformed-avp-length",
  "malformed-too-many",
  "malformed-other",
  "unknown-tunnel",
  "wrong-peer",
  "followed-port",
  // Guards against flooding and reflection.
  "dropped-rate",
  "dropped-half-open",
  "half-open-gave-way",
  "withheld-sccrp",
  "withheld-refusal",
  "not-acknowledged",
  // Reliable delivery.
  "duplicate",
  "duplicate-sccrq",
  "early",
  "out-of-window",
  "nr-never-sent",
  "retransmitted",
  "send-queue-full",
  "no-peer-response",
  // Messages with a fault.
  "unknown-mandatory-avp",
  "unrevealed-avp",
  "malformed-avp",
  "missing-avp",
  "unknown-message",
  // Messages that have no effect, or the effect that the RFC has for them out of place.
  "ignored-message",
  "closed-tunnel",
  "unknown-session",
  "out-of-sequence",
  // Refusals.
  "refused-version",
  "refused-window",
  "refused-secret",
  "refused-tunnels",
  "refused-sessions",
  "refused-incoming-call",
  "refused-outgoing-call",
  "refused-shutdown",
  // Both sides opened a tunnel at once (RFC 2661 4.4.3).
  "tie-breaker-won",
  "tie-breaker-lost",
  // Set-ups that took too long.
  "tunnel-setup-timeout",
  "session-setup-timeout",
] as const;

export type CounterName = (typeof NAMES)[number];
export type Counters = Record<CounterName, number>;

export function newCounters(): Counters {
  return Object.fromEntries(NAMES.map((name) => [name, 0])) as Counters;
}
