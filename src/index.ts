/**
 * The public API: the codec, and the protocol machines of an L2TP network server without sockets,
 * timers or clocks. The codec alone, for browsers too, is `simplon/codec`.
 *
 * @module
 */
export * from "./codec/index.ts";
export {
  type Cause,
  type CounterName as LnsCounterName,
  type EndedBy,
  Endpoint,
  type EndpointEvent,
  type EndpointInput,
  type EndpointOptions,
  type EndpointTransmit,
  type Path,
  type Result,
  type SessionInfo,
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
