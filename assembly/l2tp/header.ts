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
  putU16,
  read16,
  read32,
  read64,
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
const OPTIONAL: u32 = BIT_LENGTH | BIT_SEQUENCE | BIT_OFFSET;
const DEFINED_BITS: u32 = BIT_TYPE | CONTROL_MASK;

// The first octets of a packet as they are loaded, the first one lowest.
const FRONT_LENGTH: u32 = BIT_LENGTH >> 8;
const FRONT_SEQUENCE: u32 = BIT_SEQUENCE >> 8;
const FRONT_VERSION: u32 = L2TP_VERSION << 8;
const FRONT_KIND_MASK: u32 = (DEFINED_BITS >> 8) | (VERSION_MASK << 8);
const FRONT_DATA_MASK: u32 = ((BIT_TYPE | BIT_OFFSET) >> 8) | (VERSION_MASK << 8);
const FRONT_CONTROL: u32 = ((BIT_TYPE | CONTROL_BITS) >> 8) | FRONT_VERSION;

/** What one load takes: more than the longest header has before its Offset Pad, 14 octets. */
const VECTOR: u32 = 16;
/** The most that a datagram can have: a larger length is not believed when 16 octets are loaded. */
const DATAGRAM_MAX: u32 = 0xffff;

/**
 * Checks the header of the datagram at `at` and writes its record; returns a STATUS_ value. On a
 * fault only HEADER_STATUS of the record has a meaning. No octet behind Offset Size is read.
 */
export function parseHeader(at: usize, length: u32, record: usize): u32 {
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
  putU16(at, bits);
  let p = at + 2;
  if ((bits & BIT_LENGTH) !== 0) {
    putU16(p, read16(record + HEADER_LENGTH));
    p += 2;
  }
  putU16(p, read16(record + HEADER_TUNNEL_ID));
  putU16(p + 2, read16(record + HEADER_SESSION_ID));
  p += 4;
  if ((bits & BIT_SEQUENCE) !== 0) {
    putU16(p, read16(record + HEADER_NS));
    putU16(p + 2, read16(record + HEADER_NR));
    p += 4;
  }
  if ((bits & BIT_OFFSET) !== 0) {
    putU16(p, offset);
    memory.fill(p + 2, 0, offset);
  }
  return size;
}

/** Parses `count` described datagrams into as many records; returns how many were in order. */
export function parseHeaders(descriptors: usize, count: u32, records: usize): u32 {
  const end = descriptors + count * DESCRIPTOR_SIZE;
  let descriptor = descriptors;
  let record = records;
  let bad: u32 = 0;
  while (descriptor !== end) {
    const next = parseRun(descriptor, end, record);
    record += ((next - descriptor) / DESCRIPTOR_SIZE) * HEADER_RECORD_SIZE;
    descriptor = next;
    if (descriptor === end) break;
    const at = read32(descriptor + DESCRIPTOR_AT);
    if (parseHeader(at, read32(descriptor + DESCRIPTOR_LENGTH), record) !== STATUS_OK) bad++;
    descriptor += DESCRIPTOR_SIZE;
    record += HEADER_RECORD_SIZE;
  }
  return count - bad;
}

/**
 * Parses datagrams that are alike and in order; returns the descriptor of the first that is not.
 * What is alike is decided before the loop, so that it holds nothing but the work.
 */
function parseRun(descriptors: usize, end: usize, records: usize): usize {
  const first = read32(descriptors + DESCRIPTOR_AT);
  if (!isWide(read32(descriptors + DESCRIPTOR_LENGTH))) return descriptors;
  const kind = read32(first) & FRONT_KIND_MASK;
  if (!isUsual(kind)) return descriptors;
  const hasLength = (kind & FRONT_LENGTH) !== 0;
  const size = fieldsSize((kind & 0xff) << 8);
  const places = fieldsToRecord(kind);
  let descriptor = descriptors;
  let record = records;
  while (descriptor !== end) {
    const described = read64(descriptor); // DESCRIPTOR_AT, DESCRIPTOR_LENGTH
    const length = <u32>(described >> 32);
    if (!isWide(length)) break;
    const packet = readVector(<usize>described);
    const front = <u32>i32x4.extract_lane(packet, 0);
    if ((front & FRONT_KIND_MASK) !== kind) break;
    const fields = i8x16.swizzle(packet, places);
    // What a datagram carries behind its Length is padding.
    const stop = hasLength ? i16x8.extract_lane_u(fields, 2) : length; // HEADER_LENGTH
    const payload = stop - size;
    if (payload > length - size) break; // Length is more than there is, or less than the header
    writeVector(record, fields);
    write64(record + HEADER_PAYLOAD_AT, ((<u64>payload) << 32) | size);
    descriptor += DESCRIPTOR_SIZE;
    record += HEADER_RECORD_SIZE;
  }
  return descriptor;
}

/** Whether 16 octets may be loaded: there are so many, and no more than a datagram can have. */
function isWide(length: u32): bool {
  return length - VECTOR <= DATAGRAM_MAX - VECTOR;
}

/** A data message of the right version, or a control message with the right bits; without O. */
function isUsual(kind: u32): bool {
  return (kind & FRONT_DATA_MASK) === FRONT_VERSION || kind === FRONT_CONTROL;
}

/**
 * For each octet of the first 16 of a record: where it is in the packet, -1 for what is absent. The
 * places depend on L and S.
 */
function fieldsToRecord(kind: u32): v128 {
  const none = i8x16(1, 0, -1, -1, -1, -1, 3, 2, 5, 4, -1, -1, -1, -1, -1, -1);
  const l = i8x16(1, 0, -1, -1, 3, 2, 5, 4, 7, 6, -1, -1, -1, -1, -1, -1);
  const s = i8x16(1, 0, -1, -1, -1, -1, 3, 2, 5, 4, 7, 6, 9, 8, -1, -1);
  const ls = i8x16(1, 0, -1, -1, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, -1, -1);
  if ((kind & FRONT_SEQUENCE) === 0) return (kind & FRONT_LENGTH) === 0 ? none : l;
  return (kind & FRONT_LENGTH) === 0 ? s : ls;
}

/**
 * Builds the headers of `count` records where the descriptors say (their length is the capacity).
 * Each record gets its status and, in HEADER_PAYLOAD_AT, the octets of its header; returns how many
 * did fit.
 */
export function buildHeaders(descriptors: usize, count: u32, records: usize): u32 {
  const end = descriptors + count * DESCRIPTOR_SIZE;
  let descriptor = descriptors;
  let record = records;
  let bad: u32 = 0;
  while (descriptor !== end) {
    const next = buildRun(descriptor, end, record);
    record += ((next - descriptor) / DESCRIPTOR_SIZE) * HEADER_RECORD_SIZE;
    descriptor = next;
    if (descriptor === end) break;
    const at = read32(descriptor + DESCRIPTOR_AT);
    const size = buildHeader(record, at, read32(descriptor + DESCRIPTOR_LENGTH));
    write16(record + HEADER_STATUS, size === 0 ? STATUS_CAPACITY : STATUS_OK);
    write32(record + HEADER_PAYLOAD_AT, size);
    if (size === 0) bad++;
    descriptor += DESCRIPTOR_SIZE;
    record += HEADER_RECORD_SIZE;
  }
  return count - bad;
}

/** Builds headers with L alone, which are the usual ones; returns the descriptor of another. */
function buildRun(descriptors: usize, end: usize, records: usize): usize {
  const places = i8x16(-1, -1, 5, 4, 7, 6, 9, 8, -1, -1, -1, -1, -1, -1, -1, -1);
  let descriptor = descriptors;
  let record = records;
  while (descriptor !== end) {
    const told = readVector(record);
    const bits = <u32>i32x4.extract_lane(told, 0);
    if ((bits & OPTIONAL) !== BIT_LENGTH) break;
    const described = read64(descriptor); // DESCRIPTOR_AT, DESCRIPTOR_LENGTH
    if (described >> 32 < 8) break;
    const sent = ((bits & DEFINED_BITS) >> 8) | FRONT_VERSION;
    const fields: u64 = i64x2.extract_lane(i8x16.swizzle(told, places), 0);
    write64(<usize>described, fields | sent);
    write16(record + HEADER_STATUS, STATUS_OK);
    write32(record + HEADER_PAYLOAD_AT, 8);
    descriptor += DESCRIPTOR_SIZE;
    record += HEADER_RECORD_SIZE;
  }
  return descriptor;
}

/** Octets up to and with Offset Size: 6, and 2 for L, 4 for S, 2 for O, without a branch. */
function fieldsSize(bits: u32): u32 {
  return (
    6 + ((bits & BIT_LENGTH) >> 13) + ((bits & BIT_SEQUENCE) >> 9) + ((bits & BIT_OFFSET) >> 8)
  );
}
