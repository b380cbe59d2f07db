/**
 * An endpoint that carries the PPP frames of its sessions as well: it takes every datagram of its
 * socket, and gives each frame as an event. `Lac` and `Lns` are it in one role each.
 *
 * @module
 */
import { buildHeader, parseHeader } from "../codec/index.ts";
import {
  FRAME_SIZE_MAX,
  FRAMES_WAITING_MAX,
  RETRANSMIT_CAP_MS,
  RETRANSMIT_COUNT,
  SESSIONS_MAX,
  TUNNELS_MAX,
} from "../limits.ts";
import { Fifo } from "../sansio/fifo.ts";
import type { Machine } from "../sansio/machine.ts";
import type { Counters } from "./counters.ts";
import { DataChannel } from "./data-channel.ts";
import { Endpoint } from "./endpoint.ts";
import type {
  Call,
  Connected,
  ConnectOptions,
  Disconnect,
  EndpointEvent,
  EndpointInput,
  EndpointOptions,
  EndpointTransmit,
  Path,
  Result,
  Role,
  SessionInfo,
  TunnelInfo,
} from "./types.ts";

/** All but the name and the source of randomness has a default. */
export type FrameEndpointOptions = Pick<EndpointOptions, "hostName" | "random"> &
  Partial<Omit<EndpointOptions, "role" | "slots" | "lastHeard">>;

export type FrameEvent =
  | EndpointEvent
  | {
      /** A PPP frame of the peer, from its Address or Protocol field on: a view of the datagram. */
      readonly type: "frame";
      readonly tunnelId: number;
      readonly sessionId: number;
      readonly frame: Uint8Array;
    };

/** What became of data messages. */
export interface FrameCounters {
  received: number;
  sent: number;
  /** No L2TP header that holds together. */
  malformed: number;
  "unknown-session": number;
  /** Not from where the peer of its tunnel is. */
  "wrong-peer": number;
  /** Behind what has come already. */
  late: number;
  /** To be sent, and longer than a datagram. */
  oversize: number;
  /** The owner has not drained what came before. */
  "not-drained": number;
}

const DEFAULTS = {
  secret: "",
  helloInterval: 60_000,
  retransmitCap: RETRANSMIT_CAP_MS,
  retransmitCount: RETRANSMIT_COUNT,
  maxTunnels: TUNNELS_MAX,
  maxSessions: SESSIONS_MAX,
  followPort: true,
};
/** T, in the first octet of the header. */
const CONTROL = 0x80;
const ID_BITS = 16;

/** A session that is up. */
interface Flow {
  readonly session: SessionInfo;
  readonly channel: DataChannel;
}

export class FrameEndpoint implements Machine<EndpointInput, EndpointTransmit, FrameEvent> {
  readonly frameCounters: FrameCounters = {
    received: 0,
    sent: 0,
    malformed: 0,
    "unknown-session": 0,
    "wrong-peer": 0,
    late: 0,
    oversize: 0,
    "not-drained": 0,
  };
  protected readonly endpoint: Endpoint;
  readonly #role: Role;
  readonly #events = new Fifo<FrameEvent>();
  readonly #frames = new Fifo<EndpointTransmit>();
  readonly #flows = new Map<number, Flow>();
  /** Of established tunnels. */
  readonly #paths = new Map<number, Path>();
  /** When data last came. */
  readonly #heard = new Map<number, number>();

  constructor(role: Role, options: FrameEndpointOptions) {
    this.#role = role;
    const lastHeard = (tunnelId: number) => this.#heard.get(tunnelId) ?? -Infinity;
    this.endpoint = new Endpoint({ ...DEFAULTS, ...options, role, lastHeard });
  }

  get counters(): Counters {
    return this.endpoint.counters;
  }

  /** Opens a tunnel; returns our Tunnel ID, `undefined` when there are too many. */
  connect(options: Omit<ConnectOptions, "role">, now: number): number | undefined {
    const tunnelId = this.endpoint.connect({ ...options, role: this.#role }, now);
    this.take();
    return tunnelId;
  }

  /** Takes any datagram of the socket, control message or data message. */
  handleInput(input: EndpointInput, now: number): void {
    if (((input.datagram[0] ?? 0) & CONTROL) === 0) {
      this.#handleData(input, now);
      return;
    }
    this.endpoint.handleInput(input, now);
    this.take();
  }

  /** Sends a PPP frame. False: the session is not up, or the frame is dropped and counted. */
  sendFrame(tunnelId: number, sessionId: number, frame: Uint8Array): boolean {
    const flow = this.#flows.get(keyOf(tunnelId, sessionId));
    const path = this.#paths.get(tunnelId);
    if (flow === undefined || path === undefined) return false;
    if (frame.length > FRAME_SIZE_MAX || this.#frames.length >= FRAMES_WAITING_MAX) {
      this.frameCounters[frame.length > FRAME_SIZE_MAX ? "oversize" : "not-drained"] += 1;
      return false;
    }
    const { peerTunnelId, peerSessionId } = flow.session;
    const ns = flow.channel.next();
    const header = {
      control: false,
      length: 0,
      priority: false,
      tunnelId: peerTunnelId,
      sessionId: peerSessionId,
      ...(ns === undefined ? {} : { ns, nr: 0 }),
    };
    const { dscp } = flow.session.call;
    const datagram = buildHeader(header, frame);
    this.#frames.push({ datagram, path, ...(dscp !== undefined && { dscp }) });
    this.frameCounters.sent += 1;
    return true;
  }

  handleTimeout(now: number): void {
    this.endpoint.handleTimeout(now);
    this.take();
  }

  pollTransmit(): EndpointTransmit | undefined {
    return this.endpoint.pollTransmit() ?? this.#frames.shift();
  }

  pollEvent(): FrameEvent | undefined {
    return this.#events.shift();
  }

  pollTimeout(): number {
    return this.endpoint.pollTimeout();
  }

  closeSession(
    tunnelId: number,
    sessionId: number,
    result: Result,
    now: number,
    disconnect?: Disconnect,
  ): void {
    this.endpoint.closeSession(tunnelId, sessionId, result, now, disconnect);
    this.take();
  }

  closeTunnel(tunnelId: number, result: Result, now: number): void {
    this.endpoint.closeTunnel(tunnelId, result, now);
    this.take();
  }

  shutdown(now: number): void {
    this.endpoint.shutdown(now);
    this.take();
  }

  isDrained(): boolean {
    return this.endpoint.isDrained();
  }

  tunnels(): Iterable<TunnelInfo> {
    return this.endpoint.tunnels();
  }

  sessions(): Iterable<SessionInfo> {
    return this.endpoint.sessions();
  }

  protected place(
    tunnelId: number,
    call: Call,
    connected: Connected,
    now: number,
  ): number | undefined {
    const sessionId = this.endpoint.placeCall(tunnelId, call, now, connected);
    this.take();
    return sessionId;
  }

  protected channelOf(tunnelId: number, sessionId: number): DataChannel | undefined {
    return this.#flows.get(keyOf(tunnelId, sessionId))?.channel;
  }

  /** Passes on what the endpoint tells, and keeps what data messages need to know of it. */
  protected take(): void {
    for (;;) {
      const event = this.endpoint.pollEvent();
      if (event === undefined) return;
      this.#note(event);
      this.#events.push(event);
    }
  }

  #note(event: EndpointEvent): void {
    switch (event.type) {
      case "tunnel-up":
      case "tunnel-moved":
        this.#paths.set(event.tunnel.tunnelId, event.tunnel.path);
        break;
      case "tunnel-down":
        this.#paths.delete(event.tunnel.tunnelId);
        this.#heard.delete(event.tunnel.tunnelId);
        break;
      case "session-up": {
        const { session } = event;
        const isRequired = session.connected?.sequencingRequired === true;
        const channel = new DataChannel(session.role, isRequired);
        this.#flows.set(keyOf(session.tunnelId, session.sessionId), { session, channel });
        break;
      }
      case "session-down":
        this.#flows.delete(keyOf(event.session.tunnelId, event.session.sessionId));
        break;
    }
  }

  #handleData({ datagram, path }: EndpointInput, now: number): void {
    const header = parseHeader(datagram);
    if (typeof header === "string") {
      this.frameCounters.malformed += 1;
      return;
    }
    const { tunnelId, sessionId, ns, payload: frame } = header;
    const flow = this.#flows.get(keyOf(tunnelId, sessionId));
    const expected = this.#paths.get(tunnelId);
    if (flow === undefined || expected === undefined) {
      this.frameCounters["unknown-session"] += 1;
    } else if (expected.peer !== path.peer || expected.peerPort !== path.peerPort) {
      this.frameCounters["wrong-peer"] += 1;
    } else if (!flow.channel.accept(ns)) {
      this.frameCounters.late += 1;
    } else if (this.#events.length >= FRAMES_WAITING_MAX) {
      this.frameCounters["not-drained"] += 1;
    } else {
      this.#heard.set(tunnelId, now);
      this.frameCounters.received += 1;
      this.#events.push({ type: "frame", tunnelId, sessionId, frame });
    }
  }
}

function keyOf(tunnelId: number, sessionId: number): number {
  return (tunnelId << ID_BITS) | sessionId;
}
