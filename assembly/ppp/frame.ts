// PPP frames as L2TP carries them: without flags, transparency and FCS (RFC 2661 5.3). In front of
// the Information field stand Address and Control (FF 03) and a Protocol field of two octets, each
// of which may be compressed (RFC 1661 6.5, 6.6). What is received is taken in either form. A received
// Protocol field that ends even is an unrecognised Protocol, not a malformed frame (RFC 1661 2): it
// is handed on as the number it shows, which is that of no protocol. None such is ever built.

import {
  getU8,
  getU16,
  putU8,
  putU16,
  read16,
  read32,
  read64,
  write16,
  write32,
  write64,
} from "../bytes";
import {
  DESCRIPTOR_AT,
  DESCRIPTOR_LENGTH,
  DESCRIPTOR_SIZE,
  PPP_ACFC,
  PPP_INFORMATION_AT,
  PPP_INFORMATION_LENGTH,
  PPP_PFC,
  PPP_PROTOCOL,
  PPP_RECORD_SIZE,
  PPP_STATUS,
  STATUS_CAPACITY,
  STATUS_OK,
  STATUS_SHORT,
} from "../records";

const ADDRESS_AND_CONTROL: u32 = 0xff03;
const PROTOCOL_LCP: u32 = 0xc021;
/** FF 03 and an even octet, as they are loaded. */
const USUAL: u32 = 0x0000_03ff;
const USUAL_MASK: u32 = 0x0001_ffff;
/** A larger length is not believed when four octets are loaded at once. */
const FRAME_MAX: u32 = 0xffff;

/**
 * Checks the frame at `at` and writes its record; returns a STATUS_ value. On STATUS_SHORT only
 * PPP_STATUS has a meaning. At most four octets are read.
 */
export function parseFrame(at: usize, length: u32, record: usize): u32 {
  const status = parse(at, length, record);
  write16(record + PPP_STATUS, status);
  return status;
}

function parse(at: usize, length: u32, record: usize): u32 {
  let size: u32 = 0;
  if (length >= 2 && getU16(at) === ADDRESS_AND_CONTROL) size = 2;
  if (size === length) return STATUS_SHORT;
  let protocol = getU8(at + size);
  // An odd first octet is the whole field: the first of two is even (RFC 1661 2 and 6.5).
  if ((protocol & 1) !== 0) {
    size += 1;
  } else {
    if (length - size < 2) return STATUS_SHORT;
    protocol = (protocol << 8) | getU8(at + size + 1);
    size += 2;
  }
  write16(record + PPP_PROTOCOL, protocol);
  write32(record + PPP_INFORMATION_AT, size);
  write32(record + PPP_INFORMATION_LENGTH, length - size);
  return STATUS_OK;
}

/**
 * Writes what stands before the Information field and returns its octets; 0 when it does not fit
 * `capacity` or `protocol` is none. `flags` (PPP_ACFC, PPP_PFC) say what the peer has agreed to:
 * LCP is never compressed (RFC 1661 6.6), nor is 0x00ff, as FF may be read as an Address field.
 */
export function buildFrameHeader(at: usize, capacity: u32, protocol: u32, flags: u32): u32 {
  if (protocol > 0xffff || (protocol & 0x0101) !== 1) return 0;
  const full = (flags & PPP_ACFC) === 0 || protocol === PROTOCOL_LCP;
  const short = (flags & PPP_PFC) !== 0 && protocol < 0xff;
  const size: u32 = (full ? 2 : 0) + (short ? 1 : 2);
  if (size > capacity) return 0;
  if (full) putU16(at, ADDRESS_AND_CONTROL);
  const field = full ? at + 2 : at;
  if (short) putU8(field, protocol);
  else putU16(field, protocol);
  return size;
}

/** Parses `count` described frames into as many records; returns how many were in order. */
export function parseFrames(descriptors: usize, count: u32, records: usize): u32 {
  const end = descriptors + count * DESCRIPTOR_SIZE;
  let descriptor = descriptors;
  let record = records;
  let bad: u32 = 0;
  while (descriptor !== end) {
    const next = parseRun(descriptor, end, record);
    record += ((next - descriptor) / DESCRIPTOR_SIZE) * PPP_RECORD_SIZE;
    descriptor = next;
    if (descriptor === end) break;
    const at = read32(descriptor + DESCRIPTOR_AT);
    if (parseFrame(at, read32(descriptor + DESCRIPTOR_LENGTH), record) !== STATUS_OK) bad++;
    descriptor += DESCRIPTOR_SIZE;
    record += PPP_RECORD_SIZE;
  }
  return count - bad;
}

/** Parses frames of which nothing is compressed; returns the descriptor of the first other. */
function parseRun(descriptors: usize, end: usize, records: usize): usize {
  let descriptor = descriptors;
  let record = records;
  while (descriptor !== end) {
    const described = read64(descriptor); // DESCRIPTOR_AT, DESCRIPTOR_LENGTH
    const length = <u32>(described >> 32);
    if (length - 4 > FRAME_MAX - 4) break;
    const front = read32(<usize>described); // the first octet is the lowest
    if ((front & USUAL_MASK) !== USUAL) break;
    const protocol = ((front & 0x00ff_0000) << 8) | ((front >> 8) & 0x00ff_0000);
    write64(record, ((<u64>4) << 32) | protocol); // status, protocol, PPP_INFORMATION_AT
    write32(record + PPP_INFORMATION_LENGTH, length - 4);
    descriptor += DESCRIPTOR_SIZE;
    record += PPP_RECORD_SIZE;
  }
  return descriptor;
}

/**
 * Builds what stands before the Information of `count` records where the descriptors say (their
 * length is the capacity). Each record gets its status and, in PPP_INFORMATION_AT, the octets that
 * were written; returns how many there were.
 */
export function buildFrameHeaders(descriptors: usize, count: u32, records: usize, flags: u32): u32 {
  const end = descriptors + count * DESCRIPTOR_SIZE;
  let descriptor = descriptors;
  let record = records;
  let bad: u32 = 0;
  while (descriptor !== end) {
    const next = flags === 0 ? buildRun(descriptor, end, record) : descriptor;
    record += ((next - descriptor) / DESCRIPTOR_SIZE) * PPP_RECORD_SIZE;
    descriptor = next;
    if (descriptor === end) break;
    const at = read32(descriptor + DESCRIPTOR_AT);
    const capacity = read32(descriptor + DESCRIPTOR_LENGTH);
    const size = buildFrameHeader(at, capacity, read16(record + PPP_PROTOCOL), flags);
    write16(record + PPP_STATUS, size === 0 ? STATUS_CAPACITY : STATUS_OK);
    write32(record + PPP_INFORMATION_AT, size);
    if (size === 0) bad++;
    descriptor += DESCRIPTOR_SIZE;
    record += PPP_RECORD_SIZE;
  }
  return count - bad;
}

/** Builds without compression; returns the descriptor of the first that cannot be built. */
function buildRun(descriptors: usize, end: usize, records: usize): usize {
  let descriptor = descriptors;
  let record = records;
  while (descriptor !== end) {
    const protocol = read16(record + PPP_PROTOCOL);
    if ((protocol & 0x0101) !== 1) break;
    const described = read64(descriptor); // DESCRIPTOR_AT, DESCRIPTOR_LENGTH
    if (described >> 32 < 4) break;
    write32(<usize>described, USUAL | ((protocol & 0xff00) << 8) | (protocol << 24));
    write64(record, ((<u64>4) << 32) | (protocol << 16)); // status, protocol, PPP_INFORMATION_AT
    descriptor += DESCRIPTOR_SIZE;
    record += PPP_RECORD_SIZE;
  }
  return descriptor;
}
