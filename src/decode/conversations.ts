/**
 * Which messages belong together: tunnels and sessions by the IDs that both ends chose, as far as
 * the capture tells them. Bounded: the oldest is forgotten.
 *
 * A message carries the IDs that its receiver chose, so the address that it goes to is part of
 * every key.
 *
 * @module
 */
import { DECODE_SESSIONS_MAX, DECODE_TUNNELS_MAX } from "../limits.ts";
import { formatEndpoint } from "../net.ts";
import type { Endpoint } from "./types.ts";

/** Ns of this many messages of an end are remembered: more than any window. */
const SEEN_MAX = 64;

/** The left end is the one that was seen first. */
type Side = 0 | 1;

interface End {
  tunnelId: number | undefined;
  challenge: Uint8Array | undefined;
  readonly seen: Set<number>;
}

export interface Tunnel {
  readonly ends: readonly [End, End];
  /** A StopCCN was seen: its IDs may be those of another one. */
  isClosed: boolean;
}

export interface Session {
  readonly ids: [number | undefined, number | undefined];
  user: string | undefined;
  /** A CDN was seen. */
  isClosed: boolean;
}

/** Where a message comes from and goes to, and which of them is the left end. */
export interface Way {
  readonly source: string;
  readonly destination: string;
  readonly isFromLeft: boolean;
}

export class Conversations {
  readonly #left = new Map<string, string>();
  readonly #tunnels = new Map<string, Tunnel>();
  readonly #sessions = new Map<string, Session>();

  /** The left end of a pair stays where it was seen first. */
  wayOf(from: Endpoint, to: Endpoint): Way {
    // An LNS may answer from another port, so ports count where nothing else tells the ends apart.
    const isOneHost = from.address === to.address;
    const source = isOneHost ? formatEndpoint(from.address, from.port) : from.address;
    const destination = isOneHost ? formatEndpoint(to.address, to.port) : to.address;
    const pair = source < destination ? `${source} ${destination}` : `${destination} ${source}`;
    const left = this.#left.get(pair);
    if (left === undefined) remember(this.#left, pair, source, DECODE_TUNNELS_MAX);
    return { source, destination, isFromLeft: (left ?? source) === source };
  }

  /** The tunnel that a message is in; one that begins is known by the ID that its sender assigns. */
  tunnelOf(way: Way, tunnelId: number, assigned: number | undefined): Tunnel | undefined {
    const from = sideOf(way);
    if (tunnelId === 0) {
      if (assigned === undefined) return undefined;
      return this.#tunnel(keyOf(way.source, assigned), from, assigned, true);
    }
    const to = from === 0 ? 1 : 0;
    const tunnel = this.#tunnel(keyOf(way.destination, tunnelId), to, tunnelId);
    if (assigned !== undefined && tunnel.ends[from].tunnelId === undefined) {
      tunnel.ends[from].tunnelId = assigned;
      remember(this.#tunnels, keyOf(way.source, assigned), tunnel, DECODE_TUNNELS_MAX);
    }
    return tunnel;
  }

  /** The session that a message is in; one that begins is known by the ID that its sender assigns. */
  sessionOf(
    way: Way,
    tunnel: Tunnel | undefined,
    { tunnelId, sessionId }: { readonly tunnelId: number; readonly sessionId: number },
    assigned: number | undefined,
  ): Session | undefined {
    const from = sideOf(way);
    const to = from === 0 ? 1 : 0;
    const there = `${keyOf(way.destination, tunnelId)} ${sessionId}`;
    const ownTunnelId = tunnel?.ends[from].tunnelId;
    const here =
      assigned === undefined || ownTunnelId === undefined
        ? undefined
        : `${keyOf(way.source, ownTunnelId)} ${assigned}`;
    const known =
      (sessionId === 0 ? undefined : this.#sessions.get(there)) ??
      (here === undefined ? undefined : this.#sessions.get(here));
    if (known === undefined && sessionId === 0 && assigned === undefined) return undefined;
    const isKnown = known !== undefined && !(sessionId === 0 && known.isClosed);
    const session = isKnown ? known : newSession();
    if (sessionId !== 0) {
      session.ids[to] = sessionId;
      remember(this.#sessions, there, session, DECODE_SESSIONS_MAX);
    }
    if (assigned !== undefined && assigned !== 0) session.ids[from] = assigned;
    if (here !== undefined) remember(this.#sessions, here, session, DECODE_SESSIONS_MAX);
    return session;
  }

  #tunnel(key: string, side: Side, id: number, isNew = false): Tunnel {
    const known = this.#tunnels.get(key);
    if (known !== undefined && !(isNew && known.isClosed)) return known;
    const tunnel: Tunnel = { ends: [newEnd(), newEnd()], isClosed: false };
    tunnel.ends[side].tunnelId = id;
    remember(this.#tunnels, key, tunnel, DECODE_TUNNELS_MAX);
    return tunnel;
  }
}

/** The sender's end of a tunnel. */
export function senderOf(tunnel: Tunnel, way: Way): End {
  return tunnel.ends[sideOf(way)];
}

export function receiverOf(tunnel: Tunnel, way: Way): End {
  return tunnel.ends[way.isFromLeft ? 1 : 0];
}

/** Whether this end sent the same Ns not long before. */
export function isRepetition({ seen }: End, ns: number): boolean {
  if (seen.has(ns)) return true;
  seen.add(ns);
  const [oldest] = seen;
  if (seen.size > SEEN_MAX && oldest !== undefined) seen.delete(oldest);
  return false;
}

function sideOf({ isFromLeft }: Way): Side {
  return isFromLeft ? 0 : 1;
}

function newEnd(): End {
  return { tunnelId: undefined, challenge: undefined, seen: new Set() };
}

function newSession(): Session {
  return { ids: [undefined, undefined], user: undefined, isClosed: false };
}

function keyOf(address: string, tunnelId: number): string {
  return `${address} ${tunnelId}`;
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value, max: number): void {
  if (map.get(key) === value) return;
  const [oldest] = map.keys();
  if (map.size >= max && oldest !== undefined) map.delete(oldest);
  map.set(key, value);
}
