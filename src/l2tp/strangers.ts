/**
 * Messages that belong to no tunnel: the control connection automaton in idle (RFC 2661 7.2.1).
 * Without a tunnel only an SCCRQ gets further, and no state is made for it before all of it is in
 * order.
 *
 * @module
 */
import { buildControlMessage, type ControlMessage, MessageType } from "../codec/index.ts";
import { UNPROVEN_ANSWER_MAX } from "../limits.ts";
import { step } from "../sansio/automaton.ts";
import { sourceOf } from "./admission.ts";
import { unacceptable } from "./control-connection.ts";
import { type ControlConnectionEvent, controlConnection } from "./control-connection-automaton.ts";
import type { CounterName } from "./counters.ts";
import { isGlance } from "./glance.ts";
import type { Lcce } from "./lcce.ts";
import { type Message, readMessage } from "./messages.ts";
import { type Fault, noTunnel, STOPPING, UNASKED_REPLY, WON_TIE } from "./results.ts";
import { readHostName, readStart, type Start, stopNotification } from "./start-messages.ts";
import { judge } from "./ties.ts";
import type { Tunnel } from "./tunnel.ts";
import type { Tunnels } from "./tunnels.ts";
import type { Path } from "./types.ts";

/** A message that belongs to no tunnel, with the octets of its datagram. */
interface Stray {
  readonly received: ControlMessage;
  readonly message: Message;
  readonly path: Path;
  readonly size: number;
}

export class Strangers {
  readonly #lcce: Lcce;
  readonly #tunnels: Tunnels;

  constructor(lcce: Lcce, tunnels: Tunnels) {
    this.#lcce = lcce;
    this.#tunnels = tunnels;
  }

  /**
   * Why a message goes no further, where its first octets tell: a flood of requests, or of messages
   * for tunnels that there are none of, is not parsed.
   */
  atAGlance(
    datagram: Uint8Array,
    tunnelId: number,
    { peer }: Path,
    now: number,
  ): CounterName | undefined {
    // An SCCRP that nobody asked for is refused.
    if (tunnelId !== 0) return isGlance(datagram, MessageType.SCCRP) ? undefined : "unknown-tunnel";
    const isStart = isGlance(datagram, MessageType.SCCRQ);
    const isTooMuch = isStart && !this.#lcce.admission.allows(sourceOf(peer), now);
    return isTooMuch ? "dropped-rate" : undefined;
  }

  handleMessage(received: ControlMessage, path: Path, size: number, now: number): void {
    if (received.avps.length === 0) {
      this.#lcce.count("unknown-tunnel");
      return;
    }
    const message = readMessage(received.avps, this.#lcce.secret);
    const stray: Stray = { received, message, path, size };
    if (message.name === "SCCRQ" && received.tunnelId === 0) {
      this.#handleStart(stray, now);
    } else if (message.name === "SCCRP") {
      const grade = message.fault === undefined ? "acceptable" : "not acceptable";
      this.#refuse(`Receive SCCRP, ${grade}`, UNASKED_REPLY, stray, now);
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
      const request = readStart(message);
      const fault = message.fault ?? this.#unacceptable(request);
      if (fault === undefined) this.#meet(stray, request, now);
      else this.#refuse("Receive SCCRQ, not acceptable", fault, stray, now);
    }
  }

  /** Why the request of a well-formed SCCRQ is refused. */
  #unacceptable(request: Start): Fault | undefined {
    const fault = unacceptable(request, this.#lcce.secret);
    if (fault !== undefined) return fault;
    if (this.#lcce.shuttingDown) return STOPPING;
    return this.#tunnels.isFull ? noTunnel(this.#lcce.options.role) : undefined;
  }

  /** Unless a tunnel of ours that has met it wins the tie, the peer gets its own. */
  #meet(stray: Stray, request: Start, now: number): void {
    const rival = this.#tunnels.ties.rivalOf(stray.path);
    const ours = rival?.connection.tieBreaker;
    if (rival === undefined || ours === undefined) {
      this.#open(stray, request, undefined, now);
      return;
    }
    switch (judge(ours, request.tieBreaker)) {
      case "lost":
        this.#open(stray, request, rival, now);
        return;
      case "equal":
        rival.loseTie(now);
        this.#tunnels.settle(rival, now);
        return;
      case "won":
        this.#refuse("Receive SCCRQ, not acceptable", WON_TIE, stray, now);
        return;
      case "unknown":
        // It may know of no ties: its repetition is taken once ours is established.
        this.#lcce.count("tie-breaker-won");
    }
  }

  #open(stray: Stray, request: Start, rival: Tunnel | undefined, now: number): void {
    const { received, path } = stray;
    const tunnel = this.#tunnels.open(request, path, now);
    if (tunnel === undefined) {
      this.#lcce.count("dropped-half-open");
      return;
    }
    tunnel.rival = rival;
    if (received.nr !== 0) this.#lcce.count("nr-never-sent");
    tunnel.start(received, request, now);
    this.#tunnels.settle(tunnel, now);
  }

  /**
   * A peer that gives up before it has our SCCRP names the tunnel by its own id (4.4.3). While
   * nothing proves that it is there, the tunnel ends without an answer.
   */
  #handleEarlyStop({ received, message, path }: Stray, now: number): void {
    const tunnel = this.#tunnels.findByPeer(path, message.assignedTunnelId);
    if (tunnel === undefined) {
      this.#lcce.count("unknown-tunnel");
      return;
    }
    tunnel.receive(received, now);
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
