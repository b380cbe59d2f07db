/**
 * The IPv6 Control Protocol (RFC 5072): each side names its interface identifier, from which its
 * link-local address is made. Addresses of other scopes are not its business.
 *
 * @module
 */
import type { Random } from "../sansio/machine.ts";
import type { Verdict } from "./control-protocol.ts";
import { Ncp } from "./ncp.ts";
import { type Option, sameOctets } from "./options.ts";
import type { Outbox } from "./outbox.ts";
import { IPV6CP } from "./protocols.ts";
import type { DownReason } from "./types.ts";

export const Ipv6cpOption = { InterfaceIdentifier: 1 } as const;

const IDENTIFIER_SIZE = 8;
/** "u" of the first octet: not set in an identifier that comes from no IEEE one (RFC 5072 4.1). */
const UNIVERSAL = 0x02;
const NO_IDENTIFIER = new Uint8Array(IDENTIFIER_SIZE);

export class Ipv6cp extends Ncp {
  /** Ours; stays the same when IPV6CP is negotiated anew, unless the peer refuses it. */
  ownIdentifier: Uint8Array;
  /** The peer's as it was acknowledged; zero while it has named none. */
  peerIdentifier = NO_IDENTIFIER;
  readonly #random: Random;
  /** Cleared when the peer will not hear of our identifier. We go on using it. */
  #isIdentifierWished = true;
  /** A peer without the option is prompted for it once, no more (RFC 5072 4.1). */
  #isPrompted = false;
  /** What our last Configure-Nak suggested. */
  #suggested: Uint8Array | undefined;

  constructor(outbox: Outbox, mru: number, peerMru: number, random: Random) {
    super(outbox, mru, peerMru);
    this.#random = random;
    this.ownIdentifier = this.#draw();
  }

  protected override get protocol(): number {
    return IPV6CP;
  }

  protected override wishes(): Option[] {
    return this.#isIdentifierWished ? [identifierOption(this.ownIdentifier)] : [];
  }

  /** Any identifier is the peer's to choose but zero and our own (RFC 5072 4.1). */
  protected override judge({ type, data }: Option): Verdict {
    if (type !== Ipv6cpOption.InterfaceIdentifier) return "reject";
    const isWrong = data.length !== IDENTIFIER_SIZE || sameOctets(data, NO_IDENTIFIER);
    return isWrong || sameOctets(data, this.ownIdentifier) ? this.#suggest() : "ack";
  }

  protected override missing(options: readonly Option[]): Option[] {
    if (this.#isPrompted || options.length > 0) return [];
    this.#isPrompted = true;
    return [identifierOption(this.#suggest())];
  }

  protected override accept(options: readonly Option[]): void {
    this.peerIdentifier = options[0]?.data.slice() ?? NO_IDENTIFIER;
  }

  /** The peer's suggestion is taken, unless both sides have come to the same one. */
  protected override naked({ type, data }: Option): DownReason | undefined {
    if (type !== Ipv6cpOption.InterfaceIdentifier) return undefined;
    const isFree =
      data.length === IDENTIFIER_SIZE &&
      !sameOctets(data, NO_IDENTIFIER) &&
      !sameOctets(data, this.peerIdentifier) &&
      !sameOctets(data, this.#suggested ?? NO_IDENTIFIER);
    this.ownIdentifier = isFree ? data.slice() : this.#draw();
    return undefined;
  }

  protected override rejected({ type }: Option): DownReason | undefined {
    if (type === Ipv6cpOption.InterfaceIdentifier) this.#isIdentifierWished = false;
    return undefined;
  }

  protected override restart(): void {
    this.peerIdentifier = NO_IDENTIFIER;
    this.#isIdentifierWished = true;
    this.#isPrompted = false;
  }

  /** The same one for the whole link, so that a peer's addresses stay (RFC 5072 4.1). */
  #suggest(): Uint8Array {
    const last = this.#suggested;
    if (last !== undefined && !sameOctets(last, this.ownIdentifier)) return last;
    this.#suggested = this.#draw();
    return this.#suggested;
  }

  /** Random, not zero, local, and neither end's. */
  #draw(): Uint8Array {
    const identifier = this.#random(IDENTIFIER_SIZE);
    identifier[0] = (identifier[0] ?? 0) & ~UNIVERSAL;
    const taken = [NO_IDENTIFIER, this.peerIdentifier, this.ownIdentifier, this.#suggested];
    while (taken.some((other) => other !== undefined && sameOctets(other, identifier))) {
      // Counting on instead of drawing again: it comes to an end whatever the random source is.
      identifier[7] = ((identifier[7] ?? 0) + 1) & 0xff;
    }
    return identifier;
  }
}

function identifierOption(identifier: Uint8Array): Option {
  return { type: Ipv6cpOption.InterfaceIdentifier, data: identifier };
}
