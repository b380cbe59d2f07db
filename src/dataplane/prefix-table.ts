/**
 * The subnets beyond address and /64 that belong to sessions, as the control thread writes them.
 *
 * @module
 */
import * as layout from "../../assembly/layout.ts";
import { ipv4Prefix, ipv6Prefix, upperHalf } from "../net.ts";
import type { Forwarding } from "./memory.ts";

/** A prefix of either family among those of IPv6: an IPv4 one behind ::ffff:0:0/96. */
interface Prefix {
  readonly upper: bigint;
  readonly lower: bigint;
  readonly length: number;
}

interface Held {
  readonly index: number;
  readonly key: string;
  readonly length: number;
}

const MAPPED = 0xffff_0000_0000n;
const MAPPED_LENGTH = 96;
const LOWER_AT = 8;
const WORD = 32;

export class PrefixTable {
  readonly #words: Uint32Array;
  readonly #longs: BigUint64Array;
  readonly #forwarding: Forwarding;
  /** By the index of the session. */
  readonly #held = new Map<number, readonly Held[]>();
  readonly #taken = new Set<string>();
  readonly #free: number[] = [];
  #unused = 1;
  /** How many prefixes have each length. */
  readonly #lengths = new Uint32Array(layout.PREFIX_LENGTHS_WORDS * WORD);

  constructor(memory: WebAssembly.Memory, forwarding: Forwarding) {
    this.#words = new Uint32Array(memory.buffer);
    this.#longs = new BigUint64Array(memory.buffer);
    this.#forwarding = forwarding;
  }

  /**
   * Gives `prefixes` (text, checked before) to a session instead of what it has; those that another
   * session of the network has, or for which there is no room, are left out and answered.
   */
  set(
    { index, generation }: { readonly index: number; readonly generation: number },
    network: number,
    prefixes: readonly string[],
  ): readonly string[] {
    this.clear(index);
    const held: Held[] = [];
    const refused = prefixes.filter((text) => {
      const added = this.#add(index, generation, network, parse(text));
      if (added !== undefined) held.push(added);
      return added === undefined;
    });
    if (held.length > 0) this.#held.set(index, held);
    return refused;
  }

  /** How many a session has. */
  count(index: number): number {
    return this.#held.get(index)?.length ?? 0;
  }

  /** A reader that stands on a record which is used again at worst misses one packet (chain.ts). */
  clear(index: number): void {
    for (const { index: record, key, length } of this.#held.get(index) ?? []) {
      this.#forwarding.removePrefix(record);
      this.#taken.delete(key);
      this.#free.push(record);
      this.#count(length, -1);
    }
    this.#held.delete(index);
  }

  #add(session: number, generation: number, network: number, prefix: Prefix): Held | undefined {
    const { upper, lower, length } = prefix;
    const key = `${network} ${upper} ${lower} ${length}`;
    if (this.#taken.has(key)) return undefined;
    const unused = this.#unused <= layout.PREFIX_COUNT ? this.#unused : undefined;
    const index = unused ?? this.#free.shift();
    if (index === undefined) return undefined;
    if (index === unused) this.#unused++;
    const at = layout.PREFIX_RECORDS + index * layout.PREFIX_SIZE;
    const set = (field: number, value: number) => {
      this.#words[(at + field) / 4] = value;
    };
    set(layout.PREFIX_NETWORK, network);
    set(layout.PREFIX_LENGTH, length);
    set(layout.PREFIX_SESSION, session);
    set(layout.PREFIX_GENERATION, generation);
    this.#longs[(at + layout.PREFIX_UPPER) / 8] = upper;
    this.#longs[(at + layout.PREFIX_LOWER) / 8] = lower;
    if (!this.#forwarding.insertPrefix(index)) {
      this.#free.push(index);
      return undefined;
    }
    this.#taken.add(key);
    this.#count(length, 1);
    return { index, key, length };
  }

  /** Only lengths that are in use are looked for. */
  #count(length: number, change: number): void {
    const count = (this.#lengths[length] ?? 0) + change;
    this.#lengths[length] = count;
    const word = layout.PREFIX_LENGTHS / 4 + Math.floor(length / WORD);
    const bit = 1 << (length % WORD);
    if (count > 0) Atomics.or(this.#words, word, bit);
    else Atomics.and(this.#words, word, ~bit);
  }
}

function parse(text: string): Prefix {
  if (!text.includes(":")) {
    const { first, length } = ipv4Prefix(text);
    return { upper: 0n, lower: MAPPED | BigInt(first), length: MAPPED_LENGTH + length };
  }
  const { first, length } = ipv6Prefix(text);
  const lower = new DataView(first.buffer, first.byteOffset).getBigUint64(LOWER_AT);
  return { upper: upperHalf(first), lower, length };
}
