/**
 * The sessions of one control connection: finds the session that a message is for and runs the
 * incoming call automaton (RFC 2661 7.4.2) on it.
 *
 * @module
 */
import { type AvpInput, AvpType } from "../codec/index.ts";
import { SESSION_SETUP_MS, SESSIONS_PER_TUNNEL_MAX } from "../limits.ts";
import { step } from "../sansio/automaton.ts";
import { Fifo } from "../sansio/fifo.ts";
import type { CounterName } from "./counters.ts";
import { Ids } from "./ids.ts";
import { type IncomingCallEvent, incomingCall } from "./incoming-call-automaton.ts";
import type { Lcce } from "./lcce.ts";
import {
  callReply,
  disconnectNotify,
  type Message,
  readCallRequest,
  readResult,
} from "./messages.ts";
import {
  causeOf,
  type Fault,
  NO_OUTGOING_CALL,
  NO_SESSION,
  OUT_OF_SEQUENCE,
  SESSION_STOPPING,
  SESSION_TIMEOUT,
} from "./results.ts";
import { Session } from "./session.ts";
import type { Cause, Path, Result, SessionInfo } from "./types.ts";

const UNFORESEEN = causeOf(OUT_OF_SEQUENCE);

/** What the sessions need of their control connection. */
export interface ControlConnection {
  readonly tunnelId: number;
  readonly peerTunnelId: number;
  readonly path: Path;
  readonly hostName: string;
  send(sessionId: number, avps: readonly AvpInput[]): void;
}

export class Calls {
  readonly #lcce: Lcce;
  readonly #connection: ControlConnection;
  readonly #sessions = new Map<number, Session>();
  readonly #byPeerId = new Map<number, Session>();
  readonly #ids = new Ids();
  /**
   * When sessions must be up, oldest first: all have the same time. One that is up or gone stays
   * until it is first in line; that is a minute at most, and ids rest for as long, so there are
   * never more than there are ids.
   */
  readonly #openings = new Fifo<{ readonly sessionId: number; readonly at: number }>();

  constructor(lcce: Lcce, connection: ControlConnection) {
    this.#lcce = lcce;
    this.#connection = connection;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get timeout(): number {
    return this.#openings.at(0)?.at ?? Infinity;
  }

  *infos(): Iterable<SessionInfo> {
    for (const session of this.#sessions.values()) yield session.info(this.#connection);
  }

  /** Takes a call management message; `sessionId` is that of its header. */
  handleMessage(message: Message, sessionId: number, now: number): void {
    switch (message.name) {
      case "ICRQ":
        this.#request(message, sessionId, now);
        return;
      case "ICRP":
        this.#unexpectedReply(message, sessionId, now);
        return;
      case "ICCN":
        this.#connected(message, sessionId, now);
        return;
      case "CDN":
        this.#disconnected(message, sessionId, now);
        return;
      case "OCRQ":
        // RFC 2661 7.5.1: the LAC side of an outgoing call, which an LNS has no line for.
        this.#lcce.count("refused-outgoing-call");
        this.#refuse(message, NO_OUTGOING_CALL, now);
        return;
      default:
        this.#other(message, sessionId, now);
    }
  }

  close(sessionId: number, result: Result, now: number): void {
    const session = this.#sessions.get(sessionId);
    if (session !== undefined) {
      this.#run(session, "Local Close request", { by: "local", result }, now);
    }
  }

  /** A CDN to every session. */
  closeAll(now: number): void {
    for (const id of [...this.#sessions.keys()]) this.close(id, SESSION_STOPPING, now);
  }

  /** The tunnel ends and every session with it, without a CDN (RFC 2661 5.7). */
  clear(cause: Cause, now: number): void {
    for (const session of [...this.#sessions.values()]) {
      this.#run(session, "Tunnel closed", { ...cause, withTunnel: true }, now);
    }
  }

  handleTimeout(now: number): void {
    for (;;) {
      const session = this.#opening();
      if (session === undefined || this.timeout > now) return;
      this.#lcce.count("session-setup-timeout");
      const cause: Cause = { ...causeOf(SESSION_TIMEOUT), by: "timeout" };
      this.#run(session, "Local Close request", cause, now);
    }
  }

  /** The session that is first in line, with those before it that do not wait dropped. */
  #opening(): Session | undefined {
    for (let first = this.#openings.at(0); first !== undefined; first = this.#openings.at(0)) {
      const session = this.#sessions.get(first.sessionId);
      if (session?.state === "wait-connect") return session;
      this.#openings.shift();
    }
    return undefined;
  }

  #request(message: Message, sessionId: number, now: number): void {
    const known = this.#sessions.get(sessionId) ?? this.#byPeerId.get(message.assignedSessionId);
    if (known !== undefined) {
      this.#lcce.count("out-of-sequence");
      this.#run(known, "Receive ICRQ, not acceptable", UNFORESEEN, now);
      return;
    }
    if (message.fault !== undefined) {
      this.#refuse(message, message.fault, now);
      return;
    }
    const lcce = this.#lcce;
    const full = lcce.sessions >= lcce.sessionsMax || this.size >= SESSIONS_PER_TUNNEL_MAX;
    const id = full ? 0 : this.#ids.take(lcce.options.random, this.#sessions, now);
    if (id === 0) {
      lcce.count("refused-sessions");
      this.#refuse(message, NO_SESSION, now);
      return;
    }
    const session = new Session(id, readCallRequest(message), now);
    this.#sessions.set(id, session);
    this.#byPeerId.set(session.peerId, session);
    this.#openings.push({ sessionId: id, at: now + SESSION_SETUP_MS });
    lcce.sessions += 1;
    this.#run(session, "Receive ICRQ, acceptable", UNFORESEEN, now);
  }

  /** RFC 2661 7.4.2: even in idle an ICRP is answered with a CDN. */
  #unexpectedReply(message: Message, sessionId: number, now: number): void {
    this.#lcce.count("out-of-sequence");
    const session = this.#sessions.get(sessionId) ?? this.#transient(message, now);
    this.#run(session, "Receive ICRP", UNFORESEEN, now);
  }

  #connected(message: Message, sessionId: number, now: number): void {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) {
      this.#lcce.count("unknown-session");
    } else if (message.fault !== undefined) {
      const cause: Cause = causeOf(message.fault);
      this.#run(session, "Receive ICCN, not acceptable", cause, now);
    } else {
      if (session.state === "established") this.#lcce.count("out-of-sequence");
      session.sequencingRequired = message.values.has(AvpType.SequencingRequired);
      this.#run(session, "Receive ICCN, acceptable", UNFORESEEN, now);
    }
  }

  /** A peer that has not seen our ICRP can name the session by its own id only (4.4.4). */
  #disconnected(message: Message, sessionId: number, now: number): void {
    const session =
      sessionId === 0
        ? this.#byPeerId.get(message.assignedSessionId)
        : this.#sessions.get(sessionId);
    if (session === undefined) {
      this.#lcce.count("unknown-session");
      return;
    }
    this.#run(session, "Receive CDN", { by: "peer", result: readResult(message) }, now);
  }

  /**
   * OCRP and OCCN answer what an LNS of incoming calls never asks: idle in 7.5.2, so nothing is
   * sent. WEN and SLI are information. All may still carry what ends the session (4.1).
   */
  #other(message: Message, sessionId: number, now: number): void {
    const session = this.#sessions.get(sessionId);
    if (session !== undefined && message.fault !== undefined) {
      const cause: Cause = causeOf(message.fault);
      this.#run(session, "Receive invalid message", cause, now);
      return;
    }
    const ignored: CounterName =
      session === undefined && sessionId !== 0 ? "unknown-session" : "ignored-message";
    this.#lcce.count(ignored);
  }

  #refuse(message: Message, { counter, result }: Fault, now: number): void {
    const { path, hostName } = this.#connection;
    const refused = { what: "session", path, hostName, result, reason: counter } as const;
    this.#lcce.emit({ type: "refused", ...refused });
    const session = this.#transient(message, now);
    this.#run(session, "Receive ICRQ, not acceptable", { by: "local", result }, now);
  }

  /**
   * A session in idle that is only there to be refused. Its id stands in the CDN alone, so it is
   * neither kept nor held back afterwards; with none free any will do.
   */
  #transient(message: Message, now: number): Session {
    const id = this.#ids.take(this.#lcce.options.random, this.#sessions, now) || 1;
    const request = {
      peerSessionId: message.assignedSessionId,
      callSerialNumber: 0,
      calledNumber: "",
      callingNumber: "",
    };
    return new Session(id, request, now);
  }

  #run(session: Session, event: IncomingCallEvent, cause: Cause, now: number): void {
    const cell = step(incomingCall, session.state, event);
    if (cell === undefined) return;
    const before = session.state;
    session.state = cell.next;
    const info = () => session.info(this.#connection);
    for (const action of cell.actions) {
      switch (action) {
        case "Send ICRP":
          this.#connection.send(session.peerId, callReply(session.id));
          this.#lcce.emit({ type: "session-open", session: info() });
          break;
        case "Send CDN":
          this.#connection.send(session.peerId, disconnectNotify(session.id, cause.result));
          break;
        case "Prepare for data":
          this.#opening();
          this.#lcce.emit({ type: "session-up", session: info() });
          break;
        case "Clean up":
          this.#cleanUp(session, { ...info(), state: before }, cause, now);
          break;
      }
    }
  }

  #cleanUp(session: Session, info: SessionInfo, cause: Cause, now: number): void {
    if (this.#sessions.get(session.id) !== session) return;
    this.#sessions.delete(session.id);
    this.#byPeerId.delete(session.peerId);
    this.#opening();
    this.#ids.release(session.id, now);
    this.#lcce.sessions -= 1;
    this.#lcce.emit({ type: "session-down", session: info, ...cause });
  }
}
