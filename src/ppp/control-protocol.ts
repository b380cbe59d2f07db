/**
 * Option negotiation as LCP and every NCP do it (RFC 1661 sections 4 to 6): packets in, events for
 * the automaton, its actions out. What the options mean is the business of the subclass.
 *
 * What the owner has to know lies in `signal` and `failure` after each call; nothing calls back.
 *
 * @module
 */
import {
  MRU_DEFAULT,
  PPP_MAX_CONFIGURE,
  PPP_MAX_FAILURE,
  PPP_MAX_TERMINATE,
  PPP_NEGOTIATION_MAX,
  PPP_RESTART_INITIAL_MS,
  PPP_RESTART_MS,
} from "../limits.ts";
import { step } from "../sansio/automaton.ts";
import { type Action, automaton, type Event, isTimed, type State } from "./automaton.ts";
import {
  buildOptions,
  buildPacket,
  Code,
  type Option,
  PACKET_HEADER,
  type Packet,
  parseOptions,
  parsePacket,
  sameOctets,
} from "./options.ts";
import type { Outbox } from "./outbox.ts";
import type { DownReason } from "./types.ts";

const ENCODER = new TextEncoder();

/** Taken as it is, rejected, or refused with the value that would be taken. */
export type Verdict = "ack" | "reject" | Uint8Array;

/** The packet that an event is about, and for a Configure-Request what it is answered with. */
interface Cause {
  readonly packet: Packet;
  readonly reply?: { readonly code: number; readonly options: readonly Option[] };
}

/** What counts while one is under way: a link that is up, one of tens of thousands, has none. */
class Negotiation {
  /** Left of Max-Configure or Max-Terminate; an up link that begins anew sets no counter (4.1). */
  restarts = PPP_MAX_CONFIGURE;
  requestIdentifier = 0;
  /** Options of the last Configure-Request while no valid reply to it has come. */
  request: Uint8Array | undefined;
  /** Configure-Naks sent without a Configure-Ack (Max-Failure), and received since the start. */
  naksSent = 0;
  naksReceived = 0;
  /** Configure packets of the peer. */
  turns = 0;
}

const NOT_NEGOTIATING: Readonly<Negotiation> = new Negotiation();

export abstract class ControlProtocol {
  /** Time of the Restart timer; `Infinity` while it is stopped. */
  deadline = Infinity;
  /** The last thing that this layer said to its owner; whoever handles it sets it back. */
  signal: "" | "up" | "down" | "finished" = "";
  /** Set when negotiation cannot succeed any more: the owner has to close the link. */
  failure: DownReason | undefined;
  /** Whether the peer's last word on configuration was a Terminate-Request. */
  terminated = false;
  /** What our Terminate-Request says: many peers log it for their user. */
  goodbye = "";
  /** What the peer's last Terminate-Request said; text, if the peer cares to explain itself. */
  farewell: Uint8Array | undefined;

  protected readonly outbox: Outbox;
  /** Longest packet taken: the MRU of our side, never below the default (RFC 1661 6.1). */
  readonly #lengthMax: number;
  #state: State = "Initial";
  #identifier = 0;
  #negotiation: Negotiation | undefined;

  constructor(outbox: Outbox, mru: number) {
    this.outbox = outbox;
    this.#lengthMax = Math.max(mru, MRU_DEFAULT);
  }

  get state(): State {
    return this.#state;
  }

  event(event: Event, now: number, cause?: Cause): void {
    const cell = step(automaton, this.#state, event);
    if (cell === undefined) {
      this.outbox.count("illegal-event");
      return;
    }
    this.#state = cell.next;
    for (const action of cell.actions) this.#act(action, cell.actions, now, cause);
    if (!isTimed(cell.next)) this.deadline = Infinity;
  }

  timeout(now: number): void {
    if (now >= this.deadline) this.event(this.#current.restarts > 0 ? "TO+" : "TO-", now);
  }

  input(octets: Uint8Array, now: number): void {
    const packet = parsePacket(octets, octets.length);
    if (packet === undefined || !this.#isTaken(packet)) {
      this.outbox.count("malformed-packet");
      return;
    }
    switch (packet.code) {
      case Code.ConfigureRequest:
        this.#configureRequest(packet, now);
        break;
      case Code.ConfigureAck:
        this.#configureAck(packet, now);
        break;
      case Code.ConfigureNak:
      case Code.ConfigureReject:
        this.#configureRefusal(packet, now);
        break;
      case Code.TerminateRequest:
        this.terminated = true;
        this.farewell = packet.data;
        this.event("RTR", now, { packet });
        break;
      case Code.TerminateAck:
        this.event("RTA", now, { packet });
        break;
      case Code.CodeReject:
        this.#codeReject(packet, now);
        break;
      default:
        if (this.extension(packet, now)) break;
        this.outbox.count("unknown-code");
        this.event("RUC", now, { packet });
    }
  }

  /** PPP Protocol field of this protocol. */
  protected abstract get protocol(): number;
  /** Octets that the peer can take in an Information field. */
  protected abstract get peerMru(): number;
  /** What our Configure-Request asks for now. */
  protected abstract wishes(): Option[];
  protected abstract judge(option: Option): Verdict;
  /** Options to prompt the peer for, with acceptable values (RFC 1661 5.3). */
  protected abstract missing(options: readonly Option[]): Option[];
  /** The peer's options are acknowledged. */
  protected abstract accept(options: readonly Option[]): void;
  /** The peer refuses a wish with a value of its own; a reason returned ends the link. */
  protected abstract naked(option: Option): DownReason | undefined;
  /** The peer refuses to negotiate a wish; a reason returned ends the link. */
  protected abstract rejected(option: Option): DownReason | undefined;
  /** Negotiation starts over: forget what was agreed. */
  protected abstract restart(): void;
  /** Handles a code above Code-Reject; `false` when it is unknown. */
  protected abstract extension(packet: Packet, now: number): boolean;
  /** The peer does not know `code`, which is not one of the seven that it has to. */
  protected abstract codeRejected(code: number): void;
  /** What to Nak when the peer's request may be our own come back (RFC 1661 6.4). */
  protected abstract collision(options: readonly Option[]): Option | undefined;

  /** The peer asks for these options, whatever it is answered. */
  protected requested(_options: Uint8Array): void {}

  /** The peer has taken all of our wishes; a reason returned ends the link. */
  protected acknowledged(): DownReason | undefined {
    return undefined;
  }

  /** Whether a packet of this code is taken at any size in which it arrives. */
  protected takesAnySize(_code: number): boolean {
    return false;
  }

  /** Only LCP has an Echo-Request to answer. */
  protected replyToEcho(_packet: Packet): void {}

  /** Goes on where another has come to in our place; its packets were ours. */
  protected resume(): void {
    this.#state = "Opened";
    this.signal = "up";
  }

  /** Sends a packet that we begin, with a fresh Identifier. */
  protected originate(code: number, data: Uint8Array): number {
    this.#identifier = (this.#identifier + 1) & 0xff;
    this.send(code, this.#identifier, data);
    return this.#identifier;
  }

  protected send(code: number, identifier: number, data: Uint8Array): void {
    this.outbox.send(this.protocol, buildPacket(code, identifier, data));
  }

  get #current(): Negotiation {
    this.#negotiation ??= new Negotiation();
    return this.#negotiation;
  }

  #isTaken({ code, data }: Packet): boolean {
    return PACKET_HEADER + data.length <= this.#lengthMax || this.takesAnySize(code);
  }

  #act(action: Action, actions: readonly Action[], now: number, cause?: Cause): void {
    switch (action) {
      case "tlu":
        this.#negotiation = undefined;
        this.signal = "up";
        break;
      case "tld":
        this.#current.naksSent = 0;
        this.#current.naksReceived = 0;
        this.restart();
        this.signal = "down";
        break;
      case "tls":
        break;
      case "tlf":
        this.signal = "finished";
        break;
      case "irc":
        this.#current.restarts = actions.includes("str") ? PPP_MAX_TERMINATE : PPP_MAX_CONFIGURE;
        // Who begins to ask asks anew; until then a reply to what was asked last may still come.
        if (!actions.includes("str")) this.#current.request = undefined;
        break;
      case "zrc":
        // One Restart time has to pass before the link may be taken away (RFC 1661 3.7).
        this.#current.restarts = 0;
        this.deadline = now + PPP_RESTART_MS;
        break;
      case "scr":
        this.#sendConfigureRequest(now);
        break;
      case "str":
        this.#current.restarts -= 1;
        this.deadline = now + PPP_RESTART_MS;
        this.originate(Code.TerminateRequest, ENCODER.encode(this.goodbye));
        break;
      default:
        if (cause === undefined) throw new Error(`${action} without a packet to answer`);
        this.#answer(action, cause);
    }
  }

  #answer(action: Action, { packet, reply }: Cause): void {
    switch (action) {
      case "sca":
        this.#current.naksSent = 0;
        this.accept(reply?.options ?? []);
        this.send(Code.ConfigureAck, packet.identifier, packet.data);
        break;
      case "scn": {
        const code = reply?.code ?? Code.ConfigureReject;
        if (code === Code.ConfigureNak) this.#current.naksSent += 1;
        this.send(code, packet.identifier, buildOptions(reply?.options ?? []));
        break;
      }
      case "sta":
        // Data is for the sender of a Terminate-Request, so it goes back (RFC 1661 5.5).
        this.send(Code.TerminateAck, packet.identifier, packet.data);
        break;
      case "scj": {
        const rejected = buildPacket(packet.code, packet.identifier, packet.data);
        this.originate(Code.CodeReject, rejected.subarray(0, this.peerMru - PACKET_HEADER));
        break;
      }
      case "ser":
        this.replyToEcho(packet);
        break;
    }
  }

  /** A retransmission is octet for octet what it repeats, so that a late reply still counts. */
  #sendConfigureRequest(now: number): void {
    // The timer begins small and doubles (RFC 1661 4.6): a peer that is told of its call before its
    // PPP has started misses our first request, and need not wait long for the second.
    const doubled = PPP_RESTART_INITIAL_MS * 2 ** (PPP_MAX_CONFIGURE - this.#current.restarts);
    this.deadline = now + Math.min(doubled, PPP_RESTART_MS);
    this.#current.restarts -= 1;
    if (this.#current.request !== undefined) {
      this.send(Code.ConfigureRequest, this.#current.requestIdentifier, this.#current.request);
      return;
    }
    this.#current.request = buildOptions(this.wishes());
    this.#current.requestIdentifier = this.originate(Code.ConfigureRequest, this.#current.request);
  }

  /** Whether the negotiation may go on for another turn. */
  #takeTurn(): boolean {
    this.#current.turns += 1;
    if (this.#current.turns <= PPP_NEGOTIATION_MAX) return true;
    this.failure = "negotiation";
    return false;
  }

  #configureRequest(packet: Packet, now: number): void {
    const options = parseOptions(packet.data);
    if (options === undefined) {
      this.outbox.count("malformed-packet");
      return;
    }
    this.requested(packet.data);
    this.terminated = this.terminated && this.#state === "Stopping";
    if (!this.#takeTurn()) return;
    const reply = this.#judgeAll(options);
    if (reply === undefined) return;
    this.event(reply.code === Code.ConfigureAck ? "RCR+" : "RCR-", now, { packet, reply });
  }

  /**
   * Reject before Nak before Ack (RFC 1661 5.2 to 5.4). None of the options known here may be there
   * twice, so a second instance is rejected. After Max-Failure a Nak turns into a Reject, and
   * nothing is appended any more (4.6).
   */
  #judgeAll(options: readonly Option[]): Cause["reply"] | undefined {
    const isExhausted = this.#current.naksSent >= PPP_MAX_FAILURE;
    const collision = this.collision(options);
    if (collision !== undefined) {
      // The question whether the link is looped goes first: a Reject would come back to us too. And
      // after Max-Failure new numbers it is no coincidence: one in 2^160.
      if (!isExhausted) return { code: Code.ConfigureNak, options: [collision] };
      this.failure = "loop";
      return undefined;
    }
    const seen = new Set<number>();
    const rejects: Option[] = [];
    const naks: Option[] = [];
    for (const option of options) {
      const verdict = seen.has(option.type) ? "reject" : this.judge(option);
      seen.add(option.type);
      if (verdict === "reject" || (verdict !== "ack" && isExhausted)) rejects.push(option);
      else if (verdict !== "ack") naks.push({ type: option.type, data: verdict });
    }
    if (!isExhausted && rejects.length === 0) {
      naks.push(...this.missing(options));
      if (naks.length > 0) return { code: Code.ConfigureNak, options: naks };
    }
    if (rejects.length > 0) return { code: Code.ConfigureReject, options: rejects };
    return { code: Code.ConfigureAck, options };
  }

  #configureAck(packet: Packet, now: number): void {
    const { request = packet.data } = this.#current;
    if (!this.#isAwaited(packet) || !sameOctets(packet.data, request)) {
      this.outbox.count("stale-reply");
      return;
    }
    if (!this.#takeTurn()) return;
    this.failure ??= this.acknowledged();
    if (this.failure !== undefined) return;
    this.#current.request = undefined;
    this.event("RCA", now, { packet });
  }

  #isAwaited(packet: Packet): boolean {
    const { request, requestIdentifier } = this.#negotiation ?? NOT_NEGOTIATING;
    return request !== undefined && packet.identifier === requestIdentifier;
  }

  #configureRefusal(packet: Packet, now: number): void {
    if (!this.#isAwaited(packet)) {
      this.outbox.count("stale-reply");
      return;
    }
    const options = parseOptions(packet.data);
    const asked = parseOptions(this.#current.request ?? packet.data) ?? [];
    const isReject = packet.code === Code.ConfigureReject;
    const isAsked = (option: Option) =>
      asked.some(({ type, data }) => type === option.type && sameOctets(data, option.data));
    if (options === undefined || options.length === 0 || (isReject && !options.every(isAsked))) {
      this.outbox.count("malformed-packet");
      return;
    }
    if (!this.#takeTurn()) return;
    if (!isReject) this.#current.naksReceived += 1;
    const final = isReject || this.#current.naksReceived > PPP_MAX_FAILURE;
    for (const option of options) {
      // A Nak that comes again and again is as good as a Reject.
      this.failure ??= final ? this.rejected(option) : this.naked(option);
    }
    if (this.failure !== undefined) return;
    this.#current.request = undefined;
    this.event("RCN", now, { packet });
  }

  #codeReject(packet: Packet, now: number): void {
    const [code] = packet.data;
    if (code === undefined) {
      this.outbox.count("malformed-packet");
      return;
    }
    const isFundamental = code >= Code.ConfigureRequest && code <= Code.CodeReject;
    if (!isFundamental) this.codeRejected(code);
    this.event(isFundamental ? "RXJ-" : "RXJ+", now, { packet });
  }
}
