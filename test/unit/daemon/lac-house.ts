/**
 * Clients of a LAC with all that they need but a kernel: real links and dialler, real WebAssembly, and
 * an LNS that is a tunnel which does as it is told and a PPP link that is real too.
 */
import { LocalUsers } from "../../../src/aaa/index.ts";
import { asLac } from "../../../src/config/as-lac.ts";
import type { ClientConfig, Config } from "../../../src/config/config.ts";
import { parseConfig } from "../../../src/config/load.ts";
import { Clients } from "../../../src/daemon/clients.ts";
import type { HostReply, HostRequests } from "../../../src/daemon/host-keeper.ts";
import type { Ground } from "../../../src/daemon/side.ts";
import { Dialler } from "../../../src/dial/index.ts";
import type { Entry } from "../../../src/history/entry.ts";
import { Recorder } from "../../../src/history/recorder.ts";
import { Router } from "../../../src/ipv6/index.ts";
import type {
  Accm,
  Call,
  Cause,
  Connected,
  Disconnect,
  EndpointEvent,
  Result,
  SessionInfo,
  TunnelInfo,
} from "../../../src/l2tp/index.ts";
import { ipv6 } from "../../../src/net.ts";
import { createLog } from "../../../src/observe/log.ts";
import { type AuthMethod, Link, type LinkEvent } from "../../../src/ppp/index.ts";
import { dataMessage } from "../dataplane/frames.ts";
import { Plane } from "../dataplane/plane.ts";

const LNS = { peer: "192.0.2.9", peerPort: 1_701, local: "192.0.2.1" };
export const TEXT = `[[peer]]
name = "office"
address = "192.0.2.9:1701"
[[client]]
name = "office"
peer = "office"
tun = "office0"
user = "demo"
password = "right"
routes = ["10.8.0.0/24", "192.0.2.0/24"]
dns = true
number = "100"
`;
const TUNNEL = 1;
const NETWORK = {
  name: "default",
  gateway: "10.64.0.1",
  pool: ["10.64.0.0/29"],
  pool6: ["2001:db8:64::/48"],
  dns: ["10.64.0.53"],
  nbns: [],
};

export class LacHouse {
  readonly plane = new Plane();
  readonly entries: Entry[] = [];
  /** What the keeper of the host was asked for. */
  readonly asked: string[] = [];
  readonly problems: HostReply[] = [];
  /** What the LNS was sent, a word each. */
  readonly sent: string[] = [];
  readonly log: string[] = [];
  readonly clients: Clients;
  readonly dialler: Dialler<Call, Connected>;
  /** Whether the LNS answers. */
  isThere = true;
  methods: readonly AuthMethod[] = ["mschapv2"];
  /** The LNS's end of the link. */
  link: Link | undefined;
  now = 0;
  readonly #events: EndpointEvent[] = [];
  readonly #aaa = new LocalUsers({
    networks: [NETWORK],
    users: [{ name: "demo", password: "right", network: "default" }],
  });
  #sessions = 0;
  #prefix6 = "";
  #router: Router | undefined;
  readonly #open = new Map<number, SessionInfo>();

  constructor(text = TEXT) {
    const parsed = parseConfig(text, "simplon.toml");
    if (Array.isArray(parsed)) throw new Error(JSON.stringify(parsed));
    const config: Config = asLac(parsed);
    const endpoint = this.#endpoint() as unknown as Ground["endpoint"];
    const random = (length: number) => Uint8Array.from({ length }, (_, index) => 7 + index);
    const ground = {
      ...{ config, endpoint, random, table: this.plane.table, injectOf: () => this.plane.inject },
      family: 2,
      clock: () => this.now,
      onProgress: () => undefined,
      recorder: new Recorder({ add: (entry) => this.entries.push(entry), clock: () => this.now }),
      log: createLog({
        level: "debug",
        human: false,
        sink: { write: (line) => this.log.push(line) },
      }),
    } as unknown as Ground;
    this.dialler = new Dialler({
      ...{ targets: config.peers, endpoint, role: "lac", local: "", random },
    });
    this.clients = new Clients({ ground, dialler: this.dialler, host: this.#host() });
  }

  get client() {
    const [row] = this.clients.rows(this.now);
    if (row === undefined) throw new Error("there is no client");
    return row;
  }

  get config(): ClientConfig {
    return this.clients.all[0]?.config as ClientConfig;
  }

  /** Lets time pass, in which all that both ends have to say is carried. */
  async run(ms: number): Promise<void> {
    for (const end = this.now + ms; this.now < end; ) {
      await this.#turn();
      this.now += 50;
    }
    await this.#turn();
  }

  /** The LNS ends the call. */
  hangUp(result: Result = { code: 1 }): void {
    const session = this.#session;
    if (session === undefined) throw new Error("there is no call");
    this.#end(session, { by: "peer", result });
  }

  /** The LNS tells of what LCP has agreed on. */
  sets(accm: Accm): void {
    const session = this.#session;
    if (session === undefined) throw new Error("there is no call");
    this.#events.push({ type: "accm", session, ...accm });
  }

  /** The LNS calls `calledNumber` from `peer`. */
  calls(calledNumber: string, peer = LNS.peer, more: Call = {}): void {
    const path = { ...LNS, peer };
    const call = { calledNumber, ...more };
    const session = this.#make({ direction: "outgoing", call, path });
    this.#events.push({ type: "session-open", session });
  }

  async #turn(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      quiet++;
      await Promise.resolve();
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
        this.#pass(event);
        quiet = 0;
      }
      this.clients.handleTimeout(this.now);
      this.dialler.handleTimeout(this.now);
      this.#listen();
      if (this.#carry()) quiet = 0;
    }
  }

  #pass(event: EndpointEvent): void {
    this.clients.handleEvent(event, this.dialler.handleEvent(event, this.now), this.now);
    this.#listen();
    if (event.type !== "session-up") return;
    this.link = new Link({
      ...{ mru: 1_400, authMethods: this.methods, hostName: "lns" },
      random: (length) => Uint8Array.from({ length }, (_, index) => 99 + index),
    });
    this.link.open(this.now);
  }

  #listen(): void {
    const next = () => this.dialler.pollEvent();
    for (let event = next(); event !== undefined; event = next()) {
      this.clients.handleDial(event, this.now);
    }
  }

  /** Frames of both ends, through the data plane; whether there were any. */
  #carry(): boolean {
    const { link, plane } = this;
    let hasCarried = false;
    const session = this.#session;
    if (link === undefined || session === undefined) return false;
    link.handleTimeout(this.now);
    for (let event = link.pollEvent(); event !== undefined; event = link.pollEvent()) {
      this.#answer(link, event);
    }
    this.#router?.handleTimeout(this.now);
    const routed = () => this.#router?.pollTransmit();
    for (let out = routed(); out !== undefined; out = routed()) link.sendIpv6(out);
    for (let frame = link.pollTransmit(); frame !== undefined; frame = link.pollTransmit()) {
      plane.up([dataMessage(TUNNEL, session.sessionId, frame)]);
      hasCarried = true;
    }
    for (let punted = plane.punt.take(); punted !== undefined; punted = plane.punt.take()) {
      this.clients.handleFrame(punted, this.now);
      hasCarried = true;
    }
    for (const { datagram } of [...plane.echoes.splice(0), ...plane.sendInjected()]) {
      link.handleInput(datagram.subarray(8), this.now);
      hasCarried = true;
    }
    return hasCarried;
  }

  #answer(link: Link, event: LinkEvent): void {
    if (event.type === "ipv6-up") {
      const prefix = ipv6(this.#prefix6.split("/")[0] ?? "");
      const { ownInterfaceId: interfaceId } = event;
      const random = (length: number) => new Uint8Array(length);
      this.#router = new Router(
        { interfaceId, prefix, mtu: 1_400, random, counters: {} },
        this.now,
      );
    } else if (event.type === "ipv6-packet") this.#router?.handleInput(event.packet, this.now);
    if (event.type === "down" && this.#session !== undefined) this.hangUp({ code: 3 });
    if (event.type !== "authenticate") return;
    void this.#aaa.authenticate(event.request).then((answer) => {
      const { ok, proof } = answer as { ok: boolean; proof?: string };
      if (answer.ok && ok) {
        this.#prefix6 = answer.grant.profile.prefix6 ?? "";
        link.authenticated({ ok: true, profile: answer.grant.profile, proof }, this.now);
      } else link.authenticated({ ok: false, message: "Access denied" }, this.now);
    });
  }

  /** The call that came last. */
  get #session(): SessionInfo | undefined {
    return [...this.#open.values()].at(-1);
  }

  #make(given: Partial<SessionInfo>): SessionInfo {
    this.#sessions++;
    const session: SessionInfo = {
      ...{ tunnelId: TUNNEL, sessionId: this.#sessions, peerTunnelId: 2, peerSessionId: 100 },
      ...{ path: LNS, role: "lac", direction: "incoming", state: "established" },
      ...{ callSerialNumber: 0, call: {}, since: this.now },
      ...given,
    };
    this.#open.set(session.sessionId, session);
    return session;
  }

  #end(session: SessionInfo, cause: Cause): void {
    if (this.#open.delete(session.sessionId)) {
      this.#events.push({ type: "session-down", session, ...cause });
    }
  }

  #endpoint() {
    const tunnel = { tunnelId: TUNNEL } as TunnelInfo;
    return {
      connect: () => {
        this.sent.push("SCCRQ");
        if (this.isThere) this.#events.push({ type: "tunnel-up", tunnel });
        return TUNNEL;
      },
      placeCall: (_tunnelId: number, call: Call) => {
        const { calledNumber = "", callingNumber = "", subAddress = "" } = call;
        this.sent.push(`ICRQ ${calledNumber} ${callingNumber} ${subAddress}`.trim());
        const session = this.#make({ call });
        if (this.isThere) this.#events.push({ type: "session-open", session });
        if (this.isThere) this.#events.push({ type: "session-up", session });
        return session.sessionId;
      },
      connectCall: (_tunnelId: number, sessionId: number) => {
        this.sent.push("OCCN");
        const session = this.#open.get(sessionId);
        if (session === undefined) throw new Error("there is no call");
        this.#events.push({ type: "session-up", session });
      },
      closeSession: (
        _tunnelId: number,
        sessionId: number,
        result: Result,
        _now: number,
        { ppp }: Disconnect = {},
      ) => {
        const cause = ppp === undefined ? [] : ["cause", ppp.code, ppp.direction];
        this.sent.push(["CDN", result.code, ...cause].join(" "));
        const session = this.#open.get(sessionId);
        if (session !== undefined) this.#end(session, { by: "local", result });
      },
      closeTunnel: (_tunnelId: number, result: Result) => {
        this.sent.push(`StopCCN ${result.code}`);
        const end = { by: "local", result } as const;
        for (const session of this.#open.values()) this.#end(session, { ...end, withTunnel: true });
        this.#events.push({ type: "tunnel-down", tunnel, ...end });
      },
    };
  }

  #host(): HostRequests {
    const note = (...words: unknown[]) =>
      this.asked.push(words.filter((word) => word !== "").join(" "));
    return {
      up: (client: number, address: string, lns: string) => note("up", client, address, lns),
      down: (client: number, family: string) => note("down", client, family),
      dns: (client: number, servers: readonly string[]) => note("dns", client, ...servers),
      take: () => this.problems.splice(0),
    } as unknown as HostRequests;
  }
}
