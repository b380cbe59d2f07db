/**
 * What the kernel merges: UDP_GRO joins datagrams of one peer whatever their T bit says, and the
 * first of them decides which socket gets all. So a worker meets control messages among data, and
 * the control socket data behind a control message.
 *
 * @module
 */
import { parseHeader, parsePpp } from "../codec/index.ts";
import type { HandedDatagram, HandedRing } from "../dataplane/rings.ts";
import type { LnsInput, Path } from "../l2tp/index.ts";
import { PUNTS_PER_TURN } from "../limits.ts";
import { decodeSockaddr } from "../linux/sockaddr.ts";

const CONTROL_BIT = 0x80;
/** Where a control message has its Tunnel ID: behind bits and Length (RFC 2661 3.1). */
const TUNNEL_ID = 4;
const IP_PROTOCOLS: readonly number[] = [0x0021, 0x0057];

/** A PPP frame of a session. */
export interface StrayFrame {
  readonly tunnelId: number;
  readonly sessionId: number;
  readonly frame: Uint8Array;
}

/** Not what is too short to tell: that is a malformed control message. */
export function isData(datagram: Uint8Array): boolean {
  const [first = CONTROL_BIT] = datagram;
  return datagram.length > 1 && (first & CONTROL_BIT) === 0;
}

/**
 * The control message that a worker handed over; its socket tells no destination, so that is our
 * address in the tunnel. What is for no tunnel has none, and comes again (RFC 2661 5.8).
 */
export function handedInput(
  { datagram, name }: HandedDatagram,
  localOf: (tunnelId: number) => string | undefined,
): LnsInput | undefined {
  const peer = decodeSockaddr(name, 0);
  if (peer === undefined || datagram.length < TUNNEL_ID + 2) return undefined;
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const local = localOf(view.getUint16(TUNNEL_ID));
  if (local === undefined) return undefined;
  return { datagram, path: { peer: peer.address, peerPort: peer.port, local } };
}

/**
 * The PPP frame in a data message, unless it carries an IP packet: such a one is lost, as on a busy
 * link. Those that follow it come the worker's way.
 */
export function strayFrame(datagram: Uint8Array): StrayFrame | undefined {
  const header = parseHeader(datagram);
  if (typeof header === "string" || header.control) return undefined;
  const { tunnelId, sessionId, payload } = header;
  const parsed = parsePpp(payload);
  if (typeof parsed === "string" || IP_PROTOCOLS.includes(parsed.protocol)) return undefined;
  return { tunnelId, sessionId, frame: payload.slice() };
}

interface ControlMessages {
  localOf(tunnelId: number): string | undefined;
  handleInput(input: LnsInput, now: number): void;
}

interface Frames {
  handleStray(stray: StrayFrame, path: Path, now: number): boolean;
}

/** Brings both to where they belong. */
export class Mixed {
  readonly counters = { "no-tunnel": 0, "stray-frames": 0, "stray-lost": 0 };
  readonly #handed: Pick<HandedRing, "take">;
  readonly #lns: ControlMessages;
  readonly #subscribers: Frames;

  constructor(handed: Pick<HandedRing, "take">, lns: ControlMessages, subscribers: Frames) {
    this.#handed = handed;
    this.#lns = lns;
    this.#subscribers = subscribers;
  }

  /** Control messages that the worker got; false when others may wait. */
  takeHanded(now: number): boolean {
    for (let taken = 0; taken < PUNTS_PER_TURN; taken++) {
      const handed = this.#handed.take();
      if (handed === undefined) return true;
      const input = handedInput(handed, (tunnelId) => this.#lns.localOf(tunnelId));
      if (input === undefined) this.counters["no-tunnel"]++;
      else this.#lns.handleInput(input, now);
    }
    return false;
  }

  /** Data that the control socket got. */
  handleData({ datagram, path }: LnsInput, now: number): void {
    const stray = strayFrame(datagram);
    const isTaken = stray !== undefined && this.#subscribers.handleStray(stray, path, now);
    this.counters[isTaken ? "stray-frames" : "stray-lost"]++;
  }
}
