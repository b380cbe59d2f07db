/**
 * One end of a PPP link (RFC 1661 3): what both sides do alike.
 *
 * A frame takes this way:
 *
 * 1. The codec reads Protocol and Information; what is no PPP frame ends here.
 * 2. LCP is heard in every phase, PAP or CHAP from Authenticate on, IPCP and IPV6CP in Network
 *    phase only.
 * 3. Everything else is silently discarded before Network phase and draws a Protocol-Reject in it,
 *    a Protocol field that RFC 1661 2 rules out among it: the codec hands on an even number.
 * 4. What a protocol signals (up, down, finished, failed) is settled here and nowhere else.
 *
 * @module
 */
import { parsePpp } from "../codec/index.ts";
import type { Machine } from "../sansio/machine.ts";
import { Echo } from "./echo.ts";
import type { Lcp } from "./lcp.ts";
import type { NetworkPhase } from "./network.ts";
import type { Outbox } from "./outbox.ts";
import { CHAP, IPV6, LCP, PAP } from "./protocols.ts";
import type { DownReason, LinkEvent, Phase } from "./types.ts";

/** Authentication under way or done, of the peer or of ourselves. */
export interface Authentication {
  readonly protocol: number;
  readonly deadline: number;
  readonly isPassed: boolean;
  /** Set when it has failed. */
  readonly failure: DownReason | undefined;
  timeout(now: number): void;
}

/** What the peer is told when we end the link. */
const GOODBYES: Readonly<Record<Exclude<DownReason, "local">, string>> = {
  authentication: "Authentication failed",
  "server-authentication": "Authentication of the server failed",
  "pool-exhausted": "No address is free",
  "no-authentication-method": "No authentication method in common",
  peer: "No network protocol is left",
  "echo-timeout": "No answer to Echo-Request",
  "idle-timeout": "Idle for too long",
  negotiation: "Negotiation failed",
  loop: "Link is looped back",
};
const TEXT_DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

export abstract class LinkEnd implements Machine<Uint8Array, Uint8Array, LinkEvent> {
  protected readonly outbox: Outbox;
  protected readonly lcp: Lcp;
  /** From a passed authentication on. */
  protected network: NetworkPhase | undefined;
  #echo: Echo | undefined;
  #reason: DownReason | undefined;
  #isFinished = false;

  constructor(outbox: Outbox, lcp: Lcp) {
    this.outbox = outbox;
    this.lcp = lcp;
  }

  get phase(): Phase {
    if (this.#isFinished) return "dead";
    switch (this.lcp.state) {
      case "Initial":
      case "Starting":
      case "Closed":
      case "Stopped":
        return "dead";
      case "Closing":
      case "Stopping":
        return "terminate";
      case "Opened":
        return this.network === undefined ? "authenticate" : "network";
      default:
        return "establish";
    }
  }

  /** Our Magic-Number while LCP is opened; 0 when it is not, or does without. */
  get magicNumber(): number {
    return this.lcp.state === "Opened" ? this.lcp.magicNumber : 0;
  }

  /** Why it ends, from the moment that this side wants it to. */
  get ending(): DownReason | undefined {
    return this.#reason;
  }

  /** Data of the peer's Terminate-Request, "User request" of many; uninterpreted (RFC 1661 5.5). */
  get farewell(): Uint8Array | undefined {
    return this.lcp.farewell;
  }

  get counters(): Readonly<Record<string, number>> {
    return this.outbox.counters;
  }

  /** The lower layer is up and the link may be opened. */
  open(now: number): void {
    if (!this.isUnopened) return;
    this.lcp.event("Open", now);
    this.lcp.event("Up", now);
  }

  /** Ends the link from our side. */
  close(now: number, reason: "local" | "idle-timeout" = "local"): void {
    if (this.#isFinished) return;
    if (this.lcp.state === "Initial") this.#finish(reason);
    else this.terminate(reason, now);
  }

  /** The peer's packets do not come here; `at` is when one was last seen where they pass. */
  heard(at: number): void {
    if (at > this.heardAt) this.#echo?.heard(at);
  }

  /** When the peer was last heard, as far as is known here. */
  get heardAt(): number {
    return this.#echo?.heardAt ?? -Infinity;
  }

  handleInput(frame: Uint8Array, now: number): void {
    const phase = this.phase;
    const ppp = parsePpp(frame);
    if (typeof ppp === "string") {
      this.outbox.count("malformed-frame");
      return;
    }
    this.#echo?.heard(now);
    const { protocol, information } = ppp;
    if (phase === "dead") {
      this.outbox.count("wrong-phase");
    } else if (protocol === LCP) {
      this.lcp.input(information, now);
      this.settleLcp(now);
    } else if (phase !== "network" && phase !== "authenticate") {
      this.outbox.count("wrong-phase");
    } else if (protocol === PAP || protocol === CHAP) {
      if (protocol === this.authentication?.protocol) this.authenticate(information, now);
      else this.outbox.count("not-negotiated");
    } else if (phase !== "network") {
      this.outbox.count("wrong-phase");
    } else {
      this.#networkInput(protocol, information, now);
    }
  }

  handleTimeout(now: number): void {
    if (this.lcp.deadline <= now) {
      this.lcp.timeout(now);
      this.settleLcp(now);
    }
    if ((this.authentication?.deadline ?? Infinity) <= now) {
      this.authentication?.timeout(now);
      this.settleAuthentication(now);
    }
    if ((this.network?.deadline ?? Infinity) <= now) {
      this.network?.timeout(now);
      this.settleNetwork(now);
    }
    if ((this.#echo?.deadline ?? Infinity) <= now) this.#echoDue(now);
  }

  /** Sends an IPv6 packet; what is sent while IPV6CP is not Opened is dropped and counted. */
  sendIpv6(packet: Uint8Array): void {
    if (this.network?.isIpv6Opened) this.outbox.send(IPV6, packet);
    else this.outbox.count("network-packet");
  }

  pollTransmit(): Uint8Array | undefined {
    return this.outbox.takeFrame();
  }

  pollEvent(): LinkEvent | undefined {
    return this.outbox.takeEvent();
  }

  pollTimeout(): number {
    return Math.min(
      this.lcp.deadline,
      this.authentication?.deadline ?? Infinity,
      this.network?.deadline ?? Infinity,
      this.#echo?.deadline ?? Infinity,
    );
  }

  protected get isUnopened(): boolean {
    return !this.#isFinished && this.lcp.state === "Initial";
  }

  protected abstract get authentication(): Authentication | undefined;
  /** LCP is opened: authentication begins. */
  protected abstract established(now: number): void;
  /** LCP has left Opened: a new negotiation authenticates anew. */
  protected abstract left(): void;
  /** Takes a packet of the protocol of `authentication`. */
  protected abstract authenticate(information: Uint8Array, now: number): void;
  /** What the peer is told when the owner of this end closes it. */
  protected abstract readonly closing: string;
  /** What an end is called that LCP has come to by itself. */
  protected abstract endOf(reason: "peer" | "negotiation"): DownReason;

  /** What the peer has said to why it ends. */
  protected get message(): string {
    return this.farewell === undefined ? "" : TEXT_DECODER.decode(this.farewell);
  }

  protected settleLcp(now: number): void {
    const { failure, signal, rejectedProtocol } = this.lcp;
    this.lcp.failure = undefined;
    this.lcp.signal = "";
    this.lcp.rejectedProtocol = 0;
    if (signal === "up") this.#startAuthentication(now);
    else if (signal === "down") this.#leaveOpened(now);
    else if (signal === "finished") {
      this.#finish(this.endOf(this.lcp.terminated ? "peer" : "negotiation"));
    }
    if (failure !== undefined) this.terminate(failure, now);
    else if (rejectedProtocol !== 0) this.#protocolRejected(rejectedProtocol, now);
  }

  protected settleAuthentication(now: number): void {
    const failure = this.authentication?.failure;
    if (failure !== undefined) this.terminate(failure, now);
  }

  protected settleNetwork(now: number): void {
    const reason = this.network?.ended;
    if (reason !== undefined) this.terminate(reason, now);
  }

  protected terminate(reason: DownReason, now: number): void {
    if (this.#isFinished) return;
    this.#reason ??= reason;
    this.lcp.goodbye = this.#reason === "local" ? this.closing : GOODBYES[this.#reason];
    this.lcp.event("Close", now);
    this.settleLcp(now);
  }

  #networkInput(protocol: number, information: Uint8Array, now: number): void {
    if (this.network?.input(protocol, information, now)) {
      this.settleNetwork(now);
    } else {
      this.outbox.count("unknown-protocol");
      this.lcp.sendProtocolReject(protocol, information);
    }
  }

  #echoDue(now: number): void {
    if (this.lcp.isEchoRejected) this.#echo = undefined;
    else if (this.#echo?.ask(now)) this.lcp.sendEchoRequest();
    else this.terminate("echo-timeout", now);
  }

  #startAuthentication(now: number): void {
    this.#echo = new Echo(now);
    this.established(now);
  }

  /** Whatever LCP carried goes with it. */
  #leaveOpened(now: number): void {
    this.network?.down(now);
    this.network = undefined;
    this.#echo = undefined;
    this.left();
  }

  /** The protocol is not to be sent again; without it this link cannot become or stay useful. */
  #protocolRejected(protocol: number, now: number): void {
    const { authentication } = this;
    if (protocol === authentication?.protocol && !authentication.isPassed) {
      this.terminate("authentication", now);
    } else {
      this.network?.rejected(protocol, now);
      this.settleNetwork(now);
    }
  }

  #finish(reason: DownReason): void {
    this.#isFinished = true;
    this.outbox.emit({ type: "down", reason: this.#reason ?? reason, message: this.message });
  }
}
