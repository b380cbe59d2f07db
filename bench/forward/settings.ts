/**
 * What the processes of a measurement tell each other.
 *
 * @module
 */
import type { Offload } from "../../src/offloads.ts";

export const DIRECTIONS = ["up", "down"] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** The ids of a tunnel whose ends both know them beforehand: the reference has no control plane. */
export const FIXED = { lnsTunnel: 7, clientTunnel: 9, firstAddress: "10.64.0.2" } as const;

/** The ids in the tunnel that a switch has to the host. */
export const ONWARD = { tunnel: 8, peerTunnel: 10 } as const;

export interface SwitchSettings {
  readonly sessions: number;
}

export interface ClientSettings {
  readonly sessions: number;
  /** Without a control connection: ids and addresses are those of FIXED. */
  readonly isFixed: boolean;
  /** The namespace of the host, where latencies are taken and begin. */
  readonly hostNamespace: string;
  /** Its UDP port; 1701 without one. */
  readonly port?: number;
}

/** UDP packets, all of one size. */
export interface Load {
  /** Octets of the IP packet inside. */
  readonly size: number;
  /** Of all sessions, which have them in turn; so do the packets. */
  readonly flows: number;
  /** As many packets of a flow in a message as it takes, so that they arrive as one buffer. */
  readonly isSegmented: boolean;
  /** Packets in random order instead of in turn. */
  readonly isShuffled: boolean;
}

export type ClientQuestion =
  | { readonly do: "blast"; readonly load: Load; readonly seconds: number }
  | {
      readonly do: "pace";
      readonly direction: Direction;
      readonly size: number;
      readonly seconds: number;
      /** Packets a second. */
      readonly rate: number;
    }
  /** Round trips of the first session; `rate` a second at the most. */
  | { readonly do: "ping"; readonly seconds: number; readonly rate: number }
  | { readonly do: "lac"; readonly offloads: readonly Offload[]; readonly isOnePerCall: boolean }
  | { readonly do: "rest" };

export interface HostQuestion {
  readonly do: "blast";
  readonly load: Load;
  readonly seconds: number;
  readonly addresses: readonly string[];
}

export type TcpQuestion =
  | { readonly do: "serve" }
  | { readonly do: "run"; readonly isUp: boolean; readonly flows: number }
  | { readonly do: "count" }
  | { readonly do: "stop" };
