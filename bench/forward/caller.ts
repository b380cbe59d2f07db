/**
 * One control connection of a measurement and the links in it: the peers of the test suite, which
 * share no code with what is measured. Datagrams go in; what is to be sent comes out at once.
 *
 * @module
 */
import { buildHeader, buildPpp, parseHeader, parsePpp } from "../../src/codec/index.ts";
import { Lac } from "../../test/peer/lac.ts";
import { type PeerWishes, PppPeer } from "../../test/peer/ppp.ts";
import type { Session } from "./loads.ts";

const CONTROL_BIT = 0x80;
const LCP = 0xc021;
const ECHO_REQUEST = 9;
const ECHO_REPLY = 10;
/** Between two looks at what is due: far below the time of any of it. */
const LOOK_MS = 50;

export interface CallerOptions {
  readonly tunnelId: number;
  readonly wishes: PeerWishes;
  readonly send: (datagram: Uint8Array) => void;
  /** Told of each session that has its address; `id` is the one at this end. */
  readonly opened: (id: number, session: Session) => void;
}

export class Caller {
  readonly #options: CallerOptions;
  readonly #lac: Lac;
  /** Of the calls that are under way. */
  readonly #links = new Map<number, PppPeer>();
  #lookAt = 0;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#lac = new Lac(options.tunnelId);
  }

  get isClosed(): boolean {
    return this.#lac.state === "closed";
  }

  /** Calls that are under way. */
  get pending(): number {
    return this.#links.size;
  }

  start(now: number): void {
    this.#lac.start(now);
    this.#sendMessages();
  }

  /** A call; before the control connection is established it waits for that. */
  call(id: number, now: number): void {
    this.#lac.call(id, now);
    this.#links.set(id, new PppPeer(this.#options.wishes));
    this.#sendMessages();
  }

  hangUp(now: number): void {
    this.#lac.stop(now);
    this.#sendMessages();
  }

  handle(datagram: Uint8Array, now: number): void {
    if (((datagram[0] ?? 0) & CONTROL_BIT) !== 0) {
      this.#lac.handle(datagram, now);
      this.#lac.delivered.length = 0;
      this.#sendMessages();
      return;
    }
    const header = parseHeader(datagram);
    if (typeof header === "string") throw new Error(`the LNS sent what is ${header}`);
    this.handleFrame(header.sessionId, header.payload, now);
  }

  /** A link that is up is not kept: of what comes for it, Echo-Requests alone are answered. */
  handleFrame(id: number, frame: Uint8Array, now: number): void {
    const link = this.#links.get(id);
    if (link === undefined) {
      this.#answerEcho(id, frame);
      return;
    }
    link.handleInput(frame, now);
    this.#sendFrames(id, link);
    if (link.address === "" || !link.ipcp.isOpened) return;
    this.#links.delete(id);
    this.#options.opened(id, { ...this.#idsOf(id), address: link.address });
  }

  /** @throws Error when the LNS has refused a call */
  handleTimeout(now: number): void {
    if (now < this.#lookAt) return;
    this.#lookAt = now + LOOK_MS;
    this.#lac.tick(now);
    this.#sendMessages();
    for (const [id, link] of this.#links) {
      if (this.#lac.calls.get(id)?.state === "closed") {
        throw new Error("the LNS refuses a session");
      }
      if (link.pollTimeout() > now) continue;
      link.handleTimeout(now);
      this.#sendFrames(id, link);
    }
  }

  #answerEcho(id: number, frame: Uint8Array): void {
    const parsed = parsePpp(frame);
    if (typeof parsed === "string" || parsed.protocol !== LCP) return;
    const [code, identifier = 0] = parsed.information;
    if (code === ECHO_REQUEST) this.#sendFrame(id, echoReply(identifier));
  }

  #sendMessages(): void {
    for (const datagram of this.#lac.outbox.splice(0)) this.#options.send(datagram);
  }

  #sendFrames(id: number, link: PppPeer): void {
    for (let frame = link.pollTransmit(); frame !== undefined; frame = link.pollTransmit()) {
      this.#sendFrame(id, frame);
    }
  }

  #sendFrame(id: number, frame: Uint8Array): void {
    const header = { control: false, priority: false, length: 0, ...this.#idsOf(id) };
    this.#options.send(buildHeader(header, frame));
  }

  /** Those that the LNS gave. */
  #idsOf(id: number): { tunnelId: number; sessionId: number } {
    const sessionId = this.#lac.calls.get(id)?.peerId ?? 0;
    return { tunnelId: this.#lac.peerTunnelId, sessionId };
  }
}

/** Without a Magic-Number of ours (RFC 1661 5.8). */
function echoReply(identifier: number): Uint8Array {
  return buildPpp(LCP, Uint8Array.of(ECHO_REPLY, identifier, 0, 8, 0, 0, 0, 0));
}
