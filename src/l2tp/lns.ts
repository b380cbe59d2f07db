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
  parseControlMessage,
  type Status,
} from "../codec/index.ts";
import { step } from "../sansio/automaton.ts";
import type { Machine } from "../sansio/machine.ts";
import { ErrorCode, type Fault } from "./avps.ts";
import { type ControlConnectionEvent, controlConnection } from "./control-connection-automaton.ts";
import type { CounterName, Counters } from "./counters.ts";
import { Lcce } from "./lcce.ts";
import {
  type Message,
  PROTOCOL_VERSION,
  readMessage,
  readStartRequest,
  type StartRequest,
  stopNotification,
} from "./messages.ts";
import { StopCode, type Tunnel } from "./tunnel.ts";
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
    const message = parseControlMessage(datagram);
    if (typeof message === "string") {
      this.#lcce.count(MALFORMED[message] ?? "malformed-other");
      return;
    }
    const tunnel = this.#tunnels.find(message.tunnelId);
    if (tunnel === undefined) {
      this.#handleUnassigned(message, path, now);
    } else if (samePath(tunnel.path, path)) {
      this.#receive(tunnel, message, now);
    } else {
      this.#lcce.count("wrong-peer");
    }
  }

  handleTimeout(now: number): void {
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
    return this.#tunnels.timeout;
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

  /** The control connection automaton in idle: messages that belong to no tunnel. */
  #handleUnassigned(received: ControlMessage, path: Path, now: number): void {
    if (received.avps.length === 0) {
      this.#lcce.count("unknown-tunnel");
      return;
    }
    const message = readMessage(received.avps, this.#lcce.secret);
    if (message.name === "SCCRQ" && received.tunnelId === 0) {
      this.#handleStart(received, message, path, now);
    } else if (message.name === "SCCRP") {
      this.#lcce.count("out-of-sequence");
      const result = { code: StopCode.StateMachine };
      this.#refuse("Receive SCCRP", received, message, result, path, now);
    } else if (message.name === "StopCCN" && received.tunnelId === 0) {
      this.#handleEarlyStop(received, message, path, now);
    } else {
      this.#lcce.count("unknown-tunnel");
    }
  }

  #handleStart(received: ControlMessage, message: Message, path: Path, now: number): void {
    const known = this.#tunnels.findByPeer(path, message.assignedTunnelId);
    // Once the peer knows that a tunnel is closed, the same id asks for a new one.
    if (known !== undefined && known.phase !== "lingering") {
      known.repeatStart(now);
      this.#tunnels.settle(known, now);
      return;
    }
    if (received.ns !== 0) {
      // Ns begins at 0 (RFC 2661 5.8): not the first message of a control connection.
      this.#lcce.count("out-of-window");
      return;
    }
    const fault = message.fault ?? this.#unacceptable(readStartRequest(message));
    if (fault === undefined && this.#open(received, readStartRequest(message), path, now)) return;
    const refused = fault ?? NO_ROOM;
    this.#lcce.count(refused.counter);
    const event = "Receive SCCRQ, not acceptable";
    this.#refuse(event, received, message, refused.result, path, now);
  }

  /** Why the request of a well-formed SCCRQ is refused. */
  #unacceptable(request: StartRequest): Fault | undefined {
    if (request.version !== PROTOCOL_VERSION) {
      // RFC 2661 4.4.2: the Error Code is the highest version supported.
      const result = { code: StopCode.Version, error: PROTOCOL_VERSION };
      return { counter: "refused-version", result };
    }
    if (request.receiveWindow === 0) {
      const result = { code: StopCode.Error, error: ErrorCode.OutOfRange };
      return { counter: "refused-window", result };
    }
    if (request.challenge !== undefined && this.#lcce.secret.length === 0) {
      return { counter: "refused-secret", result: { code: StopCode.NotAuthorized } };
    }
    if (this.#lcce.shuttingDown) {
      return { counter: "refused-shutdown", result: { code: StopCode.ShuttingDown } };
    }
    return undefined;
  }

  #open(received: ControlMessage, request: StartRequest, path: Path, now: number): boolean {
    const tunnel = this.#tunnels.open(request, path, now);
    if (tunnel === undefined) return false;
    if (received.nr !== 0) this.#lcce.count("nr-never-sent");
    tunnel.start(received, request, now);
    this.#tunnels.settle(tunnel, now);
    return true;
  }

  /** A LAC that gives up before it has our SCCRP names the tunnel by its own id (4.4.3). */
  #handleEarlyStop(received: ControlMessage, message: Message, path: Path, now: number): void {
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
   * it sent and is answered again, and nobody can make us send to a third party over and over.
   */
  #refuse(
    event: ControlConnectionEvent,
    received: ControlMessage,
    message: Message,
    result: Result,
    path: Path,
    now: number,
  ): void {
    const cell = step(controlConnection, "idle", event);
    if (cell?.actions.includes("Send StopCCN") !== true) return;
    const datagram = buildControlMessage({
      tunnelId: message.assignedTunnelId,
      sessionId: 0,
      ns: received.nr,
      nr: (received.ns + 1) & 0xffff,
      avps: stopNotification(this.#tunnels.spareId(now), result),
    });
    this.#lcce.transmit({ datagram, path });
  }
}

const NO_ROOM: Fault = {
  counter: "refused-tunnels",
  result: { code: StopCode.Error, error: ErrorCode.Resources },
};

function samePath(a: Path, b: Path): boolean {
  return a.peerPort === b.peerPort && a.peer === b.peer && a.local === b.local;
}
