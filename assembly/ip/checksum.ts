// The Internet checksum (RFC 1071). A one's complement sum does not depend on the byte order in
// which it is taken (RFC 1071 2 B), so words are added as they lie in memory, and only the result
// is swapped. Nor does it depend on alignment: the first octet of the data is the first of a word.

import { read8, read16, read32, read64, readVector, write16 } from "../bytes";

const VECTOR: u32 = 16;
const BLOCK: u32 = 64;
/** 16384 vectors add at most 2 * 0xffff each to a 32-bit lane: less than 2^31. */
const CHUNK: u32 = 16384 * 16;

/** The checksum as a number: the octets that go on the wire, high octet first. */
export function checksum(at: usize, length: u32): u32 {
  return <u32>bswap<u16>(<u16>~foldSum(partialSum(at, length)));
}

/**
 * Sum of the data's 16-bit words, modulo 0xffff, in the order of the memory. Sums of several pieces
 * add up as long as all but the last have an even length; an odd last octet counts as a first half.
 */
export function partialSum(at: usize, length: u32): u64 {
  let p = at;
  let left = length;
  let total: u64 = 0;
  while (left >= BLOCK) {
    const chunk = min(left, CHUNK) & ~(VECTOR - 1);
    total += sumVectors(p, chunk);
    p += chunk;
    left -= chunk;
  }
  while (left >= 8) {
    const word = read64(p);
    total += (word & 0xffffffff) + (word >> 32);
    p += 8;
    left -= 8;
  }
  if (left >= 4) {
    total += read32(p);
    p += 4;
    left -= 4;
  }
  if (left >= 2) {
    total += read16(p);
    p += 2;
    left -= 2;
  }
  if (left !== 0) total += read8(p);
  return total;
}

/** Brings a partial sum down to 16 bits, still in the order of the memory. */
export function foldSum(sum: u64): u32 {
  let folded = (sum & 0xffffffff) + (sum >> 32);
  folded = (folded & 0xffff) + ((folded >> 16) & 0xffff) + (folded >> 32); // at most 0x1fffe
  return <u32>((folded & 0xffff) + (folded >> 16));
}

/** The checksum at `at` when a word that it covers changes, in the order of the memory (RFC 1624 3). */
export function updateChecksum(at: usize, before: u32, after: u32): void {
  const sum = (~read16(at) & 0xffff) + (~before & 0xffff) + after;
  write16(at, ~foldSum(sum));
}

/**
 * Sums whole vectors, CHUNK octets at most. Each lane has two sums: that of its whole words modulo
 * 2^32 and, exactly, that of their upper halves; that of the lower halves is the difference. So a
 * vector costs three operations. Two chains of additions keep the ports busy.
 */
function sumVectors(at: usize, length: u32): u64 {
  let words = i32x4.splat(0);
  let otherWords = i32x4.splat(0);
  let uppers = i32x4.splat(0);
  let otherUppers = i32x4.splat(0);
  const end = at + length;
  let p = at;
  for (const blocksEnd = at + (length & ~(BLOCK - 1)); p !== blocksEnd; p += BLOCK) {
    const a = readVector(p);
    const b = readVector(p + 16);
    const c = readVector(p + 32);
    const d = readVector(p + 48);
    words = i32x4.add(words, a);
    uppers = i32x4.add(uppers, i32x4.shr_u(a, 16));
    otherWords = i32x4.add(otherWords, b);
    otherUppers = i32x4.add(otherUppers, i32x4.shr_u(b, 16));
    words = i32x4.add(words, c);
    uppers = i32x4.add(uppers, i32x4.shr_u(c, 16));
    otherWords = i32x4.add(otherWords, d);
    otherUppers = i32x4.add(otherUppers, i32x4.shr_u(d, 16));
  }
  for (; p !== end; p += VECTOR) {
    const a = readVector(p);
    words = i32x4.add(words, a);
    uppers = i32x4.add(uppers, i32x4.shr_u(a, 16));
  }
  words = i32x4.add(words, otherWords);
  uppers = i32x4.add(uppers, otherUppers);
  const lowers = i32x4.sub(words, i32x4.shl(uppers, 16));
  const sums = i32x4.add(lowers, uppers);
  const pairs = i64x2.add(i64x2.extend_low_i32x4_u(sums), i64x2.extend_high_i32x4_u(sums));
  return i64x2.extract_lane(pairs, 0) + i64x2.extract_lane(pairs, 1);
}
