/** A client with one session over UDP loopback: a LAC and a PPP peer, both written for tests. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { buildHeader, buildPpp, parseHeader, parsePpp } from "../../../src/codec/index.ts";
import { Lac } from "../../peer/lac.ts";
import { type PeerWishes, PppPeer } from "../../peer/ppp.ts";

const SESSION_ID = 9;
const IPV4 = 0x0021;
const TICK_MS = 10;

export class UdpClient {
  readonly lac = new Lac(7);
  readonly peer: PppPeer;
  /** IPv4 packets that came. */
  readonly packets: Uint8Array[] = [];
  readonly #socket = createSocket("udp4");
  readonly #port: number;
  readonly #timer: NodeJS.Timeout;

  constructor(port: number, wishes: PeerWishes) {
    this.#port = port;
    this.peer = new PppPeer(wishes);
    this.#socket.on("message", (datagram) => this.#receive(new Uint8Array(datagram)));
    this.#socket.bind(0, "127.0.0.1");
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  async dial(): Promise<void> {
    await once(this.#socket, "listening");
    this.lac.start(performance.now());
    this.lac.call(SESSION_ID, performance.now());
  }

  sendIpv4(packet: Uint8Array): void {
    this.#transmit(buildPpp(IPV4, packet));
  }

  async until(what: string, ms: number, holds: () => boolean): Promise<void> {
    const end = performance.now() + ms;
    while (!holds()) {
      assert.ok(performance.now() < end, `${ms} ms without ${what}`);
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #receive(datagram: Uint8Array): void {
    const now = performance.now();
    const header = parseHeader(datagram);
    assert.ok(typeof header !== "string", `a datagram that our codec refuses: ${header}`);
    if (header.control) {
      this.lac.handle(datagram, now);
      return;
    }
    const frame = parsePpp(header.payload);
    assert.ok(typeof frame !== "string", `a frame that our codec refuses: ${frame}`);
    if (frame.protocol === IPV4) this.packets.push(frame.information);
    else this.peer.handleInput(header.payload, now);
  }

  #tick(): void {
    const now = performance.now();
    this.lac.tick(now);
    if (this.peer.pollTimeout() <= now) this.peer.handleTimeout(now);
    for (const datagram of this.lac.outbox.splice(0)) this.#socket.send(datagram, this.#port);
    for (let frame = this.peer.pollTransmit(); frame; frame = this.peer.pollTransmit()) {
      this.#transmit(frame);
    }
  }

  #transmit(frame: Uint8Array): void {
    const tunnelId = this.lac.peerTunnelId;
    const sessionId = this.lac.calls.get(SESSION_ID)?.peerId ?? 0;
    const header = { control: false, priority: false, length: 0, tunnelId, sessionId };
    this.#socket.send(buildHeader(header, frame), this.#port);
  }
}
