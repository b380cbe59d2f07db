/**
 * What the control thread says about a session, and what it hears of it.
 *
 * @module
 */

export interface SessionAddressing {
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly peerTunnelId: number;
  readonly peerSessionId: number;
  /** sockaddr of the peer. */
  readonly name: Uint8Array;
  /** Control message with the address to send from. */
  readonly control: Uint8Array;
}

export interface SessionForwarding {
  /** Index of the virtual network. */
  readonly network: number;
  /** IPv4 address of the peer inside, as a number; without it no IPv4 passes. */
  readonly address?: number;
  /** Upper half of the addresses of the peer's /64, as a number; without it no IPv6 passes. */
  readonly prefix6?: bigint;
  /** Subnets behind the peer, as prefixes of either family; each passes while its family does. */
  readonly routes?: readonly string[];
  /**
   * We are its client: all that comes from the device and no other session has goes to the peer, and
   * packets from anywhere come from it. One session of a network; `address` and `prefix6` are ours.
   */
  readonly everything?: boolean;
  /** Octets of the largest IP packet to the peer. */
  readonly mtu: number;
  /** What the peer lets us leave out of the PPP header (RFC 1661 6.5, 6.6). */
  readonly acfc: boolean;
  readonly pfc: boolean;
  /** Whether data messages have Ns (RFC 2661 5.4); without it that stays as it is. */
  readonly sequenced?: boolean;
  /** Octets of IP a second to the peer and from it; 0, or nothing: no bound. */
  readonly rateDown?: number;
  readonly rateUp?: number;
}

export interface SessionTraffic {
  readonly rxPackets: number;
  readonly rxOctets: number;
  readonly txPackets: number;
  readonly txOctets: number;
  readonly drops: number;
}

/** Names a record for as long as the session lives. */
export interface SessionHandle {
  readonly index: number;
  readonly generation: number;
}

/** Chooses the queue of a device that packets to a destination come to; one for each network. */
export interface QueueSteering {
  set4(address: number, slot: number): void;
  clear4(address: number): void;
  set6(prefix: bigint, slot: number): void;
  clear6(prefix: bigint): void;
}
