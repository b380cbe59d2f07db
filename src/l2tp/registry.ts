/**
 * What all tunnels of one LNS share: the tables that find them, their timers, their ids, what
 * they have to send and to tell, and the counters.
 *
 * @module
 */
import { CHALLENGE_SIZE, HOST_NAME_MAX, SESSIONS_MAX, TUNNELS_MAX } from "../limits.ts";
import { Fifo } from "../sansio/fifo.ts";
import { Timers } from "../sansio/timers.ts";
import { type CounterName, type Counters, newCounters } from "./counters.ts";
import { Ids } from "./ids.ts";
import { cutText, type StartRequest } from "./messages.ts";
import { Tunnel } from "./tunnel.ts";
import type { LnsEvent, LnsOptions, LnsTransmit, Path } from "./types.ts";

export class Registry {
  readonly options: LnsOptions;
  readonly secret: Uint8Array;
  readonly hostName: Uint8Array;
  readonly sessionsMax: number;
  readonly counters: Counters = newCounters();
  readonly transmits = new Fifo<LnsTransmit>();
  readonly events = new Fifo<LnsEvent>();
  readonly timers = new Timers<Tunnel>();
  /** Sessions in all tunnels. */
  sessions = 0;
  /** Tunnels that are not closed, or whose StopCCN the peer has not acknowledged. */
  undrained = 0;
  shuttingDown = false;
  readonly #tunnels = new Map<number, Tunnel>();
  /** Tunnels by their path and the peer's id: finds the one that an SCCRQ asked for. */
  readonly #byPeer = new Map<string, Tunnel>();
  readonly #ids = new Ids();

  constructor(options: LnsOptions) {
    this.options = options;
    this.secret = new TextEncoder().encode(options.secret);
    this.hostName = cutText(options.hostName, HOST_NAME_MAX);
    this.sessionsMax = Math.min(options.maxSessions, SESSIONS_MAX);
    if (this.hostName.length === 0) throw new RangeError("hostName is empty");
  }

  /** A new tunnel, or `undefined` when there is no room for one. */
  open(request: StartRequest, path: Path, now: number): Tunnel | undefined {
    // Closed tunnels that linger do not count as the operator counts, but they take memory.
    if (this.undrained >= this.options.maxTunnels) return undefined;
    if (this.#tunnels.size >= TUNNELS_MAX) return undefined;
    const id = this.#ids.take(this.options.random, this.#tunnels, now);
    if (id === 0) return undefined;
    const tunnel = new Tunnel(this, id, request, path, now);
    this.#tunnels.set(id, tunnel);
    this.#byPeer.set(peerKey(path, request.peerTunnelId), tunnel);
    this.undrained += 1;
    return tunnel;
  }

  find(tunnelId: number): Tunnel | undefined {
    return this.#tunnels.get(tunnelId);
  }

  findByPeer(path: Path, peerTunnelId: number): Tunnel | undefined {
    return this.#byPeer.get(peerKey(path, peerTunnelId));
  }

  all(): Iterable<Tunnel> {
    return this.#tunnels.values();
  }

  /** An id for a StopCCN that refuses a tunnel; not kept. */
  spareTunnelId(now: number): number {
    return this.#ids.take(this.options.random, this.#tunnels, now) || 1;
  }

  newChallenge(): Uint8Array | undefined {
    return this.secret.length === 0 ? undefined : this.options.random(CHALLENGE_SIZE);
  }

  count(name: CounterName): void {
    this.counters[name] += 1;
  }

  emit(event: LnsEvent): void {
    this.events.push(event);
  }

  transmit(item: LnsTransmit): void {
    this.transmits.push(item);
  }

  schedule(tunnel: Tunnel): void {
    this.timers.set(tunnel.timer, tunnel.deadline);
  }

  drained(): void {
    this.undrained -= 1;
  }

  remove(tunnel: Tunnel, now: number): void {
    const key = peerKey(tunnel.path, tunnel.peerTunnelId);
    if (this.#byPeer.get(key) === tunnel) this.#byPeer.delete(key);
    this.timers.clear(tunnel.timer);
    this.#tunnels.delete(tunnel.tunnelId);
    this.#ids.release(tunnel.tunnelId, now);
  }
}

function peerKey(path: Path, peerTunnelId: number): string {
  return `${path.peer} ${path.peerPort} ${path.local} ${peerTunnelId}`;
}
