/**
 * The LNS end of control connections. A datagram passes in this order: codec (is all of it
 * well-formed), the tunnel it belongs to, its path; without a tunnel only an SCCRQ gets further,
 * and no state is made for it before all of it is in order.
 *
 * A datagram whose AVPs do not add up is dropped: nothing in it says which message it was, and
 * anyone who can send to us can send it. A peer that means it repeats it and clears the tunnel.
 *
 * @module
 */
import {
  buildControlMessage,
  type ControlMessage,
  MessageType,
  parseControlMessage,
  type Status,
} from "../codec/index.ts";
import { UNPROVEN_ANSWER_MAX } from "../limits.ts";
import { step } from "../sansio/automaton.ts";
import type { Machine } from "../sansio/machine.ts";
import { sourceOf } from "./admission.ts";
import { type ControlConnectionEvent, controlConnection } from "./control-connection-automaton.ts";
import type { CounterName, Counters } from "./counters.ts";
import { glanceTunnelId, isGlance } from "./glance.ts";
import { Lcce } from "./lcce.ts";
import {
  type Message,
  readHostName,
  readMessage,
  readStartRequest,
  type StartRequest,
  stopNotification,
} from "./messages.ts";
import {
  type Fault,
  NO_SECRET,
  NO_TUNNEL,
  NO_WINDOW,
  PROTOCOL_VERSION,
  STOPPING,
  UNASKED_REPLY,
  WRONG_VERSION,
} from "./results.ts";
import type { Tunnel } from "./tunnel.ts";
import { Tunnels } from "./tunnels.ts";
import type {
  LnsEvent,
  LnsInput,
  LnsOptions,
  LnsTransmit,
  Path,
  Result,
  SessionInfo,
  TunnelInfo,
} from "./types.ts";

const MALFORMED: Partial<Record<Status, CounterName>> = {
  short: "malformed-short",
  version: "malformed-version",
  length: "malformed-length",
  "control-bits": "malformed-control-bits",
  "avp-length": "malformed-avp-length",
  "too-many": "malformed-too-many",
};

export class Lns implements Machine<LnsInput, LnsTransmit, LnsEvent> {
  readonly #lcce: Lcce;
  readonly #tunnels: Tunnels;

  constructor(options: LnsOptions) {
    this.#lcce = new Lcce(options);
    this.#tunnels = new Tunnels(this.#lcce);
  }

  get counters(): Counters {
    return this.#lcce.counters;
  }

  handleInput({ datagram, path }: LnsInput, now: number): void {
    const refusal = this.#atAGlance(datagram, path, now);
    if (refusal !== undefined) {
      this.#lcce.count(refusal);
      return;
    }
    const message = parseControlMessage(datagram);
    if (typeof message === "string") {
      this.#lcce.count(MALFORMED[message] ?? "malformed-other");
      return;
    }
    const tunnel = this.#tunnels.find(message.tunnelId);
    if (tunnel === undefined) {
      this.#handleUnassigned(message, path, datagram.length, now);
    } else if (samePath(tunnel.path, path)) {
      this.#receive(tunnel, message, now);
    } else if (this.#isMoved(tunnel, message, path)) {
      this.#lcce.count("followed-port");
      this.#tunnels.move(tunnel, path);
      this.#receive(tunnel, message, now);
    } else {
      this.#lcce.count("wrong-peer");
    }
  }

  /**
   * Our address for a message of which only its peer is known: that of its tunnel, or of one that
   * the peer has from the same port. `undefined` when there is none.
   */
  localOf(tunnelId: number, peer: string, peerPort: number): string | undefined {
    const tunnel = this.#tunnels.find(tunnelId) ?? this.#tunnels.findByEndpoint(peer, peerPort);
    return tunnel?.path.local;
  }

  handleTimeout(now: number): void {
    this.#lcce.admission.handleTimeout(now);
    const tunnels = this.#tunnels;
    for (let due = tunnels.due(now); due !== undefined; due = tunnels.due(now)) {
      due.handleTimeout(now);
      tunnels.settle(due, now);
    }
  }

  pollTransmit(): LnsTransmit | undefined {
    return this.#lcce.transmits.shift();
  }

  pollEvent(): LnsEvent | undefined {
    return this.#lcce.events.shift();
  }

  pollTimeout(): number {
    return Math.min(this.#tunnels.timeout, this.#lcce.admission.timeout);
  }

  /** Sends a CDN. Harmless when the session is gone. */
  closeSession(tunnelId: number, sessionId: number, result: Result, now: number): void {
    const tunnel = this.#tunnels.find(tunnelId);
    if (tunnel === undefined) return;
    tunnel.closeSession(sessionId, result, now);
    this.#tunnels.settle(tunnel, now);
  }

  /** Sends a StopCCN. Harmless when the tunnel is gone. */
  closeTunnel(tunnelId: number, result: Result, now: number): void {
    const tunnel = this.#tunnels.find(tunnelId);
    if (tunnel === undefined) return;
    tunnel.close(result, now);
    this.#tunnels.settle(tunnel, now);
  }

  /** CDN 3 to every session and StopCCN 6 to every tunnel; new ones are refused. */
  shutdown(now: number): void {
    this.#lcce.shuttingDown = true;
    for (const tunnel of this.#tunnels.all()) {
      tunnel.shutdown(now);
      this.#tunnels.settle(tunnel, now);
    }
  }

  /** After `shutdown`: every peer has acknowledged, or did not answer in time. */
  isDrained(): boolean {
    return this.#lcce.shuttingDown && this.#lcce.undrained === 0;
  }

  *tunnels(): Iterable<TunnelInfo> {
    for (const tunnel of this.#tunnels.all()) if (tunnel.phase === "open") yield tunnel.info();
  }

  *sessions(): Iterable<SessionInfo> {
    for (const tunnel of this.#tunnels.all()) yield* tunnel.sessions();
  }

  /**
   * Whether a message from another path shows that the peer's port has changed, as it does when a
   * NAT has lost its state.
   *
   * RFC 2661 8.1 pins both ports. This is a deliberate exception, as the tunnel would be lost: the
   * peer's port alone may change, never an address, and only a control message moves it that comes
   * next by its Ns and has an Nr in our window, so no replay does. Nothing in it proves its sender,
   * not with a secret either, which authenticates the set-up alone. Who does not see the tunnel's
   * datagrams would have to forge the peer's address and to guess Tunnel ID, Ns and Nr; the same
   * guess from the old port ends the tunnel, so the exception gives nothing away. Until then what
   * comes from the new port is dropped and has no answer.
   */
  #isMoved(tunnel: Tunnel, message: ControlMessage, path: Path): boolean {
    const { peer, local } = tunnel.path;
    const isPortAlone = path.peer === peer && path.local === local;
    return this.#lcce.options.followPort && isPortAlone && tunnel.expects(message);
  }

  /**
   * Why a message goes no further, where its first octets tell: a flood of requests, or of messages
   * for tunnels that there are none of, is not parsed.
   */
  #atAGlance(datagram: Uint8Array, { peer }: Path, now: number): CounterName | undefined {
    const tunnelId = glanceTunnelId(datagram);
    if (tunnelId === undefined) return undefined;
    if (tunnelId !== 0) {
      // An SCCRP that nobody asked for is refused.
      const isNobodys = this.#tunnels.find(tunnelId) === undefined;
      return isNobodys && !isGlance(datagram, MessageType.SCCRP) ? "unknown-tunnel" : undefined;
    }
    const isStart = isGlance(datagram, MessageType.SCCRQ);
    const isTooMuch = isStart && !this.#lcce.admission.allows(sourceOf(peer), now);
    return isTooMuch ? "dropped-rate" : undefined;
  }

  /** The control connection automaton in idle: messages that belong to no tunnel. */
  #handleUnassigned(received: ControlMessage, path: Path, size: number, now: number): void {
    if (received.avps.length === 0) {
      this.#lcce.count("unknown-tunnel");
      return;
    }
    const message = readMessage(received.avps, this.#lcce.secret);
    const stray: Stray = { received, message, path, size };
    if (message.name === "SCCRQ" && received.tunnelId === 0) {
      this.#handleStart(stray, now);
    } else if (message.name === "SCCRP") {
      this.#refuse("Receive SCCRP", UNASKED_REPLY, stray, now);
    } else if (message.name === "StopCCN" && received.tunnelId === 0) {
      this.#handleEarlyStop(stray, now);
    } else {
      this.#lcce.count("unknown-tunnel");
    }
  }

  #handleStart(stray: Stray, now: number): void {
    const { received, message, path } = stray;
    const known = this.#tunnels.findByPeer(path, message.assignedTunnelId);
    // Once the peer knows that a tunnel is closed, the same id asks for a new one.
    if (known !== undefined && known.phase !== "lingering") {
      known.repeatStart(now);
      this.#tunnels.settle(known, now);
    } else if (received.ns !== 0) {
      // Ns begins at 0 (RFC 2661 5.8): not the first message of a control connection.
      this.#lcce.count("out-of-window");
    } else if (!this.#lcce.admission.allows(sourceOf(path.peer), now)) {
      this.#lcce.count("dropped-rate");
    } else {
      const fault = message.fault ?? this.#unacceptable(readStartRequest(message));
      if (fault === undefined) this.#open(stray, now);
      else this.#refuse("Receive SCCRQ, not acceptable", fault, stray, now);
    }
  }

  /** Why the request of a well-formed SCCRQ is refused. */
  #unacceptable(request: StartRequest): Fault | undefined {
    if (request.version !== PROTOCOL_VERSION) return WRONG_VERSION;
    if (request.receiveWindow === 0) return NO_WINDOW;
    if (request.challenge !== undefined && this.#lcce.secret.length === 0) return NO_SECRET;
    if (this.#lcce.shuttingDown) return STOPPING;
    return this.#tunnels.isFull ? NO_TUNNEL : undefined;
  }

  #open({ received, message, path }: Stray, now: number): void {
    const request = readStartRequest(message);
    const tunnel = this.#tunnels.open(request, path, now);
    if (tunnel === undefined) {
      this.#lcce.count("dropped-half-open");
      return;
    }
    if (received.nr !== 0) this.#lcce.count("nr-never-sent");
    tunnel.start(received, request, now);
    this.#tunnels.settle(tunnel, now);
  }

  /**
   * A LAC that gives up before it has our SCCRP names the tunnel by its own id (4.4.3). While
   * nothing proves that it is there, the tunnel ends without an answer.
   */
  #handleEarlyStop({ received, message, path }: Stray, now: number): void {
    const tunnel = this.#tunnels.findByPeer(path, message.assignedTunnelId);
    if (tunnel === undefined) this.#lcce.count("unknown-tunnel");
    else this.#receive(tunnel, received, now);
  }

  #receive(tunnel: Tunnel, message: ControlMessage, now: number): void {
    tunnel.receive(message, now);
    this.#tunnels.settle(tunnel, now);
  }

  /**
   * Sends a StopCCN without keeping a tunnel for its delivery: a peer that misses it repeats what
   * it sent and is answered again. Nothing proves where that came from, so the answer is bounded
   * as an SCCRP is and is never larger than what it answers: its Error Message is cut, or nothing
   * is sent at all.
   */
  #refuse(event: ControlConnectionEvent, fault: Fault, stray: Stray, now: number): void {
    const { result, counter: reason } = fault;
    const { received, message, path, size } = stray;
    this.#lcce.count(reason);
    if (step(controlConnection, "idle", event)?.actions.includes("Send StopCCN") !== true) return;
    const most = Math.min(size, UNPROVEN_ANSWER_MAX);
    const datagram = buildControlMessage({
      tunnelId: message.assignedTunnelId,
      sessionId: 0,
      ns: received.nr,
      nr: (received.ns + 1) & 0xffff,
      avps: stopNotification(this.#tunnels.spareId(now), result, most),
    });
    const { admission } = this.#lcce;
    const source = sourceOf(path.peer);
    if (datagram.length > most || !admission.allows(source, now)) {
      this.#lcce.count("withheld-refusal");
      return;
    }
    admission.spend(source, now);
    this.#lcce.transmit({ datagram, path });
    const hostName = readHostName(message);
    this.#lcce.emit({ type: "refused", what: "tunnel", path, hostName, result, reason });
  }
}

/** A message that belongs to no tunnel, with the octets of its datagram. */
interface Stray {
  readonly received: ControlMessage;
  readonly message: Message;
  readonly path: Path;
  readonly size: number;
}

function samePath(a: Path, b: Path): boolean {
  return a.peerPort === b.peerPort && a.peer === b.peer && a.local === b.local;
}
