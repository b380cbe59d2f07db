/**
 * One PPP link, on the side that authenticates the peer and gives it an address (RFC 1661 3).
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
import type { Authenticator } from "./auth/authenticator.ts";
import { Chap } from "./auth/chap.ts";
import { MsChapV2 } from "./auth/mschapv2.ts";
import { Pap } from "./auth/pap.ts";
import { Echo } from "./echo.ts";
import { Lcp } from "./lcp.ts";
import { NetworkPhase } from "./network.ts";
import { Outbox } from "./outbox.ts";
import { CHAP, IPV6, LCP, PAP } from "./protocols.ts";
import type { AuthMethod, AuthReply, DownReason, LinkEvent, LinkOptions, Phase } from "./types.ts";

/** What the peer is told when we end the link. */
const GOODBYES: Readonly<Record<DownReason, string>> = {
  authentication: "Authentication failed",
  "pool-exhausted": "No address is free",
  "no-authentication-method": "No authentication method in common",
  peer: "No network protocol is left",
  local: "Closed by the server",
  "echo-timeout": "No answer to Echo-Request",
  "idle-timeout": "Idle for too long",
  negotiation: "Negotiation failed",
  loop: "Link is looped back",
};

export class Link implements Machine<Uint8Array, Uint8Array, LinkEvent> {
  readonly #options: LinkOptions;
  readonly #outbox: Outbox;
  readonly #lcp: Lcp;
  #echo: Echo | undefined;
  #authenticator: Authenticator | undefined;
  #network: NetworkPhase | undefined;
  /** Whose request AAA is working on. One at a time, so that an answer has one meaning only. */
  #asking: Authenticator | undefined;
  #reason: DownReason | undefined;
  #isFinished = false;

  /** @throws {RangeError} when no authentication method is configured */
  constructor(options: LinkOptions) {
    if (options.authMethods.length === 0) {
      throw new RangeError("a link needs at least one authentication method");
    }
    this.#options = options;
    this.#outbox = new Outbox(options.counters);
    this.#lcp = new Lcp(this.#outbox, options);
  }

  get phase(): Phase {
    if (this.#isFinished) return "dead";
    switch (this.#lcp.state) {
      case "Initial":
      case "Starting":
      case "Closed":
      case "Stopped":
        return "dead";
      case "Closing":
      case "Stopping":
        return "terminate";
      case "Opened":
        return this.#authenticator?.state === "passed" ? "network" : "authenticate";
      default:
        return "establish";
    }
  }

  /** Name that the peer has proved to be its own; empty before. */
  get user(): string {
    const authenticator = this.#authenticator;
    return authenticator?.state === "passed" ? authenticator.name : "";
  }

  /** Our Magic-Number while LCP is opened; 0 when it is not, or does without. */
  get magicNumber(): number {
    return this.#lcp.state === "Opened" ? this.#lcp.magicNumber : 0;
  }

  /** Why it ends, from the moment that this side wants it to. */
  get ending(): DownReason | undefined {
    return this.#reason;
  }

  /** Data of the peer's Terminate-Request, "User request" of many; uninterpreted (RFC 1661 5.5). */
  get farewell(): Uint8Array | undefined {
    return this.#lcp.farewell;
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#outbox.counters;
  }

  /** The lower layer is up and the link may be opened. */
  open(now: number): void {
    if (this.#isFinished || this.#lcp.state !== "Initial") return;
    this.#lcp.event("Open", now);
    this.#lcp.event("Up", now);
  }

  /** Ends the link from our side. */
  close(now: number, reason: "local" | "idle-timeout" = "local"): void {
    if (this.#isFinished) return;
    if (this.#lcp.state === "Initial") this.#finish(reason);
    else this.#terminate(reason, now);
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
      this.#outbox.count("malformed-frame");
      return;
    }
    this.#echo?.heard(now);
    const { protocol, information } = ppp;
    if (phase === "dead") {
      this.#outbox.count("wrong-phase");
    } else if (protocol === LCP) {
      this.#lcp.input(information, now);
      this.#settleLcp(now);
    } else if (phase !== "network" && phase !== "authenticate") {
      this.#outbox.count("wrong-phase");
    } else if (protocol === PAP || protocol === CHAP) {
      this.#authenticate(protocol, information, now);
    } else if (phase !== "network") {
      this.#outbox.count("wrong-phase");
    } else {
      this.#networkInput(protocol, information, now);
    }
  }

  handleTimeout(now: number): void {
    if (this.#lcp.deadline <= now) {
      this.#lcp.timeout(now);
      this.#settleLcp(now);
    }
    if ((this.#authenticator?.deadline ?? Infinity) <= now) {
      this.#authenticator?.timeout(now);
      this.#settleAuthenticator(now);
    }
    if ((this.#network?.deadline ?? Infinity) <= now) {
      this.#network?.timeout(now);
      this.#settleNetwork(now);
    }
    if ((this.#echo?.deadline ?? Infinity) <= now) this.#echoDue(now);
  }

  /**
   * AAA's answer to the last `authenticate` event. Returns whether it was taken: an answer that
   * comes when the link has gone on without it is dropped, and what it granted has to go back.
   */
  authenticated(reply: AuthReply, now: number): boolean {
    const authenticator = this.#asking;
    this.#asking = undefined;
    if (authenticator === undefined || authenticator !== this.#authenticator) {
      this.#outbox.count("late-answer");
      return false;
    }
    if (!reply.ok && reply.reason === "pool-exhausted") {
      // A Nak or Failure would tell the peer that its password is wrong, and it would forget it.
      this.#terminate("pool-exhausted", now);
      return true;
    }
    if (reply.ok) {
      const { peer } = this.#lcp;
      this.#network = new NetworkPhase(this.#outbox, this.#options, peer, reply.profile);
    }
    authenticator.answer(reply);
    this.#network?.open(now);
    this.#settleAuthenticator(now);
    return true;
  }

  /** Sends an IPv6 packet; what is sent while IPV6CP is not Opened is dropped and counted. */
  sendIpv6(packet: Uint8Array): void {
    if (this.#network?.isIpv6Opened) this.#outbox.send(IPV6, packet);
    else this.#outbox.count("network-packet");
  }

  pollTransmit(): Uint8Array | undefined {
    return this.#outbox.takeFrame();
  }

  pollEvent(): LinkEvent | undefined {
    return this.#outbox.takeEvent();
  }

  pollTimeout(): number {
    return Math.min(
      this.#lcp.deadline,
      this.#authenticator?.deadline ?? Infinity,
      this.#network?.deadline ?? Infinity,
      this.#echo?.deadline ?? Infinity,
    );
  }

  #authenticate(protocol: number, information: Uint8Array, now: number): void {
    const authenticator = this.#authenticator;
    if (authenticator?.protocol !== protocol) {
      this.#outbox.count("not-negotiated");
    } else if (authenticator.state === "peer" && this.#asking !== undefined) {
      // AAA is still busy with a request from before a renegotiation; the peer will repeat itself.
      this.#outbox.count("authentication-busy");
    } else {
      const request = authenticator.input(information, now);
      if (request === undefined) {
        this.#settleAuthenticator(now);
        return;
      }
      this.#asking = authenticator;
      this.#outbox.emit({ type: "authenticate", request });
    }
  }

  #networkInput(protocol: number, information: Uint8Array, now: number): void {
    if (this.#network?.input(protocol, information, now)) {
      this.#settleNetwork(now);
    } else {
      this.#outbox.count("unknown-protocol");
      this.#lcp.sendProtocolReject(protocol, information);
    }
  }

  #echoDue(now: number): void {
    if (this.#lcp.isEchoRejected) this.#echo = undefined;
    else if (this.#echo?.ask(now)) this.#lcp.sendEchoRequest();
    else this.#terminate("echo-timeout", now);
  }

  #settleLcp(now: number): void {
    const { failure, signal, rejectedProtocol } = this.#lcp;
    this.#lcp.failure = undefined;
    this.#lcp.signal = "";
    this.#lcp.rejectedProtocol = 0;
    if (signal === "up") this.#startAuthentication(now);
    else if (signal === "down") this.#leaveOpened(now);
    else if (signal === "finished") this.#finish(this.#lcp.terminated ? "peer" : "negotiation");
    if (failure !== undefined) this.#terminate(failure, now);
    else if (rejectedProtocol !== 0) this.#protocolRejected(rejectedProtocol, now);
  }

  #settleAuthenticator(now: number): void {
    if (this.#authenticator?.state === "failed") this.#terminate("authentication", now);
  }

  #settleNetwork(now: number): void {
    const reason = this.#network?.ended;
    if (reason !== undefined) this.#terminate(reason, now);
  }

  #startAuthentication(now: number): void {
    this.#authenticator = authenticatorOf(this.#lcp.authMethod, this.#outbox, this.#options);
    this.#authenticator.start(now);
    this.#echo = new Echo(now);
  }

  /** Whatever LCP carried goes with it; a new negotiation authenticates anew. */
  #leaveOpened(now: number): void {
    this.#network?.down(now);
    this.#network = undefined;
    this.#authenticator = undefined;
    this.#echo = undefined;
  }

  /** The protocol is not to be sent again; without it this link cannot become or stay useful. */
  #protocolRejected(protocol: number, now: number): void {
    const authenticator = this.#authenticator;
    if (protocol === authenticator?.protocol && authenticator.state !== "passed") {
      this.#terminate("authentication", now);
    } else {
      this.#network?.rejected(protocol, now);
      this.#settleNetwork(now);
    }
  }

  #terminate(reason: DownReason, now: number): void {
    if (this.#isFinished) return;
    this.#reason ??= reason;
    this.#lcp.goodbye = GOODBYES[this.#reason];
    this.#lcp.event("Close", now);
    this.#settleLcp(now);
  }

  #finish(reason: DownReason): void {
    this.#isFinished = true;
    this.#outbox.emit({ type: "down", reason: this.#reason ?? reason });
  }
}

function authenticatorOf(method: AuthMethod, outbox: Outbox, options: LinkOptions): Authenticator {
  switch (method) {
    case "mschapv2":
      return new MsChapV2(outbox, options);
    case "chap":
      return new Chap(outbox, options);
    case "pap":
      return new Pap(outbox);
  }
}
