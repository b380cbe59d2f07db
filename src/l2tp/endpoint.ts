/**
 * An L2TP control connection endpoint (LCCE) over one socket: LAC in some tunnels, LNS in others,
 * and either side may open them. A datagram passes in this order: codec (is all of it well-formed),
 * the tunnel it belongs to, its path; what belongs to none goes to `Strangers`.
 *
 * A datagram whose AVPs do not add up is dropped: nothing in it says which message it was, and
 * anyone who can send to us can send it. A peer that means it repeats it and clears the tunnel.
 *
 * @module
 */
import {
  type CallErrors,
  type ControlMessage,
  parseControlMessage,
  type Status,
} from "../codec/index.ts";
import type { Machine } from "../sansio/machine.ts";
import type { Calls } from "./calls.ts";
import type { CounterName, Counters } from "./counters.ts";
import { checkDscp, checkEnd, checkResult } from "./door.ts";
import { glanceTunnelId } from "./glance.ts";
import { Lcce } from "./lcce.ts";
import { Strangers } from "./strangers.ts";
import type { Tunnel } from "./tunnel.ts";
import { Tunnels } from "./tunnels.ts";
import type {
  Accm,
  Call,
  Cause,
  Connected,
  ConnectOptions,
  Disconnect,
  EndpointEvent,
  EndpointInput,
  EndpointOptions,
  EndpointTransmit,
  Path,
  Result,
  SessionInfo,
  TunnelInfo,
} from "./types.ts";

const encoder = new TextEncoder();

const MALFORMED: Partial<Record<Status, CounterName>> = {
  short: "malformed-short",
  version: "malformed-version",
  length: "malformed-length",
  "control-bits": "malformed-control-bits",
  "avp-length": "malformed-avp-length",
  "too-many": "malformed-too-many",
};

export class Endpoint implements Machine<EndpointInput, EndpointTransmit, EndpointEvent> {
  readonly #lcce: Lcce;
  readonly #tunnels: Tunnels;
  readonly #strangers: Strangers;

  constructor(options: EndpointOptions) {
    this.#lcce = new Lcce(options);
    this.#tunnels = new Tunnels(this.#lcce);
    this.#strangers = new Strangers(this.#lcce, this.#tunnels);
  }

  get counters(): Counters {
    return this.#lcce.counters;
  }

  /**
   * Opens a tunnel: sends an SCCRQ, and again until it is answered or given up. Returns our Tunnel
   * ID; `undefined` when there are too many.
   *
   * As all that says something to the peer it throws a RangeError for a value that no AVP can carry,
   * and has done nothing then.
   */
  connect(options: ConnectOptions, now: number): number | undefined {
    checkDscp(options.dscp);
    if (this.#lcce.shuttingDown) return undefined;
    const { path, role, hideAvps = false, dscp } = options;
    const secret =
      options.secret === undefined ? this.#lcce.secret : encoder.encode(options.secret);
    const tunnel = this.#tunnels.connect(path, { role, secret, hideAvps, dscp }, now);
    if (tunnel === undefined) return undefined;
    tunnel.open(now);
    this.#tunnels.settle(tunnel, now);
    return tunnel.tunnelId;
  }

  /**
   * Places a call in a tunnel, which need not be established yet: as LAC offers an incoming one
   * (`connected` is what its ICCN says), as LNS asks for an outgoing one. Returns our Session ID;
   * `undefined` when there is no place for it.
   */
  placeCall(
    tunnelId: number,
    call: Call,
    now: number,
    connected: Connected = {},
  ): number | undefined {
    const tunnel = this.#tunnels.find(tunnelId);
    if (tunnel === undefined || this.#lcce.shuttingDown) return undefined;
    const sessionId = tunnel.placeCall(call, connected, now);
    this.#tunnels.settle(tunnel, now);
    return sessionId;
  }

  /** As LAC: an outgoing call is answered. Sends an OCCN. */
  connectCall(tunnelId: number, sessionId: number, connected: Connected, now: number): void {
    this.#withCalls(tunnelId, (calls) => calls.connect(sessionId, connected, now), now);
  }

  /** As LAC: sends a WEN, unless the last one is less than a minute old (RFC 2661 6.13). */
  reportErrors(tunnelId: number, sessionId: number, errors: CallErrors, now: number): void {
    this.#withCalls(tunnelId, (calls) => calls.reportErrors(sessionId, errors, now), now);
  }

  /** As LNS: sends an SLI. */
  setAccm(tunnelId: number, sessionId: number, accm: Accm, now: number): void {
    this.#withCalls(tunnelId, (calls) => calls.setAccm(sessionId, accm), now);
  }

  handleInput({ datagram, path }: EndpointInput, now: number): void {
    const tunnelId = glanceTunnelId(datagram);
    const isNobodys = tunnelId !== undefined && this.#tunnels.find(tunnelId) === undefined;
    const refusal = isNobodys
      ? this.#strangers.atAGlance(datagram, tunnelId, path, now)
      : undefined;
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
    if (tunnel === undefined) this.#strangers.handleMessage(message, path, datagram.length, now);
    else if (samePath(tunnel.path, path)) this.#receive(tunnel, message, now);
    else this.#receiveElsewhere(tunnel, message, path, now);
  }

  /**
   * Our address for a message of which only its peer is known: that of its tunnel, or of one that
   * the peer has from the same port. `undefined` when there is none.
   */
  localOf(tunnelId: number, peer: string, peerPort: number): string | undefined {
    const tunnel = this.#tunnels.find(tunnelId) ?? this.#tunnels.findByEndpoint(peer, peerPort);
    return tunnel?.path.local;
  }

  /** Of `most` tunnels at most; those that are left are due still. */
  handleTimeout(now: number, most = Infinity): void {
    this.#lcce.admission.handleTimeout(now);
    const tunnels = this.#tunnels;
    for (let left = most; left > 0; left--) {
      const due = tunnels.due(now);
      if (due === undefined) return;
      due.handleTimeout(now);
      tunnels.settle(due, now);
    }
  }

  pollTransmit(): EndpointTransmit | undefined {
    return this.#lcce.transmits.shift();
  }

  pollEvent(): EndpointEvent | undefined {
    return this.#lcce.events.shift();
  }

  pollTimeout(): number {
    return Math.min(this.#tunnels.timeout, this.#lcce.admission.timeout);
  }

  /** Sends a CDN. Harmless when the session is gone. */
  closeSession(
    tunnelId: number,
    sessionId: number,
    result: Result,
    now: number,
    disconnect?: Disconnect,
  ): void {
    const cause: Cause = { by: "local", result, ...(disconnect && { disconnect }) };
    checkEnd(cause);
    this.#withCalls(tunnelId, (calls) => calls.close(sessionId, cause, now), now);
  }

  /** Sends a StopCCN. Harmless when the tunnel is gone. */
  closeTunnel(tunnelId: number, result: Result, now: number): void {
    checkResult(result);
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

  /** A message for a tunnel from where its peer was not, or by way of another address of ours. */
  #receiveElsewhere(tunnel: Tunnel, message: ControlMessage, path: Path, now: number): void {
    // RFC 2661 8.1: whoever is asked answers from a port, and an address, of its own choice. All of
    // the SCCRP has to be right; from then on the path stays.
    const isPlace = isFirstAnswer(tunnel.path, path) || tunnel.isAnsweredBy(message);
    if (!isPlace && !this.#isMoved(tunnel, message, path)) {
      this.#lcce.count("wrong-peer");
      return;
    }
    if (!isPlace) {
      this.#lcce.count("followed-port");
      tunnel.moved();
    }
    this.#tunnels.move(tunnel, path);
    this.#receive(tunnel, message, now);
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

  #receive(tunnel: Tunnel, message: ControlMessage, now: number): void {
    tunnel.receive(message, now);
    this.#tunnels.settle(tunnel, now);
    if (tunnel.rival === undefined || !tunnel.wasEstablished) return;
    const { rival } = tunnel;
    tunnel.rival = undefined;
    if (!rival.isOpening) return;
    rival.loseTie(now);
    this.#tunnels.settle(rival, now);
  }

  #withCalls(tunnelId: number, act: (calls: Calls) => void, now: number): void {
    const tunnel = this.#tunnels.find(tunnelId);
    if (tunnel === undefined) return;
    tunnel.withCalls(act, now);
    this.#tunnels.settle(tunnel, now);
  }
}

function samePath(a: Path, b: Path): boolean {
  return a.peerPort === b.peerPort && a.peer === b.peer && a.local === b.local;
}

/** It tells which of our addresses the kernel has chosen for a tunnel that we open. */
function isFirstAnswer(expected: Path, path: Path): boolean {
  const { peer, peerPort, local } = expected;
  return local === "" && peer === path.peer && peerPort === path.peerPort;
}
