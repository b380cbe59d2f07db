/**
 * The links of clients: PPP at our end, and what of it this host and the data plane are told.
 *
 * @module
 */
import { credentials } from "../aaa/index.ts";
import { dialledLinkCode } from "../history/dialled.ts";
import { cleanText } from "../history/entry.ts";
import { Host, type HostEvent } from "../ipv6/index.ts";
import { type LinkEvent, PeerLink } from "../ppp/index.ts";
import type { Client } from "./client.ts";
import { disconnectOf } from "./disconnect.ts";
import { type HostRequests, holds } from "./host-keeper.ts";
import type { Ground } from "./side.ts";
import { RESULTS } from "./subscriber.ts";

export class ClientLinks {
  readonly counters = { "oversize-frames": 0 };
  /** Of all links, and of all hosts on them. */
  readonly pppCounters: Record<string, number> = {};
  readonly hostCounters: Record<string, number> = {};
  readonly #ground: Ground;
  readonly #host: HostRequests;

  constructor(ground: Ground, host: HostRequests) {
    this.#ground = ground;
    this.#host = host;
  }

  /** The call is connected: PPP begins. */
  open(client: Client, now: number): void {
    const { random } = this.#ground;
    const { mtu, user, password, methods, ipv6, dns } = client.config;
    const link = new PeerLink({
      ...{ mru: mtu, methods, ipv4: true, ipv6, dns, random, counters: this.pppCounters },
      credentials: credentials(user, password),
    });
    client.link = link;
    client.story.reach("lcp");
    link.open(now);
    for (const frame of client.early.splice(0)) link.handleInput(frame, now);
    this.drain(client, link, now);
  }

  handleTimeout(client: Client, now: number): void {
    const { link, host, handle } = client;
    if (link === undefined || handle === undefined) return;
    link.heard(this.#ground.table.heardAt(handle));
    link.handleTimeout(now);
    host?.handleTimeout(now);
    this.drain(client, link, now);
  }

  /** Passes on what the link and the host on it want known and sent. */
  drain(client: Client, link: PeerLink, now: number): void {
    for (let event = link.pollEvent(); event !== undefined; event = link.pollEvent()) {
      this.#handleEvent(client, event, now);
    }
    const { host } = client;
    for (let event = host?.pollEvent(); event !== undefined; event = host?.pollEvent()) {
      this.#handleHost(client, event, now);
    }
    for (let out = host?.pollTransmit(); out !== undefined; out = host?.pollTransmit()) {
      link.sendIpv6(out);
    }
    if (link.phase === "authenticate" || link.phase === "network") client.story.reach(link.phase);
    this.send(client, link);
    if (client.handle !== undefined) this.#ground.table.answerEcho(client.handle, link.magicNumber);
  }

  /** Frames that find the ring full stay with the link until there is room. */
  send(client: Client, link: PeerLink): void {
    const { handle, session } = client;
    if (handle === undefined || session === undefined) return;
    const inject = this.#ground.injectOf(session.tunnelId, session.sessionId);
    while (!inject.isFull) {
      const frame = link.pollTransmit();
      client.isBlocked = frame !== undefined;
      if (frame === undefined) return;
      if (!inject.put(handle.index, handle.generation, frame)) this.counters["oversize-frames"]++;
    }
    client.isBlocked = true;
  }

  /** What this host has of a client that is no longer up. */
  takeBack(client: Client): void {
    if (client.address !== "") this.#host.down(client.index, "IPv4");
    if (client.address6 !== "") this.#host.down(client.index, "IPv6");
    this.#setServers(client, { ipv4: [], ipv6: [] });
  }

  #handleEvent(client: Client, event: LinkEvent, now: number): void {
    switch (event.type) {
      case "network-up":
        client.ipv4Up(event);
        this.#isUp(client, event.address, now);
        this.#setServers(client, { ...client.dns, ipv4: event.dns });
        break;
      case "network-down":
        this.#host.down(client.index, "IPv4");
        this.#setServers(client, { ...client.dns, ipv4: [] });
        client.address = "";
        this.#forward(client);
        break;
      case "ipv6-up":
        client.ipv6Up(event, this.#hostOf(client, event, now));
        break;
      case "ipv6-down":
        client.host = undefined;
        client.addresses6.clear();
        this.#chooseAddress6(client, now);
        this.#setServers(client, { ...client.dns, ipv6: [] });
        break;
      case "ipv6-packet":
        client.host?.handleInput(event.packet, now);
        break;
      case "down":
        this.#down(client, event, now);
        break;
    }
  }

  #hostOf(
    { config }: Client,
    { ownInterfaceId: interfaceId, peer }: LinkEvent & { type: "ipv6-up" },
    now: number,
  ): Host {
    const { random } = this.#ground;
    const mtu = Math.min(peer.mru, config.mtu);
    return new Host({ interfaceId, random, mtu, counters: this.hostCounters }, now);
  }

  #handleHost(client: Client, event: HostEvent, now: number): void {
    switch (event.type) {
      case "address":
        client.addresses6.add(event.address);
        this.#chooseAddress6(client, now);
        break;
      case "gone":
        client.addresses6.delete(event.address);
        this.#chooseAddress6(client, now);
        break;
      case "dns":
        this.#setServers(client, { ...client.dns, ipv6: event.servers.filter(isGlobal) });
        break;
    }
  }

  /** The first of those that there are, as long as there is that one. */
  #chooseAddress6(client: Client, now: number): void {
    if (client.addresses6.has(client.address6)) return;
    if (client.address6 !== "") this.#host.down(client.index, "IPv6");
    const [first = ""] = client.addresses6;
    client.address6 = first;
    if (first === "") this.#forward(client);
    else this.#isUp(client, first, now);
  }

  #setServers(client: Client, dns: Client["dns"]): void {
    const before = [...client.dns.ipv4, ...client.dns.ipv6];
    const servers = [...dns.ipv4, ...dns.ipv6];
    client.dns = dns;
    if (!client.config.dns || servers.join() === before.join()) return;
    this.#host.dns(client.index, servers);
  }

  #isUp(client: Client, address: string, now: number): void {
    client.enter("connected", now);
    client.upAt = Math.min(client.upAt, now);
    client.problem = "";
    client.story.up(address);
    this.#forward(client);
    this.#host.up(client.index, address, lnsWithin(client));
    const { name, tun } = client.config;
    this.#ground.log.info({ client: name, tun, lns: client.lns, address }, "client up");
  }

  #forward(client: Client): void {
    const { table } = this.#ground;
    if (client.handle === undefined) return;
    const forwarding = client.forwarding();
    if (forwarding === undefined) table.hold(client.handle);
    else table.forward(client.handle, forwarding);
  }

  #down(client: Client, event: LinkEvent & { type: "down" }, now: number): void {
    const { session, story } = client;
    if (session === undefined) return;
    const disconnect = disconnectOf(event.reason, story, "dialling");
    story.turnAway(dialledLinkCode(event.reason, story));
    story.words = cleanText(event.message);
    const { endpoint } = this.#ground;
    const { tunnelId, sessionId } = session;
    endpoint.closeSession(tunnelId, sessionId, RESULTS[event.reason], now, disconnect);
  }
}

/** The address of the LNS where a route of the client leads there. */
function lnsWithin({ session, config: { routes } }: Client): string {
  const { peer = "" } = session?.path ?? {};
  return peer !== "" && !peer.includes("%") && holds(routes, peer) ? peer : "";
}

/** A link-local name server is one of a device, which the host's file of them does not name. */
function isGlobal(server: string): boolean {
  return !/^fe[89ab]/.test(server);
}
