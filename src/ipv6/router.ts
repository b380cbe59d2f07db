/**
 * The router at our end of one PPP link: it advertises the session's /64 (RFC 4861 6.2, RFC 4862)
 * and answers what is asked of its own addresses.
 *
 * A PPP link has no link-layer addresses, so nothing is resolved and no such option is ever sent.
 * Its other end is the only one that hears us: what RFC 4861 6.2.6 delays at random, lest several
 * routers answer at the same moment, is answered at once here.
 *
 * @module
 */
import {
  ND_BURST,
  ND_REFILL_MS,
  PREFIX_PREFERRED_S,
  PREFIX_VALID_S,
  RA_INITIAL_COUNT,
  RA_INITIAL_INTERVAL_MS,
  RA_INTERVAL_MAX_MS,
  RA_INTERVAL_MIN_MS,
  RA_MULTICAST_GAP_MS,
} from "../limits.ts";
import type { Machine, Random } from "../sansio/machine.ts";
import { ADDRESS_SIZE, buildIcmp, type IcmpPacket, IcmpType, parseIcmp } from "./packet.ts";

export interface RouterOptions {
  /** Ours, as negotiated by IPV6CP. */
  readonly interfaceId: Uint8Array;
  /** The session's /64: an address of which the first 64 bits count. */
  readonly prefix: Uint8Array;
  /** Our global address, answered for as for the link-local one. */
  readonly gateway?: Uint8Array;
  /** Octets of the largest packet to the peer. */
  readonly mtu: number;
  readonly random: Random;
  /** Where to count; routers that share one record are counted together. */
  readonly counters: Partial<Record<CounterName, number>>;
}

/** Why a packet drew no answer. */
export type CounterName =
  /** A length, a Code or an option that its type rules out. */
  | "malformed"
  /** Something else than ICMPv6 right behind the IPv6 header. */
  | "not-icmpv6"
  | "checksum"
  /** Neighbour Discovery from farther than this link. */
  | "hop-limit"
  | "unknown-type"
  /** About an address that we do not have. */
  | "not-ours"
  /** An echo whose reply the peer could not take whole. */
  | "oversize"
  /** More questions than are answered. */
  | "rate";

const HOP_LIMIT = 255;
const LINK_LOCAL = Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0);
const ALL_NODES = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
/** ff02::1:ff00:0/104 */
const SOLICITED_NODE = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff);
const UNSPECIFIED = new Uint8Array(ADDRESS_SIZE);
const MULTICAST = 0xff;

/** What stands in front of the options: Reserved, or Reserved and Target Address. */
const SOLICITATION_SIZE = 4;
const SOURCE_LINK_LAYER_ADDRESS = 1;
const OPTION_UNIT = 8;

const CURRENT_HOP_LIMIT = 64;
const ROUTER_LIFETIME_S = (3 * RA_INTERVAL_MAX_MS) / 1_000;
const RA_SIZE = 12;
const MTU_OPTION = { at: RA_SIZE, type: 5, size: 8 };
const PREFIX_OPTION = { at: RA_SIZE + MTU_OPTION.size, type: 3, size: 32 };
const PREFIX_LENGTH = 64;
/**
 * Autonomous but not on-link: the peer may hand parts of its /64 on to hosts behind it, and has to
 * send everything else to us whatever its prefix.
 */
const PREFIX_FLAGS = 0x40;
const FLAG_ROUTER = 0x80;
const FLAG_SOLICITED = 0x40;

export class Router implements Machine<Uint8Array, Uint8Array, never> {
  readonly #options: RouterOptions;
  readonly #linkLocal: Uint8Array;
  #out: Uint8Array[] = [];
  #advertiseAt: number;
  #advertised = 0;
  #advertisedAt = -Infinity;
  /** When all answers of a burst are there again: each takes some time of it. */
  #restedAt = -Infinity;

  /** The first advertisement is due at once. */
  constructor(options: RouterOptions, now: number) {
    this.#options = options;
    this.#linkLocal = new Uint8Array(ADDRESS_SIZE);
    this.#linkLocal.set(LINK_LOCAL);
    this.#linkLocal.set(options.interfaceId, LINK_LOCAL.length);
    this.#advertiseAt = now;
  }

  /** A packet from the peer that the data plane left to us. */
  handleInput(packet: Uint8Array, now: number): void {
    const input = parseIcmp(packet);
    const fault = typeof input === "string" ? input : this.#take(input, packet.length, now);
    if (fault !== undefined) {
      const { counters } = this.#options;
      counters[fault] = (counters[fault] ?? 0) + 1;
    }
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

  pollTransmit(): Uint8Array | undefined {
    return this.#out.shift();
  }

  pollEvent(): undefined {
    return undefined;
  }

  pollTimeout(): number {
    return this.#advertiseAt;
  }

  #take(input: IcmpPacket, size: number, now: number): CounterName | undefined {
    if (input.source[0] === MULTICAST) return "malformed";
    switch (input.type) {
      case IcmpType.RouterSolicitation:
        return this.#routerSolicitation(input, now);
      case IcmpType.NeighbourSolicitation:
        return this.#neighbourSolicitation(input, now);
      case IcmpType.EchoRequest:
        return this.#echoRequest(input, size, now);
      default:
        return "unknown-type";
    }
  }

  #routerSolicitation(input: IcmpPacket, now: number): CounterName | undefined {
    const fault = solicitationFault(input, SOLICITATION_SIZE);
    if (fault !== undefined) return fault;
    if (isUnspecified(input.source)) {
      // To all nodes, which is never sent more often than this (RFC 4861 6.2.6).
      this.#advertiseAt = Math.max(now, this.#advertisedAt + RA_MULTICAST_GAP_MS);
      this.handleTimeout(now);
      return undefined;
    }
    if (!this.#mayAnswer(now)) return "rate";
    this.#advertise(input.source);
    return undefined;
  }

  /** RFC 4861 7.2.4. Without a Target Link-Layer Address option nothing is overridden. */
  #neighbourSolicitation(input: IcmpPacket, now: number): CounterName | undefined {
    const { source, destination, body } = input;
    const fault = solicitationFault(input, SOLICITATION_SIZE + ADDRESS_SIZE);
    if (fault !== undefined) return fault;
    const target = body.subarray(SOLICITATION_SIZE, SOLICITATION_SIZE + ADDRESS_SIZE);
    const isProbe = isUnspecified(source);
    if (target[0] === MULTICAST) return "malformed";
    if (isProbe && !startsWith(destination, SOLICITED_NODE)) return "malformed";
    if (!this.#isOurs(target)) return "not-ours";
    if (!this.#mayAnswer(now)) return "rate";
    const reply = new Uint8Array(SOLICITATION_SIZE + ADDRESS_SIZE);
    reply[0] = isProbe ? FLAG_ROUTER : FLAG_ROUTER | FLAG_SOLICITED;
    reply.set(target, SOLICITATION_SIZE);
    this.#send(IcmpType.NeighbourAdvertisement, target, isProbe ? ALL_NODES : source, reply);
    return undefined;
  }

  #echoRequest(input: IcmpPacket, size: number, now: number): CounterName | undefined {
    const { source, destination, body, code } = input;
    if (code !== 0 || isUnspecified(source)) return "malformed";
    if (!this.#isOurs(destination)) return "not-ours";
    if (size > this.#options.mtu) return "oversize";
    if (!this.#mayAnswer(now)) return "rate";
    this.#send(IcmpType.EchoReply, destination, source, body);
    return undefined;
  }

  #advertise(destination: Uint8Array): void {
    const { mtu, prefix } = this.#options;
    const body = new Uint8Array(PREFIX_OPTION.at + PREFIX_OPTION.size);
    const view = new DataView(body.buffer);
    view.setUint8(0, CURRENT_HOP_LIMIT);
    view.setUint16(2, ROUTER_LIFETIME_S);
    view.setUint8(MTU_OPTION.at, MTU_OPTION.type);
    view.setUint8(MTU_OPTION.at + 1, MTU_OPTION.size / OPTION_UNIT);
    view.setUint32(MTU_OPTION.at + 4, mtu);
    view.setUint8(PREFIX_OPTION.at, PREFIX_OPTION.type);
    view.setUint8(PREFIX_OPTION.at + 1, PREFIX_OPTION.size / OPTION_UNIT);
    view.setUint8(PREFIX_OPTION.at + 2, PREFIX_LENGTH);
    view.setUint8(PREFIX_OPTION.at + 3, PREFIX_FLAGS);
    view.setUint32(PREFIX_OPTION.at + 4, PREFIX_VALID_S);
    view.setUint32(PREFIX_OPTION.at + 8, PREFIX_PREFERRED_S);
    body.set(prefix.subarray(0, PREFIX_LENGTH / 8), PREFIX_OPTION.at + 16);
    this.#send(IcmpType.RouterAdvertisement, this.#linkLocal, destination, body);
  }

  #send(type: number, source: Uint8Array, destination: Uint8Array, body: Uint8Array): void {
    const hopLimit = type === IcmpType.EchoReply ? CURRENT_HOP_LIMIT : HOP_LIMIT;
    this.#out.push(buildIcmp({ source, destination, hopLimit, type, code: 0, body }));
  }

  #isOurs(address: Uint8Array): boolean {
    const { gateway } = this.#options;
    return same(address, this.#linkLocal) || (gateway !== undefined && same(address, gateway));
  }

  /** A bucket of ND_BURST answers that fills up by one each ND_REFILL_MS. */
  #mayAnswer(now: number): boolean {
    const restedAt = Math.max(this.#restedAt, now) + ND_REFILL_MS;
    if (restedAt > now + ND_BURST * ND_REFILL_MS) return false;
    this.#restedAt = restedAt;
    return true;
  }
}

/** What RFC 4861 6.1.1 and 7.1.1 have in common; options begin at `optionsAt` of the body. */
function solicitationFault(input: IcmpPacket, optionsAt: number): CounterName | undefined {
  const { source, hopLimit, code, body } = input;
  if (hopLimit !== HOP_LIMIT) return "hop-limit";
  if (code !== 0 || body.length < optionsAt) return "malformed";
  for (let at = optionsAt; at < body.length; ) {
    const size = (body[at + 1] ?? 0) * OPTION_UNIT;
    if (size === 0 || size > body.length - at) return "malformed";
    if (body[at] === SOURCE_LINK_LAYER_ADDRESS && isUnspecified(source)) return "malformed";
    at += size;
  }
  return undefined;
}

function isUnspecified(address: Uint8Array): boolean {
  return same(address, UNSPECIFIED);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && startsWith(a, b);
}

function startsWith(octets: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((octet, at) => octet === octets[at]);
}

/** A whole number of milliseconds, any as likely as another. */
function between(min: number, max: number, random: Random): number {
  const [a = 0, b = 0, c = 0, d = 0] = random(4);
  const fraction = (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / 2 ** 32;
  return min + Math.floor(fraction * (max - min + 1));
}
