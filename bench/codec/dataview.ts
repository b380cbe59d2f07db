/**
 * The codec once more in plain JavaScript: a DataView over packets and records as codec.wasm has
 * them, nothing allocated. What a careful program without WebAssembly would do.
 *
 * @module
 */
import * as r from "../../assembly/records.ts";
import type { CodecExports } from "../../src/codec/load.ts";

/** The functions that are measured. */
export type Codec = Pick<
  CodecExports,
  "parseHeaders" | "buildHeaders" | "walkAvps" | "parseFrames" | "buildFrameHeaders" | "checksum"
>;

const { BIT_LENGTH: L, BIT_OFFSET: O, BIT_PRIORITY: P, BIT_SEQUENCE: S, BIT_TYPE: T } = r;
const ADDRESS_AND_CONTROL = 0xff03;
const LCP = 0xc021;

export class DataViewCodec implements Codec {
  #view: DataView;
  #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  parseHeaders(descriptors: number, count: number, records: number): number {
    const view = this.#view;
    let good = 0;
    for (let i = 0; i < count; i++) {
      const descriptor = descriptors + i * r.DESCRIPTOR_SIZE;
      const at = view.getUint32(descriptor + r.DESCRIPTOR_AT, true);
      const length = view.getUint32(descriptor + r.DESCRIPTOR_LENGTH, true);
      const record = records + i * r.HEADER_RECORD_SIZE;
      const status = parseHeader(view, at, length, record);
      view.setUint16(record + r.HEADER_STATUS, status, true);
      if (status === r.STATUS_OK) good++;
    }
    return good;
  }

  buildHeaders(descriptors: number, count: number, records: number): number {
    const view = this.#view;
    let good = 0;
    for (let i = 0; i < count; i++) {
      const descriptor = descriptors + i * r.DESCRIPTOR_SIZE;
      const at = view.getUint32(descriptor + r.DESCRIPTOR_AT, true);
      const capacity = view.getUint32(descriptor + r.DESCRIPTOR_LENGTH, true);
      const record = records + i * r.HEADER_RECORD_SIZE;
      const size = this.#buildHeader(record, at, capacity);
      view.setUint16(record + r.HEADER_STATUS, size === 0 ? r.STATUS_CAPACITY : r.STATUS_OK, true);
      view.setUint32(record + r.HEADER_PAYLOAD_AT, size, true);
      if (size !== 0) good++;
    }
    return good;
  }

  #buildHeader(record: number, at: number, capacity: number): number {
    const view = this.#view;
    const told = view.getUint16(record + r.HEADER_BITS, true);
    const bits = (told & (T | L | S | O | P)) | r.L2TP_VERSION;
    const offset = (bits & O) !== 0 ? view.getUint16(record + r.HEADER_OFFSET_SIZE, true) : 0;
    const size = fieldsSize(bits) + offset;
    if (size > capacity) return 0;
    view.setUint16(at, bits);
    let p = at + 2;
    if ((bits & L) !== 0) {
      view.setUint16(p, view.getUint16(record + r.HEADER_LENGTH, true));
      p += 2;
    }
    view.setUint16(p, view.getUint16(record + r.HEADER_TUNNEL_ID, true));
    view.setUint16(p + 2, view.getUint16(record + r.HEADER_SESSION_ID, true));
    p += 4;
    if ((bits & S) !== 0) {
      view.setUint16(p, view.getUint16(record + r.HEADER_NS, true));
      view.setUint16(p + 2, view.getUint16(record + r.HEADER_NR, true));
      p += 4;
    }
    if ((bits & O) !== 0) {
      view.setUint16(p, offset);
      this.#bytes.fill(0, p + 2, p + 2 + offset);
    }
    return size;
  }

  walkAvps(at: number, length: number, records: number, capacity: number): number {
    const view = this.#view;
    const end = at + length;
    let record = records;
    let count = 0;
    for (let p = at; p !== end; count++) {
      if (end - p < r.AVP_HEADER_SIZE) return -r.STATUS_AVP_LENGTH;
      const word = view.getUint16(p);
      const size = word & r.AVP_LENGTH_MAX;
      if (size < r.AVP_HEADER_SIZE || size > end - p) return -r.STATUS_AVP_LENGTH;
      if (count === capacity) return -r.STATUS_TOO_MANY;
      view.setUint16(record + r.AVP_FLAGS, word & ~r.AVP_LENGTH_MAX, true);
      view.setUint16(record + r.AVP_VENDOR, view.getUint16(p + 2), true);
      view.setUint16(record + r.AVP_TYPE, view.getUint16(p + 4), true);
      view.setUint16(record + r.AVP_VALUE_LENGTH, size - r.AVP_HEADER_SIZE, true);
      view.setUint32(record + r.AVP_VALUE_AT, p + r.AVP_HEADER_SIZE, true);
      p += size;
      record += r.AVP_RECORD_SIZE;
    }
    return count;
  }

  parseFrames(descriptors: number, count: number, records: number): number {
    const view = this.#view;
    let good = 0;
    for (let i = 0; i < count; i++) {
      const descriptor = descriptors + i * r.DESCRIPTOR_SIZE;
      const at = view.getUint32(descriptor + r.DESCRIPTOR_AT, true);
      const length = view.getUint32(descriptor + r.DESCRIPTOR_LENGTH, true);
      const record = records + i * r.PPP_RECORD_SIZE;
      const status = parseFrame(view, at, length, record);
      view.setUint16(record + r.PPP_STATUS, status, true);
      if (status === r.STATUS_OK) good++;
    }
    return good;
  }

  buildFrameHeaders(descriptors: number, count: number, records: number, flags: number): number {
    const view = this.#view;
    let good = 0;
    for (let i = 0; i < count; i++) {
      const descriptor = descriptors + i * r.DESCRIPTOR_SIZE;
      const at = view.getUint32(descriptor + r.DESCRIPTOR_AT, true);
      const capacity = view.getUint32(descriptor + r.DESCRIPTOR_LENGTH, true);
      const record = records + i * r.PPP_RECORD_SIZE;
      const protocol = view.getUint16(record + r.PPP_PROTOCOL, true);
      const size = buildFrameHeader(view, at, capacity, protocol, flags);
      view.setUint16(record + r.PPP_STATUS, size === 0 ? r.STATUS_CAPACITY : r.STATUS_OK, true);
      view.setUint32(record + r.PPP_INFORMATION_AT, size, true);
      if (size !== 0) good++;
    }
    return good;
  }

  /** Words as they lie in memory, two at once; only the result is swapped (RFC 1071 2 B). */
  checksum(at: number, length: number): number {
    const view = this.#view;
    const end = at + length;
    let low = 0;
    let high = 0;
    let p = at;
    for (; end - p >= 16; p += 16) {
      const a = view.getInt32(p, true);
      const b = view.getInt32(p + 4, true);
      const c = view.getInt32(p + 8, true);
      const d = view.getInt32(p + 12, true);
      low = (low + (a & 0xffff) + (b & 0xffff) + (c & 0xffff) + (d & 0xffff)) | 0;
      high = (high + (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16)) | 0;
    }
    for (; end - p >= 2; p += 2) low = (low + view.getUint16(p, true)) | 0;
    if (p !== end) low = (low + view.getUint8(p)) | 0;
    let sum = (low >>> 0) + (high >>> 0);
    while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
    return ~((sum >> 8) | (sum << 8)) & 0xffff;
  }
}

function fieldsSize(bits: number): number {
  return 6 + ((bits & L) >> 13) + ((bits & S) >> 9) + ((bits & O) >> 8);
}

function parseHeader(view: DataView, at: number, length: number, record: number): number {
  if (length < 2) return r.STATUS_SHORT;
  const bits = view.getUint16(at);
  if ((bits & r.VERSION_MASK) !== r.L2TP_VERSION) return r.STATUS_VERSION;
  if ((bits & T) !== 0 && (bits & (L | S | O | P)) !== (L | S)) return r.STATUS_CONTROL_BITS;
  const size = fieldsSize(bits);
  if (size > length) return r.STATUS_SHORT;
  let p = at + 2;
  let end = length;
  let announced = 0;
  if ((bits & L) !== 0) {
    announced = view.getUint16(p);
    if (announced > length || announced < size) return r.STATUS_LENGTH;
    end = announced;
    p += 2;
  }
  view.setUint16(record + r.HEADER_BITS, bits, true);
  view.setUint16(record + r.HEADER_LENGTH, announced, true);
  view.setUint16(record + r.HEADER_TUNNEL_ID, view.getUint16(p), true);
  view.setUint16(record + r.HEADER_SESSION_ID, view.getUint16(p + 2), true);
  p += 4;
  let ns = 0;
  let nr = 0;
  if ((bits & S) !== 0) {
    ns = view.getUint16(p);
    nr = view.getUint16(p + 2);
    p += 4;
  }
  view.setUint16(record + r.HEADER_NS, ns, true);
  view.setUint16(record + r.HEADER_NR, nr, true);
  let offset = 0;
  if ((bits & O) !== 0) {
    offset = view.getUint16(p);
    if (offset > end - size) return r.STATUS_OFFSET;
  }
  view.setUint16(record + r.HEADER_OFFSET_SIZE, offset, true);
  view.setUint32(record + r.HEADER_PAYLOAD_AT, size + offset, true);
  view.setUint32(record + r.HEADER_PAYLOAD_LENGTH, end - size - offset, true);
  return r.STATUS_OK;
}

function parseFrame(view: DataView, at: number, length: number, record: number): number {
  let size = length >= 2 && view.getUint16(at) === ADDRESS_AND_CONTROL ? 2 : 0;
  if (size === length) return r.STATUS_SHORT;
  let protocol = view.getUint8(at + size);
  if ((protocol & 1) !== 0) {
    size += 1;
  } else {
    if (length - size < 2) return r.STATUS_SHORT;
    protocol = view.getUint16(at + size);
    size += 2;
  }
  view.setUint16(record + r.PPP_PROTOCOL, protocol, true);
  view.setUint32(record + r.PPP_INFORMATION_AT, size, true);
  view.setUint32(record + r.PPP_INFORMATION_LENGTH, length - size, true);
  return r.STATUS_OK;
}

function buildFrameHeader(
  view: DataView,
  at: number,
  capacity: number,
  protocol: number,
  flags: number,
): number {
  if ((protocol & 0x0101) !== 1) return 0;
  const isFull = (flags & r.PPP_ACFC) === 0 || protocol === LCP;
  const isShort = (flags & r.PPP_PFC) !== 0 && protocol < 0xff;
  const size = (isFull ? 2 : 0) + (isShort ? 1 : 2);
  if (size > capacity) return 0;
  if (isFull) view.setUint16(at, ADDRESS_AND_CONTROL);
  const field = isFull ? at + 2 : at;
  if (isShort) view.setUint8(field, protocol);
  else view.setUint16(field, protocol);
  return size;
}
