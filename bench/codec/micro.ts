/**
 * Single calls, by benchmark.js: those of the module, on a packet that lies in its memory, and the
 * TypeScript face `simplon/codec`, with the copy into that memory and an object as result. They
 * stand beside nothing, so each is measured in one go, which is what benchmark.js does.
 *
 * @module
 */
import { createRequire } from "node:module";
import * as face from "../../src/codec/index.ts";
import { instantiate } from "../../src/codec/load.ts";
import type { Row } from "../report.ts";

/** What is used of benchmark.js. */
interface Measurement {
  readonly hz: number;
  readonly stats: { readonly rme: number };
  readonly error?: Error;
  run(): Measurement;
}
type Benchmark = new (name: string, run: () => void, options: object) => Measurement;

interface Micro {
  readonly name: string;
  readonly run: () => number;
}

const RECORDS = 0x4000;
const PACKET = 0x8000;
const OUTPUT = 0x10000;
const MEMORY = 0x20000;
const AVPS_MAX = 64;
const EMPTY = new Uint8Array(0);

/** Undefined where the package is not installed: it comes with a checkout only. */
export function measureMicro(seconds: number): Row[] | undefined {
  const Benchmark = loadBenchmark();
  if (Benchmark === undefined) return undefined;
  return [...inMemory(), ...withCopy()].map((each) => measure(Benchmark, each, seconds));
}

function loadBenchmark(): Benchmark | undefined {
  try {
    return createRequire(import.meta.url)("benchmark") as Benchmark;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

function measure(Benchmark: Benchmark, { name, run }: Micro, maxTime: number): Row {
  // Results add up to something that is looked at, so that no work can be left out.
  let sum = 0;
  const work = () => {
    sum += run();
  };
  const options = { maxTime, minTime: maxTime / 10 };
  const { hz, stats, error } = new Benchmark(name, work, options).run();
  if (error !== undefined) throw error;
  if (!(sum > 0)) throw new Error(`${name}: no result`);
  return { name, unit: "M/s", value: hz / 1e6, spread: stats.rme, better: "more" };
}

/** An ICRQ as access concentrators send it. */
const { AvpType, textValue, uint16Value, uint32Value } = face;
const ICRQ = {
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
const CONTROL_HEADER = 12;
const HEADER = { control: false, priority: false, length: 0, tunnelId: 7, sessionId: 9 };
const IPV4 = Uint8Array.of(
  ...[0x45, 0, 0, 20, 0, 0, 0x40, 0, 64, 17, 0x66, 0xc7],
  ...[10, 9, 0, 1, 10, 9, 0, 2],
);

function inMemory(): Micro[] {
  const { exports: w, bytes } = instantiate(MEMORY);
  const datagram = face.buildHeader(HEADER, new Uint8Array(40));
  const avps = face.buildControlMessage(ICRQ).subarray(CONTROL_HEADER);
  const put = (packet: Uint8Array, at: number) => {
    bytes.set(packet, at);
    return packet.length;
  };
  const headerLength = put(datagram, PACKET);
  const avpsAt = PACKET + 0x1000;
  const avpsLength = put(avps, avpsAt);
  const ipAt = PACKET + 0x2000;
  const ipLength = put(IPV4, ipAt);
  return [
    {
      name: "L2TP header parsed, one call",
      run: () => 1 + w.parseHeader(PACKET, headerLength, RECORDS),
    },
    { name: "L2TP header built, one call", run: () => w.buildHeader(RECORDS, OUTPUT, 64) },
    {
      name: "ICRQ of 6 AVPs walked, one call",
      run: () => w.walkAvps(avpsAt, avpsLength, RECORDS + 0x1000, AVPS_MAX),
    },
    { name: "IPv4 header checked, one call", run: () => 1 + w.checkIpv4(ipAt, ipLength) },
    { name: "checksum of 64 octets, one call", run: () => w.checksum(PACKET, 64) },
  ];
}

function withCopy(): Micro[] {
  const datagram = face.buildHeader(HEADER, new Uint8Array(40));
  const message = face.buildControlMessage(ICRQ);
  const information = new Uint8Array(40);
  const frame = face.buildPpp(0x21, information);
  const octets = new Uint8Array(1_448).fill(0x5a);
  return [
    { name: "simplon/codec: parseHeader", run: () => size(face.parseHeader(datagram)) },
    { name: "simplon/codec: buildHeader", run: () => face.buildHeader(HEADER, EMPTY).length },
    {
      name: "simplon/codec: parseControlMessage, ICRQ",
      run: () => size(face.parseControlMessage(message)),
    },
    {
      name: "simplon/codec: buildControlMessage, ICRQ",
      run: () => face.buildControlMessage(ICRQ).length,
    },
    { name: "simplon/codec: parsePpp", run: () => size(face.parsePpp(frame)) },
    { name: "simplon/codec: buildPpp", run: () => face.buildPpp(0x21, information).length },
    { name: "simplon/codec: checksum, 1448 octets", run: () => 1 + face.checksum(octets) },
    { name: "simplon/codec: checkIpv4", run: () => face.checkIpv4(IPV4).length },
  ];
}

/** A result counts the same whether it is a fault or not. */
function size(result: object | string): number {
  return typeof result === "string" ? result.length : 1;
}
