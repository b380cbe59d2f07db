/**
 * The network protocols of a link side by side (RFC 1661 3.6): IPCP, which we begin, and IPV6CP,
 * which is left to the peer to begin, so that one without IPv6 hears nothing of it.
 *
 * The link has a use while one of them is up or may come up; when none is, `ended` says why.
 *
 * @module
 */
import { MTU6_MIN, PPP_NETWORK_WAIT_MS } from "../limits.ts";
import { Code, type ControlProtocol } from "./control-protocol.ts";
import { Ipcp } from "./ipcp.ts";
import { Ipv6cp } from "./ipv6cp.ts";
import type { Outbox } from "./outbox.ts";
import { IP, IPCP, IPV6, IPV6CP } from "./protocols.ts";
import type { DownReason, LinkOptions, NetworkProfile, PeerLinkOptions } from "./types.ts";

export class NetworkPhase {
  /** Set when no network protocol is left that could come up. */
  ended: DownReason | undefined;
  readonly #outbox: Outbox;
  readonly #options: LinkOptions;
  readonly #peer: PeerLinkOptions;
  readonly #ipcp: Ipcp;
  readonly #isIpv6Served: boolean;
  /** From the peer's first IPV6CP packet on. */
  #ipv6cp: Ipv6cp | undefined;
  /** The peer has spoken IPCP, so that it has IPv4. */
  #isIpcpHeard = false;
  /** IPv4 is gone, and the peer has until then to begin with IPv6. */
  #waitsUntil = Infinity;

  constructor(
    outbox: Outbox,
    options: LinkOptions,
    peer: PeerLinkOptions,
    profile: NetworkProfile,
  ) {
    this.#outbox = outbox;
    this.#options = options;
    this.#peer = peer;
    this.#ipcp = new Ipcp(outbox, options.mru, peer.mru, profile);
    // IPv6 goes over no link that does not take its smallest packets whole (RFC 5072 section 2).
    this.#isIpv6Served = profile.prefix6 !== undefined && peer.mru >= MTU6_MIN;
  }

  get deadline(): number {
    const own = this.#ipv6cp?.deadline ?? Infinity;
    return Math.min(this.#ipcp.deadline, own, this.#waitsUntil);
  }

  open(now: number): void {
    this.#ipcp.event("Open", now);
    this.#ipcp.event("Up", now);
    this.#settle(now);
  }

  /** Takes what is neither LCP's nor authentication's; false when it has to be rejected. */
  input(protocol: number, information: Uint8Array, now: number): boolean {
    if (protocol === IPCP) {
      this.#isIpcpHeard = true;
      this.#controlInput(this.#ipcp, information, now);
    } else if (protocol === IP) {
      // Supported, so never rejected (RFC 1661 3.6); the data plane takes it while IPCP is Opened.
      this.#outbox.count("network-packet");
    } else if (protocol === IPV6CP && this.#isIpv6Served) {
      this.#ipv6cp ??= this.#createIpv6cp(now);
      this.#controlInput(this.#ipv6cp, information, now);
    } else if (protocol === IPV6 && this.#isIpv6Served) {
      if (this.isIpv6Opened) this.#outbox.emit({ type: "ipv6-packet", packet: information });
      else this.#outbox.count("network-packet");
    } else {
      return false;
    }
    return true;
  }

  timeout(now: number): void {
    this.#ipcp.timeout(now);
    this.#ipv6cp?.timeout(now);
    this.#settle(now);
    if (now >= this.#waitsUntil) this.ended ??= this.#reason;
  }

  /** The peer has rejected the protocol: nothing of it is to be sent any more (RFC 1661 5.7). */
  rejected(protocol: number, now: number): void {
    if (protocol === IPCP) leave(this.#ipcp, now);
    else if (protocol === IPV6CP) leave(this.#ipv6cp, now);
    else return;
    this.#settle(now);
  }

  /** LCP has gone, and all that it carried. */
  down(now: number): void {
    leave(this.#ipcp, now);
    leave(this.#ipv6cp, now);
    this.#report();
  }

  get isIpv6Opened(): boolean {
    return this.#ipv6cp?.state === "Opened";
  }

  #createIpv6cp(now: number): Ipv6cp {
    const { mru, random } = this.#options;
    const ipv6cp = new Ipv6cp(this.#outbox, mru, this.#peer.mru, random);
    ipv6cp.event("Open", now);
    return ipv6cp;
  }

  /** A peer that asks begins anew what was never begun, or what it had rejected itself. */
  #controlInput(ncp: ControlProtocol, information: Uint8Array, now: number): void {
    if (!isStarted(ncp)) {
      if (information[0] !== Code.ConfigureRequest) {
        this.#outbox.count("stale-reply");
        return;
      }
      ncp.event("Up", now);
    }
    ncp.input(information, now);
    this.#settle(now);
  }

  #settle(now: number): void {
    const { failure } = this.#ipcp;
    this.#ipcp.failure = undefined;
    this.ended ??= failure;
    if (this.#ipv6cp?.failure !== undefined) {
      // It concerns IPv6 alone, and IPv4 goes on.
      this.#ipv6cp.failure = undefined;
      this.#ipv6cp.event("Close", now);
    }
    this.#report();
    this.#judge(now);
  }

  #report(): void {
    const ipcp = this.#ipcp;
    const outbox = this.#outbox;
    if (ipcp.signal === "up") {
      outbox.emit({ type: "network-up", address: ipcp.address, peer: this.#peer });
    } else if (ipcp.signal === "down") {
      outbox.emit({ type: "network-down" });
    }
    ipcp.signal = "";
    const ipv6cp = this.#ipv6cp;
    if (ipv6cp === undefined) return;
    if (ipv6cp.signal === "up") {
      const { peerIdentifier: interfaceId, ownIdentifier: ownInterfaceId } = ipv6cp;
      outbox.emit({ type: "ipv6-up", interfaceId, ownInterfaceId, peer: this.#peer });
    } else if (ipv6cp.signal === "down") {
      outbox.emit({ type: "ipv6-down" });
    }
    ipv6cp.signal = "";
  }

  /** Whether the link still has a use. */
  #judge(now: number): void {
    const ipcp = this.#ipcp;
    const ipv6cp = this.#ipv6cp;
    if (this.#isIpcpHeard && isStarted(ipcp) && isGone(ipcp) && !ipcp.terminated) {
      // It gave up half-way. The peer may take IPv4 for up, and only a new link clears that.
      this.ended ??= "negotiation";
    } else if (!isGone(ipcp) || (ipv6cp !== undefined && !isGone(ipv6cp))) {
      this.#waitsUntil = Infinity;
    } else if (this.#isIpv6Served && ipv6cp === undefined) {
      this.#waitsUntil = Math.min(this.#waitsUntil, now + PPP_NETWORK_WAIT_MS);
    } else {
      // With its only network protocol gone the link would hold an address for nothing.
      this.ended ??= this.#reason;
    }
  }

  get #reason(): DownReason {
    return this.#ipcp.terminated || this.#ipv6cp?.terminated ? "peer" : "negotiation";
  }
}

/** Whether it may exchange packets. */
function isStarted({ state }: ControlProtocol): boolean {
  return state !== "Initial" && state !== "Starting";
}

/** Without a word to the peer. */
function leave(ncp: ControlProtocol | undefined, now: number): void {
  if (ncp !== undefined && isStarted(ncp)) ncp.event("Down", now);
}

function isGone(ncp: ControlProtocol): boolean {
  return !isStarted(ncp) || ncp.state === "Stopped" || ncp.state === "Closed";
}
