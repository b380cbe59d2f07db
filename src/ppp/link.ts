/**
 * One PPP link, on the side that authenticates the peer and gives it an address.
 *
 * @module
 */
import type { Authenticator } from "./auth/authenticator.ts";
import { Chap } from "./auth/chap.ts";
import { MsChapV2 } from "./auth/mschapv2.ts";
import { Pap } from "./auth/pap.ts";
import { Ipcp } from "./ipcp.ts";
import { Lcp } from "./lcp.ts";
import { LinkEnd } from "./link-end.ts";
import { NetworkPhase } from "./network.ts";
import { Outbox } from "./outbox.ts";
import type { AuthMethod, AuthReply, DownReason, LinkOptions, NetworkProfile } from "./types.ts";

/** We do not authenticate ourselves. */
const NO_METHOD: readonly AuthMethod[] = [];

export class Link extends LinkEnd {
  protected override readonly closing = "Closed by the server";
  protected override authentication: Authenticator | undefined;
  readonly #options: LinkOptions;
  /** Whose request AAA is working on. One at a time, so that an answer has one meaning only. */
  #asking: Authenticator | undefined;

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

  protected override established(now: number): void {
    this.authentication = authenticatorOf(this.lcp.asked, this.outbox, this.#options);
    this.authentication.start(now);
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
    if (request === undefined) {
      this.settleAuthentication(now);
      return;
    }
    this.#asking = authentication;
    this.outbox.emit({ type: "authenticate", request });
  }

  protected override endOf(reason: "peer" | "negotiation"): DownReason {
    return reason;
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
      throw new RangeError("no authentication method is configured");
  }
}
