/**
 * The router at our end of one PPP link: it advertises the session's /64 (RFC 4861 6.2, RFC 4862)
 * and answers what is asked of its own addresses.
 *
 * Its other end is the only one that hears us: what RFC 4861 6.2.6 delays at random, lest several
 * routers answer at the same moment, is answered at once here.
 *
 * @module
 */
import {
  PREFIX_PREFERRED_S,
  PREFIX_VALID_S,
  RA_INITIAL_COUNT,
  RA_INITIAL_INTERVAL_MS,
  RA_INTERVAL_MAX_MS,
  RA_INTERVAL_MIN_MS,
  RA_MULTICAST_GAP_MS,
} from "../limits.ts";
import type { Machine, Random } from "../sansio/machine.ts";
import {
  ADVERTISEMENT_SIZE,
  MtuOption,
  OPTION_UNIT,
  PREFIX_SIZE,
  PrefixOption,
} from "./advertisement.ts";
import {
  ALL_NODES,
  type CounterName,
  CURRENT_HOP_LIMIT,
  discoveryFault,
  isUnspecified,
  LinkNode,
  type NodeOptions,
  SOLICITATION_SIZE,
  same,
} from "./node.ts";
import { type IcmpPacket, IcmpType } from "./packet.ts";

export interface RouterOptions extends NodeOptions {
  /** The session's /64: an address of which the first 64 bits count. */
  readonly prefix: Uint8Array;
  /** Our global address, answered for as for the link-local one. */
  readonly gateway?: Uint8Array;
  readonly random: Random;
}

const ROUTER_LIFETIME_S = (3 * RA_INTERVAL_MAX_MS) / 1_000;
const MTU_AT = ADVERTISEMENT_SIZE;
const PREFIX_AT = MTU_AT + MtuOption.size;
const PREFIX_LENGTH = 64;

export class Router extends LinkNode implements Machine<Uint8Array, Uint8Array, never> {
  protected override readonly isRouter = true;
  readonly #options: RouterOptions;
  #advertiseAt: number;
  #advertised = 0;
  #advertisedAt = -Infinity;

  /** The first advertisement is due at once. */
  constructor(options: RouterOptions, now: number) {
    super(options);
    this.#options = options;
    this.#advertiseAt = now;
  }

  handleTimeout(now: number): void {
    if (now < this.#advertiseAt) return;
    this.#advertise(ALL_NODES);
    this.#advertised += 1;
    this.#advertisedAt = now;
    const drawn = between(RA_INTERVAL_MIN_MS, RA_INTERVAL_MAX_MS, this.#options.random);
    const isInitial = this.#advertised < RA_INITIAL_COUNT;
    this.#advertiseAt = now + (isInitial ? Math.min(drawn, RA_INITIAL_INTERVAL_MS) : drawn);
  }

  pollEvent(): undefined {
    return undefined;
  }

  pollTimeout(): number {
    return this.#advertiseAt;
  }

  protected override isOurs(address: Uint8Array): boolean {
    const { gateway } = this.#options;
    return same(address, this.linkLocal) || (gateway !== undefined && same(address, gateway));
  }

  protected override discover(input: IcmpPacket, now: number): CounterName | undefined {
    if (input.type !== IcmpType.RouterSolicitation) return "unknown-type";
    const fault = discoveryFault(input, SOLICITATION_SIZE);
    if (fault !== undefined) return fault;
    if (isUnspecified(input.source)) {
      // To all nodes, which is never sent more often than this (RFC 4861 6.2.6).
      this.#advertiseAt = Math.max(now, this.#advertisedAt + RA_MULTICAST_GAP_MS);
      this.handleTimeout(now);
      return undefined;
    }
    if (!this.mayAnswer(now)) return "rate";
    this.#advertise(input.source);
    return undefined;
  }

  #advertise(destination: Uint8Array): void {
    const { mtu, prefix } = this.#options;
    const body = new Uint8Array(PREFIX_AT + PrefixOption.size);
    const view = new DataView(body.buffer);
    view.setUint8(0, CURRENT_HOP_LIMIT);
    view.setUint16(2, ROUTER_LIFETIME_S);
    view.setUint8(MTU_AT, MtuOption.type);
    view.setUint8(MTU_AT + 1, MtuOption.size / OPTION_UNIT);
    view.setUint32(MTU_AT + 4, mtu);
    view.setUint8(PREFIX_AT, PrefixOption.type);
    view.setUint8(PREFIX_AT + 1, PrefixOption.size / OPTION_UNIT);
    view.setUint8(PREFIX_AT + 2, PREFIX_LENGTH);
    // Not on-link: the peer may hand parts of its /64 on to hosts behind it, and has to send
    // everything else to us whatever its prefix.
    view.setUint8(PREFIX_AT + 3, PrefixOption.autonomous);
    view.setUint32(PREFIX_AT + 4, PREFIX_VALID_S);
    view.setUint32(PREFIX_AT + 8, PREFIX_PREFERRED_S);
    body.set(prefix.subarray(0, PREFIX_SIZE), PREFIX_AT + PrefixOption.prefixAt);
    this.send(IcmpType.RouterAdvertisement, this.linkLocal, destination, body);
  }
}

/** A whole number of milliseconds, any as likely as another. */
function between(min: number, max: number, random: Random): number {
  const [a = 0, b = 0, c = 0, d = 0] = random(4);
  const fraction = (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / 2 ** 32;
  return min + Math.floor(fraction * (max - min + 1));
}
