/** Clients of one LNS with sessions that stay up: tunnels from two ports, in turn. */
import { setTimeout as sleep } from "node:timers/promises";
import { buildHeader, parseHeader, parsePpp } from "../../../../src/codec/index.ts";
import { ipv4 } from "../../../../src/net.ts";
import { Lac, u32 } from "../../../peer/lac.ts";
import { PppPeer } from "../../../peer/ppp.ts";
import type { SessionEnds } from "./mix.ts";
import type { Random } from "./random.ts";
import { UdpEnd } from "./station.ts";

const PORTS = [1701, 31_701];
const IPV4 = 0x0021;
const IPV6 = 0x0057;
const MRU = 1;
const PATIENCE_MS = 15_000;
const GSO_DATAGRAMS = 64;
const GSO_OCTETS = 65_000;

/** How a program under test knows a session. */
export interface Ids {
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly peerTunnelId: number;
  readonly peerSessionId: number;
}

interface Tunnel {
  readonly end: UdpEnd;
  readonly lac: Lac;
  readonly peers: Map<number, PppPeer>;
}

/** From which of its ports the client speaks for a session. */
export function portOf(session: number): number {
  return PORTS[session % PORTS.length] ?? 0;
}

export interface Credentials {
  readonly name: string;
  readonly password: string;
}

export class Client {
  readonly ends: SessionEnds[] = [];
  readonly #ids: (Ids & { readonly tunnel: Tunnel })[] = [];
  readonly #tunnels: readonly Tunnel[];
  readonly #frames: Uint8Array[] = [];

  constructor(namespace: string, lns: string) {
    this.#tunnels = PORTS.map((port, index) => ({
      end: new UdpEnd(namespace, port, lns),
      lac: new Lac(index + 1),
      peers: new Map<number, PppPeer>(),
    }));
  }

  close(): void {
    for (const { end } of this.#tunnels) end.close();
  }

  /** Dials so many sessions, one after the other, so that each gets the same addresses each time. */
  async dial(count: number, mru: number, user: Credentials): Promise<void> {
    for (const { lac } of this.#tunnels) lac.start(performance.now());
    for (let index = 0; index < count; index++) await this.#dialOne(index, mru, user);
    this.#frames.length = 0;
  }

  /** Sessions that a program without a control plane has from a file. */
  adopt(sessions: readonly (SessionEnds & Ids)[]): void {
    sessions.forEach((session, index) => {
      this.#ids.push({ ...session, tunnel: this.#tunnelAt(index) });
      this.ends.push(session);
    });
  }

  async hangUp(): Promise<void> {
    for (const { lac } of this.#tunnels) lac.stop(performance.now());
    const isIdle = () => this.#tunnels.every(({ lac }) => lac.idle);
    await this.#until("the end of the tunnels", isIdle);
  }

  /** A data message to the LNS with a packet of a session; what L2TP leaves free is drawn. */
  message(random: Random, session: number, packet: Uint8Array): Uint8Array {
    const ids = this.#ids[session];
    if (ids === undefined) throw new RangeError(`no session ${session}`);
    const protocol = (packet[0] ?? 0) >> 4 === 6 ? IPV6 : IPV4;
    const frame = Uint8Array.of(0xff, 0x03, 0, protocol, ...packet);
    const length = random.chance(0.97) ? { length: 0 } : {};
    const { tunnelId, sessionId } = ids;
    return buildHeader({ control: false, priority: false, tunnelId, sessionId, ...length }, frame);
  }

  /** Sends data messages in order, those of one length in one call where chance says so. */
  send(random: Random, messages: readonly { session: number; message: Uint8Array }[]): void {
    for (let at = 0; at < messages.length; ) {
      const together = random.chance(0.7) ? this.#alike(messages, at) : 1;
      const group = messages.slice(at, at + together).map(({ message }) => message);
      const { end } = this.#tunnelAt(messages[at]?.session ?? 0);
      if (together === 1) end.send(group[0] ?? new Uint8Array());
      else end.sendTogether(group);
      at += together;
    }
  }

  /** Data messages with IP packets that have come since the last call. */
  take(): Uint8Array[] {
    this.turn();
    return this.#frames.splice(0);
  }

  /** Reads all there is, and answers what is to be answered. */
  turn(): void {
    const now = performance.now();
    for (const { end, lac, peers } of this.#tunnels) {
      for (let octets = end.receive(); octets !== undefined; octets = end.receive()) {
        this.#handle(lac, peers, octets, now);
      }
      lac.tick(now);
      for (const datagram of lac.outbox.splice(0)) end.send(datagram);
      for (const [id, peer] of peers) {
        if (peer.pollTimeout() <= now) peer.handleTimeout(now);
        for (let frame = peer.pollTransmit(); frame; frame = peer.pollTransmit()) {
          const sessionId = lac.calls.get(id)?.peerId ?? 0;
          const header = { control: false, priority: false, length: 0, sessionId };
          end.send(buildHeader({ ...header, tunnelId: lac.peerTunnelId }, frame));
        }
      }
    }
  }

  #handle(lac: Lac, peers: Map<number, PppPeer>, octets: Uint8Array, now: number): void {
    const header = parseHeader(octets);
    if (typeof header === "string") throw new Error(`the LNS sent what is ${header}`);
    if (header.control) {
      lac.handle(octets, now);
      return;
    }
    const ppp = parsePpp(header.payload);
    if (typeof ppp === "string") throw new Error(`the LNS sent what is ${ppp}`);
    const isLinkLocal = ppp.protocol === IPV6 && ppp.information[8] === 0xfe;
    if ((ppp.protocol === IPV4 || ppp.protocol === IPV6) && !isLinkLocal) this.#frames.push(octets);
    else peers.get(header.sessionId)?.handleInput(header.payload, now);
  }

  async #dialOne(index: number, mru: number, user: Credentials): Promise<void> {
    const { end: _, lac, peers } = this.#tunnelAt(index);
    const id = index + 1;
    const peer = new PppPeer({
      ...user,
      lcp: [
        [MRU, mru >> 8, mru & 0xff],
        [5, 1, 2, 3, id],
      ],
      ipv6cp: [[1, 0, 0, 0, 0, 0, 0, 1, id]],
    });
    lac.call(id, performance.now());
    peers.set(id, peer);
    await this.#until(
      `session ${id}`,
      () => peer.address !== "" && peer.host?.global !== undefined,
    );
    const prefix6 = peer.host?.global?.slice(0, 8) ?? new Uint8Array();
    this.ends.push({ address: u32(ipv4(peer.address)), prefix6 });
    const { tunnelId, peerTunnelId } = lac;
    const peerSessionId = lac.calls.get(id)?.peerId ?? 0;
    // Seen from the LNS: its own ids are those that messages to it carry.
    this.#ids.push({
      tunnelId: peerTunnelId,
      sessionId: peerSessionId,
      peerTunnelId: tunnelId,
      peerSessionId: id,
      tunnel: this.#tunnelAt(index),
    });
  }

  #tunnelAt(session: number): Tunnel {
    const tunnel = this.#tunnels[session % this.#tunnels.length];
    if (tunnel === undefined) throw new RangeError("no tunnel");
    return tunnel;
  }

  /** How many messages from `at` on one call may send. */
  #alike(messages: readonly { session: number; message: Uint8Array }[], at: number): number {
    const first = messages[at];
    if (first === undefined) return 0;
    let octets = first.message.length;
    let count = 1;
    while (count < GSO_DATAGRAMS) {
      const next = messages[at + count];
      if (next === undefined || next.message.length > first.message.length) break;
      if (this.#tunnelAt(next.session) !== this.#tunnelAt(first.session)) break;
      if (octets + next.message.length > GSO_OCTETS) break;
      octets += next.message.length;
      count += 1;
      if (next.message.length < first.message.length) break;
    }
    return count;
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (!holds()) {
      if (performance.now() > end) throw new Error(`${PATIENCE_MS} ms without ${what}`);
      this.turn();
      await sleep(2);
    }
  }
}
