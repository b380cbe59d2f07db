/**
 * The sessions of one control connection: places calls, finds the session that a message is for,
 * and runs the automaton of its role and direction on it (RFC 2661 7.4, 7.5).
 *
 * @module
 */
import { AvpType, type CallErrors } from "../codec/index.ts";
import { CALL_ERRORS_INTERVAL_MS } from "../limits.ts";
import {
  type CallAction,
  type CallEvent,
  type CallState,
  callAutomaton,
  MESSAGE_DIRECTION,
  receiveEvent,
  type SetupMessage,
  stepCall,
} from "./call-automata.ts";
import {
  messageOf,
  readAccm,
  readCall,
  readCallErrors,
  readConnected,
  readDisconnect,
  readReply,
  setLinkInfo,
  wanErrorNotify,
} from "./call-messages.ts";
import { checkAnswer, checkCall, checked } from "./door.ts";
import type { Lcce } from "./lcce.ts";
import { isSupported, requestable, withFraming } from "./lines.ts";
import type { Message } from "./messages.ts";
import { readResult } from "./result-code.ts";
import {
  causeOf,
  type Fault,
  NO_INCOMING_CALL,
  NO_OUTGOING_CALL,
  NO_SUCH_LINE,
  noSession,
  OUT_OF_SEQUENCE,
  SESSION_ID_TAKEN,
  SESSION_STOPPING,
  SESSION_TIMEOUT,
} from "./results.ts";
import { type Connection, Session } from "./session.ts";
import { Sessions } from "./sessions.ts";
import type { Accm, Call, Cause, Connected, Direction, Role, SessionInfo } from "./types.ts";

const UNFORESEEN = causeOf(OUT_OF_SEQUENCE);
/** Both Session IDs are known. */
const OPEN_STATES: ReadonlySet<CallState> = new Set([
  "wait-connect",
  "wait-cs-answer",
  "established",
]);
/** For events that end nothing. */
const NO_CAUSE: Cause = { by: "local", result: { code: 0 } };

export class Calls {
  readonly #lcce: Lcce;
  readonly #connection: Connection;
  readonly #sessions: Sessions;

  constructor(lcce: Lcce, connection: Connection) {
    this.#lcce = lcce;
    this.#connection = connection;
    this.#sessions = new Sessions(lcce);
  }

  get size(): number {
    return this.#sessions.size;
  }

  get timeout(): number {
    return this.#sessions.timeout;
  }

  *infos(): Iterable<SessionInfo> {
    for (const session of this.#sessions.all()) yield session.info(this.#connection);
  }

  /** Offers a call to an LNS, or asks a LAC for one. `undefined`: there is no place for it. */
  place(call: Call, connected: Connected, now: number): number | undefined {
    const { role } = this.#connection;
    checkCall(role, call, connected);
    const id = this.#sessions.freeId(now);
    if (id === 0) return undefined;
    const direction = role === "lac" ? "incoming" : "outgoing";
    const callSerialNumber = this.#lcce.nextSerial();
    const session = new Session(id, { role, direction, callSerialNumber, call }, now);
    session.connected = connected;
    this.#sessions.add(session, now);
    const open =
      role === "lac" ? "Bearer Ring or Ready to indicate incoming conn." : "Local open request";
    this.#run(session, open, NO_CAUSE, now);
    return id;
  }

  /** The control connection is established. */
  tunnelOpen(now: number): void {
    for (const session of this.#sessions.takeWaiting()) {
      if (session.role === "lns") {
        const call = requestable(session.call, this.#connection.peer);
        if (call === undefined) {
          this.#lcce.count(NO_SUCH_LINE.counter);
          this.#run(session, "Local Close request", causeOf(NO_SUCH_LINE), now);
          continue;
        }
        session.call = call;
      }
      this.#run(session, "tunnel-open", NO_CAUSE, now);
    }
  }

  /** An outgoing call that a LAC has placed is answered. */
  connect(sessionId: number, connected: Connected, now: number): void {
    checkAnswer(connected);
    const session = this.#sessions.find(sessionId);
    if (session?.state !== "wait-cs-answer") return;
    session.connected = connected;
    this.#run(session, "Bearer answer, framing detected", NO_CAUSE, now);
  }

  /** Sends a WEN; earlier than a minute after the last one it waits for the next call of this. */
  reportErrors(sessionId: number, errors: CallErrors, now: number): void {
    const avps = checked(wanErrorNotify(errors));
    const session = this.#sessions.find(sessionId);
    if (session?.state !== "established" || session.role !== "lac") return;
    if (now - session.reportedAt < CALL_ERRORS_INTERVAL_MS) return;
    session.reportedAt = now;
    this.#connection.send(session.peerId, avps);
  }

  /** Sends an SLI. */
  setAccm(sessionId: number, accm: Accm): void {
    const avps = checked(setLinkInfo(accm));
    const session = this.#sessions.find(sessionId);
    if (session?.state !== "established" || session.role !== "lns") return;
    this.#connection.send(session.peerId, avps);
  }

  /** Takes a call management message; `sessionId` is that of its header. */
  handleMessage(message: Message, sessionId: number, now: number): void {
    switch (message.name) {
      case "ICRQ":
      case "OCRQ":
        this.#request(message, message.name, sessionId, now);
        return;
      case "ICRP":
      case "ICCN":
      case "OCRP":
      case "OCCN":
        this.#setUp(message, message.name, sessionId, now);
        return;
      case "CDN":
        this.#disconnected(message, sessionId, now);
        return;
      default:
        this.#told(message, sessionId, now);
    }
  }

  close(sessionId: number, cause: Cause, now: number): void {
    const session = this.#sessions.find(sessionId);
    if (session !== undefined) this.#close(session, cause, now);
  }

  /** A CDN to every session. */
  closeAll(now: number): void {
    const cause: Cause = { by: "local", result: SESSION_STOPPING };
    for (const session of [...this.#sessions.all()]) this.#close(session, cause, now);
  }

  /** The tunnel ends and every session with it, without a CDN (RFC 2661 5.7). */
  clear(cause: Cause, now: number): void {
    for (const session of [...this.#sessions.all()]) {
      this.#run(session, "Tunnel closed", { ...cause, withTunnel: true }, now);
    }
  }

  handleTimeout(now: number): void {
    for (;;) {
      const session = this.#sessions.opening();
      if (session === undefined || this.timeout > now) return;
      this.#lcce.count("session-setup-timeout");
      this.#close(session, { ...causeOf(SESSION_TIMEOUT), by: "timeout" }, now);
    }
  }

  #request(message: Message, name: "ICRQ" | "OCRQ", sessionId: number, now: number): void {
    const known =
      this.#sessions.find(sessionId) ?? this.#sessions.findByPeer(message.assignedSessionId);
    if (known !== undefined) {
      this.#lcce.count("out-of-sequence");
      this.#run(known, eventOf(known, name, message.fault), UNFORESEEN, now);
      return;
    }
    const refusal = this.#unacceptable(message, name);
    const id = refusal === undefined ? this.#sessions.freeId(now) : 0;
    if (id === 0) {
      const fault = refusal ?? noSession(name);
      if (fault !== message.fault) this.#lcce.count(fault.counter);
      this.#refuse(message, name, fault, now);
      return;
    }
    const session = this.#asked(id, message, name, now);
    this.#sessions.add(session, now);
    this.#sessions.identify(session, session.peerId);
    this.#run(session, `Receive ${name}, acceptable`, NO_CAUSE, now);
  }

  #unacceptable(message: Message, name: "ICRQ" | "OCRQ"): Fault | undefined {
    const { role } = this.#connection;
    if (name === "ICRQ") return role === "lac" ? NO_INCOMING_CALL : message.fault;
    if (role === "lns") return NO_OUTGOING_CALL;
    return message.fault ?? (isSupported(readCall(message)) ? undefined : NO_SUCH_LINE);
  }

  /** ICRP, ICCN, OCRP, OCCN. */
  #setUp(message: Message, name: SetupMessage, sessionId: number, now: number): void {
    const session = this.#sessions.find(sessionId);
    if (session === undefined) {
      this.#stray(message, name, sessionId, now);
      return;
    }
    if (!isAwaited(session, name)) {
      this.#lcce.count("out-of-sequence");
      this.#run(session, eventOf(session, name, message.fault), UNFORESEEN, now);
      return;
    }
    const fault = message.fault ?? this.#take(session, message, name);
    if (fault !== undefined && fault !== message.fault) this.#lcce.count(fault.counter);
    const cause = fault === undefined ? NO_CAUSE : causeOf(fault);
    this.#run(session, eventOf(session, name, fault), cause, now);
  }

  /** Takes over what an awaited message says. */
  #take(session: Session, message: Message, name: SetupMessage): Fault | undefined {
    if (name === "ICCN" || name === "OCCN") {
      session.connected = readConnected(message);
      return undefined;
    }
    session.call = readReply(session.call, message);
    const isNew = this.#sessions.identify(session, message.assignedSessionId);
    return isNew ? undefined : SESSION_ID_TAKEN;
  }

  /** For no session of ours: idle in the automaton that it would belong to. */
  #stray(message: Message, name: SetupMessage, sessionId: number, now: number): void {
    const { role } = this.#connection;
    const direction = MESSAGE_DIRECTION[name];
    const automaton = callAutomaton(role, direction);
    const event = receiveEvent(automaton, "idle", name, message.fault === undefined);
    if (stepCall(automaton, "idle", event)?.actions.includes("Send CDN") === true) {
      this.#lcce.count("out-of-sequence");
      this.#run(this.#transient(message, role, direction, now), event, UNFORESEEN, now);
    } else {
      this.#lcce.count(sessionId === 0 ? "ignored-message" : "unknown-session");
    }
  }

  /** A peer that has not seen our reply can name the session by its own id only (4.4.4). */
  #disconnected(message: Message, sessionId: number, now: number): void {
    const session =
      sessionId === 0
        ? this.#sessions.findByPeer(message.assignedSessionId)
        : this.#sessions.find(sessionId);
    if (session === undefined) {
      this.#lcce.count("unknown-session");
      return;
    }
    const disconnect = readDisconnect(message);
    const more = disconnect === undefined ? {} : { disconnect };
    const cause: Cause = { by: "peer", result: readResult(message), ...more };
    this.#run(session, "Receive CDN", cause, now);
  }

  /** WEN is information for an LNS, SLI for a LAC. Both may carry what ends the session (4.1). */
  #told(message: Message, sessionId: number, now: number): void {
    const session = this.#sessions.find(sessionId);
    if (session !== undefined && message.fault !== undefined) {
      this.#run(session, "Receive invalid message", causeOf(message.fault), now);
      return;
    }
    const errors = session?.role === "lns" ? readCallErrors(message) : undefined;
    const accm = session?.role === "lac" ? readAccm(message) : undefined;
    const isUp = session?.state === "established";
    if (isUp && errors !== undefined) {
      this.#lcce.emit({ type: "call-errors", session: session.info(this.#connection), errors });
    } else if (isUp && accm !== undefined) {
      this.#lcce.emit({ type: "accm", session: session.info(this.#connection), ...accm });
    } else {
      const isUnknown = session === undefined && sessionId !== 0;
      this.#lcce.count(isUnknown ? "unknown-session" : "ignored-message");
    }
  }

  #refuse(message: Message, name: "ICRQ" | "OCRQ", fault: Fault, now: number): void {
    const { result, counter } = fault;
    const { path, peer } = this.#connection;
    const refused = { what: "session", path, hostName: peer.hostName, result } as const;
    this.#lcce.emit({ type: "refused", ...refused, reason: counter });
    const session = this.#asked(this.#sessions.spareId(now), message, name, now);
    this.#run(session, `Receive ${name}, not acceptable`, { by: "local", result }, now);
  }

  /** Who is asked by an ICRQ would be its LNS, by an OCRQ its LAC. */
  #asked(id: number, message: Message, name: "ICRQ" | "OCRQ", now: number): Session {
    const direction = MESSAGE_DIRECTION[name];
    const role = direction === "incoming" ? "lns" : "lac";
    const callSerialNumber = message.values.uint32(AvpType.CallSerialNumber) ?? 0;
    const call = readCall(message);
    const session = new Session(id, { role, direction, callSerialNumber, call }, now);
    session.peerId = message.assignedSessionId;
    return session;
  }

  /** A session in idle that is only there to be refused. */
  #transient(message: Message, role: Role, direction: Direction, now: number): Session {
    const what = { role, direction, callSerialNumber: 0, call: {} };
    const session = new Session(this.#sessions.spareId(now), what, now);
    session.peerId = message.assignedSessionId;
    return session;
  }

  /** In 7.5.1 what ends a call that is not answered is the failure of its bearer. */
  #close(session: Session, cause: Cause, now: number): void {
    const isPlaced = session.state === "wait-cs-answer";
    this.#run(session, isPlaced ? "Bearer failure" : "Local Close request", cause, now);
  }

  #run(session: Session, event: CallEvent, cause: Cause, now: number): void {
    const before = session.state;
    const cell = stepCall(session.automaton, before, event);
    if (cell === undefined) return;
    session.state = cell.next;
    for (const action of cell.actions) this.#act(session, action, before, cause, now);
    this.#announce(session, before);
  }

  #act(session: Session, action: CallAction, before: CallState, cause: Cause, now: number): void {
    switch (action) {
      case "Initiate local tunnel open":
        this.#sessions.wait(session);
        this.#connection.requestOpen(now);
        break;
      case "Send ICCN":
      case "Send OCCN":
        session.connected = withFraming(session.connected, this.#connection.peer);
        this.#send(action, session, cause);
        break;
      case "Clean up":
        this.#cleanUp(session, before, cause, now);
        break;
      default:
        this.#send(action, session, cause);
    }
  }

  #send(action: CallAction, session: Session, cause: Cause): void {
    const avps = messageOf(action, session, cause);
    if (avps.length > 0) this.#connection.send(session.peerId, avps);
  }

  /** "Open bearer" and "Prepare for data" are the owner's: these events tell it to. */
  #announce(session: Session, before: CallState): void {
    const { state } = session;
    if (state === before || !OPEN_STATES.has(state)) return;
    if (!session.isOpen) {
      session.isOpen = true;
      this.#lcce.emit({ type: "session-open", session: session.info(this.#connection) });
    }
    if (state !== "established") return;
    this.#sessions.opening();
    this.#lcce.emit({ type: "session-up", session: session.info(this.#connection) });
  }

  #cleanUp(session: Session, before: CallState, cause: Cause, now: number): void {
    if (!this.#sessions.remove(session, now)) return;
    const info = session.info(this.#connection, before);
    this.#lcce.emit({ type: "session-down", session: info, ...cause });
  }
}

function eventOf({ automaton, state }: Session, name: SetupMessage, fault: Fault | undefined) {
  return receiveEvent(automaton, state, name, fault === undefined);
}

/** Whether it brings the session on. */
function isAwaited({ automaton, state }: Session, name: SetupMessage): boolean {
  const event = receiveEvent(automaton, state, name, true);
  return (stepCall(automaton, state, event)?.next ?? "idle") !== "idle";
}
