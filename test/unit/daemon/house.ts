/**
 * Subscribers with all that they need but a kernel: real cores, real WebAssembly, and clients whose
 * frames pass through the data plane.
 */
import { type Aaa, type Grant, LocalUsers } from "../../../src/aaa/index.ts";
import { parseHeader } from "../../../src/codec/index.ts";
import type { LinesOptions } from "../../../src/daemon/lines.ts";
import { type CallForwarder, Subscribers } from "../../../src/daemon/subscribers.ts";
import type { Entry } from "../../../src/history/entry.ts";
import { Recorder } from "../../../src/history/recorder.ts";
import type { Accm, Connected, Disconnect, Result, SessionInfo } from "../../../src/l2tp/index.ts";
import { createLog } from "../../../src/observe/log.ts";
import type { LinkOptions } from "../../../src/ppp/index.ts";
import { type PeerWishes, PppPeer } from "../../peer/ppp.ts";
import { dataMessage, packet, pppFrame } from "../dataplane/frames.ts";
import { Plane } from "../dataplane/plane.ts";

export const HOST = "203.0.113.7";
export const NETWORK = {
  name: "default",
  gateway: "10.64.0.1",
  pool: ["10.64.0.0/29"],
  dns: [],
  nbns: [],
};
export const USERS = [{ name: "demo", password: "right", network: "default" }];

export type ErrorReport = LinesOptions["endpoint"]["reportErrors"];

export class House {
  readonly plane = new Plane();
  readonly network = { index: 0, mtu: 1400, sequencing: false };
  readonly closed: { session: SessionInfo; result: Result; disconnect?: Disconnect }[] = [];
  readonly granted: Grant[] = [];
  readonly released: Grant[] = [];
  readonly entries: Entry[] = [];
  /** What LACs were told of their lines. */
  readonly told: { sessionId: number; send: number; receive: number }[] = [];
  /** The last line of it: of many sessions none keeps more. */
  readonly log: string[] = [];
  readonly aaa: Aaa;
  readonly subscribers: Subscribers;
  now = 0;

  constructor(
    aaa: Aaa = new LocalUsers({ networks: [NETWORK], users: USERS }),
    forwarder?: CallForwarder,
    reportErrors: ErrorReport = () => undefined,
    authMethods: LinkOptions["authMethods"] = ["pap"],
  ) {
    this.aaa = {
      authenticate: async (request, caller) => {
        const answer = await aaa.authenticate(request, caller);
        if (answer.ok) this.granted.push(answer.grant);
        return answer;
      },
      release: (grant) => {
        this.released.push(grant);
        aaa.release(grant);
      },
    };
    this.subscribers = new Subscribers({
      table: this.plane.table,
      injectOf: () => this.plane.inject,
      aaa: this.aaa,
      ...(forwarder && { forwarder }),
      link: {
        mru: 1400,
        authMethods,
        hostName: "lns",
        random: (length) => new Uint8Array(length).fill(7),
      },
      networks: new Map([["default", this.network]]),
      clock: () => this.now,
      endpoint: {
        setAccm: (_: number, sessionId: number, { send, receive }: Accm) =>
          this.told.push({ sessionId, send, receive }),
        reportErrors,
      },
      closeSession: (session, result, _now, disconnect) =>
        this.closed.push({ session, result, ...(disconnect && { disconnect }) }),
      onProgress: () => undefined,
      recorder: new Recorder({ add: (entry) => this.entries.push(entry), clock: () => this.now }),
      log: createLog({
        level: "debug",
        human: false,
        sink: { write: (line) => this.log.splice(0, this.log.length, line) },
      }),
    });
  }

  open(sessionId: number, wishes: PeerWishes = {}, more: Partial<SessionInfo> = {}): Client {
    const { connected, ...session } = { ...info(sessionId), ...more };
    this.subscribers.handleEvent({ type: "session-open", session }, this.now);
    return new Client(this, session, wishes, connected);
  }

  get rows() {
    return [...this.subscribers.rows(this.now)];
  }
}

/** A PPP client at the other end of one session; frames pass through the data plane. */
export class Client {
  readonly house: House;
  readonly session: SessionInfo;
  /** What its ICCN says. */
  readonly connected: Connected;
  link: PppPeer;

  constructor(house: House, session: SessionInfo, wishes: PeerWishes, connected: Connected = {}) {
    this.house = house;
    this.connected = connected;
    this.session = session;
    this.link = new PppPeer({ name: "demo", password: "right", ...wishes });
  }

  connect(): void {
    const { house } = this;
    const session = { ...this.session, connected: this.connected };
    house.subscribers.handleEvent({ type: "session-up", session }, house.now);
  }

  /** The client begins its link anew, as another one. */
  renegotiate(wishes: PeerWishes): void {
    this.link = new PppPeer({ name: "demo", password: "right", ...wishes });
    this.link.open(this.house.now);
  }

  hangUp(code = 1, disconnect?: Disconnect): void {
    const { house, session } = this;
    const cause = { by: "peer", result: { code }, ...(disconnect && { disconnect }) } as const;
    const event = { type: "session-down", session, ...cause } as const;
    house.subscribers.handleEvent(event, house.now);
  }

  /** Carries frames both ways until nobody has more to say; AAA answers in between. */
  async talk(): Promise<void> {
    const { plane, subscribers } = this.house;
    for (let quiet = 0; quiet < 3; ) {
      quiet++;
      await Promise.resolve();
      this.link.handleTimeout(this.house.now);
      for (let frame = this.link.pollTransmit(); frame; frame = this.link.pollTransmit()) {
        this.send(frame);
        quiet = 0;
      }
      for (let punted = plane.punt.take(); punted; punted = plane.punt.take()) {
        subscribers.handleFrame(punted, this.house.now);
      }
      for (const { datagram } of [...plane.echoes.splice(0), ...plane.sendInjected()]) {
        const header = parseHeader(datagram);
        if (typeof header === "string") throw new Error(header);
        this.link.handleInput(header.payload, this.house.now);
        quiet = 0;
      }
    }
  }

  send(frame: Uint8Array): void {
    const { tunnelId, sessionId, path } = this.session;
    const from = { address: path.peer, port: path.peerPort };
    this.house.plane.up([dataMessage(tunnelId, sessionId, frame)], from);
  }

  async establish(): Promise<void> {
    this.connect();
    this.link.open(this.house.now);
    await this.talk();
  }

  /** How many of its packets reach the network. */
  ping(source = this.link.address): number {
    this.house.plane.at(this.house.now);
    const datagram = dataMessage(1, this.session.sessionId, pppFrame(packet(source, HOST)));
    return this.house.plane.up([datagram]).length;
  }
}

/** The local users, who are asked but not answered for until `answer` is called. */
export function slowAaa(): { aaa: Aaa; answer: () => void } {
  const local = new LocalUsers({ networks: [NETWORK], users: USERS });
  const { promise, resolve } = Promise.withResolvers<void>();
  const aaa: Aaa = {
    authenticate: (request) => promise.then(() => local.authenticate(request)),
    release: (grant) => local.release(grant),
  };
  return { aaa, answer: resolve };
}

/** Until every promise that can settle has done so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function info(sessionId: number): SessionInfo {
  return {
    tunnelId: 1,
    sessionId,
    peerTunnelId: 2,
    peerSessionId: sessionId + 1,
    path: { peer: "192.0.2.9", peerPort: 1701, local: "192.0.2.1" },
    state: "established",
    callSerialNumber: 0,
    role: "lns",
    direction: "incoming",
    call: {},
    since: 0,
  };
}
