// The subnet table: which session a /64 of a virtual network belongs to.

import { read32, read64, readShared32 } from "../bytes";
import {
  CHAIN_MAX,
  SUBNET_BUCKETS,
  SUBNET_COUNT,
  SUBNET_GENERATION,
  SUBNET_NETWORK,
  SUBNET_NEXT,
  SUBNET_PREFIX,
  SUBNET_RECORDS,
  SUBNET_SESSION,
  SUBNET_SIZE,
} from "../layout";
import { link, unlink } from "./chain";
import { liveSession, touchRecord } from "./sessions";

/** 2^64 divided by the golden ratio, in two halves: Knuth's multiplicative hash. */
const GOLDEN: u64 = (0x9e3779b9 << 32) | 0x7f4a7c15;

function subnetAt(index: u32): usize {
  return SUBNET_RECORDS + index * SUBNET_SIZE;
}

function bucketAt(network: u32, prefix: u64): usize {
  const key = prefix ^ ((<u64>network) << 59);
  const bucket = <u32>((key * GOLDEN) >> 48);
  return SUBNET_BUCKETS + bucket * 4;
}

/** Index of the session record for a destination, 0 when there is no route. */
export function findSubnet(network: u32, prefix: u64): u32 {
  let index = readShared32(bucketAt(network, prefix));
  for (let length: u32 = 0; length < CHAIN_MAX && index !== 0; length++) {
    if (index > SUBNET_COUNT) return 0;
    const subnet = subnetAt(index);
    if (read64(subnet + SUBNET_PREFIX) === prefix && read32(subnet + SUBNET_NETWORK) === network) {
      return liveSession(read32(subnet + SUBNET_SESSION), read32(subnet + SUBNET_GENERATION));
    }
    index = readShared32(subnet + SUBNET_NEXT);
  }
  return 0;
}

/** Loads the cache lines that a packet to this subnet will need; the result says nothing. */
export function touchSubnet(network: u32, prefix: u64): u32 {
  const index = readShared32(bucketAt(network, prefix));
  return index > SUBNET_COUNT ? 0 : touchRecord(read32(subnetAt(index) + SUBNET_SESSION));
}

/** Whether a destination belongs to a session of another network than `own`. */
export function isSubnetElsewhere(networks: u32, own: u32, prefix: u64): bool {
  for (let network: u32 = 0; network < networks; network++) {
    if (network !== own && findSubnet(network, prefix) !== 0) return true;
  }
  return false;
}

/** Publishes a complete record. False when its chain is full. */
export function insertSubnet(index: u32): bool {
  return link(bucketOf(index), SUBNET_RECORDS, SUBNET_SIZE, index);
}

export function removeSubnet(index: u32): void {
  unlink(bucketOf(index), SUBNET_RECORDS, SUBNET_SIZE, index);
}

function bucketOf(index: u32): usize {
  const subnet = subnetAt(index);
  return bucketAt(read32(subnet + SUBNET_NETWORK), read64(subnet + SUBNET_PREFIX));
}
