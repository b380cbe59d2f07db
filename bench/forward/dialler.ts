/**
 * Sets up the sessions of a measurement with the peers of the test suite, which share no code with
 * what is measured; or, for a program without a control plane, takes the ids that were agreed on.
 *
 * @module
 */
import { buildHeader, buildPpp, parseHeader, parsePpp } from "../../src/codec/index.ts";
import type { Libc } from "../../src/linux/libc.ts";
import { formatIpv4, ipv4 } from "../../src/net.ts";
import { Lac } from "../../test/peer/lac.ts";
import { PppPeer } from "../../test/peer/ppp.ts";
import { sleep } from "./lines.ts";
import type { Session } from "./loads.ts";
import type { UdpPair } from "./pair.ts";
import { Ring } from "./ring.ts";
import { type ClientSettings, FIXED } from "./settings.ts";

/** Calls under way at once: a window that no queue on the way overflows. */
const CALLS_AT_ONCE = 64;
const DATAGRAM_MAX = 65_536;
const LCP = 0xc021;
const ECHO_REQUEST = 9;
const ECHO_REPLY = 10;

export class Dialler {
  readonly tunnelId = FIXED.clientTunnel;
  readonly #libc: Libc;
  readonly #sockets: UdpPair;
  readonly #name: Uint8Array;
  readonly #settings: ClientSettings;
  readonly #lac = new Lac(FIXED.clientTunnel);
  readonly #links = new Map<number, PppPeer>();
  readonly #received = new Uint8Array(DATAGRAM_MAX);

  constructor(libc: Libc, sockets: UdpPair, name: Uint8Array, settings: ClientSettings) {
    this.#libc = libc;
    this.#sockets = sockets;
    this.#name = name;
    this.#settings = settings;
  }

  /** All sessions, in the order of their ids at this end, which begin with 1. */
  async dial(): Promise<Session[]> {
    const { sessions: count, isFixed } = this.#settings;
    if (isFixed) return fixedSessions(count);
    const sessions: Session[] = [];
    let next = 1;
    let done = 0;
    this.#lac.start(performance.now());
    while (done < count) {
      const now = performance.now();
      while (next <= count && this.#links.size < CALLS_AT_ONCE) {
        this.#lac.call(next, now);
        this.#links.set(next++, new PppPeer({ name: "bench", password: "bench" }));
      }
      this.turn(now);
      for (const [id, link] of this.#links) {
        if (link.address === "" || !link.ipcp.isOpened) continue;
        const sessionId = this.#lac.calls.get(id)?.peerId ?? 0;
        sessions[id - 1] = { tunnelId: this.#lac.peerTunnelId, sessionId, address: link.address };
        this.#links.delete(id);
        done++;
      }
      const [first] = this.#links.keys();
      const isRefused = this.#lac.calls.get(first ?? 0)?.state === "closed";
      if (isRefused || this.#lac.state === "closed") throw new Error("the LNS refuses a session");
      await sleep(1);
    }
    return sessions;
  }

  turn(now: number): void {
    if (this.#settings.isFixed) return;
    for (const fd of [this.#sockets.control, this.#sockets.data]) {
      for (let length = this.#receive(fd); length > 0; length = this.#receive(fd)) {
        this.#handle(this.#received.slice(0, length), now);
      }
    }
    this.#lac.tick(now);
    for (const link of this.#links.values()) {
      if (link.pollTimeout() <= now) link.handleTimeout(now);
    }
    for (const datagram of this.#lac.outbox.splice(0)) this.#send(datagram);
    for (const [id, link] of this.#links) this.#sendFrames(id, link);
  }

  hangUp(now: number): void {
    this.#lac.stop(now);
    this.turn(now);
  }

  #receive(fd: number): number {
    return this.#libc.recv(fd, this.#received);
  }

  #handle(datagram: Uint8Array, now: number): void {
    const header = parseHeader(datagram);
    if (typeof header === "string") throw new Error(`the LNS sent what is ${header}`);
    if (header.control) this.#lac.handle(datagram, now);
    else this.handleFrame(header.sessionId, header.payload, now);
  }

  /** A link that is up is not kept: of what comes for it, Echo-Requests alone are answered. */
  handleFrame(id: number, frame: Uint8Array, now: number): void {
    const link = this.#links.get(id);
    if (link !== undefined) {
      link.handleInput(frame, now);
      return;
    }
    const parsed = parsePpp(frame);
    if (typeof parsed === "string" || parsed.protocol !== LCP) return;
    const [code, identifier = 0] = parsed.information;
    if (code === ECHO_REQUEST) this.#send(this.#message(id, echoReply(identifier)));
  }

  #sendFrames(id: number, link: PppPeer): void {
    for (let frame = link.pollTransmit(); frame !== undefined; frame = link.pollTransmit()) {
      this.#send(this.#message(id, frame));
    }
  }

  #message(id: number, frame: Uint8Array): Uint8Array {
    const sessionId = this.#lac.calls.get(id)?.peerId ?? 0;
    const tunnelId = this.#lac.peerTunnelId;
    return buildHeader({ control: false, priority: false, length: 0, tunnelId, sessionId }, frame);
  }

  #send(octets: Uint8Array): void {
    new Ring(this.#libc, [{ octets, name: this.#name }]).send(this.#sockets.control);
  }
}

/** Without a Magic-Number of ours (RFC 1661 5.8). */
function echoReply(identifier: number): Uint8Array {
  return buildPpp(LCP, Uint8Array.of(ECHO_REPLY, identifier, 0, 8, 0, 0, 0, 0));
}

function fixedSessions(count: number): Session[] {
  const first = ipv4(FIXED.firstAddress);
  return Array.from({ length: count }, (_, index) => ({
    tunnelId: FIXED.lnsTunnel,
    sessionId: index + 1,
    address: formatIpv4(first + index),
  }));
}
