/**
 * One control connection. A message passes through here in this order: reliable delivery
 * (channel), its meaning (messages), the control connection automaton (RFC 2661 7.2.1) or the
 * sessions (calls); what is to be sent leaves at the end of each call.
 *
 * @module
 */
import {
  type AvpInput,
  AvpType,
  buildControlMessage,
  type ControlMessage,
} from "../codec/index.ts";
import { SEND_QUEUE_MAX, TUNNEL_LINGER_MS, TUNNEL_SETUP_MS } from "../limits.ts";
import { step } from "../sansio/automaton.ts";
import { Timer } from "../sansio/timers.ts";
import { Authentication } from "./authentication.ts";
import { Calls } from "./calls.ts";
import { Channel, type Departure } from "./channel.ts";
import {
  type ControlConnectionEvent,
  type ControlConnectionState,
  controlConnection,
} from "./control-connection-automaton.ts";
import type { Lcce } from "./lcce.ts";
import {
  hello,
  isOfType,
  type Message,
  readMessage,
  readResult,
  type StartRequest,
  startReply,
  stopNotification,
} from "./messages.ts";
import { Proof } from "./proof.ts";
import {
  causeOf,
  GAVE_WAY,
  NO_TUNNEL,
  PEER_LOST,
  SETUP_TIMEOUT,
  STOPPING,
  unforeseen,
} from "./results.ts";
import type { Cause, Path, Result, SessionInfo, TunnelInfo } from "./types.ts";

/** For events that end nothing. */
const NO_CAUSE: Cause = { by: "local", result: { code: 0 } };

/**
 * "open" until a StopCCN is sent or received or the peer is lost; "stopping" until ours is
 * acknowledged; "lingering" while the peer may still repeat itself (RFC 2661 5.7).
 */
export type Phase = "open" | "stopping" | "lingering" | "gone";

export class Tunnel {
  readonly tunnelId: number;
  readonly peerTunnelId: number;
  path: Path;
  readonly hostName: string;
  readonly since: number;
  readonly timer = new Timer<Tunnel>(this);
  phase: Phase = "open";
  wasEstablished = false;
  readonly #lcce: Lcce;
  readonly #channel: Channel;
  readonly #proof: Proof;
  readonly #authentication: Authentication;
  readonly #vendorName: string;
  #state: ControlConnectionState = "idle";
  #heard: number;
  #lingerUntil = Infinity;
  #calls: Calls | undefined;

  constructor(lcce: Lcce, id: number, request: StartRequest, path: Path, now: number) {
    this.#lcce = lcce;
    this.tunnelId = id;
    this.peerTunnelId = request.peerTunnelId;
    this.path = path;
    this.#proof = new Proof(lcce.admission, path.peer);
    this.#authentication = new Authentication(lcce.secret);
    this.hostName = request.hostName;
    this.#vendorName = request.vendorName;
    this.since = now;
    this.#heard = now;
    this.#channel = new Channel(request.receiveWindow, lcce.options);
  }

  /** Takes the SCCRQ that made this tunnel. */
  start(message: ControlMessage, request: StartRequest, now: number): void {
    this.#channel.accept(message, now);
    const { hostName, options } = this.#lcce;
    const challenge = this.#authentication.ask(options.random);
    const response = this.#authentication.answer(request.challenge);
    const reply = startReply({ hostName, tunnelId: this.tunnelId, challenge, response });
    this.#run("Receive SCCRQ, acceptable", NO_CAUSE, now, reply);
    this.#flush(now);
  }

  /** Takes an SCCRQ that asks once more for this tunnel. */
  repeatStart(now: number): void {
    this.#lcce.count("duplicate-sccrq");
    if (!this.#proof.isGiven) {
      const again = this.#proof.mayRepeat(now) ? this.#channel.again() : undefined;
      if (again === undefined) this.#lcce.count("withheld-sccrp");
      else this.#transmit(again, now);
      return;
    }
    this.#channel.acknowledgeNow(now);
    // Late for a repetition: the peer may have lost its state and begun anew with the same id.
    // Nothing proves that the sender is the peer, so it is asked on the old connection; without
    // an answer the old one is cleared in time for a further attempt.
    const late = this.#state === "established" && now - this.since >= TUNNEL_LINGER_MS;
    if (late && !this.#channel.busy) this.send(0, hello());
    this.#flush(now);
  }

  receive(message: ControlMessage, now: number): void {
    this.#heard = now;
    // A StopCCN to Tunnel ID 0 shows nothing: its sender need not have seen our SCCRP.
    if (message.tunnelId === this.tunnelId) {
      if (!this.#channel.acknowledge(message.nr)) this.#lcce.count("nr-never-sent");
      if (this.#channel.isAcknowledged) this.#proof.give();
    }
    // Whatever answers SCCRP acknowledges it; a peer that gives up may not have seen it.
    if (!this.#proof.isGiven && !isOfType(message, "StopCCN")) {
      this.#lcce.count("not-acknowledged");
      return;
    }
    if (message.avps.length > 0) this.#accept(message, now);
    this.#flush(now);
  }

  /** Whether an established tunnel's next message is this one, by its Ns and Nr. */
  expects(message: ControlMessage): boolean {
    return this.#state === "established" && this.#channel.isExpected(message);
  }

  /** Makes room for another half-open tunnel: one StopCCN to a peer that is there, and gone. */
  giveWay(now: number): void {
    this.#lcce.count("half-open-gave-way");
    if (this.phase === "open") this.#run("Admin Tunnel Close", causeOf(GAVE_WAY), now);
    this.#flush(now);
    if (this.phase !== "gone") this.#leave("gone", now);
  }

  handleTimeout(now: number): void {
    if (this.phase === "lingering" && this.#lingerUntil <= now) {
      this.#leave("gone", now);
      return;
    }
    if (!this.#channel.handleTimeout(now)) {
      this.#lcce.count("no-peer-response");
      this.#run("No peer response", { ...causeOf(PEER_LOST), by: "timeout" }, now);
      if (this.phase !== "gone") this.#leave("gone", now);
      return;
    }
    if (this.phase === "open") {
      this.#checkSetup(now);
      this.#calls?.handleTimeout(now);
      // Data shows as well that the peer is there (RFC 2661 5.5); it is looked at only now.
      if (this.#helloAt() <= now)
        this.#heard = Math.max(this.#heard, this.#lcce.heard(this.tunnelId));
      if (this.#helloAt() <= now) this.send(0, hello());
    }
    this.#flush(now);
  }

  close(result: Result, now: number): void {
    if (this.phase !== "open") return;
    this.#run("Admin Tunnel Close", { by: "local", result }, now);
    this.#flush(now);
  }

  /** A CDN to every session, then StopCCN. */
  shutdown(now: number): void {
    if (this.phase !== "open") return;
    this.#calls?.closeAll(now);
    this.#run("Admin Tunnel Close", causeOf(STOPPING), now);
    this.#flush(now);
  }

  closeSession(sessionId: number, result: Result, now: number): void {
    this.#calls?.close(sessionId, result, now);
    this.#flush(now);
  }

  /** Who it counts as while it is half-open. */
  get source(): string {
    return this.#proof.source;
  }

  /** Time of the next due work. */
  get deadline(): number {
    const channel = this.#channel.timeout;
    if (this.phase !== "open") return Math.min(channel, this.#lingerUntil);
    const setup = this.#state === "established" ? Infinity : this.since + TUNNEL_SETUP_MS;
    return Math.min(channel, setup, this.#calls?.timeout ?? Infinity, this.#helloAt());
  }

  info(state: string = this.#state): TunnelInfo {
    return {
      tunnelId: this.tunnelId,
      peerTunnelId: this.peerTunnelId,
      path: this.path,
      hostName: this.hostName,
      vendorName: this.#vendorName,
      state,
      sessions: this.#calls?.size ?? 0,
      since: this.since,
    };
  }

  *sessions(): Iterable<SessionInfo> {
    if (this.#calls !== undefined) yield* this.#calls.infos();
  }

  send(sessionId: number, avps: readonly AvpInput[]): void {
    this.#channel.send(sessionId, avps);
  }

  #accept(message: ControlMessage, now: number): void {
    // Each ICRQ adds a message to the queue; all others add one per session at most.
    if (this.#channel.waiting >= SEND_QUEUE_MAX && isOfType(message, "ICRQ")) {
      this.#lcce.count("send-queue-full");
      return;
    }
    const arrival = this.#channel.accept(message, now);
    if (arrival !== "next") {
      this.#lcce.count(arrival === "outside" ? "out-of-window" : arrival);
      return;
    }
    let next: ControlMessage | undefined = message;
    while (next !== undefined) {
      this.#deliver(next, now);
      next = this.#channel.nextEarly(now);
    }
  }

  #deliver(received: ControlMessage, now: number): void {
    const message = readMessage(received.avps, this.#lcce.secret);
    if (this.phase !== "open") {
      this.#lcce.count("closed-tunnel");
      // Both have closed it: the peer need not acknowledge ours any more.
      if (message.name === "StopCCN" && this.phase === "stopping") this.#linger(now);
      return;
    }
    if (message.fault !== undefined) this.#lcce.count(message.fault.counter);
    switch (message.name) {
      case "SCCRQ":
        this.#improper("Receive SCCRQ, not acceptable", message, now);
        return;
      case "SCCRP":
        this.#improper("Receive SCCRP", message, now);
        return;
      case "SCCCN":
        this.#connected(message, now);
        return;
      case "StopCCN":
        this.#run("Receive StopCCN", { by: "peer", result: readResult(message) }, now);
        return;
      case "HELLO":
        this.#invalid(message, now);
        return;
      case "unknown":
        // RFC 2661 4.4.1: the M bit of Message Type says whether it may be ignored.
        if (message.mandatory) this.#invalid(message, now);
        return;
      default:
        this.#call(message, received.sessionId, now);
    }
  }

  #call(message: Message, sessionId: number, now: number): void {
    if (this.#state === "established") {
      this.#calls ??= new Calls(this.#lcce, this);
      this.#calls.handleMessage(message, sessionId, now);
    } else if (message.name === "CDN" || message.name === "WEN" || message.name === "SLI") {
      this.#lcce.count("unknown-session");
    } else {
      // RFC 2661 7.1: a message in an improper sequence clears the control connection.
      this.#improper("Receive invalid message", message, now);
    }
  }

  #connected(message: Message, now: number): void {
    if (this.#state !== "wait-ctl-conn") {
      this.#improper("Receive SCCCN, not acceptable", message, now);
      return;
    }
    const { established, tunnelsMax } = this.#lcce;
    const response = message.values.octets(AvpType.ChallengeResponse);
    const refusal = this.#authentication.refusal(response);
    const fault = message.fault ?? refusal ?? (established < tunnelsMax ? undefined : NO_TUNNEL);
    if (fault !== undefined) {
      if (message.fault === undefined) this.#lcce.count(fault.counter);
      this.#run("Receive SCCCN, not acceptable", causeOf(fault), now);
      return;
    }
    this.#run("Receive SCCCN, acceptable", NO_CAUSE, now);
  }

  #improper(event: ControlConnectionEvent, message: Message, now: number): void {
    this.#lcce.count("out-of-sequence");
    this.#run(event, causeOf(unforeseen(message.name, this.#state)), now);
  }

  #invalid({ fault }: Message, now: number): void {
    if (fault !== undefined) this.#run("Receive invalid message", causeOf(fault), now);
  }

  #run(event: ControlConnectionEvent, cause: Cause, now: number, reply?: AvpInput[]): void {
    const cell = step(controlConnection, this.#state, event);
    if (cell === undefined) return;
    const before = this.#state;
    this.#state = cell.next;
    for (const action of cell.actions) {
      switch (action) {
        case "Send SCCRP":
          if (reply !== undefined) this.send(0, reply);
          break;
        case "Send StopCCN":
          if (!this.#proof.isGiven) break;
          // What still waits is void with the tunnel, but for the CDNs of a shutdown.
          if (!this.#lcce.shuttingDown) this.#channel.dropWaiting();
          this.send(0, stopNotification(this.tunnelId, cause.result));
          this.phase = "stopping";
          break;
        case "Send tunnel-open event to waiting sessions":
          this.#established();
          break;
        case "Clean up":
          this.#cleanUp(before, cause, now);
          break;
      }
    }
  }

  #cleanUp(before: ControlConnectionState, cause: Cause, now: number): void {
    const tunnel = this.info(before);
    this.#calls?.clear(cause, now);
    this.#lcce.emit({ type: "tunnel-down", tunnel, ...cause });
    if (this.phase !== "open") return;
    // Without a StopCCN of ours it was the peer's: acknowledged at once, and for a while again.
    if (this.#proof.isGiven) this.#linger(now);
    else this.#leave("gone", now);
  }

  #established(): void {
    this.wasEstablished = true;
    this.#lcce.established += 1;
    this.#lcce.emit({ type: "tunnel-up", tunnel: this.info() });
  }

  #linger(now: number): void {
    this.#channel.stopSending();
    this.#channel.acknowledgeNow(now);
    this.#leave("lingering", now);
  }

  #leave(phase: "lingering" | "gone", now: number): void {
    const before = this.phase;
    this.phase = phase;
    this.#lingerUntil = now + TUNNEL_LINGER_MS;
    if (before === "lingering") return;
    this.#lcce.undrained -= 1;
    if (this.wasEstablished) this.#lcce.established -= 1;
  }

  #checkSetup(now: number): void {
    if (this.#state !== "wait-ctl-conn" || this.since + TUNNEL_SETUP_MS > now) return;
    this.#lcce.count("tunnel-setup-timeout");
    this.#run("Admin Tunnel Close", { ...causeOf(SETUP_TIMEOUT), by: "timeout" }, now);
  }

  /** A message on its way asks the same of the peer as a HELLO would. */
  #helloAt(): number {
    const { helloInterval } = this.#lcce.options;
    if (this.#state !== "established" || this.#channel.busy || helloInterval <= 0) return Infinity;
    return this.#heard + helloInterval;
  }

  #flush(now: number): void {
    if (this.phase === "gone") return;
    if (this.phase === "stopping" && !this.#channel.busy) this.#leave("lingering", now);
    for (let next = this.#channel.poll(now); next !== undefined; next = this.#channel.poll(now)) {
      if (this.#proof.maySend(next, now)) this.#transmit(next, now);
      else this.#lcce.count("withheld-sccrp");
    }
  }

  #transmit({ sessionId, ns, nr, avps, again }: Departure, now: number): void {
    this.#proof.sent(now);
    if (again) this.#lcce.count("retransmitted");
    const { peerTunnelId: tunnelId, path } = this;
    const datagram = buildControlMessage({ tunnelId, sessionId, ns, nr, avps });
    this.#lcce.transmit({ datagram, path });
  }
}
