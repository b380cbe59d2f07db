/**
 * One PPP link, on the side that authenticates the peer and gives it an address.
 *
 * @module
 */
import type { Authenticator } from "./auth/authenticator.ts";
import { Chap } from "./auth/chap.ts";
import { MsChapV2 } from "./auth/mschapv2.ts";
import { Pap } from "./auth/pap.ts";
import { isTextual, Textual } from "./auth/textual.ts";
import { Ipcp } from "./ipcp.ts";
import { Lcp } from "./lcp.ts";
import { LineOptions } from "./line-options.ts";
import { LinkEnd } from "./link-end.ts";
import { NetworkPhase } from "./network.ts";
import { Outbox } from "./outbox.ts";
import type {
  AuthMethod,
  AuthReply,
  AuthRequest,
  CharacterMaps,
  DownReason,
  LinkOptions,
  NetworkProfile,
  ProxyAuthen,
  ProxyState,
} from "./types.ts";

/** We do not authenticate ourselves. */
const NO_METHOD: readonly AuthMethod[] = [];

export class Link extends LinkEnd {
  protected override readonly closing = "Closed by the server";
  protected override authentication: Authenticator | undefined;
  readonly #options: LinkOptions;
  /** Whose request AAA is working on. One at a time, so that an answer has one meaning only. */
  #asking: Authenticator | undefined;
  /** What a LAC has heard in our place, until LCP is opened. */
  #authen: ProxyAuthen | undefined;

  /** @throws {RangeError} when no authentication method is configured */
  constructor(options: LinkOptions) {
    if (options.authMethods.length === 0) {
      throw new RangeError("a link needs at least one authentication method");
    }
    const outbox = new Outbox(options.counters);
    super(outbox, new Lcp(outbox, options, options.authMethods, NO_METHOD));
    this.#options = options;
  }

  /** Name that the peer has proved to be its own; empty before. */
  get user(): string {
    return this.authentication?.isPassed ? this.authentication.name : "";
  }

  /** What a LAC has to escape while LCP is opened. */
  get accm(): CharacterMaps | undefined {
    return this.lcp.state === "Opened" ? this.lcp.accm : undefined;
  }

  /**
   * What the peer has negotiated and said, for another LNS to go on from (RFC 2661 4.4.5): from the
   * `authenticate` event to the answer. A Response of MS-CHAPv2 is not among it, for no Proxy Authen
   * Type stands for it; that LNS has to challenge the peer anew.
   */
  get proxy(): ProxyState | undefined {
    const asking = this.#asking;
    if (asking === undefined || asking !== this.authentication) return undefined;
    return { lcp: this.lcp.proxy, authen: asking.heard };
  }

  /**
   * The lower layer is up. What a LAC has negotiated and heard in our place is gone on from, as far
   * as it is what we would have agreed on; the rest is negotiated and asked anew, in the way that the
   * LAC wants for its line.
   */
  override open(now: number, { lcp, authen, want, allow }: ProxyState = {}): void {
    if (!this.isUnopened) return;
    if (want !== undefined || allow !== undefined) this.lcp.heed(new LineOptions(want, allow));
    this.#authen = authen;
    if (lcp !== undefined && this.lcp.takeOver(lcp, isTextual(authen))) {
      this.settleLcp(now);
      return;
    }
    if (lcp !== undefined) this.outbox.count("refused-proxy-lcp");
    if (authen !== undefined) this.outbox.count("refused-proxy-authentication");
    this.#authen = undefined;
    super.open(now);
  }

  /**
   * AAA's answer to the last `authenticate` event. Returns whether it was taken: an answer that
   * comes when the link has gone on without it is dropped, and what it granted has to go back.
   */
  authenticated(reply: AuthReply, now: number): boolean {
    const authenticator = this.#asking;
    this.#asking = undefined;
    if (authenticator === undefined || authenticator !== this.authentication) {
      this.outbox.count("late-answer");
      return false;
    }
    this.lcp.forgetProxy();
    if (!reply.ok && reply.reason === "pool-exhausted") {
      // A Nak or Failure would tell the peer that its password is wrong, and it would forget it.
      this.terminate("pool-exhausted", now);
      return true;
    }
    if (reply.ok) this.network = this.#networkOf(reply.profile);
    authenticator.answer(reply);
    this.network?.open(now);
    this.settleAuthentication(now);
    return true;
  }

  /**
   * AAA's answer is that another LNS judges the peer: what that one goes on from. `undefined` when the
   * link has gone on without the answer, which means nothing then. The peer waits, or begins anew.
   */
  handOn(): ProxyState | undefined {
    const { proxy } = this;
    this.#asking = undefined;
    if (proxy === undefined) this.outbox.count("late-answer");
    else this.lcp.forgetProxy();
    return proxy;
  }

  protected override established(now: number): void {
    const authenticator = authenticatorOf(this.lcp.asked, this.outbox, this.#options);
    const authen = this.#authen;
    this.authentication = authenticator;
    this.#authen = undefined;
    const request = authen && authenticator.takeOver(authen, now);
    if (request === undefined) {
      if (authen !== undefined) this.outbox.count("refused-proxy-authentication");
      authenticator.start(now);
    } else this.#ask(authenticator, request);
  }

  protected override left(): void {
    this.authentication = undefined;
  }

  protected override authenticate(information: Uint8Array, now: number): void {
    const { authentication } = this;
    if (authentication?.state === "peer" && this.#asking !== undefined) {
      // AAA is still busy with a request from before a renegotiation; the peer will repeat itself.
      this.outbox.count("authentication-busy");
      return;
    }
    const request = authentication?.input(information, now);
    if (request === undefined) this.settleAuthentication(now);
    else this.#ask(authentication, request);
  }

  protected override endOf(reason: "peer" | "negotiation"): DownReason {
    return reason;
  }

  #ask(authenticator: Authenticator | undefined, request: AuthRequest): void {
    this.#asking = authenticator;
    this.outbox.emit({ type: "authenticate", request });
  }

  #networkOf(profile: NetworkProfile): NetworkPhase {
    const { peer } = this.lcp;
    const ipcp = new Ipcp(this.outbox, this.#options.mru, peer.mru, profile);
    const ipv6 = profile.prefix6 === undefined ? "none" : "peers";
    return new NetworkPhase(this.outbox, this.#options, peer, ipcp, ipv6);
  }
}

function authenticatorOf(
  method: AuthMethod | undefined,
  outbox: Outbox,
  options: LinkOptions,
): Authenticator {
  switch (method) {
    case "mschapv2":
      return new MsChapV2(outbox, options);
    case "chap":
      return new Chap(outbox, options);
    case "pap":
      return new Pap(outbox);
    default:
      // LCP without a method was taken over, which it is with a login in text only.
      return new Textual(outbox);
  }
}
