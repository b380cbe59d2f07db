/**
 * Sets up the sessions of a measurement with the peers of the test suite, which share no code with
 * what is measured; or, for a program without a control plane, takes the ids that were agreed on.
 *
 * @module
 */
import { buildHeader, parseHeader } from "../../src/codec/index.ts";
import type { Libc } from "../../src/linux/libc.ts";
import type { UdpPair } from "../../src/linux/udp.ts";
import { formatIpv4, ipv4 } from "../../src/net.ts";
import { Lac } from "../../test/peer/lac.ts";
import { PppPeer } from "../../test/peer/ppp.ts";
import { sleep } from "./lines.ts";
import type { Session } from "./loads.ts";
import { Ring } from "./ring.ts";
import { type ClientSettings, FIXED } from "./settings.ts";

/** Calls under way at once: a window that no queue on the way overflows. */
const CALLS_AT_ONCE = 64;
const DATAGRAM_MAX = 65_536;

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
      if (this.#lac.state === "closed") throw new Error("the tunnel was closed");
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
    else this.#links.get(header.sessionId)?.handleInput(header.payload, now);
  }

  #sendFrames(id: number, link: PppPeer): void {
    const sessionId = this.#lac.calls.get(id)?.peerId ?? 0;
    const tunnelId = this.#lac.peerTunnelId;
    const header = { control: false, priority: false, length: 0, tunnelId, sessionId };
    for (let frame = link.pollTransmit(); frame !== undefined; frame = link.pollTransmit()) {
      this.#send(buildHeader(header, frame));
    }
  }

  #send(octets: Uint8Array): void {
    new Ring(this.#libc, [{ octets, name: this.#name }]).send(this.#sockets.control);
  }
}

function fixedSessions(count: number): Session[] {
  const first = ipv4(FIXED.firstAddress);
  return Array.from({ length: count }, (_, index) => ({
    tunnelId: FIXED.lnsTunnel,
    sessionId: index + 1,
    address: formatIpv4(first + index),
  }));
}
