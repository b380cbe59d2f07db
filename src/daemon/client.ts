/**
 * One client of a LAC: its call, its link, and what of it is up inside.
 *
 * @module
 */

import type { ClientConfig } from "../config/config.ts";
import type { SessionForwarding, SessionHandle, SessionTable } from "../dataplane/session-table.ts";
import { Backoff } from "../dial/index.ts";
import { Story } from "../history/story.ts";
import type { Host } from "../ipv6/index.ts";
import type { SessionInfo } from "../l2tp/index.ts";
import { formatEndpoint, ipv4, ipv6, upperHalf } from "../net.ts";
import type { LinkEvent, PeerLink, PeerLinkOptions } from "../ppp/index.ts";
import type { Random } from "../sansio/machine.ts";
import type { ClientRow, SessionRow } from "./api-messages.ts";
import { callRow } from "./call-row.ts";

const NO_DNS = { ipv4: [], ipv6: [] };
const NO_TRAFFIC = { rxPackets: 0, rxOctets: 0, txPackets: 0, txOctets: 0, drops: 0 };

export class Client {
  readonly config: ClientConfig;
  /** Of its device, and of its network in the data plane. */
  readonly index: number;
  readonly backoff: Backoff;
  state: ClientRow["state"] = "waiting";
  since = 0;
  /** When it dials next; `Infinity` while it does not wait. */
  nextAt = 0;
  /** Of the dialler, while that places its call or keeps it. */
  dial: number | undefined;
  /** "192.0.2.1:1701" of the LNS that is dialled. */
  lns = "";
  problem = "";
  story: Story;
  session: SessionInfo | undefined;
  handle: SessionHandle | undefined;
  link: PeerLink | undefined;
  /** Frames that came before the call was connected. */
  early: Uint8Array[] = [];
  /** Our end of the link while IPv6 is up. */
  host: Host | undefined;
  address = "";
  /** The one that is used of `addresses6`; "" while there is none. */
  address6 = "";
  /** What our end has made itself of advertised prefixes. */
  readonly addresses6 = new Set<string>();
  /** Name servers that IPCP and the router have named. */
  dns: { ipv4: readonly string[]; ipv6: readonly string[] } = NO_DNS;
  /** Frames wait for room in the inject ring. */
  isBlocked = false;
  upAt = Infinity;
  #peer: PeerLinkOptions | undefined;

  constructor(config: ClientConfig, index: number, random: Random) {
    this.config = config;
    this.index = index;
    this.backoff = new Backoff(random);
    this.story = this.#newStory();
  }

  get isUp(): boolean {
    return this.address !== "" || this.address6 !== "";
  }

  enter(state: ClientRow["state"], now: number): void {
    if (this.state === state) return;
    this.state = state;
    this.since = now;
  }

  /** A call has both its ids. */
  take(session: SessionInfo, handle: SessionHandle, now: number): void {
    this.session = session;
    this.handle = handle;
    this.nextAt = Infinity;
    this.lns = formatEndpoint(session.path.peer, session.path.peerPort);
    this.enter("connecting", now);
  }

  /** The call is over, with all that was up of it. */
  clear(): void {
    this.session = undefined;
    this.handle = undefined;
    this.link = undefined;
    this.early = [];
    this.host = undefined;
    this.address = "";
    this.address6 = "";
    this.addresses6.clear();
    this.dns = NO_DNS;
    this.isBlocked = false;
    this.upAt = Infinity;
    this.#peer = undefined;
    this.story = this.#newStory();
  }

  ipv4Up({ address, peer }: LinkEvent & { type: "network-up" }): void {
    this.#peer = peer;
    this.address = address;
  }

  ipv6Up({ peer }: LinkEvent & { type: "ipv6-up" }, host: Host): void {
    this.#peer = peer;
    this.host = host;
  }

  /** What may pass now; `undefined` when that is nothing. */
  forwarding(): SessionForwarding | undefined {
    if (this.#peer === undefined || !this.isUp) return undefined;
    const { mru, acfc, pfc } = this.#peer;
    return {
      network: this.index,
      everything: true,
      ...(this.address !== "" && { address: ipv4(this.address) }),
      ...(this.address6 !== "" && { prefix6: upperHalf(ipv6(this.address6)) }),
      ...{ mtu: Math.min(mru, this.config.mtu), acfc, pfc },
    };
  }

  deadline(): number {
    const link = this.link?.pollTimeout() ?? Infinity;
    return Math.min(this.nextAt, link, this.host?.pollTimeout() ?? Infinity);
  }

  row(table: SessionTable, now: number): ClientRow {
    const { name, tun } = this.config;
    const traffic = this.handle === undefined ? NO_TRAFFIC : table.traffic(this.handle);
    return {
      ...{ name, tun, state: this.state, lns: this.lns },
      ...{ address: this.address, address6: this.address6 },
      seconds: Math.floor((now - this.since) / 1_000),
      next: this.state === "waiting" ? Math.max(0, Math.ceil((this.nextAt - now) / 1_000)) : 0,
      ...traffic,
      problem: this.problem,
    };
  }

  sessionRow(table: SessionTable, now: number): SessionRow | undefined {
    const { session, handle, link, address, address6 } = this;
    if (session === undefined || handle === undefined) return undefined;
    const seconds = Math.floor((now - session.since) / 1_000);
    const idle = Math.floor(Math.max(0, now - table.activeAt(handle)) / 1_000);
    return {
      tunnelId: session.tunnelId,
      sessionId: session.sessionId,
      peerTunnelId: session.peerTunnelId,
      peerSessionId: session.peerSessionId,
      peer: this.lns,
      ...callRow(session),
      user: this.config.name,
      network: this.config.tun,
      forwardedTo: "",
      address,
      prefix6: address6,
      phase: link?.phase ?? "dead",
      seconds,
      idle: Math.min(idle, seconds),
      ...{ rateDown: 0, rateUp: 0 },
      ...table.traffic(handle),
      reasons: table.reasons(handle),
    };
  }

  #newStory(): Story {
    const story = new Story();
    story.user = this.config.name;
    story.network = this.config.tun;
    return story;
  }
}
