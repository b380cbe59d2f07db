/**
 * The network protocols of a link side by side (RFC 1661 3.6): IPCP, which both sides begin, and
 * IPV6CP, which the server leaves to the client to begin, so that one without IPv6 hears nothing of
 * it.
 *
 * The link has a use while one of them is up or may come up; when none is, `ended` says why.
 *
 * @module
 */
import { MTU6_MIN, PPP_NETWORK_WAIT_MS } from "../limits.ts";
import type { ControlProtocol } from "./control-protocol.ts";
import type { Ipcp } from "./ipcp.ts";
import type { IpcpClient } from "./ipcp-client.ts";
import { Ipv6cp } from "./ipv6cp.ts";
import type { LcpOptions } from "./lcp.ts";
import { Code } from "./options.ts";
import type { Outbox } from "./outbox.ts";
import { IP, IPCP, IPV6, IPV6CP } from "./protocols.ts";
import type { DownReason, PeerLinkOptions } from "./types.ts";

/** Which end begins with IPv6, if it is spoken at all. */
export type Ipv6Begin = "ours" | "peers" | "none";

export class NetworkPhase {
  /** Set when no network protocol is left that could come up. */
  ended: DownReason | undefined;
  readonly #outbox: Outbox;
  readonly #options: LcpOptions;
  readonly #peer: PeerLinkOptions;
  readonly #ipcp: Ipcp | IpcpClient | undefined;
  readonly #ipv6: Ipv6Begin;
  /** Where the peer begins, from its first IPV6CP packet on. */
  #ipv6cp: Ipv6cp | undefined;
  /** The peer has spoken IPCP, so that it has IPv4. */
  #isIpcpHeard = false;
  /** IPv4 is gone, and the peer has until then to begin with IPv6. */
  #waitsUntil = Infinity;

  /** Without `ipcp` no IPv4 is spoken. */
  constructor(
    outbox: Outbox,
    options: LcpOptions,
    peer: PeerLinkOptions,
    ipcp: Ipcp | IpcpClient | undefined,
    ipv6: Ipv6Begin,
  ) {
    this.#outbox = outbox;
    this.#options = options;
    this.#peer = peer;
    this.#ipcp = ipcp;
    // IPv6 goes over no link that does not take its smallest packets whole (RFC 5072 section 2).
    this.#ipv6 = peer.mru >= MTU6_MIN ? ipv6 : "none";
  }

  get deadline(): number {
    const ipcp = this.#ipcp?.deadline ?? Infinity;
    return Math.min(ipcp, this.#ipv6cp?.deadline ?? Infinity, this.#waitsUntil);
  }

  open(now: number): void {
    this.#ipcp?.event("Open", now);
    this.#ipcp?.event("Up", now);
    if (this.#ipv6 === "ours") {
      this.#ipv6cp = this.#createIpv6cp(now);
      this.#ipv6cp.event("Up", now);
    }
    this.#settle(now);
  }

  /** Takes what is neither LCP's nor authentication's; false when it has to be rejected. */
  input(protocol: number, information: Uint8Array, now: number): boolean {
    if (protocol === IPCP && this.#ipcp !== undefined) {
      this.#isIpcpHeard = true;
      this.#controlInput(this.#ipcp, information, now);
    } else if (protocol === IP && this.#ipcp !== undefined) {
      // Supported, so never rejected (RFC 1661 3.6); the data plane takes it while IPCP is Opened.
      this.#outbox.count("network-packet");
    } else if (protocol === IPV6CP && this.#ipv6 !== "none") {
      this.#ipv6cp ??= this.#createIpv6cp(now);
      this.#controlInput(this.#ipv6cp, information, now);
    } else if (protocol === IPV6 && this.#ipv6 !== "none") {
      if (this.isIpv6Opened) this.#outbox.emit({ type: "ipv6-packet", packet: information });
      else this.#outbox.count("network-packet");
    } else {
      return false;
    }
    return true;
  }

  timeout(now: number): void {
    this.#ipcp?.timeout(now);
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
    if (this.#ipcp?.failure !== undefined) {
      this.ended ??= this.#ipcp.failure;
      this.#ipcp.failure = undefined;
    }
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
    if (ipcp?.signal === "up") {
      outbox.emit({ type: "network-up", ...ipcp.terms, peer: this.#peer });
    } else if (ipcp?.signal === "down") {
      outbox.emit({ type: "network-down" });
    }
    if (ipcp !== undefined) ipcp.signal = "";
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
    if (this.#isIpcpHeard && isLost(ipcp)) {
      // It gave up half-way. The peer may take IPv4 for up, and only a new link clears that.
      this.ended ??= "negotiation";
    } else if (!isGone(ipcp) || !isGone(ipv6cp)) {
      this.#waitsUntil = Infinity;
    } else if (this.#ipv6 === "peers" && ipv6cp === undefined) {
      this.#waitsUntil = Math.min(this.#waitsUntil, now + PPP_NETWORK_WAIT_MS);
    } else {
      // With its only network protocol gone the link would hold an address for nothing.
      this.ended ??= this.#reason;
    }
  }

  get #reason(): DownReason {
    return this.#ipcp?.terminated || this.#ipv6cp?.terminated ? "peer" : "negotiation";
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

function isGone(ncp: ControlProtocol | undefined): boolean {
  if (ncp === undefined || !isStarted(ncp)) return true;
  return ncp.state === "Stopped" || ncp.state === "Closed";
}

/** Whether it gave up by itself. */
function isLost(ncp: ControlProtocol | undefined): boolean {
  return ncp !== undefined && isStarted(ncp) && isGone(ncp) && !ncp.terminated;
}
