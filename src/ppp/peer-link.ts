/**
 * One PPP link, on the side that dials in: it authenticates itself and is given an address.
 *
 * A server that asks for no authentication is taken as it is, unless every method that is allowed
 * would have made it prove itself: then it has gone around that.
 *
 * @module
 */
import { ChapPeer } from "./auth/chap-peer.ts";
import { MsChapV2Peer } from "./auth/mschapv2-peer.ts";
import { PapPeer } from "./auth/pap-peer.ts";
import type { AuthPeer } from "./auth/peer.ts";
import { IpcpClient } from "./ipcp-client.ts";
import { Lcp } from "./lcp.ts";
import { LinkEnd } from "./link-end.ts";
import { NetworkPhase } from "./network.ts";
import { Outbox } from "./outbox.ts";
import type { AuthMethod, DownReason, PeerLinkSettings } from "./types.ts";

/** We ask the server for no authentication of the kind that it asks us for. */
const NO_METHOD: readonly AuthMethod[] = [];

export class PeerLink extends LinkEnd {
  protected override readonly closing = "User request";
  protected override authentication: AuthPeer | undefined;
  readonly #settings: PeerLinkSettings;
  /** What the server said when it refused us. */
  #refusal = "";

  /** @throws {RangeError} when no authentication method is allowed */
  constructor(settings: PeerLinkSettings) {
    if (settings.methods.length === 0) {
      throw new RangeError("a link needs at least one authentication method");
    }
    const outbox = new Outbox(settings.counters);
    super(outbox, new Lcp(outbox, settings, NO_METHOD, settings.methods));
    this.#settings = settings;
  }

  protected override established(now: number): void {
    const { demanded } = this.lcp;
    if (demanded !== undefined) {
      this.authentication = authPeerOf(demanded, this.outbox, this.#settings);
      this.authentication.start(now);
    } else if (this.#settings.methods.every((method) => method === "mschapv2")) {
      this.terminate("no-authentication-method", now);
    } else {
      this.#openNetwork(now);
    }
  }

  protected override left(): void {
    if (this.authentication?.failure !== undefined) this.#refusal = this.authentication.message;
    this.authentication = undefined;
  }

  protected override authenticate(information: Uint8Array, now: number): void {
    this.authentication?.input(information, now);
    this.settleAuthentication(now);
    if (this.authentication?.isPassed && this.network === undefined) this.#openNetwork(now);
  }

  /** A server that hangs up because we refused its methods. */
  protected override endOf(reason: "peer" | "negotiation"): DownReason {
    return this.lcp.isDemandRefused ? "no-authentication-method" : reason;
  }

  protected override get message(): string {
    return this.#refusal === "" ? super.message : this.#refusal;
  }

  #openNetwork(now: number): void {
    const { mru, ipv4, ipv6, dns } = this.#settings;
    const { peer } = this.lcp;
    const ipcp = ipv4 ? new IpcpClient(this.outbox, mru, peer.mru, dns) : undefined;
    const begin = ipv6 ? "ours" : "none";
    this.network = new NetworkPhase(this.outbox, this.#settings, peer, ipcp, begin);
    this.network.open(now);
    this.settleNetwork(now);
  }
}

function authPeerOf(method: AuthMethod, outbox: Outbox, settings: PeerLinkSettings): AuthPeer {
  const { credentials, random } = settings;
  switch (method) {
    case "mschapv2":
      return new MsChapV2Peer(outbox, credentials, random);
    case "chap":
      return new ChapPeer(outbox, credentials);
    case "pap":
      return new PapPeer(outbox, credentials);
  }
}
