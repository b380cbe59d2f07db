/**
 * Hosts that talk: streams of TCP and UDP as real stacks send them, and everything that ends such a
 * stream or only looks like it: other options, flags, numbers, checksums, headers, fragments.
 *
 * @module
 */
import { FLAG, fold, sum, TCP, UDP, writeChecksum, writeHeaderChecksum } from "./offload.ts";
import type { PacketRandom } from "./packets.ts";

/** Addresses of four or of sixteen octets. */
export interface Pair {
  readonly source: readonly number[];
  readonly destination: readonly number[];
}

const ICMP = 1;
const ICMPV6 = 58;
const HOP_BY_HOP = 0;
const DESTINATION_OPTIONS = 60;
const FRAGMENT = 44;
const ROUTER_ALERT = [0x94, 4, 0, 0];

const PORTS = [443, 80, 53, 5001];

/** What a conversation is, where it is not for chance to say. */
export interface Wish {
  readonly size?: number | undefined;
  readonly isTcp?: boolean;
  readonly idStep?: number;
}

/** The state of one conversation, as its sender keeps it. */
export class Flow {
  readonly random: PacketRandom;
  readonly isTcp: boolean;
  readonly isV6: boolean;
  readonly addresses: Pair;
  readonly ports: readonly [number, number];
  /** Percent of packets that something happens to. */
  readonly wildness: number;
  /** Octets of payload of each packet but the last of a run. */
  readonly size: number;
  #id: number;
  readonly #idStep: number;
  #hops: number;
  #traffic: number;
  #label: number;
  #fragmentFlags: number;
  #sequence: number;
  #acknowledgement: number;
  #window: number;
  #flags: number = FLAG.ack;
  #options: number[];

  constructor(random: PacketRandom, addresses: Pair, wildness: number, wish: Wish = {}) {
    this.random = random;
    this.addresses = addresses;
    this.wildness = wildness;
    this.isV6 = addresses.source.length === 16;
    this.isTcp = wish.isTcp ?? random.chance(60);
    this.ports = [1024 + random.below(60_000), random.pick(...PORTS)];
    this.size = wish.size ?? this.#anySize();
    this.#id = random.chance(20) ? 65_535 - random.below(20) : random.below(65_536);
    this.#idStep = wish.idStep ?? random.pick(1, 1, 1, 1, 1, 1, 0, 2);
    this.#hops = random.pick(64, 128, 255);
    this.#traffic = random.pick(0, 0, 2, 0xb8);
    this.#label = random.below(0x100000);
    this.#fragmentFlags = random.pick(0x4000, 0x4000, 0, 0xc000);
    this.#sequence = random.chance(30) ? 0xffff_ffff - random.below(20_000) : random.u32();
    this.#acknowledgement = random.u32();
    this.#window = random.below(65_536);
    this.#options = this.#newOptions();
  }

  #anySize(): number {
    const { random } = this;
    return random.chance(60) ? random.pick(1348, 1200, 512, 100, 33) : 1 + random.below(1340);
  }

  /** The next packet of a stream. */
  next(): Uint8Array {
    return this.#plain(this.size);
  }

  /** Packets of one run: equal ones, then a shorter or pushed one. */
  run(count: number): Uint8Array[] {
    return Array.from({ length: count }, (_, index) => {
      const isLast = index === count - 1 && this.random.chance(70);
      const payload = isLast ? 1 + this.random.below(this.size) : this.size;
      if (this.random.chance(this.wildness)) return this.#odd(payload);
      if (isLast) return this.#plain(payload, this.random.chance(80) ? FLAG.psh : 0);
      return this.#plain(payload, index === 0 && this.random.chance(5) ? FLAG.cwr : 0);
    });
  }

  /** One packet with `payload` octets of payload: what a super-packet is before it is cut. */
  whole(payload: number, more: number): { packet: Uint8Array; start: number } {
    const { random } = this;
    if (random.chance(this.wildness)) this.#change();
    const extra = random.chance(this.wildness) ? 4 * (1 + random.below(2)) : 0;
    const header = this.#header(extra);
    const transport = this.#transport(payload, more);
    const packet = join(header, transport, this.isV6);
    const segments = Math.ceil(payload / this.size);
    this.#id = (this.#id + Math.max(0, segments - 1) * this.#idStep) & 0xffff;
    return { packet, start: header.length };
  }

  #plain(payload: number, more = 0, change?: (transport: Uint8Array) => void): Uint8Array {
    const header = this.#header(0);
    const transport = this.#transport(payload, more);
    change?.(transport);
    const packet = join(header, transport, this.isV6);
    writeChecksum(packet, header.length, this.isTcp ? TCP : UDP);
    return packet;
  }

  /** Something else than the next packet of the run. */
  #odd(payload: number): Uint8Array {
    const { random } = this;
    const kind = random.below(this.isTcp ? 20 : 14);
    if (kind === 0) return this.#other();
    if (kind === 1) return this.#fragment(payload);
    if (kind === 2) return this.#withExtension(payload);
    if (kind === 3) return this.#plain(0);
    if (kind === 4) return this.#plain(1);
    if (kind === 5) return this.#plain(1 + random.below(this.size));
    if (kind === 6) return this.#plain(this.size + 1 + random.below(8));
    if (kind === 7) return this.#wrongChecksum(payload);
    if (kind === 8) return this.#zeroSum(payload);
    if (kind === 9) return this.#zeroHeaderSum(payload);
    if (kind === 10) this.#id = (this.#id + random.pick(1, 2, 65_535, 300)) & 0xffff;
    else if (kind <= 12) this.#change();
    else if (kind === 13) return this.#wrongLength(payload);
    else if (kind === 14) return this.#plain(payload, random.pick(...Object.values(FLAG)));
    else if (kind === 15) return this.#plain(payload, FLAG.cwr);
    else if (kind === 16)
      return this.#plain(payload, random.below(256), (octets) => {
        octets[18] = random.below(2); // Urgent Pointer
      });
    else if (kind === 17) return this.#plain(payload, FLAG.fin);
    else if (kind === 18)
      this.#sequence = (this.#sequence + random.pick(-1, 1, this.size, -this.size)) >>> 0;
    else
      return this.#plain(payload, 0, (octets) => {
        octets[12] = (octets[12] ?? 0) | (1 << random.below(4)); // AE and reserved bits
      });
    return this.#plain(payload);
  }

  /** What later packets have otherwise, too. */
  #change(): void {
    const { random } = this;
    const kind = random.below(8);
    if (kind === 0) this.#hops = (this.#hops - 1) & 0xff || 64;
    else if (kind === 1) this.#traffic = random.below(256);
    else if (kind === 2) this.#label = random.below(0x100000);
    else if (kind === 3) this.#fragmentFlags ^= 0x4000;
    else if (kind === 4) this.#acknowledgement = (this.#acknowledgement + this.size) >>> 0;
    else if (kind === 5) this.#window = random.below(65_536);
    else if (kind === 6)
      this.#flags ^= random.pick(FLAG.ece, FLAG.ece, FLAG.urg, FLAG.syn, FLAG.rst);
    else this.#options = this.#newOptions();
  }

  /** Timestamps most often, then SACK blocks, none, or whatever. */
  #newOptions(): number[] {
    const { random } = this;
    const octets = (count: number) => [...random.fill(new Uint8Array(count))];
    const timestamps = [1, 1, 8, 10, ...octets(8)];
    const kind = random.below(10);
    if (kind < 6) return timestamps;
    if (kind < 7) return [...timestamps, 1, 1, 5, 10, ...octets(8)];
    if (kind < 8) return octets(4 * random.below(11));
    return [];
  }

  #header(options: number): Uint8Array {
    const { source, destination } = this.addresses;
    if (this.isV6) {
      const header = new Uint8Array(40 + (options === 0 ? 0 : 8));
      const view = new DataView(header.buffer);
      view.setUint32(0, 0x6000_0000 + this.#traffic * 0x100000 + this.#label);
      header[6] = options === 0 ? this.#protocol : DESTINATION_OPTIONS;
      header[7] = this.#hops;
      header.set(source, 8);
      header.set(destination, 24);
      if (options !== 0) header.set([this.#protocol, 0, 1, 4, 0, 0, 0, 0], 40);
      return header;
    }
    const header = new Uint8Array(20 + options).fill(1, 20);
    const view = new DataView(header.buffer);
    header.set([0x40 | (5 + options / 4), this.#traffic]);
    view.setUint16(4, this.#id);
    view.setUint16(6, this.#fragmentFlags);
    header.set([this.#hops, this.#protocol], 8);
    header.set(source, 12);
    header.set(destination, 16);
    this.#id = (this.#id + this.#idStep) & 0xffff;
    return header;
  }

  get #protocol(): number {
    return this.isTcp ? TCP : UDP;
  }

  /** A TCP or UDP header with payload behind; without a checksum. */
  #transport(payload: number, more: number): Uint8Array {
    const header = this.isTcp ? 20 + this.#options.length : 8;
    const octets = new Uint8Array(header + payload);
    const view = new DataView(octets.buffer);
    view.setUint16(0, this.ports[0]);
    view.setUint16(2, this.ports[1]);
    const fill = this.random.below(256);
    for (let at = header; at < octets.length; at++) octets[at] = fill + at * 7;
    if (!this.isTcp) {
      view.setUint16(4, octets.length);
      return octets;
    }
    view.setUint32(4, this.#sequence);
    view.setUint32(8, this.#acknowledgement);
    octets.set([(header / 4) << 4, this.#flags | more], 12);
    view.setUint16(14, this.#window);
    octets.set(this.#options, 20);
    this.#sequence = (this.#sequence + payload) >>> 0;
    return octets;
  }

  /** ICMP between the same two hosts. */
  #other(): Uint8Array {
    const header = this.#header(0);
    header[this.isV6 ? 6 : 9] = this.isV6 ? ICMPV6 : ICMP;
    return join(header, this.random.fill(new Uint8Array(8 + this.random.below(60))), this.isV6);
  }

  /** A piece of a packet; a first one has ports. */
  #fragment(payload: number): Uint8Array {
    const header = this.#header(0);
    const transport = this.#transport(payload, 0);
    const offset = this.random.pick(0, 0, 1, 180);
    const isMore = offset === 0 || this.random.chance(50);
    if (this.isV6) {
      header[6] = FRAGMENT;
      const extension = [
        this.#protocol,
        0,
        (offset * 8) >> 8,
        ((offset * 8) & 0xff) | Number(isMore),
      ];
      return join(header, Uint8Array.of(...extension, 0, 0, 0, 9, ...transport), true);
    }
    new DataView(header.buffer).setUint16(6, offset | (isMore ? 0x2000 : 0));
    return join(header, transport, false);
  }

  #withExtension(payload: number): Uint8Array {
    if (!this.isV6) {
      const header = Uint8Array.of(...this.#header(0), ...ROUTER_ALERT);
      header[0] = 0x46;
      const packet = join(header, this.#transport(payload, 0), false);
      writeChecksum(packet, header.length, this.#protocol);
      return packet;
    }
    const header = this.#header(0);
    header[6] = HOP_BY_HOP;
    const whole = Uint8Array.of(...header, this.#protocol, 0, 5, 2, 0, 0, 1, 0);
    const packet = join(whole, this.#transport(payload, 0), true);
    writeChecksum(packet, whole.length, this.#protocol);
    return packet;
  }

  #wrongChecksum(payload: number): Uint8Array {
    const packet = this.#plain(payload);
    const at = (this.isV6 ? 40 : 20) + (this.isTcp ? 16 : 6);
    const choice = this.random.below(3);
    if (choice === 0) packet.fill(0, at, at + 2);
    else if (choice === 1) packet.fill(0xff, at, at + 2);
    else packet[at] = (packet[at] ?? 0) ^ (1 << this.random.below(8));
    return packet;
  }

  /** Payload with which all adds up to zero: a checksum of 0 or of 0xffff, which mean the same. */
  #zeroSum(payload: number): Uint8Array {
    const packet = this.#plain(Math.max(2, payload));
    const start = this.isV6 ? 40 : 20;
    const at = start + (this.isTcp ? 16 : 6);
    const view = new DataView(packet.buffer);
    const header = start + (this.isTcp ? 20 + this.#options.length : 8);
    const word = fold(view.getUint16(header) + view.getUint16(at));
    view.setUint16(header, word);
    const isCanonical = this.random.chance(50) === this.isTcp;
    view.setUint16(at, isCanonical ? 0 : 0xffff);
    return packet;
  }

  /** An IPv4 header checksum of 0, or of 0xffff, which means the same. */
  #zeroHeaderSum(payload: number): Uint8Array {
    if (this.isV6) return this.#plain(payload);
    const header = this.#header(0);
    const transport = this.#transport(payload, 0);
    const packet = join(header, transport, false);
    writeChecksum(packet, 20, this.#protocol);
    const view = new DataView(packet.buffer);
    view.setUint16(4, 0);
    view.setUint16(10, 0);
    view.setUint16(4, 0xffff - fold(sum(packet, 0, 20)));
    this.#id = (view.getUint16(4) + this.#idStep) & 0xffff;
    if (this.random.chance(50)) view.setUint16(10, 0xffff);
    return packet;
  }

  /** A Length of UDP, or an offset of TCP's payload, that is not the packet's. */
  #wrongLength(payload: number): Uint8Array {
    const packet = this.#plain(payload);
    const start = this.isV6 ? 40 : 20;
    if (this.isTcp) packet[start + 12] = this.random.below(16) << 4;
    else
      new DataView(packet.buffer).setUint16(
        start + 4,
        this.random.pick(0, 7, 8, payload + 7, payload + 9),
      );
    writeChecksum(packet, start, this.#protocol);
    return packet;
  }
}

/** An IP header and what it carries, with the lengths and the header checksum. */
function join(header: Uint8Array, rest: Uint8Array, isV6: boolean): Uint8Array {
  const packet = new Uint8Array(header.length + rest.length);
  packet.set(header);
  packet.set(rest, header.length);
  const view = new DataView(packet.buffer);
  if (isV6) view.setUint16(4, packet.length - 40);
  else {
    view.setUint16(2, packet.length);
    writeHeaderChecksum(packet);
  }
  return packet;
}

/**
 * The order in which packets have to stay, as a list to compare: between two hosts each flow keeps its
 * own order, and what is not plainly of a flow keeps its place among all of them.
 */
export function ordered(packets: readonly Uint8Array[]): Uint8Array[] {
  const pairs = new Map<string, Map<string, Uint8Array[]>[]>();
  for (const packet of packets) {
    const { pair, flow } = belongs(packet);
    const sections = pairs.get(pair) ?? [new Map()];
    pairs.set(pair, sections);
    if (flow === undefined) sections.push(new Map([["", [packet]]]), new Map());
    else {
      const section = sections.at(-1) as Map<string, Uint8Array[]>;
      const same = section.get(flow);
      if (same === undefined) section.set(flow, [packet]);
      else same.push(packet);
    }
  }
  const byKey = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
  return [...pairs.entries()]
    .sort(byKey)
    .flatMap(([, sections]) => sections)
    .flatMap((section) => [...section.entries()].sort(byKey))
    .flatMap(([, same]) => same);
}

/** The two hosts of a packet, and its flow when it is plainly of one. */
export function belongs(packet: Uint8Array): { pair: string; flow: string | undefined } {
  const isV6 = (packet[0] ?? 0) >> 4 === 6;
  const pair = packet.subarray(isV6 ? 8 : 12, isV6 ? 40 : 20).join();
  const protocol = packet[isV6 ? 6 : 9] ?? 0;
  const start = isV6 ? 40 : 20;
  const isFragment = !isV6 && (((packet[6] ?? 0) & 0x3f) !== 0 || packet[7] !== 0);
  const hasOptions = !isV6 && packet[0] !== 0x45;
  const isOther = protocol !== TCP && protocol !== UDP;
  if (isFragment || hasOptions || isOther) return { pair, flow: undefined };
  return { pair, flow: `${protocol} ${packet.subarray(start, start + 4).join()}` };
}
