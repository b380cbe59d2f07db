/**
 * The Link Control Protocol (RFC 1661 section 6): what its options and its own codes mean.
 *
 * We ask for a MRU that is not the default, for authentication if we are the side that wants it,
 * and for a Magic-Number. PFC and ACFC are accepted but not asked for: a peer then sends headers of
 * one length, IP stays aligned behind them, and no client is known to need it. A LAC may want them, or
 * an ACCM, for its line (RFC 3437).
 *
 * @module
 */
import { AVP_VALUE_MAX, MRU_DEFAULT, MRU_MIN } from "../limits.ts";
import type { Random } from "../sansio/machine.ts";
import { ControlProtocol, type Verdict } from "./control-protocol.ts";
import {
  ACCM_DEFAULT,
  AUTH_OPTION,
  accmOf,
  areUnique,
  dataOf,
  drawMagicNumber,
  isAskedBy,
  LcpOption,
  MAGIC_NUMBER_SIZE,
  magicNumberOf,
  PEER_DEFAULT,
  peerOf,
  termsOf,
} from "./lcp-options.ts";
import { LineOptions } from "./line-options.ts";
import {
  buildOptions,
  Code,
  type Option,
  PACKET_HEADER,
  type Packet,
  parseOptions,
  readU16,
  readU32,
  u16,
  u32,
} from "./options.ts";
import type { Outbox } from "./outbox.ts";
import { LCP } from "./protocols.ts";
import type { AuthMethod, CharacterMaps, DownReason, PeerLinkOptions, ProxyLcp } from "./types.ts";

/** What LCP and the protocols above it need of the options of either end. */
export interface LcpOptions {
  /** Largest Information field that we want to receive. */
  readonly mru: number;
  readonly random: Random;
}

const NO_PROXY: ProxyLcp = Object.freeze({});
const ANY_LINE = new LineOptions();

export class Lcp extends ControlProtocol {
  /** What the peer can receive. */
  peer: PeerLinkOptions = PEER_DEFAULT;
  /** Protocol that the peer rejected, for the owner to see; 0 when there is none. */
  rejectedProtocol = 0;
  /** Set when the peer knows no Echo-Request: it must not be sent again (RFC 1661 4.3, RXJ+). */
  isEchoRejected = false;

  /** Method by which the peer wants us to authenticate. */
  demanded: AuthMethod | undefined;
  /** Whether the peer's last wish was a method that we do not take. */
  isDemandRefused = false;

  readonly #options: LcpOptions;
  /** Methods by one of which the peer has to authenticate; empty: it need not. */
  readonly #asks: readonly AuthMethod[];
  /** Methods by which we would authenticate ourselves. */
  readonly #takes: readonly AuthMethod[];
  #mru: number;
  /** Place in the configured order of the method that is asked for. */
  #method = 0;
  /** One bit for each method that was asked for in this negotiation. */
  #tried = 1;
  /** 0 when none is used. */
  #magicNumber: number;
  #peerMagicNumber = 0;
  /** Asked for by a LAC in our place, or by us where the LAC wants it. */
  #accm = ACCM_DEFAULT;
  #line = ANY_LINE;
  #wanted = ANY_LINE.wanted;
  #isProtocolRejectRejected = false;
  #proxy: ProxyLcp = NO_PROXY;

  constructor(
    outbox: Outbox,
    options: LcpOptions,
    asks: readonly AuthMethod[],
    takes: readonly AuthMethod[],
  ) {
    super(outbox, options.mru);
    this.#options = options;
    this.#asks = asks;
    this.#takes = takes;
    this.#mru = options.mru;
    this.#magicNumber = drawMagicNumber(options.random);
  }

  /** What we ask the peer for. */
  get asked(): AuthMethod | undefined {
    return this.#asks[this.#method];
  }

  /** That of our end; 0 when none is used. */
  get magicNumber(): number {
    return this.#magicNumber;
  }

  /** As agreed on, of a line between a LAC and the peer. */
  get accm(): CharacterMaps {
    return { send: this.peer.accm, receive: this.#accm };
  }

  /**
   * What was agreed on, for somebody else to go on from (RFC 2661 4.4.5). The peer's first wishes may
   * be as long as its MRU, and are left out where no AVP can carry them.
   */
  get proxy(): ProxyLcp {
    const { initialReceived, ...rest } = this.#proxy;
    const isCarried = (initialReceived?.length ?? 0) <= AVP_VALUE_MAX;
    return isCarried ? this.#proxy : rest;
  }

  /** Nobody else is to go on: it need not be kept in each of many links. */
  forgetProxy(): void {
    this.#proxy = NO_PROXY;
  }

  /** To be called before it opens, where a LAC has said what it wants of its line. */
  heed(line: LineOptions): void {
    this.#line = line;
    this.#wanted = line.wanted;
  }

  /**
   * Goes on from what a LAC has negotiated in our place. Returns false when it is not what we would
   * have agreed on, and nothing has changed then. `isKnown`: who the peer is need not be asked.
   */
  takeOver({ initialReceived, lastSent, lastReceived }: ProxyLcp, isKnown: boolean): boolean {
    const terms = lastSent && termsOf(lastSent, this.#options.mru, this.#asks, isKnown);
    const theirs = lastReceived && parseOptions(lastReceived);
    if (terms === undefined || theirs === undefined || !areUnique(theirs)) return false;
    const isLooped = terms.magicNumber !== 0 && terms.magicNumber === magicNumberOf(theirs);
    if (isLooped || !theirs.every((option) => this.judge(option) === "ack")) return false;
    this.#mru = terms.mru;
    this.#method = terms.method;
    this.#magicNumber = terms.magicNumber;
    this.#accm = terms.accm;
    this.#proxy = {
      initialReceived: initialReceived?.slice(),
      lastSent: lastSent?.slice(),
      lastReceived: lastReceived?.slice(),
    };
    this.accept(theirs);
    this.resume();
    return true;
  }

  sendEchoRequest(): void {
    this.originate(Code.EchoRequest, u32(this.#magicNumber));
  }

  /** The copy is cut to the peer's MRU (RFC 1661 5.7). */
  sendProtocolReject(protocol: number, information: Uint8Array): void {
    if (this.#isProtocolRejectRejected) return;
    const room = this.peerMru - PACKET_HEADER - 2;
    const data = new Uint8Array(2 + Math.min(information.length, room));
    data.set(u16(protocol));
    data.set(information.subarray(0, data.length - 2), 2);
    this.originate(Code.ProtocolReject, data);
  }

  protected override get protocol(): number {
    return LCP;
  }

  protected override get peerMru(): number {
    return this.peer.mru;
  }

  protected override wishes(): Option[] {
    const options = this.asked === undefined ? [] : [AUTH_OPTION[this.asked]];
    if (this.#mru !== MRU_DEFAULT) options.unshift({ type: LcpOption.Mru, data: u16(this.#mru) });
    if (this.#magicNumber !== 0) {
      options.push({ type: LcpOption.MagicNumber, data: u32(this.#magicNumber) });
    }
    return [...options, ...this.#wanted];
  }

  /** All that is not named here is rejected. */
  protected override judge({ type, data }: Option): Verdict {
    if (!this.#line.allows(type)) return "reject";
    switch (type) {
      case LcpOption.Mru:
        if (data.length !== 2) return u16(MRU_DEFAULT);
        return readU16(data, 0) >= MRU_MIN ? "ack" : u16(MRU_MIN);
      case LcpOption.Accm:
        return data.length === 4 ? "ack" : u32(0);
      case LcpOption.AuthenticationProtocol:
        return this.#judgeDemand(data);
      case LcpOption.MagicNumber:
        if (data.length === MAGIC_NUMBER_SIZE && readU32(data, 0) !== 0) return "ack";
        return u32(drawMagicNumber(this.#options.random));
      case LcpOption.Pfc:
      case LcpOption.Acfc:
        return data.length === 0 ? "ack" : "reject";
      default:
        return "reject";
    }
  }

  /** Refused with a method that we take (RFC 1661 6.2); whoever takes none rejects the option. */
  #judgeDemand(data: Uint8Array): Verdict {
    const [best] = this.#takes;
    if (best === undefined) return "reject";
    this.isDemandRefused = !this.#takes.some(isAskedBy(data));
    return this.isDemandRefused ? AUTH_OPTION[best].data : "ack";
  }

  protected override requested(options: Uint8Array): void {
    const { initialReceived = options.slice() } = this.#proxy;
    this.#proxy = { ...this.#proxy, initialReceived };
  }

  protected override acknowledged(): DownReason | undefined {
    const wishes = this.wishes();
    this.#accm = accmOf(wishes);
    this.#proxy = { ...this.#proxy, lastSent: buildOptions(wishes) };
    return undefined;
  }

  protected override missing(): Option[] {
    return [];
  }

  protected override collision(options: readonly Option[]): Option | undefined {
    const { MagicNumber } = LcpOption;
    const data = options.find(({ type }) => type === MagicNumber)?.data;
    if (data?.length !== MAGIC_NUMBER_SIZE || this.#magicNumber === 0) return undefined;
    if (readU32(data, 0) !== this.#magicNumber) return undefined;
    return { type: MagicNumber, data: u32(drawMagicNumber(this.#options.random)) };
  }

  protected override accept(options: readonly Option[]): void {
    const demand = dataOf(options, LcpOption.AuthenticationProtocol);
    this.#proxy = { ...this.#proxy, lastReceived: buildOptions(options) };
    this.isDemandRefused = false;
    this.demanded = demand && this.#takes.find(isAskedBy(demand));
    this.#peerMagicNumber = magicNumberOf(options);
    this.peer = peerOf(options);
  }

  protected override naked({ type, data }: Option): DownReason | undefined {
    switch (type) {
      case LcpOption.AuthenticationProtocol:
        return this.#nextMethod(this.#asks.findIndex(isAskedBy(data)));
      case LcpOption.Mru: {
        // We take up to the default whatever was agreed, so the peer may ask for that (6.1).
        const mru = data.length === 2 ? readU16(data, 0) : 0;
        if (mru >= MRU_MIN && mru <= Math.max(this.#mru, MRU_DEFAULT)) this.#mru = mru;
        return undefined;
      }
      case LcpOption.MagicNumber:
        if (this.#magicNumber !== 0) this.#magicNumber = drawMagicNumber(this.#options.random);
        return undefined;
      default:
        return this.#giveUp(type);
    }
  }

  protected override rejected({ type }: Option): DownReason | undefined {
    switch (type) {
      case LcpOption.AuthenticationProtocol:
        return this.#nextMethod(-1);
      case LcpOption.Mru:
        this.#mru = MRU_DEFAULT;
        return undefined;
      case LcpOption.MagicNumber:
        // Without ours negotiated, zero stands in its place (RFC 1661 6.4).
        this.#magicNumber = 0;
        return undefined;
      default:
        return this.#giveUp(type);
    }
  }

  /** A wish of the LAC that the peer does not take as it is. */
  #giveUp(wish: number): undefined {
    this.#wanted = this.#wanted.filter(({ type }) => type !== wish);
  }

  /**
   * Each method is asked for once: a peer that refuses it twice changes nothing. `wish` is the place
   * of the one that it would like, -1 when that is none of ours. Who asks for none, and is told of
   * one in a Nak, goes on asking for none.
   */
  #nextMethod(wish: number): DownReason | undefined {
    if (this.#asks.length === 0) return undefined;
    const isTried = (method: number) => (this.#tried & (1 << method)) !== 0;
    let method = wish;
    if (wish < 0 || isTried(wish)) {
      method = this.#asks.findIndex((_, at) => !isTried(at));
    }
    if (method < 0) return "no-authentication-method";
    this.#method = method;
    this.#tried |= 1 << method;
    return undefined;
  }

  protected override restart(): void {
    this.peer = PEER_DEFAULT;
    this.demanded = undefined;
    this.#peerMagicNumber = 0;
    this.#mru = this.#options.mru;
    this.#accm = ACCM_DEFAULT;
    this.#wanted = this.#line.wanted;
    this.#method = 0;
    this.#tried = 1;
    this.#magicNumber = drawMagicNumber(this.#options.random);
  }

  /**
   * Identification and Time-Remaining are RXR or RUC as one likes (RFC 1570 1.1, 1.2). RXR: they
   * say nothing that we need, and a Code-Reject would only make noise at the peer.
   */
  protected override extension(packet: Packet, now: number): boolean {
    switch (packet.code) {
      case Code.ProtocolReject:
        this.#protocolReject(packet, now);
        return true;
      case Code.EchoRequest:
      case Code.EchoReply:
      case Code.DiscardRequest:
        this.#echo(packet, now);
        return true;
      case Code.Identification:
      case Code.TimeRemaining:
        this.event("RXR", now, { packet });
        return true;
      default:
        return false;
    }
  }

  /** Outside of Opened it is silently discarded (RFC 1661 5.7). */
  #protocolReject(packet: Packet, now: number): void {
    if (packet.data.length < 2) {
      this.outbox.count("malformed-packet");
      return;
    }
    if (this.state !== "Opened") {
      this.outbox.count("wrong-phase");
      return;
    }
    const protocol = readU16(packet.data, 0);
    if (protocol !== LCP) this.rejectedProtocol = protocol;
    this.event(protocol === LCP ? "RXJ-" : "RXJ+", now, { packet });
  }

  #echo(packet: Packet, now: number): void {
    if (packet.data.length < MAGIC_NUMBER_SIZE) {
      this.outbox.count("malformed-packet");
      return;
    }
    const number = readU32(packet.data, 0);
    const isOurs = number !== 0 && number === this.#magicNumber;
    if (isOurs && packet.code === Code.EchoRequest && this.state === "Opened") {
      // A reply may carry our number back from a peer that copies it; a request may not.
      this.failure = "loop";
      return;
    }
    // Some peers send another number than they negotiated; they are answered all the same.
    if (number !== 0 && !isOurs && number !== this.#peerMagicNumber) {
      this.outbox.count("foreign-magic-number");
    }
    this.event("RXR", now, { packet });
  }

  /** A peer that tries how much passes through sends Echo-Requests above what we asked for. */
  protected override takesAnySize(code: number): boolean {
    return code === Code.EchoRequest;
  }

  /** Cut to the peer's MRU, which an Echo-Request need not respect. */
  protected override replyToEcho({ code, identifier, data }: Packet): void {
    if (code !== Code.EchoRequest) return;
    const answer = data.slice(0, this.peerMru - PACKET_HEADER);
    answer.set(u32(this.#magicNumber));
    this.send(Code.EchoReply, identifier, answer);
  }

  protected override codeRejected(code: number): void {
    if (code === Code.EchoRequest) this.isEchoRejected = true;
    if (code === Code.ProtocolReject) this.#isProtocolRejectRejected = true;
  }
}
