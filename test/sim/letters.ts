/**
 * What the LNS and its peers have written to each other, as the network saw it: nothing of it is
 * known from inside the LNS.
 *
 * @module
 */
import {
  AvpType,
  type ControlMessage,
  MessageType,
  parseControlMessage,
  readAvp,
} from "../../src/codec/index.ts";

/** What the LNS has sent to one control connection of a peer, and heard from it. */
export interface Correspondence {
  /** What each Ns stands for. */
  readonly bodies: Map<number, string>;
  /** Receive Window Size that the peer announced. */
  readonly window: number;
  /** The last Nr of the LNS. */
  nr: number;
  /** The highest Nr that has come from the peer. */
  heard: number;
  /** A late copy of its SCCRQ has begun another tunnel: two now speak to one id. */
  isDoubled: boolean;
  /** Port of the peer that the LNS sends to. */
  port: number;
  /** By then the LNS has to have acknowledged something; `Infinity` when it owes nothing. */
  owedAt: number;
  /** The LNS has heard that it is closed. */
  closedAt: number;
  /** The LNS has given it up or closed it, and may forget it when it likes: nothing is owed. */
  isDead: boolean;
}

export function newCorrespondence(window: number): Correspondence {
  return {
    bodies: new Map(),
    window,
    nr: 0,
    heard: 0,
    isDoubled: false,
    port: 0,
    owedAt: Infinity,
    closedAt: Infinity,
    isDead: false,
  };
}

/** Far below the first repetition of a peer (RFC 2661 5.8: 1 s). */
const ACKNOWLEDGED_AFTER_MS = 500;
/** RFC 2661 5.7: a full cycle of retransmissions, here a little less. */
const LINGER_MS = 30_000;

export class Letters {
  readonly #window: (peerTunnelId: number) => number;
  readonly #byPeer = new Map<number, Correspondence>();
  readonly #byLocal = new Map<number, Correspondence>();

  /** `window` knows the Receive Window Size behind a Tunnel ID of a peer. */
  constructor(window: (peerTunnelId: number) => number) {
    this.#window = window;
  }

  /** That of a peer's Tunnel ID. */
  of(peerTunnelId: number): Correspondence {
    let record = this.#byPeer.get(peerTunnelId);
    if (record === undefined) {
      record = newCorrespondence(this.#window(peerTunnelId));
      this.#byPeer.set(peerTunnelId, record);
    }
    return record;
  }

  all(): Iterable<Correspondence> {
    return this.#byPeer.values();
  }

  /** A control message of the LNS; after the oracles have looked at it. */
  sent(datagram: Uint8Array, port: number): void {
    const message = parseControlMessage(datagram);
    if (typeof message === "string") return;
    const record = this.of(message.tunnelId);
    record.owedAt = Infinity;
    record.port = port;
    if (typeOf(message) !== MessageType.SCCRP) return;
    const local = readAvp(message.avps, AvpType.AssignedTunnelId);
    if (local !== undefined) this.#byLocal.set(local, record);
  }

  /** A control message that has reached the LNS. */
  heard(datagram: Uint8Array, port: number, now: number): void {
    const message = parseControlMessage(datagram);
    if (typeof message === "string") return;
    const record = this.#byLocal.get(message.tunnelId);
    if (record === undefined) return;
    if (((message.nr - record.heard) & 0xffff) < 0x8000) record.heard = message.nr;
    if (typeOf(message) === MessageType.StopCCN) record.closedAt = Math.min(record.closedAt, now);
    const ahead = (message.ns - record.nr) & 0xffff;
    const isInTurn = message.avps.length > 0 && (ahead === 0 || ahead >= 0x8000);
    // A changed port is followed on a message in turn only, so the LNS may still owe nothing to it.
    const isMoved = record.port !== port;
    const isOver =
      isMoved || record.isDead || record.isDoubled || now > record.closedAt + LINGER_MS;
    if (isInTurn && !isOver) record.owedAt = Math.min(record.owedAt, now + ACKNOWLEDGED_AFTER_MS);
  }

  /** The port of a peer has changed: what is owed goes to nobody. */
  moved(): void {
    for (const record of this.#byPeer.values()) record.owedAt = Infinity;
  }

  /** The LNS says that a tunnel is down. One that was only begun it forgets at once. */
  closed(tunnelId: number, isDead: boolean, now: number): void {
    const record = this.#byLocal.get(tunnelId);
    if (record === undefined) return;
    record.closedAt = Math.min(record.closedAt, now);
    record.isDead ||= isDead || record.heard === 0;
    if (record.isDead) record.owedAt = Infinity;
  }
}

function typeOf({ avps }: ControlMessage): number | undefined {
  return readAvp(avps, AvpType.MessageType);
}
