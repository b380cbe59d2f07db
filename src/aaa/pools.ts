/**
 * IPv4 address pools of the virtual networks.
 *
 * @module
 */
import { formatIpv4, type Ipv4Prefix, ipv4, ipv4Prefix } from "../net.ts";
import type { Network6 } from "./pools6.ts";
import { Supply } from "./supply.ts";

/** What a virtual network has to give. */
export interface Network extends Network6 {
  readonly name: string;
  /** Our address in it; never given to a session. */
  readonly gateway: string;
  /** Prefixes. The first and the last address of each are never given to a session. */
  readonly pool: readonly string[];
  readonly dns?: readonly string[];
  readonly nbns?: readonly string[];
  /** Octets of IP a second to a client and from it; 0: no bound. */
  readonly rateDown?: number;
  readonly rateUp?: number;
  /** Time without a packet after which a session is ended, ms; 0: never. */
  readonly idle?: number;
}

export class Pools {
  readonly #pools: ReadonlyMap<string, Pool>;

  /** @throws {RangeError} for text that is no prefix or address, and for pools that overlap */
  constructor(networks: readonly Network[]) {
    this.#pools = new Map(networks.map((network) => [network.name, new Pool(network)]));
  }

  /** A free address of a network; `undefined` when there is none. */
  grant(network: string): string | undefined {
    const address = this.#pools.get(network)?.grant();
    return address === undefined ? undefined : formatIpv4(address);
  }

  /** Takes an address back; one that is not out is left alone. */
  release(network: string, address: string): void {
    this.#pools.get(network)?.release(ipv4(address));
  }
}

class Pool {
  readonly #gateway: number;
  readonly #prefixes: readonly Ipv4Prefix[];
  /** The next address that was never given out: which prefix, and where in it. */
  #prefix = 0;
  #offset = 1;
  readonly #supply = new Supply(() => this.#fresh());

  constructor(network: Network) {
    this.#gateway = ipv4(network.gateway);
    this.#prefixes = network.pool.map(ipv4Prefix);
    const sorted = [...this.#prefixes].sort((a, b) => a.first - b.first);
    for (const [at, prefix] of sorted.entries()) {
      const next = sorted[at + 1];
      if (next !== undefined && next.first <= prefix.last) {
        throw new RangeError(`pools of network ${network.name} overlap`);
      }
    }
  }

  grant(): number | undefined {
    return this.#supply.grant();
  }

  release(address: number): void {
    this.#supply.release(address);
  }

  /** Each prefix is left once, so all calls together take as many steps as there are prefixes. */
  #fresh(): number | undefined {
    for (;;) {
      const prefix = this.#prefixes[this.#prefix];
      if (prefix === undefined) return undefined;
      const address = prefix.first + this.#offset;
      if (address >= prefix.last) {
        this.#prefix += 1;
        this.#offset = 1;
        continue;
      }
      this.#offset += 1;
      if (address !== this.#gateway) return address;
    }
  }
}
