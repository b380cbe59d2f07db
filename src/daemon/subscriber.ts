/**
 * One subscriber: a session of L2TP, its link, and what of it is up inside.
 *
 * @module
 */
import type { Grant } from "../aaa/index.ts";
import type { SessionForwarding, SessionHandle, SessionTable } from "../dataplane/session-table.ts";
import type { Target } from "../dial/index.ts";
import type { Phase } from "../history/entry.ts";
import { Story } from "../history/story.ts";
import { Router, type RouterOptions } from "../ipv6/index.ts";
import { DisconnectCode, type Result, type SessionInfo } from "../l2tp/index.ts";
import { formatEndpoint, ipv4, ipv6, parseIpv6Prefix, upperHalf } from "../net.ts";
import type {
  CharacterMaps,
  DownReason,
  Link,
  LinkEvent,
  Phase as LinkPhase,
  PeerLinkOptions,
} from "../ppp/index.ts";
import { Timer } from "../sansio/timers.ts";
import type { SessionRow } from "./api.ts";
import { callRow } from "./call-row.ts";

const { Administrative, LostCarrier, NoFacilitiesNow } = DisconnectCode;
/** Result Codes of CDN (RFC 2661 4.4.2) for the ways in which a link ends. */
export const RESULTS: Readonly<Record<DownReason, Result>> = {
  authentication: { code: Administrative, message: "authentication failed" },
  "server-authentication": { code: Administrative, message: "server not authenticated" },
  "pool-exhausted": { code: NoFacilitiesNow, message: "no address is free" },
  "no-authentication-method": { code: Administrative, message: "no common authentication method" },
  peer: { code: Administrative, message: "link terminated by the peer" },
  local: { code: Administrative, message: "link closed" },
  "echo-timeout": { code: LostCarrier, message: "no answer to LCP Echo-Request" },
  "idle-timeout": { code: Administrative, message: "idle for too long" },
  negotiation: { code: Administrative, message: "PPP negotiation failed" },
  loop: { code: Administrative, message: "link is looped back" },
};

/** Phases of a link as the history has them. */
export const REACHED: Partial<Readonly<Record<LinkPhase, Phase>>> = {
  establish: "lcp",
  authenticate: "authenticate",
  network: "network",
};

/** Of a virtual network what matters for its sessions. */
export interface NetworkOfSessions {
  readonly index: number;
  readonly mtu: number;
  /** Whether data messages are numbered. */
  readonly sequencing?: boolean;
}

/** Framing Type (RFC 2661 4.4.4). */
const ASYNCHRONOUS = 2;
/** Of a LAC that was told nothing: all is escaped (RFC 2661 4.4.6). */
const ACCM_DEFAULT: CharacterMaps = { send: 0xffffffff, receive: 0xffffffff };

export class Subscriber {
  /** Its path is the one of now. */
  session: SessionInfo;
  readonly handle: SessionHandle;
  /** The deadline of the link and its router. */
  readonly timer = new Timer<Subscriber>(this);
  /** From ICCN on; not once the call has gone on. */
  link?: Link;
  /** Address and port of the LNS that the call has gone on to. */
  forwardedTo?: string;
  /** From a successful authentication on. */
  grant?: Grant;
  /** Frames that came before ICCN. */
  early: Uint8Array[] | undefined;
  readonly story = new Story();
  /** Our end of the link while IPv6 is up. */
  router: Router | undefined;
  /** What the peer can receive, once a network protocol is up. */
  #peer: PeerLinkOptions | undefined;
  /** Zero while it is not up. */
  #address = 0;
  #prefix6 = 0n;
  /** As the LAC has it. */
  #accm = ACCM_DEFAULT;

  constructor(session: SessionInfo, handle: SessionHandle) {
    this.session = session;
    this.handle = handle;
  }

  /** Name that the peer has proved, or has given where another LNS asks for the proof. */
  get user(): string {
    return this.forwardedTo === undefined ? (this.link?.user ?? "") : this.story.user;
  }

  /** The call is connected. What a LAC has negotiated in our place it knows. */
  connect(session: SessionInfo, link: Link): void {
    this.session = session;
    this.link = link;
    this.#accm = link.accm ?? ACCM_DEFAULT;
  }

  /** What was agreed on of an asynchronous line, once, where its LAC has something else. */
  accmNews(): CharacterMaps | undefined {
    const { send, receive } = this.#accm;
    const isAsynchronous = ((this.session.connected?.framingType ?? 0) & ASYNCHRONOUS) !== 0;
    const accm = isAsynchronous ? this.link?.accm : undefined;
    if (accm === undefined || (accm.send === send && accm.receive === receive)) return undefined;
    this.#accm = accm;
    return accm;
  }

  /** The call is at that LNS now: nothing of the link is ours any more. */
  goOn({ address, port }: Target): void {
    this.forwardedTo = formatEndpoint(address, port);
    this.story.goOn();
    delete this.link;
  }

  /** When it has to be looked at again; packets that pass until then put that off. */
  deadline(table: SessionTable): number {
    const { link, router } = this;
    const protocols = Math.min(link?.pollTimeout() ?? Infinity, router?.pollTimeout() ?? Infinity);
    return Math.min(protocols, this.#idleUntil(table));
  }

  handleTimeout(link: Link, table: SessionTable, now: number): void {
    link.heard(table.heardAt(this.handle));
    if (this.#idleUntil(table) <= now) link.close(now, "idle-timeout");
    link.handleTimeout(now);
    this.router?.handleTimeout(now);
  }

  ipv4Up({ address, peer }: LinkEvent & { type: "network-up" }): void {
    this.#peer = peer;
    this.#address = ipv4(address);
  }

  ipv4Down(): void {
    this.#address = 0;
  }

  /** `options.mtu` is that of the network. */
  ipv6Up(
    { peer, ownInterfaceId: interfaceId }: LinkEvent & { type: "ipv6-up" },
    options: Pick<RouterOptions, "mtu" | "random" | "counters">,
    now: number,
  ): void {
    const { prefix6 = "", gateway6 } = this.grant?.profile ?? {};
    const prefix = parseIpv6Prefix(prefix6)?.first;
    if (prefix === undefined) throw new RangeError(`IPv6 is up without a prefix: ${prefix6}`);
    this.#peer = peer;
    this.#prefix6 = upperHalf(prefix);
    const mtu = Math.min(peer.mru, options.mtu);
    const gateway = gateway6 === undefined ? {} : { gateway: ipv6(gateway6) };
    this.router = new Router({ ...options, interfaceId, prefix, ...gateway, mtu }, now);
    this.router.handleTimeout(now);
  }

  ipv6Down(): void {
    this.#prefix6 = 0n;
    this.router = undefined;
  }

  /** Hands the router's packets to the link. */
  passRouted(link: Link): void {
    const { router } = this;
    for (let out = router?.pollTransmit(); out !== undefined; out = router?.pollTransmit()) {
      link.sendIpv6(out);
    }
  }

  row(table: SessionTable, now: number): SessionRow {
    const { session, handle, link, grant, router } = this;
    const seconds = Math.floor((now - session.since) / 1000);
    const idle = Math.max(0, Math.floor((now - table.activeAt(handle)) / 1000));
    return {
      tunnelId: session.tunnelId,
      sessionId: session.sessionId,
      peerTunnelId: session.peerTunnelId,
      peerSessionId: session.peerSessionId,
      peer: formatEndpoint(session.path.peer, session.path.peerPort),
      ...callRow(session),
      user: this.user,
      network: grant?.network ?? "",
      address: grant?.profile.address ?? "",
      prefix6: (router && grant?.profile.prefix6) ?? "",
      phase: this.forwardedTo === undefined ? (link?.phase ?? "dead") : "forwarded",
      forwardedTo: this.forwardedTo ?? "",
      seconds,
      idle: Math.min(idle, seconds),
      rateDown: (grant?.service.rateDown ?? 0) * 8,
      rateUp: (grant?.service.rateUp ?? 0) * 8,
      ...table.traffic(handle),
      reasons: table.reasons(handle),
    };
  }

  /** Up to when it may go without a packet. */
  #idleUntil(table: SessionTable): number {
    const idle = this.grant?.service.idle ?? 0;
    const isUp = this.#address !== 0 || this.#prefix6 !== 0n;
    return idle > 0 && isUp ? table.activeAt(this.handle) + idle : Infinity;
  }

  /** What may pass now; `undefined` when that is nothing. */
  forwarding({ index, mtu, sequencing = false }: NetworkOfSessions): SessionForwarding | undefined {
    const address = this.#address;
    const prefix6 = this.#prefix6;
    if (this.#peer === undefined || (address === 0 && prefix6 === 0n)) return undefined;
    const { mru, acfc, pfc } = this.#peer;
    const { rateDown = 0, rateUp = 0, routes = [] } = this.grant?.service ?? {};
    const service = { rateDown, rateUp, routes };
    // A LAC may require it, whatever the network wants.
    const sequenced = sequencing || this.session.connected?.sequencingRequired === true;
    const terms = { mtu: Math.min(mru, mtu), acfc, pfc, sequenced };
    return { network: index, address, prefix6, ...terms, ...service };
  }
}

/** What a log line says of a subscriber. */
export function names({ session, user }: Subscriber): Record<string, unknown> {
  return {
    tunnel: session.tunnelId,
    session: session.sessionId,
    peer: formatEndpoint(session.path.peer, session.path.peerPort),
    user,
  };
}
