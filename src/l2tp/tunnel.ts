/**
 * One tunnel from its first message to the end of its last retransmission. A message passes
 * through here in this order: reliable delivery (channel), its meaning (messages), the control
 * connection or its calls; what is to be sent leaves at the end of each call.
 *
 * @module
 */
import { type AvpInput, buildControlMessage, type ControlMessage } from "../codec/index.ts";
import {
  PEER_WINDOW_DEFAULT,
  SEND_QUEUE_MAX,
  TUNNEL_LINGER_MS,
  TUNNEL_SETUP_MS,
} from "../limits.ts";
import { Timer } from "../sansio/timers.ts";
import type { Calls } from "./calls.ts";
import { Channel, type Departure } from "./channel.ts";
import { ControlConnection, type Terms } from "./control-connection.ts";
import type { Lcce } from "./lcce.ts";
import { isOfType, readMessage } from "./messages.ts";
import { Proof } from "./proof.ts";
import { causeOf, GAVE_WAY, STOPPING } from "./results.ts";
import { hello, type Start } from "./start-messages.ts";
import type { Call, Connected, Path, Result, SessionInfo, TunnelInfo } from "./types.ts";

/**
 * "open" until a StopCCN is sent or received or the peer is lost; "stopping" until ours is
 * acknowledged; "lingering" while the peer may still repeat itself (RFC 2661 5.7).
 */
export type Phase = "open" | "stopping" | "lingering" | "gone";

export interface Opening extends Terms {
  /** We open it: the peer was asked, and is no stranger. */
  readonly isOurs: boolean;
}

export class Tunnel {
  readonly tunnelId: number;
  path: Path;
  readonly since: number;
  readonly isOurs: boolean;
  readonly timer = new Timer<Tunnel>(this);
  phase: Phase = "open";
  readonly connection: ControlConnection;
  /** Ours that it has won over, until it is established (`Ties`). */
  rival: Tunnel | undefined;
  readonly #lcce: Lcce;
  readonly #channel: Channel;
  readonly #proof: Proof;
  #heard: number;
  #lingerUntil = Infinity;

  constructor(lcce: Lcce, id: number, path: Path, opening: Opening, now: number) {
    this.#lcce = lcce;
    this.tunnelId = id;
    this.path = path;
    this.isOurs = opening.isOurs;
    this.#proof = new Proof(lcce.admission, path.peer);
    if (this.isOurs) this.#proof.give();
    this.since = now;
    this.#heard = now;
    this.#channel = new Channel(PEER_WINDOW_DEFAULT, lcce.options);
    this.connection = new ControlConnection(lcce, this, opening);
  }

  get peerTunnelId(): number {
    return this.connection.peerTunnelId;
  }

  get wasEstablished(): boolean {
    return this.connection.wasEstablished;
  }

  /** Whether it is one of ours that the peer has not answered. */
  get isOpening(): boolean {
    return this.connection.state === "wait-ctl-reply";
  }

  /** Sends an SCCRQ. */
  open(now: number): void {
    this.connection.open(now);
    this.#flush(now);
  }

  /** Takes the SCCRQ that made this tunnel. */
  start(message: ControlMessage, request: Start, now: number): void {
    this.openWindow(request.receiveWindow);
    this.#channel.accept(message, now);
    this.connection.start(request, now);
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
    const late = this.#isEstablished && now - this.since >= TUNNEL_LINGER_MS;
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
    return this.#isEstablished && this.#channel.isExpected(message);
  }

  /** The peer has another port now, and what waits for its acknowledgement went to the old one. */
  moved(): void {
    this.#channel.startOver();
  }

  /** Whether this is the SCCRP that our SCCRQ waits for, all of it right. */
  isAnsweredBy(message: ControlMessage): boolean {
    const isFirst = message.ns === 0 && message.nr === this.#channel.nextNs;
    return this.phase === "open" && isFirst && this.connection.isReply(message);
  }

  /** Makes room for another half-open tunnel: one StopCCN to a peer that is there, and gone. */
  giveWay(now: number): void {
    this.#lcce.count("half-open-gave-way");
    if (this.phase === "open") this.connection.close(causeOf(GAVE_WAY), now);
    this.#flush(now);
    if (this.phase !== "gone") this.#leave("gone", now);
  }

  /** The loser of a tie discards its tunnel without a word (RFC 2661 4.4.3). */
  loseTie(now: number): void {
    this.connection.loseTie(now);
    if (this.phase !== "gone") this.#leave("gone", now);
  }

  handleTimeout(now: number): void {
    if (this.phase === "lingering" && this.#lingerUntil <= now) {
      this.#leave("gone", now);
      return;
    }
    if (!this.#channel.handleTimeout(now)) {
      this.connection.peerLost(now);
      if (this.phase !== "gone") this.#leave("gone", now);
      return;
    }
    if (this.phase === "open") {
      if (this.#setupAt <= now) this.connection.setupLate(now);
      this.connection.calls?.handleTimeout(now);
      // Data shows as well that the peer is there (RFC 2661 5.5); it is looked at only now.
      if (this.#helloAt() <= now)
        this.#heard = Math.max(this.#heard, this.#lcce.heard(this.tunnelId));
      if (this.#helloAt() <= now) this.send(0, hello());
    }
    this.#flush(now);
  }

  close(result: Result, now: number): void {
    if (this.phase !== "open") return;
    this.connection.close({ by: "local", result }, now);
    this.#flush(now);
  }

  /** A CDN to every session, then StopCCN. */
  shutdown(now: number): void {
    if (this.phase !== "open") return;
    this.connection.calls?.closeAll(now);
    this.connection.close(causeOf(STOPPING), now);
    this.#flush(now);
  }

  /** Offers or asks for a call; `undefined` when there is no place for it. */
  placeCall(call: Call, connected: Connected, now: number): number | undefined {
    if (this.phase !== "open") return undefined;
    const id = this.connection.callsOf().place(call, connected, now);
    this.#flush(now);
    return id;
  }

  /** Does something with the calls, if there are any, and sends what comes of it. */
  withCalls(act: (calls: Calls) => void, now: number): void {
    if (this.connection.calls !== undefined) act(this.connection.calls);
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
    const calls = this.connection.calls?.timeout ?? Infinity;
    return Math.min(channel, this.#setupAt, calls, this.#helloAt());
  }

  info(): TunnelInfo {
    return this.connection.info();
  }

  *sessions(): Iterable<SessionInfo> {
    if (this.connection.calls !== undefined) yield* this.connection.calls.infos();
  }

  // What the control connection needs.

  send(sessionId: number, avps: readonly AvpInput[]): void {
    this.#channel.send(sessionId, avps);
  }

  /** Nothing goes to a peer that has not shown that it is there. */
  stop(avps: readonly AvpInput[]): void {
    if (!this.#proof.isGiven) return;
    // What still waits is void with the tunnel, but for the CDNs of a shutdown.
    if (!this.#lcce.shuttingDown) this.#channel.dropWaiting();
    this.send(0, avps);
    this.phase = "stopping";
  }

  openWindow(size: number): void {
    this.#channel.openWindow(size);
  }

  cleaned(now: number): void {
    if (this.phase !== "open") return;
    // Without a StopCCN of ours it was the peer's: acknowledged at once, and for a while again.
    if (this.#proof.isGiven) this.#linger(now);
    else this.#leave("gone", now);
  }

  get #isEstablished(): boolean {
    return this.connection.state === "established";
  }

  #accept(message: ControlMessage, now: number): void {
    // Each request adds a message to the queue; all others add one per session at most.
    const isRequest = isOfType(message, "ICRQ") || isOfType(message, "OCRQ");
    if (isRequest && this.#channel.waiting >= SEND_QUEUE_MAX) {
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
    const message = readMessage(received.avps, this.connection.secret);
    if (this.phase === "open") {
      this.connection.handleMessage(message, received.sessionId, now);
      return;
    }
    this.#lcce.count("closed-tunnel");
    // It answers an SCCRQ of ours that we have closed since: our StopCCN has to name its tunnel.
    if (message.name === "SCCRP") this.connection.learn(message);
    // Both have closed it: the peer need not acknowledge ours any more.
    if (message.name === "StopCCN" && this.phase === "stopping") this.#linger(now);
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

  get #setupAt(): number {
    return this.#isEstablished ? Infinity : this.since + TUNNEL_SETUP_MS;
  }

  /** A message on its way asks the same of the peer as a HELLO would. */
  #helloAt(): number {
    const { helloInterval } = this.#lcce.options;
    if (!this.#isEstablished || this.#channel.busy || helloInterval <= 0) return Infinity;
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
    const { dscp } = this.connection;
    this.#lcce.transmit({ datagram, path, ...(dscp !== undefined && { dscp }) });
  }
}
