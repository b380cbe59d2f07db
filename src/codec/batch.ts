/**
 * Many packets at once, in a memory of the codec's own: packets in, records out. Reading a result
 * allocates nothing.
 *
 * ```ts
 * const batch = new Batch({ packets: 64, octets: 64 * 1500 });
 * for (const datagram of datagrams) batch.add(datagram);
 * batch.parseHeaders();
 * for (let i = 0; i < batch.count; i++) {
 *   if (batch.status(i) === "ok") deliver(batch.sessionId(i), batch.payloadAt(i), ...);
 * }
 * batch.clear();
 * ```
 *
 * @module
 */
import {
  DESCRIPTOR_AT,
  DESCRIPTOR_LENGTH,
  DESCRIPTOR_SIZE,
  HEADER_BITS,
  HEADER_LENGTH,
  HEADER_NR,
  HEADER_NS,
  HEADER_OFFSET_SIZE,
  HEADER_PAYLOAD_AT,
  HEADER_PAYLOAD_LENGTH,
  HEADER_RECORD_SIZE,
  HEADER_SESSION_ID,
  HEADER_STATUS,
  HEADER_TUNNEL_ID,
  PPP_INFORMATION_AT,
  PPP_INFORMATION_LENGTH,
  PPP_PROTOCOL,
  PPP_RECORD_SIZE,
  PPP_STATUS,
} from "../../assembly/records.ts";
import { BATCH_OCTETS_MAX, BATCH_PACKETS_MAX } from "../limits.ts";
import { headerSize, writeHeader } from "./header.ts";
import { type Instance, instantiate, PACKET_MAX, statusOf } from "./load.ts";
import type { Header, Status } from "./types.ts";

/** 0 is no address. */
const DESCRIPTORS = 64;
const PER_PACKET = DESCRIPTOR_SIZE + HEADER_RECORD_SIZE + PPP_RECORD_SIZE;

export interface BatchOptions {
  /** How many packets fit. */
  packets: number;
  /** How many octets they may have in all. */
  octets: number;
}

export class Batch {
  #instance: Instance;
  #packets: number;
  #headers: number;
  #frames: number;
  #start: number;
  #end: number;
  /** Where the next packet goes. */
  #free: number;
  #count = 0;
  /** How many of the packets have a header that is to be built. */
  #toBuild = 0;
  /** How many of the packets have a header record, a PPP record. */
  #withHeader = 0;
  #withFrame = 0;

  /** @throws RangeError when the bounds of a batch are exceeded */
  constructor({ packets, octets }: BatchOptions) {
    this.#packets = bounded(packets, BATCH_PACKETS_MAX, "packets");
    this.#headers = DESCRIPTORS + packets * DESCRIPTOR_SIZE;
    this.#frames = this.#headers + packets * HEADER_RECORD_SIZE;
    this.#start = DESCRIPTORS + packets * PER_PACKET;
    this.#end = this.#start + bounded(octets, BATCH_OCTETS_MAX, "octets");
    this.#free = this.#start;
    this.#instance = instantiate(this.#end);
  }

  /** The memory: `payloadAt`, `informationAt` and `packetAt` are indices of it. */
  get bytes(): Uint8Array {
    return this.#instance.bytes;
  }

  get count(): number {
    return this.#count;
  }

  /** Takes out all packets. */
  clear(): void {
    this.#count = 0;
    this.#toBuild = 0;
    this.#withHeader = 0;
    this.#withFrame = 0;
    this.#free = this.#start;
  }

  /** Copies a packet in; false when it does not fit. */
  add(packet: Uint8Array): boolean {
    const { length } = packet;
    if (this.#count === this.#packets || length > this.#end - this.#free) return false;
    this.#instance.bytes.set(packet, this.#free);
    this.#describe(this.#count++, this.#free, length);
    this.#free += length;
    return true;
  }

  /**
   * Takes a header that `buildHeaders` is to build, and copies its payload in; false when they do
   * not fit. A batch holds either packets that are parsed or headers that are built.
   *
   * @throws RangeError as `buildHeader` does
   */
  addHeader(header: Header, payload: Uint8Array): boolean {
    const size = headerSize(header);
    const length = size + payload.length;
    if (length > PACKET_MAX) throw new RangeError(`a datagram cannot have ${length} octets`);
    if (this.#count === this.#packets || length > this.#end - this.#free) return false;
    const record = this.#headers + this.#count * HEADER_RECORD_SIZE;
    writeHeader(this.#instance, record, header, length);
    this.#instance.bytes.set(payload, this.#free + size);
    this.#describe(this.#count++, this.#free, length);
    this.#free += length;
    this.#toBuild++;
    return true;
  }

  /** Parses all packets as L2TP datagrams; returns how many are in order. */
  parseHeaders(): number {
    this.#withHeader = this.#count;
    return this.#instance.exports.parseHeaders(DESCRIPTORS, this.#count, this.#headers);
  }

  /**
   * Builds the headers of all packets; returns how many.
   *
   * @throws Error when a packet came by `add`, which knows no header
   */
  buildHeaders(): number {
    if (this.#toBuild !== this.#count) throw new Error("the batch holds packets without a header");
    return this.#instance.exports.buildHeaders(DESCRIPTORS, this.#count, this.#headers);
  }

  /** Parses all packets as PPP frames; returns how many are in order. */
  parseFrames(): number {
    this.#withFrame = this.#count;
    return this.#instance.exports.parseFrames(DESCRIPTORS, this.#count, this.#frames);
  }

  packetAt(i: number): number {
    return this.#u32(this.#descriptor(i) + DESCRIPTOR_AT);
  }

  packetLength(i: number): number {
    return this.#u32(this.#descriptor(i) + DESCRIPTOR_LENGTH);
  }

  /** A view of a packet; it shows other octets once the batch was cleared and filled again. */
  packet(i: number): Uint8Array {
    const at = this.packetAt(i);
    return this.bytes.subarray(at, at + this.packetLength(i));
  }

  /** How `parseHeaders` found datagram `i`. What follows has a meaning when this is "ok". */
  status(i: number): Status {
    return statusOf(this.#u16(this.#header(i) + HEADER_STATUS));
  }

  /** The first 16 bits of the header: T, L, S, O, P and Ver. */
  bits(i: number): number {
    return this.#u16(this.#header(i) + HEADER_BITS);
  }

  /** The Length field; 0 when L is clear. */
  length(i: number): number {
    return this.#u16(this.#header(i) + HEADER_LENGTH);
  }

  tunnelId(i: number): number {
    return this.#u16(this.#header(i) + HEADER_TUNNEL_ID);
  }

  sessionId(i: number): number {
    return this.#u16(this.#header(i) + HEADER_SESSION_ID);
  }

  /** 0 when S is clear. */
  ns(i: number): number {
    return this.#u16(this.#header(i) + HEADER_NS);
  }

  /** 0 when S is clear. */
  nr(i: number): number {
    return this.#u16(this.#header(i) + HEADER_NR);
  }

  /** 0 when O is clear. */
  offsetSize(i: number): number {
    return this.#u16(this.#header(i) + HEADER_OFFSET_SIZE);
  }

  payloadAt(i: number): number {
    return this.packetAt(i) + this.#u32(this.#header(i) + HEADER_PAYLOAD_AT);
  }

  payloadLength(i: number): number {
    return this.#u32(this.#header(i) + HEADER_PAYLOAD_LENGTH);
  }

  /** How `parseFrames` found frame `i`. What follows has a meaning when this is "ok". */
  frameStatus(i: number): Status {
    return statusOf(this.#u16(this.#frame(i) + PPP_STATUS));
  }

  /** An even number is that of no protocol: an unrecognised one (RFC 1661 2). */
  protocol(i: number): number {
    return this.#u16(this.#frame(i) + PPP_PROTOCOL);
  }

  informationAt(i: number): number {
    return this.packetAt(i) + this.#u32(this.#frame(i) + PPP_INFORMATION_AT);
  }

  informationLength(i: number): number {
    return this.#u32(this.#frame(i) + PPP_INFORMATION_LENGTH);
  }

  #describe(i: number, at: number, length: number): void {
    const { view } = this.#instance;
    const descriptor = DESCRIPTORS + i * DESCRIPTOR_SIZE;
    view.setUint32(descriptor + DESCRIPTOR_AT, at, true);
    view.setUint32(descriptor + DESCRIPTOR_LENGTH, length, true);
  }

  #descriptor(i: number): number {
    return DESCRIPTORS + within(i, this.#count) * DESCRIPTOR_SIZE;
  }

  #header(i: number): number {
    return this.#headers + within(i, this.#withHeader) * HEADER_RECORD_SIZE;
  }

  #frame(i: number): number {
    return this.#frames + within(i, this.#withFrame) * PPP_RECORD_SIZE;
  }

  #u16(at: number): number {
    return this.#instance.view.getUint16(at, true);
  }

  #u32(at: number): number {
    return this.#instance.view.getUint32(at, true);
  }
}

/** A record that was not written since the last `clear` is not read. */
function within(i: number, count: number): number {
  if (!(Number.isInteger(i) && i >= 0 && i < count)) {
    throw new RangeError(`no result ${i} among ${count}`);
  }
  return i;
}

function bounded(value: number, max: number, name: string): number {
  if (Number.isInteger(value) && value > 0 && value <= max) return value;
  throw new RangeError(`${name} must be an integer from 1 to ${max}, not ${value}`);
}
