/**
 * PPP at both ends: a `Link` authenticates the peer, gives it an address, and says so; a `PeerLink`
 * dials in.
 *
 * @module
 */
export { Link } from "./link.ts";
export { PeerLink } from "./peer-link.ts";
export type {
  AuthMethod,
  AuthReply,
  AuthRequest,
  CharacterMaps,
  CounterName,
  Credentials,
  DownReason,
  LinkEvent,
  LinkOptions,
  NetworkProfile,
  PeerLinkOptions,
  PeerLinkSettings,
  Phase,
  ProxyAuthen,
  ProxyLcp,
  ProxyState,
} from "./types.ts";
