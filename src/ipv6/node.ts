/**
 * Either end of one PPP link as an IPv6 node: it answers what is asked of its own addresses.
 *
 * A PPP link has no link-layer addresses, so nothing is resolved and no such option is ever sent.
 *
 * @module
 */
import { ND_BURST, ND_REFILL_MS } from "../limits.ts";
import { OPTION_UNIT } from "./advertisement.ts";
import { ADDRESS_SIZE, buildIcmp, type IcmpPacket, IcmpType, parseIcmp } from "./packet.ts";

export interface NodeOptions {
  /** Ours, as negotiated by IPV6CP. */
  readonly interfaceId: Uint8Array;
  /** Octets of the largest packet to the other end. */
  readonly mtu: number;
  /** Where to count; nodes that share one record are counted together. */
  readonly counters: Partial<Record<CounterName, number>>;
}

/** Why a packet drew no answer, or was not taken as it came. */
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
  /** An echo whose reply the other end could not take whole. */
  | "oversize"
  /** More questions than are answered, more advertisements than are read. */
  | "rate"
  /** A prefix of which no address is made. */
  | "refused-prefix";

const HOP_LIMIT = 255;
export const CURRENT_HOP_LIMIT = 64;
const LINK_LOCAL = Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0);
export const ALL_NODES = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
/** ff02::1:ff00:0/104 */
const SOLICITED_NODE = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff);
const UNSPECIFIED = new Uint8Array(ADDRESS_SIZE);
const MULTICAST = 0xff;

/** What stands in front of the options: Reserved, or Reserved and Target Address. */
export const SOLICITATION_SIZE = 4;
const SOURCE_LINK_LAYER_ADDRESS = 1;

const FLAG_ROUTER = 0x80;
const FLAG_SOLICITED = 0x40;

export abstract class LinkNode {
  protected readonly linkLocal: Uint8Array;
  readonly #options: NodeOptions;
  #out: Uint8Array[] = [];
  /** When all answers of a burst are there again: each takes some time of it. */
  #restedAt = -Infinity;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.linkLocal = linkLocalOf(options.interfaceId);
  }

  /** A packet from the other end that the data plane left to us. */
  handleInput(packet: Uint8Array, now: number): void {
    const input = parseIcmp(packet);
    const fault = typeof input === "string" ? input : this.#take(input, packet.length, now);
    if (fault !== undefined) this.count(fault);
  }

  pollTransmit(): Uint8Array | undefined {
    return this.#out.shift();
  }

  protected abstract readonly isRouter: boolean;
  protected abstract isOurs(address: Uint8Array): boolean;
  /** Takes a packet that is neither a Neighbour Solicitation nor an echo. */
  protected abstract discover(input: IcmpPacket, now: number): CounterName | undefined;

  protected count(name: CounterName): void {
    const { counters } = this.#options;
    counters[name] = (counters[name] ?? 0) + 1;
  }

  protected send(
    type: number,
    source: Uint8Array,
    destination: Uint8Array,
    body: Uint8Array,
  ): void {
    const hopLimit = type === IcmpType.EchoReply ? CURRENT_HOP_LIMIT : HOP_LIMIT;
    this.#out.push(buildIcmp({ source, destination, hopLimit, type, code: 0, body }));
  }

  /** A bucket of ND_BURST answers that fills up by one each ND_REFILL_MS. */
  protected mayAnswer(now: number): boolean {
    const restedAt = Math.max(this.#restedAt, now) + ND_REFILL_MS;
    if (restedAt > now + ND_BURST * ND_REFILL_MS) return false;
    this.#restedAt = restedAt;
    return true;
  }

  #take(input: IcmpPacket, size: number, now: number): CounterName | undefined {
    if (input.source[0] === MULTICAST) return "malformed";
    switch (input.type) {
      case IcmpType.NeighbourSolicitation:
        return this.#neighbourSolicitation(input, now);
      case IcmpType.EchoRequest:
        return this.#echoRequest(input, size, now);
      default:
        return this.discover(input, now);
    }
  }

  /** RFC 4861 7.2.4. Without a Target Link-Layer Address option nothing is overridden. */
  #neighbourSolicitation(input: IcmpPacket, now: number): CounterName | undefined {
    const { source, destination, body } = input;
    const fault = discoveryFault(input, SOLICITATION_SIZE + ADDRESS_SIZE);
    if (fault !== undefined) return fault;
    const target = body.subarray(SOLICITATION_SIZE, SOLICITATION_SIZE + ADDRESS_SIZE);
    const isProbe = isUnspecified(source);
    if (target[0] === MULTICAST) return "malformed";
    if (isProbe && !startsWith(destination, SOLICITED_NODE)) return "malformed";
    if (!this.isOurs(target)) return "not-ours";
    if (!this.mayAnswer(now)) return "rate";
    const reply = new Uint8Array(SOLICITATION_SIZE + ADDRESS_SIZE);
    reply[0] = (this.isRouter ? FLAG_ROUTER : 0) | (isProbe ? 0 : FLAG_SOLICITED);
    reply.set(target, SOLICITATION_SIZE);
    this.send(IcmpType.NeighbourAdvertisement, target, isProbe ? ALL_NODES : source, reply);
    return undefined;
  }

  #echoRequest(input: IcmpPacket, size: number, now: number): CounterName | undefined {
    const { source, destination, body, code } = input;
    if (code !== 0 || isUnspecified(source)) return "malformed";
    if (!this.isOurs(destination)) return "not-ours";
    if (size > this.#options.mtu) return "oversize";
    if (!this.mayAnswer(now)) return "rate";
    this.send(IcmpType.EchoReply, destination, source, body);
    return undefined;
  }
}

/** What RFC 4861 6.1 and 7.1 have in common; options begin at `optionsAt` of the body. */
export function discoveryFault(input: IcmpPacket, optionsAt: number): CounterName | undefined {
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

export function linkLocalOf(interfaceId: Uint8Array): Uint8Array {
  const address = new Uint8Array(ADDRESS_SIZE);
  address.set(LINK_LOCAL);
  address.set(interfaceId, LINK_LOCAL.length);
  return address;
}

export function isUnspecified(address: Uint8Array): boolean {
  return same(address, UNSPECIFIED);
}

/** fe80::/10 */
export function isLinkLocal(address: Uint8Array): boolean {
  return address[0] === 0xfe && ((address[1] ?? 0) & 0xc0) === 0x80;
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && startsWith(a, b);
}

function startsWith(octets: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((octet, at) => octet === octets[at]);
}
