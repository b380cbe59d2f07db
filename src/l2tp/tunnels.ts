/**
 * The tunnels of one endpoint: made with an id of their own, found by it or by their peer, and
 * kept in the order of their deadlines.
 *
 * @module
 */
import { TUNNELS_MAX } from "../limits.ts";
import { Timers } from "../sansio/timers.ts";
import { sourceOf } from "./admission.ts";
import type { Terms } from "./control-connection.ts";
import { HalfOpen } from "./half-open.ts";
import { Ids } from "./ids.ts";
import type { Lcce } from "./lcce.ts";
import { Spread } from "./spread.ts";
import type { Start } from "./start-messages.ts";
import { Ties } from "./ties.ts";
import { type Opening, Tunnel } from "./tunnel.ts";
import type { Path } from "./types.ts";

const ONE_SLOT = { owners: [0] };

export class Tunnels {
  readonly #lcce: Lcce;
  readonly #tunnels = new Map<number, Tunnel>();
  /** Tunnels by their path and the peer's id: finds the one that an SCCRQ asked for. */
  readonly #byPeer = new Map<string, Tunnel>();
  /** The latest tunnel of each address and port. */
  readonly #byEndpoint = new Map<string, Tunnel>();
  readonly #timers = new Timers<Tunnel>();
  readonly #ids = new Ids();
  readonly #spread: Spread;
  /** Of peers, never established, whatever became of them. */
  readonly #halfOpen: HalfOpen<Tunnel>;
  /** Ours that the peer has not answered. */
  readonly ties = new Ties();

  constructor(lcce: Lcce) {
    this.#lcce = lcce;
    this.#halfOpen = new HalfOpen(lcce.options.random);
    this.#spread = new Spread(lcce.options.slots ?? ONE_SLOT);
  }

  /** Time of the next deadline. */
  get timeout(): number {
    return this.#timers.next();
  }

  /** Whether so many are established that a further one has no place. */
  get isFull(): boolean {
    const { established, tunnelsMax } = this.#lcce;
    // Closed tunnels that linger do not count as the operator counts, but they take memory.
    return established >= tunnelsMax || this.#tunnels.size - this.#halfOpen.size >= TUNNELS_MAX;
  }

  /** A tunnel that a peer asks for, or `undefined` when even a half-open one cannot be kept. */
  open(request: Start, path: Path, now: number): Tunnel | undefined {
    const inTheWay = this.#halfOpen.inTheWay(sourceOf(path.peer), now);
    if (inTheWay === undefined) return undefined;
    if (inTheWay !== "none") {
      inTheWay.giveWay(now);
      this.settle(inTheWay, now);
    }
    const { role, hideAvps = false } = this.#lcce.options;
    const { secret } = this.#lcce;
    const opening = { role, secret, hideAvps, dscp: request.dscp, isOurs: false };
    const tunnel = this.#add(path, request.tunnelId, opening, now);
    if (tunnel !== undefined) this.#halfOpen.add(tunnel);
    return tunnel;
  }

  /** A tunnel that we ask for, or `undefined` when there are too many. */
  connect(path: Path, terms: Terms, now: number): Tunnel | undefined {
    if (this.isFull) return undefined;
    const tunnel = this.#add(path, 0, { ...terms, isOurs: true }, now);
    if (tunnel !== undefined) this.ties.add(tunnel);
    return tunnel;
  }

  /** After anything was done with a tunnel: sets its deadline, or forgets it when it is gone. */
  settle(tunnel: Tunnel, now: number): void {
    if (tunnel.wasEstablished) this.#halfOpen.delete(tunnel);
    if (tunnel.isOurs) this.#settleOurs(tunnel);
    if (tunnel.phase === "gone") this.#remove(tunnel, now);
    else this.#timers.set(tunnel.timer, tunnel.deadline);
  }

  /** Gives a tunnel the path on which its peer is now. */
  move(tunnel: Tunnel, path: Path): void {
    const from = tunnel.path;
    this.#forgetPath(tunnel);
    tunnel.path = path;
    this.#rememberPath(tunnel);
    if (from.peer === path.peer && from.peerPort === path.peerPort) return;
    this.#lcce.emit({ type: "tunnel-moved", tunnel: tunnel.info(), path, from });
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

  /** The latest of those that a peer has from one port. */
  findByEndpoint(peer: string, peerPort: number): Tunnel | undefined {
    return this.#byEndpoint.get(`${peer} ${peerPort}`);
  }

  all(): Iterable<Tunnel> {
    return this.#tunnels.values();
  }

  /** An id for a StopCCN that refuses a tunnel; not kept. */
  spareId(now: number): number {
    return this.#ids.take(this.#lcce.options.random, this.#tunnels, now) || 1;
  }

  #add(path: Path, peerTunnelId: number, opening: Opening, now: number): Tunnel | undefined {
    const mask = this.#spread.counts.length - 1;
    const wanted = { mask, value: this.#spread.choose(endpointKey(path)) };
    const id = this.#ids.take(this.#lcce.options.random, this.#tunnels, now, wanted);
    if (id === 0) return undefined;
    const tunnel = new Tunnel(this.#lcce, id, path, opening, now);
    this.#tunnels.set(id, tunnel);
    this.#rememberPath(tunnel, peerTunnelId);
    this.#lcce.undrained += 1;
    return tunnel;
  }

  /** Once the peer has answered, it may name the tunnel by its own id. */
  #settleOurs(tunnel: Tunnel): void {
    if (!tunnel.isOpening) this.ties.delete(tunnel);
    if (tunnel.peerTunnelId === 0) return;
    this.#byPeer.set(peerKey(tunnel.path, tunnel.peerTunnelId), tunnel);
  }

  #remove(tunnel: Tunnel, now: number): void {
    if (this.#tunnels.get(tunnel.tunnelId) !== tunnel) return;
    this.#forgetPath(tunnel);
    this.#halfOpen.delete(tunnel);
    this.#timers.clear(tunnel.timer);
    this.#tunnels.delete(tunnel.tunnelId);
    // No session ever had the id of one that was not established: a flood of them uses none up.
    // To one of ours an SCCRP may still come.
    if (tunnel.wasEstablished || tunnel.isOurs) this.#ids.release(tunnel.tunnelId, now);
  }

  #rememberPath(tunnel: Tunnel, peerTunnelId = tunnel.peerTunnelId): void {
    const { path, tunnelId } = tunnel;
    if (peerTunnelId !== 0) this.#byPeer.set(peerKey(path, peerTunnelId), tunnel);
    this.#byEndpoint.set(endpointKey(path), tunnel);
    this.#spread.add(endpointKey(path), tunnelId);
  }

  #forgetPath({ path, peerTunnelId, tunnelId }: Tunnel): void {
    const key = peerKey(path, peerTunnelId);
    if (this.#byPeer.get(key)?.tunnelId === tunnelId) this.#byPeer.delete(key);
    const endpoint = endpointKey(path);
    this.#spread.remove(endpoint, tunnelId);
    if (this.#byEndpoint.get(endpoint)?.tunnelId === tunnelId) this.#byEndpoint.delete(endpoint);
  }
}

function peerKey(path: Path, peerTunnelId: number): string {
  return `${endpointKey(path)} ${path.local} ${peerTunnelId}`;
}

function endpointKey({ peer, peerPort }: Path): string {
  return `${peer} ${peerPort}`;
}
