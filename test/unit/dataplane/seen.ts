// What a plane is given, and what a kernel would see of it.
import type { Family } from "../../../src/linux/sockaddr.ts";

/** Whom a batch comes from, and how recvmmsg would flag it. */
export interface Sender {
  readonly address: string;
  readonly port: number;
  readonly flags?: number;
  readonly family?: Family | undefined;
}

/** What one message of recvmmsg brings: a datagram, or a GRO buffer of datagrams of `segment` octets. */
export interface Received {
  readonly octets: Uint8Array;
  readonly sender: Sender;
  readonly segment?: number | undefined;
  /** TOS or Traffic Class of what it came in, when the socket tells. */
  readonly tos?: number | undefined;
}

/** What one writev would write to a TUN device. */
export interface Write {
  readonly network: number;
  readonly virtio: Uint8Array | undefined;
  readonly packet: Uint8Array;
  /** Of how many pieces it is. */
  readonly vectors: number;
}

/** What one readv brings from a TUN device. */
export interface Read {
  readonly virtio?: Uint8Array | undefined;
  readonly packet: Uint8Array;
}

/** What one message of sendmmsg has; `segment` is 0 without UDP_SEGMENT, `control` is the rest. */
export interface Message {
  readonly datagram: Uint8Array;
  readonly segment: number;
  readonly name: Uint8Array;
  readonly control: Uint8Array;
  /** Of how many pieces it is. */
  readonly vectors: number;
}
