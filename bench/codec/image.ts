/**
 * What is measured, laid out once in a memory that codec.wasm, the DataView codec and, as a file,
 * the C program each have a copy of.
 *
 * @module
 */
import * as r from "../../assembly/records.ts";
import { instantiate } from "../../src/codec/load.ts";
import { buildAvp, HAS } from "../../test/reference/codec.ts";
import { datagram, PacketRandom } from "../../test/reference/packets.ts";
import { type Codec, DataViewCodec } from "./dataview.ts";

export interface Case {
  /** What bench/codec/codec.c calls it; the first letter tells it what to do. */
  readonly key: string;
  readonly name: string;
  readonly unit: "M/s" | "GB/s";
  /** Items or octets of one run. */
  readonly count: number;
  /** One run each; they differ in what they call only, so that each call sees one callee. */
  readonly wasm: () => number;
  readonly dataView: () => number;
}

export interface Image {
  readonly cases: readonly Case[];
  /** The memory of the module and that of the DataView codec, the same before the first run. */
  readonly wasm: Uint8Array;
  readonly dataView: Uint8Array;
}

const PACKETS = 256;
const AVPS = 256;
const SUMS = 64;
const SUM_OCTETS = 1_448;
const LARGE_OCTETS = 0x10000;
const SEED = 2_661;
/** struct job of codec.c. */
const JOBS_AT = 64;
const JOB_SIZE = 32;
const JOBS_MAX = 15;
const OCTETS = 0x80000;
const LINE = 64;

/** A region of the memory: packets with their descriptors, and room for records. */
interface Region {
  readonly descriptors: number;
  readonly records: number;
  readonly at: number;
  readonly count: number;
}

class Layout {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  #free = JOBS_AT + (JOBS_MAX + 1) * JOB_SIZE;
  #jobs = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  add(key: string, packets: readonly Uint8Array[], recordSize: number, flags = 0): Region {
    const count = packets.length;
    const descriptors = this.#take(count * r.DESCRIPTOR_SIZE);
    const records = this.#take(recordSize);
    const octets = packets.reduce((sum, { length }) => sum + length, 0);
    const at = this.#take(octets);
    let next = at;
    for (const [i, packet] of packets.entries()) {
      const descriptor = descriptors + i * r.DESCRIPTOR_SIZE;
      this.bytes.set(packet, next);
      this.view.setUint32(descriptor + r.DESCRIPTOR_AT, next, true);
      this.view.setUint32(descriptor + r.DESCRIPTOR_LENGTH, packet.length, true);
      next += packet.length;
    }
    const job = JOBS_AT + this.#jobs++ * JOB_SIZE;
    if (this.#jobs > JOBS_MAX) throw new Error("too many cases");
    this.bytes.set(new TextEncoder().encode(key), job);
    for (const [i, word] of [descriptors, count, records, flags].entries()) {
      this.view.setUint32(job + 16 + i * 4, word, true);
    }
    return { descriptors, records, at, count };
  }

  #take(size: number): number {
    const at = this.#free;
    this.#free += Math.ceil(size / LINE) * LINE;
    if (this.#free > this.bytes.length) throw new Error("the memory is too small");
    return at;
  }
}

export function layOut(): Image {
  const { exports, bytes } = instantiate(OCTETS);
  const copy = new Uint8Array(bytes.length);
  const layout = new Layout(bytes);
  const random = new PacketRandom(SEED);
  const codecs: Codecs = [exports, new DataViewCodec(copy)];
  const cases = [
    ...headers(layout, codecs, "data", "data of one peer", many(PACKETS, dataMessage)),
    ...headers(layout, codecs, "any", "any bits, faults", anyDatagrams(random)),
    avps(layout, codecs, random),
    ...frames(layout, codecs),
    ...checksums(layout, codecs, random),
  ];
  copy.set(bytes);
  return { cases, wasm: bytes, dataView: copy };
}

type Codecs = readonly [wasm: Codec, dataView: Codec];

function headers(
  layout: Layout,
  [w, d]: Codecs,
  key: string,
  what: string,
  packets: readonly Uint8Array[],
): Case[] {
  const recordsSize = PACKETS * r.HEADER_RECORD_SIZE;
  const p = layout.add(`h-${key}`, packets, recordsSize);
  // Built are the headers of those that are in order, over and over again.
  const sound = packets.filter((_, i) => isSound(layout, w, p, i));
  const told = many(PACKETS, (i) => sound[i % sound.length] ?? dataMessage());
  const b = layout.add(`H-${key}`, told, recordsSize);
  w.parseHeaders(b.descriptors, b.count, b.records);
  return [
    {
      key: `h-${key}`,
      name: `L2TP headers parsed: ${what}`,
      unit: "M/s",
      count: PACKETS,
      wasm: () => w.parseHeaders(p.descriptors, PACKETS, p.records),
      dataView: () => d.parseHeaders(p.descriptors, PACKETS, p.records),
    },
    {
      key: `H-${key}`,
      name: `L2TP headers built: ${what}`,
      unit: "M/s",
      count: PACKETS,
      wasm: () => w.buildHeaders(b.descriptors, PACKETS, b.records),
      dataView: () => d.buildHeaders(b.descriptors, PACKETS, b.records),
    },
  ];
}

function isSound(layout: Layout, codec: Codec, region: Region, i: number): boolean {
  codec.parseHeaders(region.descriptors, region.count, region.records);
  const record = region.records + i * r.HEADER_RECORD_SIZE;
  return layout.view.getUint16(record + r.HEADER_STATUS, true) === r.STATUS_OK;
}

/** L is set, as most access concentrators do; IPv4 in PPP behind it. */
function dataMessage(): Uint8Array {
  const packet = new Uint8Array(8 + 4 + 40);
  const view = new DataView(packet.buffer);
  view.setUint16(0, HAS.L | r.L2TP_VERSION);
  for (const [i, field] of [packet.length, 7, 9].entries()) view.setUint16(2 + i * 2, field);
  packet.set([0xff, 0x03, 0x00, 0x21], 8);
  return packet;
}

function anyDatagrams(random: PacketRandom): Uint8Array[] {
  return many(PACKETS, () => datagram(random));
}

function avps(layout: Layout, [w, d]: Codecs, random: PacketRandom): Case {
  const each = many(AVPS, () => {
    const value = random.fill(new Uint8Array(random.pick(2, 2, 4, 8, random.below(24))));
    return buildAvp(0x8000, 0, random.below(64), value) ?? new Uint8Array(0);
  });
  const body = Uint8Array.from(each.flatMap((avp) => [...avp]));
  const { at, records } = layout.add("a", [body], AVPS * r.AVP_RECORD_SIZE, AVPS);
  const { length } = body;
  return {
    key: "a",
    name: "AVPs walked",
    unit: "M/s",
    count: AVPS,
    wasm: () => w.walkAvps(at, length, records, AVPS),
    dataView: () => d.walkAvps(at, length, records, AVPS),
  };
}

function frames(layout: Layout, [w, d]: Codecs): Case[] {
  const protocols = [0x0021, 0x0021, 0x0021, 0x0057];
  const packets = many(PACKETS, (i) =>
    Uint8Array.from([0xff, 0x03, 0, protocols[i % 4] ?? 0, ...new Uint8Array(40)]),
  );
  const size = PACKETS * r.PPP_RECORD_SIZE;
  const p = layout.add("f", packets, size);
  const b = layout.add("F", packets, size);
  w.parseFrames(b.descriptors, PACKETS, b.records);
  return [
    {
      key: "f",
      name: "PPP frames parsed",
      unit: "M/s",
      count: PACKETS,
      wasm: () => w.parseFrames(p.descriptors, PACKETS, p.records),
      dataView: () => d.parseFrames(p.descriptors, PACKETS, p.records),
    },
    {
      key: "F",
      name: "PPP frames built",
      unit: "M/s",
      count: PACKETS,
      wasm: () => w.buildFrameHeaders(b.descriptors, PACKETS, b.records, 0),
      dataView: () => d.buildFrameHeaders(b.descriptors, PACKETS, b.records, 0),
    },
  ];
}

function checksums(layout: Layout, [w, d]: Codecs, random: PacketRandom): Case[] {
  const packets = many(SUMS, () => random.fill(new Uint8Array(SUM_OCTETS)));
  const small = layout.add("c-1448", packets, 0).at;
  const large = layout.add("c-64k", [random.fill(new Uint8Array(LARGE_OCTETS))], 0).at;
  const end = small + SUMS * SUM_OCTETS;
  return [
    {
      key: "c-1448",
      name: "checksum, 1448 octets a call",
      unit: "GB/s",
      count: SUMS * SUM_OCTETS,
      wasm: () => {
        let sum = 0;
        for (let at = small; at !== end; at += SUM_OCTETS) sum += w.checksum(at, SUM_OCTETS);
        return sum;
      },
      dataView: () => {
        let sum = 0;
        for (let at = small; at !== end; at += SUM_OCTETS) sum += d.checksum(at, SUM_OCTETS);
        return sum;
      },
    },
    {
      key: "c-64k",
      name: "checksum, 64 KiB a call",
      unit: "GB/s",
      count: LARGE_OCTETS,
      wasm: () => w.checksum(large, LARGE_OCTETS),
      dataView: () => d.checksum(large, LARGE_OCTETS),
    },
  ];
}

function many(count: number, make: (index: number) => Uint8Array): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
