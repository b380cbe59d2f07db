// Attribute-Value Pairs (RFC 2661 4.1). Values are framed only: hiding them is not done here.
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |M|H| rsvd  |      Length       |           Vendor ID           |
//   |         Attribute Type        |        Attribute Value...

import { getU8, putU16, read16, read32, read64, write32, write64 } from "../bytes";
import {
  AVP_FLAGS,
  AVP_HEADER_SIZE,
  AVP_HIDDEN,
  AVP_LENGTH_MAX,
  AVP_MANDATORY,
  AVP_RECORD_SIZE,
  AVP_RESERVED,
  AVP_TYPE,
  AVP_VALUE_AT,
  AVP_VALUE_LENGTH,
  AVP_VENDOR,
  STATUS_AVP_LENGTH,
  STATUS_TOO_MANY,
} from "../records";

const HEADER_SIZE: u32 = AVP_HEADER_SIZE;
const LENGTH_MAX: u32 = AVP_LENGTH_MAX;
const LOWER_OCTETS: u64 = (0x00ff_00ff << 32) | 0x00ff_00ff;
/** Of the first three words of an AVP, what its record has: flags without Length, vendor, type. */
const FIELDS_MASK: u64 = 0xffff_ffff_0000 | AVP_MANDATORY | AVP_HIDDEN | AVP_RESERVED;

/**
 * Walks the AVPs in `length` octets and writes a record for each, `capacity` at most; returns their
 * count, or a STATUS_ value negated. An AVP with a reserved bit set stays in the list: its flags
 * show that it is unrecognised.
 */
export function walkAvps(at: usize, length: u32, records: usize, capacity: u32): i32 {
  const end = at + length;
  let p = at;
  let record = records;
  let count: u32 = 0;
  while (p !== end) {
    const remaining = <u32>(end - p);
    if (remaining < HEADER_SIZE) return -STATUS_AVP_LENGTH;
    const header = remaining < 8 ? readHeader(p) : read64(p);
    // Where the next one begins has to be known early: the octet that Length is, below 256, is
    // loaded by itself, and nothing else stands between it and the next load.
    let size = getU8(p + 1);
    const upper = <u32>header & 3;
    if (upper !== 0) size |= upper << 8;
    if (size < HEADER_SIZE || size > remaining) return -STATUS_AVP_LENGTH;
    if (count === capacity) return -STATUS_TOO_MANY;
    write64(record, (swapWords(header) & FIELDS_MASK) | ((<u64>(size - HEADER_SIZE)) << 48));
    write32(record + AVP_VALUE_AT, <u32>(p + HEADER_SIZE));
    p += size;
    record += AVP_RECORD_SIZE;
    count++;
  }
  return <i32>count;
}

/** An AVP without a value at the very end: there are no 8 octets to load. */
function readHeader(at: usize): u64 {
  return <u64>read32(at) | ((<u64>read16(at + 4)) << 32);
}

/** Swaps the octets of each of four words. */
function swapWords(words: u64): u64 {
  return ((words >> 8) & LOWER_OCTETS) | ((words & LOWER_OCTETS) << 8);
}

/**
 * Writes the AVP of the record at `at` and returns its octets; 0 when it is longer than an AVP can
 * be, or than `capacity`. Reserved bits are sent as zero. The value may lie at its place already.
 */
export function buildAvp(record: usize, at: usize, capacity: u32): u32 {
  const length = read16(record + AVP_VALUE_LENGTH);
  const size = HEADER_SIZE + length;
  if (size > LENGTH_MAX || size > capacity) return 0;
  const value = at + HEADER_SIZE;
  const source = read32(record + AVP_VALUE_AT);
  // Before the header is written: the value may lie where the header goes.
  if (source !== <u32>value) memory.copy(value, source, length);
  putU16(at, (read16(record + AVP_FLAGS) & (AVP_MANDATORY | AVP_HIDDEN)) | size);
  putU16(at + 2, read16(record + AVP_VENDOR));
  putU16(at + 4, read16(record + AVP_TYPE));
  return size;
}

/** Writes `count` AVPs one behind the other; returns their octets, 0 when one does not fit. */
export function buildAvps(records: usize, count: u32, at: usize, capacity: u32): u32 {
  let record = records;
  let used: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const size = buildAvp(record, at + used, capacity - used);
    if (size === 0) return 0;
    used += size;
    record += AVP_RECORD_SIZE;
  }
  return used;
}
