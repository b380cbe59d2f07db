/**
 * The clients of a LAC: what ties a call that we place, or one that an LNS places to us, to a PPP
 * link of ours, to its record in the data plane, and to this host.
 *
 *   session-open   the record is published for PPP control frames
 *   session-up     the link opens
 *   network-up     the record lets IPv4 through; the keeper sets address, routes and name servers
 *   ipv6-up        a host asks for routers on the link
 *   address        the record lets IPv6 through; the keeper sets address and routes
 *   session-down   all of that is taken back, and after a while the client dials again
 *
 * @module
 */
import type { PuntedFrame } from "../dataplane/rings.ts";
import type { DialEvent, Dialler } from "../dial/index.ts";
import { dialledSessionCode } from "../history/dialled.ts";
import { logFields } from "../history/recorder.ts";
import {
  type Call,
  type Connected,
  DisconnectCode,
  type EndpointEvent,
  type Result,
  type SessionInfo,
} from "../l2tp/index.ts";
import { EARLY_FRAMES_MAX, REDIAL_CALM_MS } from "../limits.ts";
import { encodeSockaddr } from "../linux/sockaddr.ts";
import { formatEndpoint } from "../net.ts";
import type { ClientRow, SessionRow } from "./api-messages.ts";
import { Client } from "./client.ts";
import { ClientLinks } from "./client-links.ts";
import type { HostRequests } from "./host-keeper.ts";
import { publish } from "./records.ts";
import type { Ground } from "./side.ts";

type SessionDown = Extract<EndpointEvent, { type: "session-down" }>;

export interface ClientsOptions {
  readonly ground: Ground;
  readonly dialler: Dialler<Call, Connected>;
  readonly host: HostRequests;
}

/** Codes that a sooner attempt does not mend. */
const LASTING: readonly string[] = [
  ...["lns-refused-password", "lns-unproven", "lns-wants-other-method", "lns-other-secret"],
];
const BUSY: Result = { code: DisconnectCode.Busy, message: "the client is connected already" };
const NOBODY: Result = { code: DisconnectCode.InvalidDestination };

export class Clients {
  readonly counters = { "early-frames": 0, "stale-frames": 0 };
  readonly all: readonly Client[];
  readonly links: ClientLinks;
  readonly #options: ClientsOptions;
  #isStopping = false;
  #begun = 0;

  constructor(options: ClientsOptions) {
    const { ground, host } = options;
    this.#options = options;
    this.links = new ClientLinks(ground, host);
    const { config, random } = ground;
    this.all = config.clients.map((client, index) => new Client(client, index, random));
  }

  get begun(): number {
    return this.#begun;
  }

  /** `dial` is the dialler's, where the event is about one of its calls. */
  handleEvent(event: EndpointEvent, dial: number | undefined, now: number): void {
    if (event.type === "session-open") this.#open(event.session, dial, now);
    else if (event.type === "session-up") this.#up(event.session, now);
    else if (event.type === "session-down") this.#down(event, dial, now);
    else if (event.type === "tunnel-moved") this.#move(event.tunnel.tunnelId, event.path);
    else if (event.type === "accm") this.#agreed(event);
  }

  handleDial(event: DialEvent, now: number): void {
    const client = this.all.find(({ dial }) => dial === event.dial);
    if (client === undefined) return;
    const { log } = this.#options.ground;
    const lns = "target" in event ? formatEndpoint(event.target.address, event.target.port) : "";
    if (event.type === "trying") {
      client.lns = lns;
      client.enter("dialling", now);
      log.info({ client: client.config.name, lns }, "dialling");
    } else if (event.type === "missed") {
      client.problem ||= `${lns}: ${event.why}`;
    } else if (event.type === "failed" || event.type === "down") {
      client.dial = undefined;
      this.#schedule(client, now);
    }
  }

  handleFrame(punted: PuntedFrame, now: number): void {
    const client = this.all.find(({ handle }) => handle?.index === punted.session);
    if (client === undefined || client.handle?.generation !== punted.generation) {
      this.counters["stale-frames"]++;
      return;
    }
    client.story.wasHeard = true;
    if (client.link !== undefined) {
      client.link.handleInput(punted.frame, now);
      this.links.drain(client, client.link, now);
    } else if (client.early.length < EARLY_FRAMES_MAX) client.early.push(punted.frame);
    else this.counters["early-frames"]++;
  }

  handleTimeout(now: number): void {
    const { table, log } = this.#options.ground;
    table.setTime(now);
    for (const { client, problem } of this.#options.host.take()) {
      const asked = this.all[client];
      if (asked === undefined) continue;
      asked.problem = problem;
      log.warn({ client: asked.config.name, problem }, "this host is not as it should be");
    }
    for (const client of this.all) {
      if (client.deadline() > now) continue;
      if (client.nextAt <= now) this.#dial(client, now);
      this.links.handleTimeout(client, now);
    }
  }

  resume(): boolean {
    for (const client of this.all) {
      if (client.isBlocked && client.link !== undefined) this.links.send(client, client.link);
    }
    return !this.all.some(({ isBlocked }) => isBlocked);
  }

  pollTimeout(): number {
    return Math.min(...this.all.map((client) => client.deadline()));
  }

  lastHeard(tunnelId: number): number {
    const { table } = this.#options.ground;
    const heard = this.all
      .filter(({ session }) => session?.tunnelId === tunnelId)
      .map(({ handle, link }) => {
        const data = handle === undefined ? -Infinity : table.heardAt(handle);
        return Math.max(data, link?.heardAt ?? -Infinity);
      });
    return Math.max(-Infinity, ...heard);
  }

  rows(now: number): ClientRow[] {
    return this.all.map((client) => client.row(this.#options.ground.table, now));
  }

  sessionRows(now: number): SessionRow[] {
    const { table } = this.#options.ground;
    return this.all.flatMap((client) => client.sessionRow(table, now) ?? []);
  }

  /** Nobody dials any more; what is up of this host is taken back at once. */
  stop(): void {
    this.#isStopping = true;
    this.#options.dialler.stop();
    for (const client of this.all) {
      client.nextAt = Infinity;
      this.links.takeBack(client);
    }
  }

  #dial(client: Client, now: number): void {
    const { peer, number, callingNumber, subAddress } = client.config;
    client.nextAt = Infinity;
    const call: Call = {
      ...(number !== "" && { calledNumber: number }),
      ...(callingNumber !== "" && { callingNumber }),
      ...(subAddress !== "" && { subAddress }),
    };
    client.dial = this.#options.dialler.dial(peer, { call }, now);
  }

  #schedule(client: Client, now: number): void {
    client.lns = "";
    client.enter("waiting", now);
    if (this.#isStopping) return;
    const wait = client.backoff.next();
    client.nextAt = now + wait;
    const fields = { client: client.config.name, seconds: Math.round(wait / 100) / 10 };
    this.#options.ground.log.info(fields, "dialling again later");
  }

  #open(session: SessionInfo, dial: number | undefined, now: number): void {
    const { table, family, endpoint } = this.#options.ground;
    const { tunnelId, sessionId } = session;
    const client = dial === undefined ? this.#called(session, now) : this.#byDial(dial);
    if (client === undefined) return;
    const handle = publish(table, session, family);
    if (handle === undefined) {
      client.story.turnAway("table-full");
      endpoint.closeSession(tunnelId, sessionId, { code: DisconnectCode.NoFacilitiesNow }, now);
      return;
    }
    table.follow(handle);
    this.#begun++;
    client.take(session, handle, now);
    if (session.direction === "outgoing") endpoint.connectCall(tunnelId, sessionId, {}, now);
  }

  /** Whom an LNS calls (OCRQ): by number, and only an LNS of that client may. */
  #called(session: SessionInfo, now: number): Client | undefined {
    const { endpoint, config } = this.#options.ground;
    const { calledNumber = "" } = session.call;
    const client = this.all.find(
      ({ config: { number } }) => number !== "" && number === calledNumber,
    );
    const isKnown = config.peers.some(
      ({ name, address }) => name === client?.config.peer && address === session.path.peer,
    );
    const refusal = client === undefined || !isKnown ? NOBODY : client.session && BUSY;
    if (client === undefined || refusal !== undefined) {
      endpoint.closeSession(session.tunnelId, session.sessionId, refusal ?? NOBODY, now);
      return undefined;
    }
    if (client.dial !== undefined) this.#options.dialler.hangUp(client.dial, BUSY, now);
    client.dial = undefined;
    return client;
  }

  #up(session: SessionInfo, now: number): void {
    const client = this.#bySession(session);
    if (client !== undefined) this.links.open(client, now);
  }

  #down(event: SessionDown, dial: number | undefined, now: number): void {
    const { table, recorder, log } = this.#options.ground;
    const client = this.#bySession(event.session) ?? this.#byDial(dial);
    if (client === undefined) return;
    const { story, handle, upAt } = client;
    if (story.code === undefined) {
      story.turnAway(dialledSessionCode(event, story));
      story.by = event.by;
    }
    story.isProved = story.wasUp;
    const traffic = handle && table.traffic(handle);
    const entry = recorder.sessionDown(event, story, traffic, now);
    const fields = { client: client.config.name, lns: entry.peer, ...logFields(entry) };
    log[client.upAt === Infinity ? "warn" : "info"](
      { ...fields, result: event.result },
      "call down",
    );
    if (LASTING.includes(entry.code)) client.backoff.slow();
    else if (now - upAt >= REDIAL_CALM_MS) client.backoff.reset();
    this.links.takeBack(client);
    if (handle !== undefined) table.withdraw(handle);
    client.clear();
    client.problem = entry.words === "" ? entry.code : `${entry.code}: ${entry.words}`;
    if (client.dial === undefined) this.#schedule(client, now);
    else client.enter("dialling", now);
  }

  /** Nothing is escaped here: there is no line behind us (RFC 2661 6.14). */
  #agreed({ session, send, receive }: EndpointEvent & { type: "accm" }): void {
    const client = this.#bySession(session)?.config.name;
    this.#options.ground.log.debug({ client, send, receive }, "the LNS tells of an ACCM");
  }

  #move(tunnelId: number, path: SessionInfo["path"]): void {
    const { table, family } = this.#options.ground;
    for (const client of this.all) {
      const { session, handle } = client;
      if (session?.tunnelId !== tunnelId || handle === undefined) continue;
      client.session = { ...session, path };
      table.move(handle, encodeSockaddr(path.peer, path.peerPort, family));
    }
  }

  #byDial(id: number | undefined): Client | undefined {
    return id === undefined ? undefined : this.all.find(({ dial }) => dial === id);
  }

  #bySession({ tunnelId, sessionId }: SessionInfo): Client | undefined {
    return this.all.find(
      ({ session }) => session?.tunnelId === tunnelId && session.sessionId === sessionId,
    );
  }
}
