/**
 * L2TP control connections, LNS side (RFC 2661), without sockets, timers, clocks or randomness of
 * their own.
 *
 * @module
 */
export type { CounterName, Counters } from "./counters.ts";
export { Lns } from "./lns.ts";
export { DisconnectCode, ErrorCode, StopCode } from "./results.ts";
export type {
  Cause,
  EndedBy,
  LnsEvent,
  LnsInput,
  LnsOptions,
  LnsTransmit,
  Path,
  Refused,
  Result,
  SessionInfo,
  TunnelInfo,
} from "./types.ts";
