// The L2TP version 2 header (RFC 2661 3.1), one at a time or in batches.
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |T|L|x|x|S|x|O|P|x|x|x|x|  Ver  |          Length (opt)         |
//   |           Tunnel ID           |           Session ID          |
//   |             Ns (opt)          |             Nr (opt)          |
//   |      Offset Size (opt)        |    Offset pad... (opt)
//
// Memory may be shared with the kernel and other threads: each field is read exactly once.

import {
  getU16,
  read16,
  read32,
  readVector,
  write16,
  write32,
  write64,
  writeVector,
} from "../bytes";
import {
  BIT_LENGTH,
  BIT_OFFSET,
  BIT_PRIORITY,
  BIT_SEQUENCE,
  BIT_TYPE,
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
  L2TP_VERSION,
  STATUS_CAPACITY,
  STATUS_CONTROL_BITS,
  STATUS_LENGTH,
  STATUS_OFFSET,
  STATUS_OK,
  STATUS_SHORT,
  STATUS_VERSION,
  VERSION_MASK,
} from "../records";

const CONTROL_MASK: u32 = BIT_LENGTH | BIT_SEQUENCE | BIT_OFFSET | BIT_PRIORITY;
const CONTROL_BITS: u32 = BIT_LENGTH | BIT_SEQUENCE;
const DEFINED_BITS: u32 = BIT_TYPE | CONTROL_MASK;

/** What one load takes: more than the longest header has before its Offset Pad, 14 octets. */
const VECTOR: u32 = 16;
/** The most that a datagram can have: a larger length is not believed when 16 octets are loaded. */
const DATAGRAM_MAX: u32 = 0xffff;

/**
 * Checks the header of the datagram at `at` and writes its record; returns a STATUS_ value. On a
 * fault only HEADER_STATUS of the record has a meaning. No octet behind the datagram is read.
 */
export function parseHeader(at: usize, length: u32, record: usize): u32 {
  const isWide = length - VECTOR <= DATAGRAM_MAX - VECTOR;
  return isWide ? parseWide(at, length, record) : parseNarrow(at, length, record);
}

/**
 * All fields at once: a permutation brings them from their places in the packet, which depend on
 * L, S and O, to those in the record, which do not, into host order, with 0 for what is absent.
 */
function parseWide(at: usize, length: u32, record: usize): u32 {
  const packet = readVector(at);
  const fields = i8x16.swizzle(packet, fieldsToRecord(packet));
  writeVector(record, fields);
  const front = i64x2.extract_lane(fields, 0);
  const bits = <u32>front & 0xffff;
  const announced = <u32>(front >>> 32) & 0xffff;
  const offset = <u32>(<u64>i64x2.extract_lane(fields, 1) >> 48);
  const size = fieldsSize(bits);
  // What a datagram carries behind its Length is padding.
  const end = (bits & BIT_LENGTH) !== 0 ? announced : length;
  const payloadAt = size + offset;
  write32(record + HEADER_PAYLOAD_AT, payloadAt);
  write32(record + HEADER_PAYLOAD_LENGTH, end - payloadAt);
  const isVersion = (bits & VERSION_MASK) === L2TP_VERSION;
  const isKind = (bits & BIT_TYPE) === 0 || (bits & CONTROL_MASK) === CONTROL_BITS;
  if (isVersion && isKind && end <= length && payloadAt <= end) return STATUS_OK;
  let status: u32 = STATUS_OFFSET;
  if (!isVersion) status = STATUS_VERSION;
  else if (!isKind) status = STATUS_CONTROL_BITS;
  else if (end > length || end < size) status = STATUS_LENGTH;
  write16(record + HEADER_STATUS, status);
  return status;
}

/** For each octet of the first 16 of a record: where it is in the packet; 128 and more is absent. */
function fieldsToRecord(packet: v128): v128 {
  const flags = i8x16.swizzle(packet, i64x2.splat(0));
  const hasLength = has(flags, 0x40);
  const hasSequence = has(flags, 0x08);
  const hasOffset = has(flags, 0x02);
  // Bits, (status), Length, Tunnel ID, Session ID, Ns, Nr, Offset Size without L, S and O; what each
  // of these adds. Sums are modulo 256.
  const none = i8x16(1, 0, -128, -128, -128, -128, 3, 2, 5, 4, -128, -128, -128, -128, -128, -128);
  const l = i8x16(0, 0, 0, 0, -125, -126, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2);
  const s = i8x16(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -121, -122, -119, -120, 4, 4);
  const o = i8x16(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -121, -122);
  return i8x16.add(
    i8x16.add(none, v128.and(hasLength, l)),
    i8x16.add(v128.and(hasSequence, s), v128.and(hasOffset, o)),
  );
}

/** All ones if `bit` is set in the octet that fills `flags`, else all zeros. */
function has(flags: v128, bit: i8): v128 {
  const wanted = i8x16.splat(bit);
  return i8x16.eq(v128.and(flags, wanted), wanted);
}

/** The same, field by field: a short datagram has no 16 octets to load. */
function parseNarrow(at: usize, length: u32, record: usize): u32 {
  const status = parse(at, length, record);
  write16(record + HEADER_STATUS, status);
  return status;
}

function parse(at: usize, length: u32, record: usize): u32 {
  if (length < 2) return STATUS_SHORT;
  const bits = getU16(at);
  if ((bits & VERSION_MASK) !== L2TP_VERSION) return STATUS_VERSION;
  if ((bits & BIT_TYPE) !== 0 && (bits & CONTROL_MASK) !== CONTROL_BITS) {
    return STATUS_CONTROL_BITS;
  }
  const size = fieldsSize(bits);
  if (size > length) return STATUS_SHORT;
  let p = at + 2;
  let end = length;
  let announced: u32 = 0;
  if ((bits & BIT_LENGTH) !== 0) {
    announced = getU16(p);
    // What a datagram carries behind its Length is padding.
    if (announced > length || announced < size) return STATUS_LENGTH;
    end = announced;
    p += 2;
  }
  const tunnelId = getU16(p);
  const sessionId = getU16(p + 2);
  p += 4;
  let ns: u32 = 0;
  let nr: u32 = 0;
  if ((bits & BIT_SEQUENCE) !== 0) {
    ns = getU16(p);
    nr = getU16(p + 2);
    p += 4;
  }
  let offset: u32 = 0;
  if ((bits & BIT_OFFSET) !== 0) {
    offset = getU16(p);
    if (offset > end - size) return STATUS_OFFSET;
  }
  write16(record + HEADER_BITS, bits);
  write16(record + HEADER_LENGTH, announced);
  write16(record + HEADER_TUNNEL_ID, tunnelId);
  write16(record + HEADER_SESSION_ID, sessionId);
  write16(record + HEADER_NS, ns);
  write16(record + HEADER_NR, nr);
  write16(record + HEADER_OFFSET_SIZE, offset);
  write32(record + HEADER_PAYLOAD_AT, size + offset);
  write32(record + HEADER_PAYLOAD_LENGTH, end - size - offset);
  return STATUS_OK;
}

/**
 * Writes the header of the record at `at` and returns its octets, the zeroed Offset Pad among them;
 * 0 when `capacity` is too small. Length is what the record says. Reserved bits are sent as zero.
 */
export function buildHeader(record: usize, at: usize, capacity: u32): u32 {
  const bits = (read16(record + HEADER_BITS) & DEFINED_BITS) | L2TP_VERSION;
  const fields = fieldsSize(bits);
  const offset = (bits & BIT_OFFSET) !== 0 ? read16(record + HEADER_OFFSET_SIZE) : 0;
  const size = fields + offset;
  if (size > capacity) return 0;
  const flags = i8x16.splat(<i8>(bits >> 8));
  const told = i16x8.replace_lane(readVector(record), 0, <i16>bits);
  const wire = i8x16.swizzle(told, recordToFields(flags));
  writeFields(at, wire, fields);
  if (offset !== 0) memory.fill(at + fields, 0, offset);
  return size;
}

/** For each octet of a header: where it is in the record; `flags` is filled with its T, L, S, ... */
function recordToFields(flags: v128): v128 {
  // Bits, Length, Tunnel ID, Session ID, Ns, Nr, Offset Size; what the absence of L and of S adds.
  const all = i8x16(1, 0, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14, -128, -128);
  const noLength = i8x16(0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0, 0);
  const noSequence = i8x16(0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 0, 0);
  const neither = i8x16(0, 0, 0, 0, 0, 0, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0);
  const hasLength = has(flags, 0x40);
  const hasSequence = has(flags, 0x08);
  return i8x16.add(
    i8x16.add(all, v128.andnot(noLength, hasLength)),
    i8x16.add(
      v128.andnot(noSequence, hasSequence),
      v128.andnot(neither, v128.or(hasLength, hasSequence)),
    ),
  );
}

/** Stores the first 6 to 14 octets and no more: the payload may lie behind them already. */
function writeFields(at: usize, wire: v128, size: u32): void {
  const front: u64 = i64x2.extract_lane(wire, 0);
  if (size < 8) {
    write32(at, <u32>front);
    write16(at + 4, <u32>(front >> 32));
    return;
  }
  const back: u64 = i64x2.extract_lane(wire, 1);
  const skipped: u64 = (size - 8) << 3; // bits; the two stores overlap by the rest
  write64(at, front);
  write64(at + size - 8, (front >> skipped) | ((back << 1) << (63 - skipped)));
}

/** Parses `count` described datagrams into as many records; returns how many were in order. */
export function parseHeaders(descriptors: usize, count: u32, records: usize): u32 {
  let descriptor = descriptors;
  let record = records;
  let good: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const at = read32(descriptor + DESCRIPTOR_AT);
    const length = read32(descriptor + DESCRIPTOR_LENGTH);
    if (parseHeader(at, length, record) === STATUS_OK) good++;
    descriptor += DESCRIPTOR_SIZE;
    record += HEADER_RECORD_SIZE;
  }
  return good;
}

/**
 * Builds the headers of `count` records where the descriptors say (their length is the capacity).
 * Each record gets its status and, in HEADER_PAYLOAD_AT, the octets of its header; returns how many
 * did fit.
 */
export function buildHeaders(descriptors: usize, count: u32, records: usize): u32 {
  let descriptor = descriptors;
  let record = records;
  let good: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const at = read32(descriptor + DESCRIPTOR_AT);
    const size = buildHeader(record, at, read32(descriptor + DESCRIPTOR_LENGTH));
    write16(record + HEADER_STATUS, size === 0 ? STATUS_CAPACITY : STATUS_OK);
    write32(record + HEADER_PAYLOAD_AT, size);
    if (size !== 0) good++;
    descriptor += DESCRIPTOR_SIZE;
    record += HEADER_RECORD_SIZE;
  }
  return good;
}

/** Octets up to and with Offset Size: 6, and 2 for L, 4 for S, 2 for O, without a branch. */
function fieldsSize(bits: u32): u32 {
  return (
    6 + ((bits & BIT_LENGTH) >> 13) + ((bits & BIT_SEQUENCE) >> 9) + ((bits & BIT_OFFSET) >> 8)
  );
}
