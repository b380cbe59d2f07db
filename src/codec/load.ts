/**
 * codec.wasm, compiled once, on first use. An instance has a memory of its own.
 *
 * @module
 */
import { AVP_RECORD_SIZE } from "../../assembly/records.ts";
import wasm from "../../build/codec.ts";
import { type Fault, STATUS_NAMES, type Status } from "./types.ts";

/** The exports of assembly/codec.ts: addresses and lengths in octets. */
export interface CodecExports {
  parseHeader(at: number, length: number, record: number): number;
  buildHeader(record: number, at: number, capacity: number): number;
  parseHeaders(descriptors: number, count: number, records: number): number;
  buildHeaders(descriptors: number, count: number, records: number): number;
  walkAvps(at: number, length: number, records: number, capacity: number): number;
  buildAvp(record: number, at: number, capacity: number): number;
  buildAvps(records: number, count: number, at: number, capacity: number): number;
  parseFrame(at: number, length: number, record: number): number;
  parseFrames(descriptors: number, count: number, records: number): number;
  buildFrameHeader(at: number, capacity: number, protocol: number, flags: number): number;
  buildFrameHeaders(descriptors: number, count: number, records: number, flags: number): number;
  checkIpv4(at: number, length: number): number;
  checkIpv6(at: number, length: number): number;
  checksum(at: number, length: number): number;
}

export interface Instance {
  readonly exports: CodecExports;
  readonly bytes: Uint8Array;
  /** Records are little-endian, whatever the host is. */
  readonly view: DataView;
}

const PAGE = 65_536;
/** What codec.wasm asks for, from asconfig.json. */
const PAGES_MIN = 4;

/** Map of the memory that the functions for single packets share. 0 is no address. */
export const RECORD_AT = 64;
export const AVP_RECORDS_AT = 128;
/** As many records as the largest datagram has room for AVPs of 6 octets. */
const AVP_RECORDS_MAX = 10_920;
export const PACKET_AT = AVP_RECORDS_AT + AVP_RECORDS_MAX * AVP_RECORD_SIZE;
/** The largest datagram: UDP's and L2TP's length fields have 16 bits. */
export const PACKET_MAX = 65_535;

let compiled: WebAssembly.Module | undefined;
let shared: Instance | undefined;

/**
 * Gives the codec its module, compiled by someone else: for runtimes that compile no WebAssembly
 * from octets, as edge workers do not. The file is `simplon/codec.wasm`. Elsewhere nothing has to
 * be called: the codec compiles its 4 KB on first use.
 *
 * @throws Error when the codec is in use already
 */
export function load(module: WebAssembly.Module): void {
  if (compiled !== undefined) throw new Error("the codec is in use already: load comes first");
  compiled = module;
}

/** The instance of the functions for single packets. None of them keeps anything in it. */
export function codec(): Instance {
  shared ??= instantiate(PACKET_AT + PACKET_MAX);
  return shared;
}

/** An instance with at least `size` octets of memory, which does not grow. */
export function instantiate(size: number): Instance {
  compiled ??= new WebAssembly.Module(decode(wasm));
  const initial = Math.max(PAGES_MIN, Math.ceil(size / PAGE));
  const memory = new WebAssembly.Memory({ initial, maximum: initial });
  const instance = new WebAssembly.Instance(compiled, { env: { memory } });
  return {
    exports: instance.exports as unknown as CodecExports,
    bytes: new Uint8Array(memory.buffer),
    view: new DataView(memory.buffer),
  };
}

export function statusOf(value: number): Status {
  const status = STATUS_NAMES[value];
  if (status === undefined) throw new RangeError(`status ${value}`);
  return status;
}

/** The fault that a parser which did not return STATUS_OK has found. */
export function faultOf(value: number): Fault {
  const status = statusOf(value);
  if (status === "ok") throw new RangeError("no fault");
  return status;
}

/** Base64 to octets with what every runtime has. */
function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
