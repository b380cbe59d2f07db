/**
 * IPv6 prefixes of the virtual networks: a /64 for each session.
 *
 * The first /64 of a network's first pool is the LNS's own, with its address in it.
 *
 * @module
 */
import { formatIpv6, gateway6Of, type Ipv6Prefix, ipv6Prefix, upperHalf } from "../net.ts";
import { Supply } from "./supply.ts";

/** What a virtual network has to give of IPv6. */
export interface Network6 {
  readonly name: string;
  /** Prefixes of /64 or shorter; none means no IPv6. */
  readonly pool6?: readonly string[];
}

/** What a session is given, as text. */
interface Grant6 {
  /** "2001:db8:64:1::/64" */
  readonly prefix6: string;
  readonly gateway6: string;
}

/** Upper 64 bits of the first /64, and how many there are. */
interface Range {
  readonly first: bigint;
  readonly count: number;
}

export class Pools6 {
  readonly #pools: ReadonlyMap<string, Pool6>;

  /** @throws {RangeError} for text that is no such prefix, and for pools that overlap */
  constructor(networks: readonly Network6[]) {
    this.#pools = new Map(networks.map((network) => [network.name, new Pool6(network)]));
  }

  /** Whether a network has IPv6 at all. */
  serves(network: string): boolean {
    return this.#pools.get(network)?.gateway6 !== undefined;
  }

  /** A free /64 of a network; `undefined` when there is none. */
  grant(network: string): Grant6 | undefined {
    const pool = this.#pools.get(network);
    const prefix6 = pool?.grant();
    const gateway6 = pool?.gateway6;
    return prefix6 === undefined || gateway6 === undefined ? undefined : { prefix6, gateway6 };
  }

  /** Takes a /64 back; one that is not out is left alone. */
  release(network: string, prefix6: string): void {
    this.#pools.get(network)?.release(prefix6);
  }
}

class Pool6 {
  readonly gateway6: string | undefined;
  readonly #ranges: readonly Range[];
  readonly #supply: Supply;
  /** How many were given out fresh. */
  #used = 1;

  constructor({ name, pool6 = [] }: Network6) {
    this.#ranges = pool6.map(readRange);
    this.gateway6 = pool6[0] === undefined ? undefined : gateway6Of(pool6[0]);
    const sorted = [...this.#ranges].sort((a, b) => (a.first < b.first ? -1 : 1));
    for (const [at, range] of sorted.entries()) {
      const next = sorted[at + 1];
      if (next !== undefined && next.first < range.first + BigInt(range.count)) {
        throw new RangeError(`pools of network ${name} overlap`);
      }
    }
    const total = this.#ranges.reduce((sum, { count }) => sum + count, 0);
    this.#supply = new Supply(() => (this.#used < total ? this.#used++ : undefined));
  }

  grant(): string | undefined {
    const index = this.#supply.grant();
    return index === undefined ? undefined : this.#prefixAt(index);
  }

  release(prefix6: string): void {
    const index = this.#indexOf(upperHalf(readPrefix(prefix6).first));
    if (index !== undefined) this.#supply.release(index);
  }

  /** The /64s of all ranges, counted through in the order of the configuration. */
  #prefixAt(index: number): string {
    let offset = index;
    for (const { first, count } of this.#ranges) {
      if (offset < count) return `${formatIpv6(withUpperHalf(first + BigInt(offset)))}/64`;
      offset -= count;
    }
    throw new RangeError(`no /64 has the index ${index}`);
  }

  #indexOf(prefix: bigint): number | undefined {
    let before = 0;
    for (const { first, count } of this.#ranges) {
      const offset = prefix - first;
      if (offset >= 0n && offset < BigInt(count)) return before + Number(offset);
      before += count;
    }
    return undefined;
  }
}

function withUpperHalf(upper: bigint): Uint8Array {
  const address = new Uint8Array(16);
  new DataView(address.buffer).setBigUint64(0, upper);
  return address;
}

function readRange(text: string): Range {
  const { first, length } = readPrefix(text);
  return { first: upperHalf(first), count: 2 ** (64 - length) };
}

function readPrefix(text: string): Ipv6Prefix {
  const prefix = ipv6Prefix(text);
  if (prefix.length > 64) throw new RangeError(`not an IPv6 prefix of /64 or shorter: ${text}`);
  return prefix;
}
