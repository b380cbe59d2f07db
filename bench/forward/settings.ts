/**
 * What the processes of a measurement tell each other.
 *
 * @module
 */
import type { Offload } from "../../src/offloads.ts";

/** The ids of a tunnel whose ends both know them beforehand: the reference has no control plane. */
export const FIXED = { lnsTunnel: 7, clientTunnel: 9, firstAddress: "10.64.0.2" } as const;

export interface ClientSettings {
  readonly sessions: number;
  /** Without a control connection: ids and addresses are those of FIXED. */
  readonly isFixed: boolean;
}

/** UDP packets, all of one size. */
export interface Load {
  readonly size: number;
  /** One flow in each session, a flow for each packet, or many flows in the one session. */
  readonly flows: "session" | "packet" | "many";
  /** Many packets a message, so that they arrive as the kernel merges them. */
  readonly isSegmented: boolean;
  /** Packets in random order: `count` of them, each of another session or flow. */
  readonly count?: number;
}

export type ClientQuestion =
  | { readonly do: "blast"; readonly load: Load; readonly seconds: number }
  | { readonly do: "pace"; readonly size: number; readonly seconds: number; readonly rate: number }
  | { readonly do: "listen"; readonly seconds: number }
  | { readonly do: "lac"; readonly offloads: readonly Offload[]; readonly isOnePerCall: boolean }
  | { readonly do: "rest" };

export type HostQuestion =
  | {
      readonly do: "blast";
      readonly load: Load;
      readonly seconds: number;
      readonly addresses: readonly string[];
    }
  | {
      readonly do: "pace";
      readonly size: number;
      readonly seconds: number;
      readonly rate: number;
      readonly addresses: readonly string[];
    }
  | { readonly do: "listen"; readonly seconds: number };

export type TcpQuestion =
  | { readonly do: "serve" }
  | { readonly do: "run"; readonly isUp: boolean; readonly flows: number }
  | { readonly do: "count" }
  | { readonly do: "stop" };
