/**
 * L2TP control connections in both roles (RFC 2661), without sockets, timers, clocks or randomness
 * of their own.
 *
 * @module
 */
export type { CounterName, Counters } from "./counters.ts";
export { Endpoint } from "./endpoint.ts";
export type { FrameCounters, FrameEndpointOptions, FrameEvent } from "./frame-endpoint.ts";
export { Lac } from "./lac.ts";
export { Lns } from "./lns.ts";
export { DisconnectCode, ErrorCode, StopCode } from "./results.ts";
export type {
  Accm,
  Call,
  Cause,
  Connected,
  ConnectOptions,
  Direction,
  Disconnect,
  EndedBy,
  EndpointEvent,
  EndpointInput,
  EndpointOptions,
  EndpointTransmit,
  Path,
  ProxyAuthen,
  ProxyLcp,
  Refused,
  Result,
  Role,
  SessionInfo,
  TunnelInfo,
} from "./types.ts";
