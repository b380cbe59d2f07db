/**
 * The host at our end of a link on which we have dialled in: it solicits the router at the other end,
 * makes itself an address of each prefix that is advertised (RFC 4862 5.5), and answers what is asked
 * of these.
 *
 * IPV6CP has seen to it that no interface identifier is there twice, so addresses are not probed
 * (RFC 5072 section 5). There is one other end, so there is one router: whoever spoke last.
 *
 * @module
 */
import {
  HOST_DNS_MAX,
  HOST_PREFIXES_MAX,
  MTU6_MIN,
  RS_INTERVAL_MAX_MS,
  RS_INTERVAL_MS,
} from "../limits.ts";
import { formatIpv6 } from "../net.ts";
import type { Machine, Random } from "../sansio/machine.ts";
import {
  ADVERTISEMENT_SIZE,
  type Advertisement,
  PREFIX_SIZE,
  type PrefixInformation,
  readAdvertisement,
} from "./advertisement.ts";
import {
  type CounterName,
  discoveryFault,
  isLinkLocal,
  LinkNode,
  type NodeOptions,
  SOLICITATION_SIZE,
  same,
} from "./node.ts";
import { ADDRESS_SIZE, type IcmpPacket, IcmpType } from "./packet.ts";

export interface HostOptions extends NodeOptions {
  readonly random: Random;
}

/** Addresses as text. */
export type HostEvent =
  /** An address to use: a new one, or one that is preferred no more, or again (RFC 4862 5.5.4). */
  | { readonly type: "address"; readonly address: string; readonly isPreferred: boolean }
  | { readonly type: "gone"; readonly address: string }
  /** Everything may go to the other end, in packets of `mtu` octets at most. */
  | { readonly type: "router"; readonly address: string; readonly mtu: number }
  | { readonly type: "router-gone" }
  | { readonly type: "dns"; readonly servers: readonly string[] };

const ALL_ROUTERS = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);
const MULTICAST = 0xff;
/** A prefix and an interface identifier make an address (RFC 4862 5.5.3 d). */
const PREFIX_LENGTH = 64;
/** An advertisement takes no address away sooner than this (RFC 4862 5.5.3 e). */
const LAST_VALID_MS = 7_200_000;
/** Intervals of Router Solicitations differ by a tenth, so that hosts fall out of step (RFC 7559). */
const JITTER = 0.1;

interface Address {
  readonly octets: Uint8Array;
  readonly text: string;
  validUntil: number;
  preferredUntil: number;
  isPreferred: boolean;
}

export class Host extends LinkNode implements Machine<Uint8Array, Uint8Array, HostEvent> {
  protected override readonly isRouter = false;
  readonly #options: HostOptions;
  readonly #events: HostEvent[] = [];
  #addresses: Address[] = [];
  #router: { readonly address: string; readonly mtu: number; until: number } | undefined;
  #mtu: number;
  #servers: { readonly address: string; until: number }[] = [];
  #solicitAt: number;
  #interval = 0;

  /** The first solicitation is due at once: nobody else on this link would send one too. */
  constructor(options: HostOptions, now: number) {
    super(options);
    this.#options = options;
    this.#mtu = options.mtu;
    this.#solicitAt = now;
  }

  handleTimeout(now: number): void {
    this.#expire(now);
    if (now < this.#solicitAt) return;
    this.#scheduleNext(now);
    const body = new Uint8Array(SOLICITATION_SIZE);
    this.send(IcmpType.RouterSolicitation, this.linkLocal, ALL_ROUTERS, body);
  }

  pollEvent(): HostEvent | undefined {
    return this.#events.shift();
  }

  pollTimeout(): number {
    const ends = this.#addresses.map(({ validUntil, preferredUntil, isPreferred }) =>
      isPreferred ? Math.min(validUntil, preferredUntil) : validUntil,
    );
    const servers = this.#servers.map(({ until }) => until);
    return Math.min(this.#solicitAt, this.#router?.until ?? Infinity, ...ends, ...servers);
  }

  protected override isOurs(address: Uint8Array): boolean {
    return (
      same(address, this.linkLocal) || this.#addresses.some(({ octets }) => same(octets, address))
    );
  }

  /** RFC 4861 6.1.2 and 6.3.4. */
  protected override discover(input: IcmpPacket, now: number): CounterName | undefined {
    if (input.type !== IcmpType.RouterAdvertisement) return "unknown-type";
    const fault = discoveryFault(input, ADVERTISEMENT_SIZE);
    if (fault !== undefined) return fault;
    const advertisement = readAdvertisement(input.body);
    if (!isLinkLocal(input.source) || advertisement === undefined) return "malformed";
    if (!this.mayAnswer(now)) return "rate";
    // What has ended by now has ended before the advertisement came.
    this.#expire(now);
    this.#takeRouter(input.source, advertisement, now);
    for (const prefix of advertisement.prefixes) {
      if (prefix.isAutonomous) this.#takePrefix(prefix, now);
    }
    this.#takeServers(advertisement, now);
    return undefined;
  }

  /** It is solicited until there is one, however long that takes (RFC 7559). */
  #scheduleNext(now: number): void {
    const doubled = this.#interval === 0 ? RS_INTERVAL_MS : this.#interval * 2;
    const interval = Math.min(doubled, RS_INTERVAL_MAX_MS);
    const [drawn = 0] = this.#options.random(1);
    this.#interval = interval + Math.round(interval * JITTER * (drawn / 127.5 - 1));
    this.#solicitAt = now + this.#interval;
  }

  #takeRouter(source: Uint8Array, { routerLifetime, mtu }: Advertisement, now: number): void {
    if (mtu >= MTU6_MIN && mtu <= this.#options.mtu) this.#mtu = mtu;
    if (routerLifetime === 0) {
      this.#loseRouter(now);
      return;
    }
    const address = formatIpv6(source);
    const until = now + routerLifetime;
    this.#solicitAt = Infinity;
    if (this.#router?.address === address && this.#router.mtu === this.#mtu) {
      this.#router.until = until;
      return;
    }
    this.#router = { address, mtu: this.#mtu, until };
    this.#events.push({ type: "router", address, mtu: this.#mtu });
  }

  #loseRouter(now: number): void {
    if (this.#router === undefined) return;
    this.#router = undefined;
    this.#interval = 0;
    this.#scheduleNext(now);
    this.#events.push({ type: "router-gone" });
  }

  #takePrefix(information: PrefixInformation, now: number): void {
    const { prefix, length, valid, preferred } = information;
    const octets = new Uint8Array(ADDRESS_SIZE);
    octets.set(prefix);
    octets.set(this.linkLocal.subarray(PREFIX_SIZE), PREFIX_SIZE);
    const isUsable = length === PREFIX_LENGTH && preferred <= valid && isGlobal(octets);
    const known = this.#addresses.find((address) => same(address.octets, octets));
    const isFull = known === undefined && this.#addresses.length >= HOST_PREFIXES_MAX;
    if (!isUsable || isFull) {
      this.count("refused-prefix");
    } else if (known !== undefined) {
      this.#renew(known, valid, preferred, now);
    } else if (valid > 0) {
      const isPreferred = preferred > 0;
      const [validUntil, preferredUntil] = [now + valid, now + preferred];
      const text = formatIpv6(octets);
      this.#addresses.push({ octets, text, validUntil, preferredUntil, isPreferred });
      this.#events.push({ type: "address", address: text, isPreferred });
    }
  }

  /** RFC 4862 5.5.3 e: whoever forges an advertisement takes no address away at once. */
  #renew(address: Address, valid: number, preferred: number, now: number): void {
    const remaining = address.validUntil - now;
    if (valid > LAST_VALID_MS || valid > remaining) address.validUntil = now + valid;
    else if (remaining > LAST_VALID_MS) address.validUntil = now + LAST_VALID_MS;
    address.preferredUntil = now + preferred;
    this.#prefer(address, preferred > 0);
  }

  #prefer(address: Address, isPreferred: boolean): void {
    if (address.isPreferred === isPreferred) return;
    address.isPreferred = isPreferred;
    this.#events.push({ type: "address", address: address.text, isPreferred });
  }

  #takeServers({ servers }: Advertisement, now: number): void {
    const before = this.#names;
    for (const { address, lifetime } of servers) {
      // One of this link alone could be asked only by who knows the device.
      if (!isGlobal(address)) continue;
      const text = formatIpv6(address);
      const known = this.#servers.find((server) => server.address === text);
      if (known !== undefined) known.until = now + lifetime;
      else if (this.#servers.length < HOST_DNS_MAX) {
        this.#servers.push({ address: text, until: now + lifetime });
      }
    }
    this.#expireServers(before, now);
  }

  get #names(): readonly string[] {
    return this.#servers.map(({ address }) => address);
  }

  #expire(now: number): void {
    for (const address of this.#addresses) {
      if (address.validUntil <= now) this.#events.push({ type: "gone", address: address.text });
      else if (address.preferredUntil <= now) this.#prefer(address, false);
    }
    this.#addresses = this.#addresses.filter(({ validUntil }) => validUntil > now);
    if (this.#router !== undefined && this.#router.until <= now) this.#loseRouter(now);
    this.#expireServers(this.#names, now);
  }

  #expireServers(before: readonly string[], now: number): void {
    this.#servers = this.#servers.filter(({ until }) => until > now);
    const servers = this.#names;
    if (servers.join() !== before.join()) this.#events.push({ type: "dns", servers });
  }
}

/** Neither of this link alone, nor multicast, nor of the reserved ::/8. */
function isGlobal(address: Uint8Array): boolean {
  const isReserved = address[0] === 0 || address[0] === MULTICAST;
  return !isReserved && !isLinkLocal(address);
}
