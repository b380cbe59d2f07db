/**
 * The public API: the codec, and the protocol machines of LAC and LNS, L2TP and PPP, without sockets,
 * timers or clocks. The codec alone, for browsers too, is `simplon/codec`.
 *
 * @module
 */
export * from "./codec/index.ts";
export {
  type Call,
  type Cause,
  type Connected,
  type ConnectOptions,
  type CounterName as EndpointCounterName,
  type Direction,
  type Disconnect,
  DisconnectCode,
  type EndedBy,
  Endpoint,
  type EndpointEvent,
  type EndpointInput,
  type EndpointOptions,
  type EndpointTransmit,
  ErrorCode,
  type FrameCounters,
  type FrameEndpointOptions,
  type FrameEvent,
  Lac,
  Lns,
  type Path,
  type Result,
  type Role,
  type SessionInfo,
  StopCode,
  type TunnelInfo,
} from "./l2tp/index.ts";
export {
  type AuthMethod,
  type AuthReply,
  type AuthRequest,
  type CounterName as LinkCounterName,
  type Credentials,
  type DownReason,
  Link,
  type LinkEvent,
  type LinkOptions,
  type NetworkProfile,
  PeerLink,
  type PeerLinkOptions,
  type PeerLinkSettings,
  type Phase,
  type ProxyAuthen,
  type ProxyLcp,
  type ProxyState,
} from "./ppp/index.ts";
export type { Machine, Random } from "./sansio/machine.ts";
