/**
 * What comes to the control thread, in the order of what its peers can least do without:
 *
 *   1. control messages of tunnels: HELLO, ICRQ, ICCN, acknowledgements
 *   2. PPP frames that workers have punted, one of each worker in turn
 *   3. requests for tunnels (SCCRQ), as many as fit the time that a turn has for them: a flood of
 *      them stands before nothing else, and what does not fit waits in the socket or is lost there
 *
 * UDP_GRO merges datagrams of one peer whatever their T bit says, and the first of them decides which
 * socket gets them all. So a worker hands over the control messages that it meets among data, and
 * the data messages that come here go to the worker of their session.
 *
 * @module
 */
import type { HandedRing, PuntedFrame, PuntRing } from "../dataplane/rings.ts";
import type { EndpointInput } from "../l2tp/index.ts";
import {
  CONTROL_TURN_MS,
  DATAGRAMS_PER_TURN,
  HANDED_PER_TURN,
  PUNTS_PER_TURN,
  STARTS_TURN_MS,
} from "../limits.ts";
import { decodeSockaddr, encodeSockaddr, type Family } from "../linux/sockaddr.ts";
import type { Datagram } from "./control-socket.ts";

type Source = { take(): Datagram | undefined; readonly isHolding: boolean };

export interface ControlInputOptions {
  readonly control: Source;
  /** The socket of SCCRQs, where they have one. */
  readonly starts?: Source;
  readonly handed: readonly Pick<HandedRing, "take">[];
  readonly punts: readonly Pick<PuntRing, "take">[];
  /** Our only address, when the sockets listen on one. */
  readonly local?: string;
  readonly lns: {
    localOf(tunnelId: number, peer: string, peerPort: number): string | undefined;
    handleInput(input: EndpointInput, now: number): void;
  };
  readonly frames: { handleFrame(punted: PuntedFrame, now: number): void };
  /** Of the sockets. */
  readonly family: Family;
  /** Takes a data message to the worker of its session; false when it is lost. */
  readonly workers: {
    handOver(tunnelId: number, sessionId: number, datagram: Uint8Array, name: Uint8Array): boolean;
  };
  readonly clock: () => number;
}

const CONTROL_BIT = 0x80;
const LENGTH_BIT = 0x40;
/** Octets in front of a data message's ids, and those of Length when it is there. */
const IDS = 2;
const LENGTH = 2;
/** Where a control message has its Tunnel ID: behind bits and Length (RFC 2661 3.1). */
const TUNNEL_ID = 4;
/** Datagrams between two looks at the clock. */
const CLOCK_EVERY = 16;

export class ControlInput {
  readonly counters = { "no-local": 0, "handed-over": 0, "hand-over-lost": 0 };
  readonly #options: ControlInputOptions;
  /** The ring that comes first next time. */
  #first = 0;

  constructor(options: ControlInputOptions) {
    this.#options = options;
  }

  /** Control messages of tunnels; false when some are left that no poll tells of. */
  takeControl(now: number): boolean {
    const { control, handed } = this.#options;
    const isDone = this.#receive(control, CONTROL_TURN_MS, now);
    const take = (ring: Pick<HandedRing, "take">) => {
      const datagram = ring.take();
      if (datagram !== undefined) this.#handleHanded(datagram, now);
      return datagram !== undefined;
    };
    return this.#inTurn(handed, HANDED_PER_TURN, take) && isDone;
  }

  /** PPP frames; false when some are left. */
  takeFrames(now: number): boolean {
    const { punts, frames } = this.#options;
    return this.#inTurn(punts, PUNTS_PER_TURN, (ring) => {
      const punted = ring.take();
      if (punted !== undefined) frames.handleFrame(punted, now);
      return punted !== undefined;
    });
  }

  /** Requests for tunnels; false when some are left that no poll tells of. */
  takeStarts(now: number): boolean {
    const { starts } = this.#options;
    return starts === undefined || this.#receive(starts, STARTS_TURN_MS, now);
  }

  #receive(source: Source, ms: number, now: number): boolean {
    const { clock } = this.#options;
    const until = clock() + ms;
    for (let taken = 0; taken < DATAGRAMS_PER_TURN; taken++) {
      if (taken % CLOCK_EVERY === 0 && clock() >= until) break;
      const input = source.take();
      if (input === undefined) return true;
      this.#handle(input, now);
    }
    return !source.isHolding;
  }

  /** One of each ring after the other, at most `most` of all; whether all are empty. */
  #inTurn<Ring>(rings: readonly Ring[], most: number, take: (ring: Ring) => boolean): boolean {
    let empty = 0;
    for (let taken = 0; taken < most; ) {
      const ring = rings[this.#first % rings.length];
      this.#first = (this.#first + 1) % rings.length;
      if (ring !== undefined && take(ring)) {
        empty = 0;
        taken++;
      } else if (++empty >= rings.length) return true;
    }
    return false;
  }

  #handle(input: Datagram, now: number): void {
    if (!isData(input.datagram)) this.#options.lns.handleInput(input, now);
    else if (this.#handOver(input)) this.counters["handed-over"]++;
    else this.counters["hand-over-lost"]++;
  }

  /** What is malformed is a worker's to count, whichever that is. */
  #handOver({ datagram, path }: Datagram): boolean {
    const { workers, family } = this.#options;
    const [first = 0] = datagram;
    const at = (first & LENGTH_BIT) === 0 ? IDS : IDS + LENGTH;
    const name = encodeSockaddr(path.peer, path.peerPort, family);
    return workers.handOver(u16(datagram, at), u16(datagram, at + 2), datagram, name);
  }

  /**
   * A worker's socket does not tell which of our addresses was addressed, as that would cost each
   * packet something: it is that of the peer's tunnel. What nobody knows it of gets no answer, as
   * one from another address would help no peer, and comes again (RFC 2661 5.8).
   */
  #handleHanded({ datagram, name }: { datagram: Uint8Array; name: DataView }, now: number): void {
    const { lns } = this.#options;
    const peer = decodeSockaddr(name, 0);
    const local =
      peer === undefined || datagram.length < TUNNEL_ID + 2
        ? undefined
        : (this.#options.local ?? lns.localOf(u16(datagram, TUNNEL_ID), peer.address, peer.port));
    if (peer === undefined || local === undefined) this.counters["no-local"]++;
    else {
      const path = { peer: peer.address, peerPort: peer.port, local };
      lns.handleInput({ datagram, path }, now);
    }
  }
}

/** Not what is too short to tell: that is a malformed control message. */
function isData(datagram: Uint8Array): boolean {
  const [first = CONTROL_BIT] = datagram;
  return datagram.length > 1 && (first & CONTROL_BIT) === 0;
}

function u16(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}
