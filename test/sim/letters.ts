/**
 * What one node of the program and one other have written to each other, as the network saw it:
 * nothing of it is known from inside the node.
 *
 * @module
 */
import { AvpType, type ControlMessage, MessageType, readAvp } from "../../src/codec/index.ts";

/** What the node has sent to one control connection of the other, and heard from it. */
export interface Correspondence {
  /** What each Ns stands for. */
  readonly bodies: Map<number, string>;
  /** The node has begun it. */
  readonly isOurs: boolean;
  /** Receive Window Size that the other one has announced. */
  window: number;
  /** The node's last Nr. */
  nr: number;
  /** The highest Nr that has come from the other one. */
  heard: number;
  /** A late copy of its SCCRQ has begun another tunnel: two now speak to one id. */
  isDoubled: boolean;
  /** Port of the other one that the node sends to. */
  port: number;
  /** By then the node has to have acknowledged something; `Infinity` when it owes nothing. */
  owedAt: number;
  /** The node has heard that it is closed. */
  closedAt: number;
  /** The node has given it up or closed it, and may forget it when it likes: nothing is owed. */
  isDead: boolean;
  /** Something has come that was not what was sent: what the node makes of it is its own affair. */
  isSpoiled: boolean;
}

export function newCorrespondence(window: number, isOurs = false): Correspondence {
  return {
    ...{ bodies: new Map(), isOurs, window, nr: 0, heard: 0, isDoubled: false, port: 0 },
    ...{ owedAt: Infinity, closedAt: Infinity, isDead: false, isSpoiled: false },
  };
}

/** It has acknowledged nothing, and the node has not asked it: its address may be another's. */
export function isStrange({ isOurs, heard }: Correspondence): boolean {
  return !isOurs && heard === 0;
}

/** Of whoever names none (RFC 2661 4.4.3). */
const WINDOW = 4;
/** Far below the first repetition of a peer (RFC 2661 5.8: 1 s). */
const ACKNOWLEDGED_AFTER_MS = 500;
/** RFC 2661 5.7: a full cycle of retransmissions, here a little less. */
const LINGER_MS = 30_000;

export class Letters {
  /** Some of it is or was. */
  isSpoiled = false;
  /** The other one does not keep to anything. */
  isHostile = false;
  /** By the Tunnel ID of the other one, and by the node's own. */
  readonly #byPeer = new Map<number, Correspondence>();
  readonly #byOwn = new Map<number, Correspondence>();
  /** What requests for tunnels have announced. */
  readonly #windows = new Map<number, number>();

  /** That which a message of the node belongs to. */
  of(message: ControlMessage): Correspondence {
    const { tunnelId } = message;
    const own = readAvp(message.avps, AvpType.AssignedTunnelId) ?? 0;
    const records = tunnelId === 0 ? this.#byOwn : this.#byPeer;
    const id = tunnelId === 0 ? own : tunnelId;
    if (id === 0) return newCorrespondence(WINDOW, true);
    let record = records.get(id);
    if (record === undefined) {
      record = newCorrespondence(this.#windows.get(tunnelId) ?? WINDOW, tunnelId === 0);
      record.isSpoiled = this.isHostile;
      records.set(id, record);
    }
    return record;
  }

  *all(): Iterable<Correspondence> {
    yield* this.#byPeer.values();
    for (const record of this.#byOwn.values()) if (record.isOurs) yield record;
  }

  /** A control message of the node; after the oracles have looked at it. */
  sent(message: ControlMessage, port: number): void {
    const record = this.of(message);
    record.owedAt = Infinity;
    record.port = port;
    if (typeOf(message) !== MessageType.SCCRP) return;
    const own = readAvp(message.avps, AvpType.AssignedTunnelId);
    if (own !== undefined) this.#byOwn.set(own, record);
  }

  /** A control message that the node takes. */
  heard(message: ControlMessage, port: number, now: number): void {
    const type = typeOf(message);
    const theirs = readAvp(message.avps, AvpType.AssignedTunnelId) ?? 0;
    const window = readAvp(message.avps, AvpType.ReceiveWindowSize) ?? WINDOW;
    if (type === MessageType.SCCRQ) this.#windows.set(theirs, window);
    const record = this.#byOwn.get(message.tunnelId);
    if (record === undefined) return;
    const isAnswer = type === MessageType.SCCRP || type === MessageType.StopCCN;
    if (isAnswer && record.isOurs) {
      if (type === MessageType.SCCRP) record.window = window;
      this.#byPeer.set(theirs, record);
    }
    if (((message.nr - record.heard) & 0xffff) < 0x8000) record.heard = message.nr;
    if (type === MessageType.StopCCN) record.closedAt = Math.min(record.closedAt, now);
    const ahead = (message.ns - record.nr) & 0xffff;
    const isInTurn = message.avps.length > 0 && (ahead === 0 || ahead >= 0x8000);
    // A changed port is followed on a message in turn only: the node may still owe nothing to it.
    const isMoved = record.port !== port;
    const { isDead, isDoubled, closedAt } = record;
    const isOver = isMoved || isDead || isDoubled || now > closedAt + LINGER_MS;
    if (isInTurn && !isOver) record.owedAt = Math.min(record.owedAt, now + ACKNOWLEDGED_AFTER_MS);
  }

  /** Whoever has read something wrong also writes what its other end does not foresee. */
  spoil(): void {
    this.isSpoiled = true;
    for (const record of [...this.#byPeer.values(), ...this.#byOwn.values()]) {
      record.isSpoiled = true;
    }
  }

  /** The port of the other one has changed, or the node stands still: what is owed comes later. */
  excuse(): void {
    for (const record of this.all()) record.owedAt = Infinity;
  }

  /** The node says that a tunnel is down. One that was only begun it forgets at once. */
  closed(tunnelId: number, isDead: boolean, now: number): void {
    const record = this.#byOwn.get(tunnelId);
    if (record === undefined) return;
    record.closedAt = Math.min(record.closedAt, now);
    record.isDead ||= isDead || record.heard === 0;
    if (record.isDead) record.owedAt = Infinity;
  }
}

function typeOf({ avps }: ControlMessage): number | undefined {
  return readAvp(avps, AvpType.MessageType);
}
