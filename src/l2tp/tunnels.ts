/**
 * The tunnels of one endpoint: made with an id of their own, found by it or by their peer, and
 * kept in the order of their deadlines.
 *
 * @module
 */
import { TUNNELS_MAX } from "../limits.ts";
import { Timers } from "../sansio/timers.ts";
import { Ids } from "./ids.ts";
import type { Lcce } from "./lcce.ts";
import type { StartRequest } from "./messages.ts";
import { Tunnel } from "./tunnel.ts";
import type { Path } from "./types.ts";

export class Tunnels {
  readonly #lcce: Lcce;
  readonly #tunnels = new Map<number, Tunnel>();
  /** Tunnels by their path and the peer's id: finds the one that an SCCRQ asked for. */
  readonly #byPeer = new Map<string, Tunnel>();
  readonly #timers = new Timers<Tunnel>();
  readonly #ids = new Ids();

  constructor(lcce: Lcce) {
    this.#lcce = lcce;
  }

  /** Time of the next deadline. */
  get timeout(): number {
    return this.#timers.next();
  }

  /** A new tunnel, or `undefined` when there is no room for one. */
  open(request: StartRequest, path: Path, now: number): Tunnel | undefined {
    const { options, undrained } = this.#lcce;
    // Closed tunnels that linger do not count as the operator counts, but they take memory.
    if (undrained >= options.maxTunnels) return undefined;
    if (this.#tunnels.size >= TUNNELS_MAX) return undefined;
    const id = this.#ids.take(options.random, this.#tunnels, now);
    if (id === 0) return undefined;
    const tunnel = new Tunnel(this.#lcce, id, request, path, now);
    this.#tunnels.set(id, tunnel);
    this.#byPeer.set(peerKey(path, request.peerTunnelId), tunnel);
    this.#lcce.undrained += 1;
    return tunnel;
  }

  /** After anything was done with a tunnel: sets its deadline, or forgets it when it is gone. */
  settle(tunnel: Tunnel, now: number): void {
    if (tunnel.phase === "gone") this.#remove(tunnel, now);
    else this.#timers.set(tunnel.timer, tunnel.deadline);
  }

  /** Takes out the tunnel whose deadline is the earliest and not after `now`. */
  due(now: number): Tunnel | undefined {
    return this.#timers.due(now);
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
  spareId(now: number): number {
    return this.#ids.take(this.#lcce.options.random, this.#tunnels, now) || 1;
  }

  #remove(tunnel: Tunnel, now: number): void {
    if (this.#tunnels.get(tunnel.tunnelId) !== tunnel) return;
    const key = peerKey(tunnel.path, tunnel.peerTunnelId);
    if (this.#byPeer.get(key) === tunnel) this.#byPeer.delete(key);
    this.#timers.clear(tunnel.timer);
    this.#tunnels.delete(tunnel.tunnelId);
    this.#ids.release(tunnel.tunnelId, now);
  }
}

function peerKey(path: Path, peerTunnelId: number): string {
  return `${path.peer} ${path.peerPort} ${path.local} ${peerTunnelId}`;
}
