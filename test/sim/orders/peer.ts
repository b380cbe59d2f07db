/**
 * A peer of an endpoint that says whatever it is told to, with the right ids, Ns and Nr: it takes
 * note of what the endpoint has assigned and sent, and of nothing else.
 *
 * @module
 */
import { AvpType, MessageType } from "../../../src/codec/index.ts";
import type { Endpoint, EndpointEvent, Path } from "../../../src/l2tp/index.ts";
import { datagramOf, type Input } from "./inputs.ts";

export const PATH: Path = { peer: "192.0.2.7", peerPort: 1701, local: "198.51.100.1" };
const FIRST_TUNNEL = 100;
const FIRST_SESSION = 50;
const HEADER = 12;
/** Nothing takes so many turns to come to an end. */
const TURNS_MAX = 1_000;

/** One input; its Ns as it should be, but for `shift`. */
export interface Step {
  readonly input: Input;
  readonly shift: number;
}

export class Peer {
  readonly endpoint: Endpoint;
  now = 0;
  /** Ids that the endpoint has given: its tunnel, and the session that is spoken of. */
  tunnelId = 0;
  sessionId = 0;
  /** Tunnel IDs of the endpoint so far. */
  readonly tunnels = new Set<number>();
  #ownTunnel = FIRST_TUNNEL;
  #ownSession = FIRST_SESSION;
  #ns = 0;
  #nr = 0;
  /** The tunnel has been closed, by either side. */
  #isClosed = false;
  /** Sessions whose owner has been told of them, and not of their end. */
  readonly #sessions = new Set<string>();

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  /** The endpoint opens a tunnel to the peer. */
  connected(role: "lac" | "lns"): void {
    this.tunnelId = this.endpoint.connect({ path: PATH, role }, this.now) ?? 0;
    this.drain();
  }

  /** The endpoint places a call. */
  called(): void {
    const id = this.endpoint.placeCall(this.tunnelId, { calledNumber: "100" }, this.now);
    if (id === undefined) throw new Error("no place for a call");
    this.sessionId = id;
    this.#sessions.add(`${this.tunnelId} ${id}`);
    this.drain();
  }

  say(...inputs: readonly Input[]): void {
    for (const input of inputs) this.step({ input, shift: 0 });
  }

  step({ input, shift }: Step): void {
    // Who wants a tunnel and has none begins anew.
    if (input === "SCCRQ" && this.#isClosed) this.#beginAnew();
    const isRequest = input === "ICRQ" || input === "OCRQ";
    const own = { tunnel: this.#ownTunnel, session: this.#ownSession };
    const header = {
      tunnelId: this.tunnelId,
      sessionId: isRequest || input === "CDN" || isOfCall(input) ? this.sessionId : 0,
      ns: (this.#ns + shift) & 0xffff,
      nr: this.#nr,
    };
    if (shift === 0 && input !== "ZLB") this.#ns = (this.#ns + 1) & 0xffff;
    this.now += 1;
    const datagram = datagramOf(input, own, header);
    this.endpoint.handleInput({ datagram, path: PATH }, this.now);
    if (input === "StopCCN") this.#isClosed = true;
    if (input === "CDN") this.#callOver();
    this.drain();
  }

  /** Takes what the endpoint sends and tells. */
  drain(): void {
    const { endpoint } = this;
    for (let out = endpoint.pollTransmit(); out !== undefined; out = endpoint.pollTransmit()) {
      this.#hear(out.datagram);
    }
    for (let event = endpoint.pollEvent(); event !== undefined; event = endpoint.pollEvent()) {
      this.#told(event);
    }
  }

  /**
   * Time passes, the peer says nothing or acknowledges all that it hears, until nothing is left to be
   * done or the time is there.
   */
  rest(isThere: boolean, until = Number.MAX_VALUE): void {
    const { endpoint } = this;
    for (let turn = 0; endpoint.pollTimeout() <= until; turn++) {
      if (turn === TURNS_MAX) throw new Error("it does not come to rest");
      this.now = Math.max(this.now, endpoint.pollTimeout());
      endpoint.handleTimeout(this.now);
      if (endpoint.pollTimeout() <= this.now) throw new Error("work that is due is left");
      this.drain();
      if (isThere) this.say("ZLB");
    }
  }

  /** Sessions that came and have not gone. */
  get unended(): number {
    return this.#sessions.size;
  }

  #hear(datagram: Uint8Array): void {
    if (datagram.length === HEADER) return;
    const to = word(datagram, 4);
    const ns = word(datagram, 8);
    if (to === this.#ownTunnel && ns === this.#nr) this.#nr = (ns + 1) & 0xffff;
    switch (word(datagram, HEADER + 6)) {
      case MessageType.SCCRP:
        this.tunnelId = assigned(datagram, AvpType.AssignedTunnelId);
        this.tunnels.add(this.tunnelId);
        break;
      case MessageType.SCCRQ:
        this.#nr = 1;
        this.tunnels.add(this.tunnelId);
        break;
      case MessageType.StopCCN:
        this.#isClosed = true;
        break;
      case MessageType.ICRQ:
      case MessageType.OCRQ:
      case MessageType.ICRP:
      case MessageType.OCRP:
        this.sessionId = assigned(datagram, AvpType.AssignedSessionId);
        break;
      case MessageType.CDN:
        this.#callOver();
    }
  }

  #told(event: EndpointEvent): void {
    if (event.type !== "session-open" && event.type !== "session-down") return;
    const key = `${event.session.tunnelId} ${event.session.sessionId}`;
    if (event.type === "session-open") this.#sessions.add(key);
    else if (!this.#sessions.delete(key)) throw new Error(`session ${key} is down, and was not`);
  }

  #beginAnew(): void {
    this.#isClosed = false;
    this.tunnelId = 0;
    this.#ns = 0;
    this.#nr = 0;
    this.#ownTunnel += 1;
    this.#callOver();
  }

  #callOver(): void {
    this.sessionId = 0;
    this.#ownSession += 1;
  }
}

function isOfCall(input: Input): boolean {
  const calls: readonly Input[] = ["ICRP", "ICCN", "OCRP", "OCCN", "WEN", "SLI"];
  return calls.includes(input);
}

function word(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}

/** The id in a message; AVPs have 6 octets of header, and 10 bits of length (RFC 2661 4.1). */
function assigned(datagram: Uint8Array, type: number): number {
  for (let at = HEADER; at < datagram.length; at += word(datagram, at) & 0x3ff) {
    if (word(datagram, at + 4) === type) return word(datagram, at + 6);
  }
  throw new Error(`no AVP ${type} in a message that has to have it`);
}
