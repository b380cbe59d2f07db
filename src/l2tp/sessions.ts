/**
 * The sessions of one control connection: by their ids of both sides, those that wait for the
 * tunnel, and when those that are not up have to be.
 *
 * @module
 */
import { SESSION_SETUP_MS, SESSIONS_PER_TUNNEL_MAX } from "../limits.ts";
import { Fifo } from "../sansio/fifo.ts";
import { Ids } from "./ids.ts";
import type { Lcce } from "./lcce.ts";
import type { Session } from "./session.ts";

export class Sessions {
  readonly #lcce: Lcce;
  readonly #sessions = new Map<number, Session>();
  readonly #byPeerId = new Map<number, Session>();
  readonly #ids = new Ids();
  /** Those in wait-tunnel. */
  readonly #waiting = new Set<Session>();
  /**
   * When sessions must be up, oldest first: all have the same time. One that is up or gone stays
   * until it is first in line; that is a minute at most, and ids rest for as long, so there are
   * never more than there are ids.
   */
  readonly #openings = new Fifo<{ readonly sessionId: number; readonly at: number }>();

  constructor(lcce: Lcce) {
    this.#lcce = lcce;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get timeout(): number {
    return this.#openings.at(0)?.at ?? Infinity;
  }

  all(): Iterable<Session> {
    return this.#sessions.values();
  }

  find(id: number): Session | undefined {
    return this.#sessions.get(id);
  }

  findByPeer(peerId: number): Session | undefined {
    return this.#byPeerId.get(peerId);
  }

  /** An id for a new session; 0 when there are too many. */
  freeId(now: number): number {
    const { sessions, sessionsMax, options } = this.#lcce;
    const isFull = sessions >= sessionsMax || this.size >= SESSIONS_PER_TUNNEL_MAX;
    return isFull ? 0 : this.#ids.take(options.random, this.#sessions, now);
  }

  /** One that stands in a CDN alone, so it is neither kept nor held back; with none free any will do. */
  spareId(now: number): number {
    return this.#ids.take(this.#lcce.options.random, this.#sessions, now) || 1;
  }

  add(session: Session, now: number): void {
    this.#sessions.set(session.id, session);
    this.#openings.push({ sessionId: session.id, at: now + SESSION_SETUP_MS });
    this.#lcce.sessions += 1;
  }

  /** The peer has told its id of a session. False: another one has it, and is all that it names. */
  identify(session: Session, peerId: number): boolean {
    if (this.#byPeerId.has(peerId)) return false;
    session.peerId = peerId;
    this.#byPeerId.set(peerId, session);
    return true;
  }

  wait(session: Session): void {
    this.#waiting.add(session);
  }

  /** Those that have waited for the tunnel. */
  takeWaiting(): Session[] {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    return waiting;
  }

  /** False: it was not there. */
  remove(session: Session, now: number): boolean {
    const { id, peerId } = session;
    if (this.#sessions.get(id) !== session) return false;
    this.#sessions.delete(id);
    this.#waiting.delete(session);
    if (this.#byPeerId.get(peerId) === session) this.#byPeerId.delete(peerId);
    this.opening();
    this.#ids.release(id, now);
    this.#lcce.sessions -= 1;
    return true;
  }

  /** The session that has waited longest to be up, with those before it that do not wait dropped. */
  opening(): Session | undefined {
    for (let first = this.#openings.at(0); first !== undefined; first = this.#openings.at(0)) {
      const session = this.#sessions.get(first.sessionId);
      if (session !== undefined && session.state !== "established") return session;
      this.#openings.shift();
    }
    return undefined;
  }
}
