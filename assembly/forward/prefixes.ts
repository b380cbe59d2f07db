// The prefix table: subnets beyond the address and the /64 of a session that belong to its peer. A
// hash table for all lengths together; PREFIX_LENGTHS has a bit for each length in use, and the
// longest that matches wins. An IPv4 prefix stands among those of IPv6 as ::ffff:0:0/96 and more
// (RFC 4291 2.5.5.2), so that one search serves both.

import { read32, read64, readShared32 } from "../bytes";
import { ipv6Lower, ipv6Upper } from "../ip/header";
import {
  CHAIN_MAX,
  PREFIX_BUCKET_COUNT,
  PREFIX_BUCKETS,
  PREFIX_COUNT,
  PREFIX_GENERATION,
  PREFIX_LENGTH,
  PREFIX_LENGTHS,
  PREFIX_LENGTHS_WORDS,
  PREFIX_LOWER,
  PREFIX_NETWORK,
  PREFIX_NEXT,
  PREFIX_RECORDS,
  PREFIX_SESSION,
  PREFIX_SIZE,
  PREFIX_UPPER,
  SESSION_FLAGS,
  SESSION_ROUTED,
} from "../layout";
import { link, unlink } from "./chain";
import { indexOf, liveSession } from "./sessions";

/** 2^64 divided by the golden ratio, in two halves: Knuth's multiplicative hash. */
const GOLDEN: u64 = (0x9e3779b9 << 32) | 0x7f4a7c15;
const MAPPED: u64 = 0xffff_0000_0000;
const HALF: u32 = 64;

function prefixAt(index: u32): usize {
  return PREFIX_RECORDS + index * PREFIX_SIZE;
}

function bucketAt(network: u32, length: u32, upper: u64, lower: u64): usize {
  const key = (upper ^ ((<u64>network) << 59) ^ length) * GOLDEN + lower;
  const bucket = <u32>((key * GOLDEN) >> 32) & (PREFIX_BUCKET_COUNT - 1);
  return PREFIX_BUCKETS + bucket * 4;
}

/** The first `length` bits of a half are set. */
function mask(length: u32): u64 {
  return length === 0 ? 0 : ~(<u64>0) << (HALF - length);
}

/** Index of the session that an IPv4 address is routed to, 0 when there is none. */
export function findPrefix4(network: u32, address: u32): u32 {
  return findPrefix(network, 0, MAPPED | address);
}

/** The same of the IPv6 address at `at`. */
export function findPrefix6(network: u32, at: usize): u32 {
  return findPrefix(network, ipv6Upper(at), ipv6Lower(at));
}

function findPrefix(network: u32, upper: u64, lower: u64): u32 {
  for (let word: u32 = PREFIX_LENGTHS_WORDS; word > 0; word--) {
    let lengths = readShared32(PREFIX_LENGTHS + (word - 1) * 4);
    while (lengths !== 0) {
      const bit = 31 - clz(lengths);
      lengths ^= (<u32>1) << bit;
      const length = (word - 1) * 32 + bit;
      const upperMask = mask(min(length, HALF));
      const lowerMask = mask(length > HALF ? length - HALF : 0);
      const index = find(network, length, upper & upperMask, lower & lowerMask);
      if (index !== 0) return index;
    }
  }
  return 0;
}

function find(network: u32, length: u32, upper: u64, lower: u64): u32 {
  let index = readShared32(bucketAt(network, length, upper, lower));
  for (let walked: u32 = 0; walked < CHAIN_MAX && index !== 0; walked++) {
    if (index > PREFIX_COUNT) return 0;
    const prefix = prefixAt(index);
    const isIt =
      read64(prefix + PREFIX_LOWER) === lower &&
      read64(prefix + PREFIX_UPPER) === upper &&
      read32(prefix + PREFIX_LENGTH) === length &&
      read32(prefix + PREFIX_NETWORK) === network;
    if (isIt)
      return liveSession(read32(prefix + PREFIX_SESSION), read32(prefix + PREFIX_GENERATION));
    index = readShared32(prefix + PREFIX_NEXT);
  }
  return 0;
}

/** Whether an address is routed to this very session. */
export function isRoutedTo4(session: usize, network: u32, address: u32): bool {
  return isRouted(session) && findPrefix4(network, address) === indexOf(session);
}

export function isRoutedTo6(session: usize, network: u32, at: usize): bool {
  return isRouted(session) && findPrefix6(network, at) === indexOf(session);
}

function isRouted(session: usize): bool {
  return (read32(session + SESSION_FLAGS) & SESSION_ROUTED) !== 0;
}

/** Whether an address is routed to a session of another network than `own`. */
export function isPrefixElsewhere4(networks: u32, own: u32, address: u32): bool {
  for (let network: u32 = 0; network < networks; network++) {
    if (network !== own && findPrefix4(network, address) !== 0) return true;
  }
  return false;
}

export function isPrefixElsewhere6(networks: u32, own: u32, at: usize): bool {
  for (let network: u32 = 0; network < networks; network++) {
    if (network !== own && findPrefix6(network, at) !== 0) return true;
  }
  return false;
}

/** Publishes a complete record. False when its chain is full. */
export function insertPrefix(index: u32): bool {
  return link(bucketOf(index), PREFIX_RECORDS, PREFIX_SIZE, index);
}

export function removePrefix(index: u32): void {
  unlink(bucketOf(index), PREFIX_RECORDS, PREFIX_SIZE, index);
}

function bucketOf(index: u32): usize {
  const prefix = prefixAt(index);
  return bucketAt(
    read32(prefix + PREFIX_NETWORK),
    read32(prefix + PREFIX_LENGTH),
    read64(prefix + PREFIX_UPPER),
    read64(prefix + PREFIX_LOWER),
  );
}
