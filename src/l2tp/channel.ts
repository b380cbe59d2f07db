/**
 * Reliable delivery of control messages (RFC 2661 5.8 and Appendix A), one `Channel` for each
 * control connection. It knows nothing of what the messages say.
 *
 * The queue holds every message that the peer has not acknowledged. Of it, from the front,
 * `#outstanding` messages are on their way, `#sent` were sent at least once (so Ns `#una` to
 * `#una + #sent - 1` are in use), and the rest waits for the window.
 *
 * @module
 */
import type { AvpInput, ControlMessage } from "../codec/index.ts";
import {
  ACK_DELAY_MS,
  EARLY_MESSAGE_MAX,
  PEER_WINDOW_MAX,
  RECEIVE_WINDOW,
  RETRANSMIT_INITIAL_MS,
} from "../limits.ts";
import { Fifo } from "../sansio/fifo.ts";

const MODULUS_MASK = 0xffff;
/** A distance from here on means "not after": the 32768 values up to the reference (5.8). */
const HALF = 0x8000;
/**
 * Messages that may arrive before one of them is acknowledged without further delay; fewer where the
 * peer may not send as many.
 */
const ACK_AT_ONCE = 2;

export interface ChannelOptions {
  /** Longest interval between two retransmissions, ms. */
  readonly retransmitCap: number;
  readonly retransmitCount: number;
  /** Messages that the peer may have on their way to us. */
  readonly receiveWindow?: number;
}

/** What `accept` made of a message by its Ns. */
export type Arrival = "next" | "duplicate" | "early" | "outside";

/** One message to send now; no AVPs: a ZLB. */
export interface Departure {
  readonly sessionId: number;
  readonly ns: number;
  readonly nr: number;
  readonly avps: readonly AvpInput[];
  readonly again: boolean;
}

interface Pending {
  readonly sessionId: number;
  readonly avps: readonly AvpInput[];
  sentAt: number;
}

export class Channel {
  readonly #options: ChannelOptions;
  readonly #queue = new Fifo<Pending>();
  /** The peer's Receive Window Size. */
  #window = 0;
  #una = 0;
  #sent = 0;
  #outstanding = 0;
  #nr = 0;
  #cwnd = 1;
  #ssthresh = 0;
  /** Acknowledgements since CWND last grew, in congestion avoidance. */
  #acknowledgements = 0;
  #retransmissions = 0;
  #retransmitAt = Infinity;
  #ackAt = Infinity;
  #unacknowledged = 0;
  #early: Map<number, ControlMessage> | undefined;

  constructor(peerWindow: number, options: ChannelOptions) {
    this.#options = options;
    this.openWindow(peerWindow);
  }

  /** The peer has told its Receive Window Size: in the first message that it sends. */
  openWindow(size: number): void {
    this.#window = Math.min(size, PEER_WINDOW_MAX);
    this.#ssthresh = this.#window;
    // Until it was told, an acknowledgement may have raised CWND above a window of one message.
    this.#cwnd = Math.min(this.#cwnd, this.#window);
  }

  /** True while the peer has not acknowledged all that was given to `send`. */
  get busy(): boolean {
    return this.#queue.length > 0;
  }

  /** Messages that were not sent yet. */
  get waiting(): number {
    return this.#queue.length - this.#sent;
  }

  get timeout(): number {
    return Math.min(this.#retransmitAt, this.#ackAt);
  }

  send(sessionId: number, avps: readonly AvpInput[]): void {
    this.#queue.push({ sessionId, avps, sentAt: 0 });
  }

  /** Forgets the messages that were not sent yet; their Ns goes to what is sent next. */
  dropWaiting(): void {
    this.#queue.truncate(this.#sent);
  }

  /** Nothing more is sent but acknowledgements: the peer has closed the control connection. */
  stopSending(): void {
    this.#una = this.nextNs;
    this.#queue.truncate(0);
    this.#sent = 0;
    this.#outstanding = 0;
    this.#retransmitAt = Infinity;
  }

  /** Ns of the next message that is sent for the first time. */
  get nextNs(): number {
    return (this.#una + this.#sent) & MODULUS_MASK;
  }

  /** True once the peer has acknowledged our first message; for 65,536 messages. */
  get isAcknowledged(): boolean {
    return this.#una !== 0;
  }

  /**
   * Whether a message has the Ns that comes next, and an Nr between what the peer acknowledged
   * last and what was sent.
   */
  isExpected(message: ControlMessage): boolean {
    const acknowledges = (message.nr - this.#una) & MODULUS_MASK;
    return message.avps.length > 0 && message.ns === this.#nr && acknowledges <= this.#sent;
  }

  /** Takes the Nr of a received message. False: it acknowledges what was never sent. */
  acknowledge(nr: number): boolean {
    const count = (nr - this.#una) & MODULUS_MASK;
    if (count === 0 || count >= HALF) return true;
    if (count > this.#sent) return false;
    for (let i = 0; i < count; i++) this.#queue.shift();
    this.#una = nr;
    this.#sent -= count;
    this.#outstanding = Math.max(0, this.#outstanding - count);
    this.#retransmissions = 0;
    const front = this.#outstanding > 0 ? this.#queue.at(0) : undefined;
    this.#retransmitAt = front === undefined ? Infinity : front.sentAt + RETRANSMIT_INITIAL_MS;
    this.#grow();
    return true;
  }

  /**
   * Takes a received message that is not a ZLB. On "next" the caller processes it and then all
   * that `nextEarly` returns; otherwise nothing is to be processed.
   */
  accept(message: ControlMessage, now: number): Arrival {
    const ahead = (message.ns - this.#nr) & MODULUS_MASK;
    if (ahead === 0) {
      this.#advance(now);
      return "next";
    }
    if (ahead >= HALF) {
      // The peer repeats itself, so our acknowledgement was lost: it is not delayed again.
      this.acknowledgeNow(now);
      return "duplicate";
    }
    if (ahead >= this.#receiveWindow || size(message) > EARLY_MESSAGE_MAX) return "outside";
    this.#early ??= new Map();
    if (this.#early.has(message.ns)) return "duplicate";
    this.#early.set(message.ns, message);
    return "early";
  }

  /** The next message in turn that arrived ahead of it. */
  nextEarly(now: number): ControlMessage | undefined {
    const message = this.#early?.get(this.#nr);
    if (message === undefined) return undefined;
    this.#early?.delete(this.#nr);
    if (this.#early?.size === 0) this.#early = undefined;
    this.#advance(now);
    return message;
  }

  /** An acknowledgement goes with the next `poll`. */
  acknowledgeNow(now: number): void {
    this.#ackAt = Math.min(this.#ackAt, now);
  }

  /** False: the last retransmission has had its time too, the peer is gone. */
  handleTimeout(now: number): boolean {
    if (this.#retransmitAt > now) return true;
    if (this.#retransmissions >= this.#options.retransmitCount) return false;
    this.#retransmissions += 1;
    this.#ssthresh = Math.max(1, this.#cwnd >> 1);
    this.#reopen();
    return true;
  }

  /** The peer is where nothing that was sent has reached it: all of it goes again, as if new. */
  startOver(): void {
    this.#retransmissions = 0;
    this.#reopen();
  }

  /** The oldest message once more, out of turn: the time of its retransmission stays. */
  again(): Departure | undefined {
    const first = this.#sent > 0 ? this.#queue.at(0) : undefined;
    if (first === undefined) return undefined;
    const { sessionId, avps } = first;
    this.#acknowledged();
    return { sessionId, ns: this.#una, nr: this.#nr, avps, again: true };
  }

  /** The next message that may be sent at `now`, or `undefined`. */
  poll(now: number): Departure | undefined {
    const next = this.#outstanding < this.#cwnd ? this.#queue.at(this.#outstanding) : undefined;
    if (next === undefined) {
      if (this.#ackAt > now) return undefined;
      this.#acknowledged();
      return { sessionId: 0, ns: this.nextNs, nr: this.#nr, avps: [], again: false };
    }
    const ns = (this.#una + this.#outstanding) & MODULUS_MASK;
    const again = this.#outstanding < this.#sent;
    if (this.#outstanding === 0) this.#retransmitAt = now + this.#interval();
    next.sentAt = now;
    this.#outstanding += 1;
    if (!again) this.#sent += 1;
    this.#acknowledged();
    return { sessionId: next.sessionId, ns, nr: this.#nr, avps: next.avps, again };
  }

  /** Appendix A. All that was on its way counts as lost and goes again as the window reopens. */
  #reopen(): void {
    this.#cwnd = 1;
    this.#acknowledgements = 0;
    this.#outstanding = 0;
    this.#retransmitAt = Infinity;
  }

  get #receiveWindow(): number {
    return this.#options.receiveWindow ?? RECEIVE_WINDOW;
  }

  #interval(): number {
    const doubled = RETRANSMIT_INITIAL_MS * 2 ** this.#retransmissions;
    return Math.min(doubled, Math.max(this.#options.retransmitCap, RETRANSMIT_INITIAL_MS));
  }

  /** CWND never exceeds the peer's window, so `poll` looks at CWND alone. */
  #grow(): void {
    if (this.#cwnd >= this.#window) return;
    if (this.#cwnd < this.#ssthresh) {
      this.#cwnd += 1;
      return;
    }
    this.#acknowledgements += 1;
    if (this.#acknowledgements < this.#cwnd) return;
    this.#acknowledgements = 0;
    this.#cwnd += 1;
  }

  #advance(now: number): void {
    this.#nr = (this.#nr + 1) & MODULUS_MASK;
    this.#unacknowledged += 1;
    const atOnce = Math.min(ACK_AT_ONCE, this.#receiveWindow);
    const delay = this.#unacknowledged >= atOnce ? 0 : ACK_DELAY_MS;
    this.#ackAt = Math.min(this.#ackAt, now + delay);
  }

  #acknowledged(): void {
    this.#ackAt = Infinity;
    this.#unacknowledged = 0;
  }
}

function size(message: ControlMessage): number {
  let octets = 0;
  for (const avp of message.avps) octets += avp.value.length;
  return octets;
}
