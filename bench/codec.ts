/**
 * Micro benchmarks of the codec: `npm run bench -- codec [--seconds N] [--json]`. No root needed.
 *
 * The same work in up to four ways. "wasm, batch": codec.wasm over packets that lie in its memory,
 * as the data plane has them, many in one call. "wasm, single": the same, one packet a call.
 * "simplon/codec": the TypeScript face, with the copy into that memory and an object as result.
 * "DataView": the reference codec of the tests.
 *
 * @module
 */
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import * as r from "../assembly/records.ts";
import { type Column, formatCount, formatTable } from "../src/cli/table.ts";
import * as face from "../src/codec/index.ts";
import { instantiate } from "../src/codec/load.ts";
import * as reference from "../test/reference/codec.ts";
import { datagram, PacketRandom } from "../test/reference/packets.ts";
import { machine } from "./forward/figures.ts";

/** What is used of benchmark.js. */
interface Measurement {
  readonly hz: number;
  readonly stats: { readonly rme: number };
  readonly error?: Error;
  run(): Measurement;
}
type Benchmark = new (name: string, run: () => void, options: { maxTime: number }) => Measurement;

interface Case {
  readonly what: string;
  readonly how: "wasm, batch" | "wasm, single" | "simplon/codec" | "DataView";
  /** How many one call of `run` works on. */
  readonly count: number;
  readonly prepare?: () => void;
  readonly run: () => number;
}

interface Row {
  readonly what: string;
  readonly how: string;
  readonly perSecond: number;
  /** Half of the 95 % confidence interval, in percent. */
  readonly margin: number;
}

const PACKETS = 256;
const DESCRIPTORS = 64;
const RECORDS = 0x4000;
const OUTPUT = 0x10000;
const START = 0x18000;
const SEED = 2661;
const EMPTY = new Uint8Array(0);

const wasm = instantiate(0x40000);

export async function codec(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
    },
  });
  const Benchmark = createRequire(import.meta.url)("benchmark") as Benchmark;
  const cases = [...headers(), ...avps(), ...frames(), ...checks()];
  const rows = cases.map((each) => measure(Benchmark, each, Number(values.seconds)));
  const result = { machine: machine(), runtime: navigator.userAgent, rows };
  console.log(values.json ? JSON.stringify(result, undefined, 2) : describe(result));
  return 0;
}

function measure(Benchmark: Benchmark, each: Case, maxTime: number): Row {
  const { what, how, count, prepare, run } = each;
  prepare?.();
  // Results add up to something that is looked at, so that no work can be left out.
  let sum = 0;
  const work = () => {
    sum += run();
  };
  const { hz, stats, error } = new Benchmark(what, work, { maxTime }).run();
  if (error !== undefined) throw error;
  if (!(sum > 0)) throw new Error(`${what}, ${how}: no result`);
  return { what, how, perSecond: Math.round(hz * count), margin: stats.rme };
}

/**
 * "regular": all alike, as the data of one LAC is. "mixed": any bits, many malformed; as the same
 * 256 come again and again, the processor may learn them.
 */
function headers(): Case[] {
  const header = { control: false, priority: false, length: 0, tunnelId: 7, sessionId: 9 };
  const one = face.buildHeader(header, new Uint8Array(40));
  const fields = reference.parseHeader(one);
  if (typeof fields === "string") throw new Error(fields);
  const random = new PacketRandom(SEED);
  const regular = Array.from({ length: PACKETS }, () => Uint8Array.from(one));
  const mixed = Array.from({ length: PACKETS }, () => datagram(random));
  const built = "L2TP headers built";
  return [
    ...parsedHeaders("L2TP headers parsed, regular", regular),
    ...parsedHeaders("L2TP headers parsed, mixed", mixed),
    {
      what: built,
      how: "wasm, batch",
      count: PACKETS,
      prepare: () => {
        lay(regular);
        wasm.exports.parseHeaders(DESCRIPTORS, PACKETS, RECORDS);
      },
      run: () => wasm.exports.buildHeaders(DESCRIPTORS, PACKETS, RECORDS),
    },
    {
      what: built,
      how: "wasm, single",
      count: 1,
      run: () => wasm.exports.buildHeader(RECORDS, OUTPUT, 64),
    },
    single(built, "simplon/codec", () => face.buildHeader(header, EMPTY).length),
    single(built, "DataView", () => reference.buildHeader(fields).length),
  ];
}

function parsedHeaders(what: string, packets: readonly Uint8Array[]): Case[] {
  const prepare = () => lay(packets);
  return [
    {
      what,
      how: "wasm, batch",
      count: PACKETS,
      prepare,
      run: () => wasm.exports.parseHeaders(DESCRIPTORS, PACKETS, RECORDS),
    },
    {
      what,
      how: "wasm, single",
      count: PACKETS,
      prepare,
      run: () => each((at, length) => 1 + wasm.exports.parseHeader(at, length, RECORDS)),
    },
    over(what, "simplon/codec", packets, (packet) => size(face.parseHeader(packet))),
    over(what, "DataView", packets, (packet) => size(reference.parseHeader(packet))),
  ];
}

/** An ICRQ as access concentrators send it. */
function avps(): Case[] {
  const { AvpType, textValue, uint16Value, uint32Value } = face;
  const message = {
    ...{ tunnelId: 7, sessionId: 0, ns: 2, nr: 1 },
    avps: [
      { type: AvpType.MessageType, value: uint16Value(face.MessageType.ICRQ) },
      { type: AvpType.AssignedSessionId, value: uint16Value(4_711) },
      { type: AvpType.CallSerialNumber, value: uint32Value(1) },
      { type: AvpType.BearerType, mandatory: false, value: uint32Value(1) },
      { type: AvpType.CalledNumber, mandatory: false, value: textValue("0800123456") },
      { type: AvpType.CallingNumber, mandatory: false, value: textValue("0411234567") },
    ],
  };
  const built = face.buildControlMessage(message);
  const body = built.subarray(12);
  const count = message.avps.length;
  const parsed = "AVPs walked";
  return [
    {
      what: parsed,
      how: "wasm, single",
      count,
      prepare: () => lay([body]),
      run: () => wasm.exports.walkAvps(START, body.length, RECORDS, 64),
    },
    { what: parsed, how: "DataView", count, run: () => size(reference.walkAvps(body, 64)) },
    single("ICRQ messages parsed", "simplon/codec", () => size(face.parseControlMessage(built))),
    single("ICRQ messages built", "simplon/codec", () => face.buildControlMessage(message).length),
  ];
}

function frames(): Case[] {
  const information = new Uint8Array(40);
  const packets = Array.from({ length: PACKETS }, () => face.buildPpp(0x21, information));
  const parsed = "PPP frames parsed";
  const built = "PPP headers built";
  return [
    {
      what: parsed,
      how: "wasm, batch",
      count: PACKETS,
      prepare: () => lay(packets),
      run: () => wasm.exports.parseFrames(DESCRIPTORS, PACKETS, RECORDS),
    },
    over(parsed, "simplon/codec", packets, (packet) => size(face.parsePpp(packet))),
    over(parsed, "DataView", packets, (packet) => size(reference.parseFrame(packet))),
    single(built, "wasm, single", () => wasm.exports.buildFrameHeader(OUTPUT, 4, 0x21, 0)),
    single(built, "DataView", () => reference.buildFrameHeader(0x21, false, false).length),
    single("PPP frames built", "simplon/codec", () => face.buildPpp(0x21, information).length),
  ];
}

function checks(): Case[] {
  const random = new PacketRandom(SEED);
  const sums = [64, 1_448].flatMap((length): Case[] => {
    const octets = random.fill(new Uint8Array(length));
    const what = `checksums of ${length} octets`;
    const prepare = () => lay([octets]);
    const inMemory = () => wasm.exports.checksum(START, length);
    return [
      { what, how: "wasm, single", count: 1, prepare, run: inMemory },
      single(what, "simplon/codec", () => face.checksum(octets)),
      single(what, "DataView", () => reference.checksum(octets)),
    ];
  });
  const packet = Uint8Array.of(
    0x45,
    0,
    0,
    20,
    0,
    0,
    0x40,
    0,
    64,
    17,
    0,
    0,
    10,
    9,
    0,
    1,
    10,
    9,
    0,
    2,
  );
  const sum = reference.checksum(packet);
  packet.set([sum >> 8, sum & 0xff], 10);
  const what = "IPv4 headers checked";
  const check = () => 1 + wasm.exports.checkIpv4(START, packet.length);
  return [
    ...sums,
    { what, how: "wasm, single", count: 1, prepare: () => lay([packet]), run: check },
    single(what, "simplon/codec", () => face.checkIpv4(packet).length),
    single(what, "DataView", () => reference.checkIpv4(packet).length),
  ];
}

function single(what: string, how: Case["how"], run: () => number): Case {
  return { what, how, count: 1, run };
}

function over(
  what: string,
  how: Case["how"],
  packets: readonly Uint8Array[],
  work: (packet: Uint8Array) => number,
): Case {
  const run = () => packets.reduce((sum, packet) => sum + work(packet), 0);
  return { what, how, count: packets.length, run };
}

/** Puts packets and their descriptors into the memory. */
function lay(packets: readonly Uint8Array[]): void {
  let at = START;
  for (const [i, packet] of packets.entries()) {
    const descriptor = DESCRIPTORS + i * r.DESCRIPTOR_SIZE;
    wasm.bytes.set(packet, at);
    wasm.view.setUint32(descriptor + r.DESCRIPTOR_AT, at, true);
    wasm.view.setUint32(descriptor + r.DESCRIPTOR_LENGTH, packet.length, true);
    at += packet.length;
  }
}

function each(work: (at: number, length: number) => number): number {
  let sum = 0;
  for (let i = 0; i < PACKETS; i++) {
    const descriptor = DESCRIPTORS + i * r.DESCRIPTOR_SIZE;
    const at = wasm.view.getUint32(descriptor + r.DESCRIPTOR_AT, true);
    sum += work(at, wasm.view.getUint32(descriptor + r.DESCRIPTOR_LENGTH, true));
  }
  return sum;
}

/** A result counts the same whether it is a fault or not. */
function size(result: object | string): number {
  return typeof result === "string" ? result.length : 1;
}

function describe(result: { machine: string; runtime: string; rows: readonly Row[] }): string {
  const columns: Column<Row>[] = [
    { title: "", align: "left", value: ({ what }) => what },
    { title: "", align: "left", value: ({ how }) => how },
    { title: "per second", align: "right", value: ({ perSecond }) => formatCount(perSecond) },
    { title: "±%", align: "right", value: ({ margin }) => margin.toFixed(1) },
  ];
  return `${result.machine}, ${result.runtime}\n${formatTable(columns, result.rows)}`;
}
