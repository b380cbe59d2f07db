/**
 * PPP for a network server: a link authenticates the peer, gives it an address, and says so.
 *
 * @module
 */
export { Link } from "./link.ts";
export type {
  AuthMethod,
  AuthReply,
  AuthRequest,
  CounterName,
  DownReason,
  LinkEvent,
  LinkOptions,
  NetworkProfile,
  PeerLinkOptions,
  Phase,
} from "./types.ts";
