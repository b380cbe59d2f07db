// The route table: which session a destination address of a virtual network belongs to.

import { read32, readShared32 } from "../bytes";
import {
  CHAIN_MAX,
  ROUTE_ADDRESS,
  ROUTE_BUCKETS,
  ROUTE_COUNT,
  ROUTE_GENERATION,
  ROUTE_NETWORK,
  ROUTE_NEXT,
  ROUTE_RECORDS,
  ROUTE_SESSION,
  ROUTE_SIZE,
} from "../layout";
import { link, unlink } from "./chain";
import { liveSession, touchRecord } from "./sessions";

function routeAt(index: u32): usize {
  return ROUTE_RECORDS + index * ROUTE_SIZE;
}

function bucketAt(network: u32, address: u32): usize {
  return ROUTE_BUCKETS + (((address ^ (network << 27)) * 0x9e3779b1) >> 16) * 4;
}

/** Index of the session record for a destination, 0 when there is no route. */
export function findRoute(network: u32, address: u32): u32 {
  let index = readShared32(bucketAt(network, address));
  for (let length: u32 = 0; length < CHAIN_MAX && index !== 0; length++) {
    if (index > ROUTE_COUNT) return 0;
    const route = routeAt(index);
    if (read32(route + ROUTE_ADDRESS) === address && read32(route + ROUTE_NETWORK) === network) {
      return liveSession(read32(route + ROUTE_SESSION), read32(route + ROUTE_GENERATION));
    }
    index = readShared32(route + ROUTE_NEXT);
  }
  return 0;
}

/** Loads the cache lines that a packet to this address will need; the result says nothing. */
export function touchRoute(network: u32, address: u32): u32 {
  const index = readShared32(bucketAt(network, address));
  return index > ROUTE_COUNT ? 0 : touchRecord(read32(routeAt(index) + ROUTE_SESSION));
}

/** Whether a destination belongs to a session of another network than `own`. */
export function isElsewhere(networks: u32, own: u32, address: u32): bool {
  for (let network: u32 = 0; network < networks; network++) {
    if (network !== own && findRoute(network, address) !== 0) return true;
  }
  return false;
}

/** Publishes a complete record. False when its chain is full. */
export function insertRoute(index: u32): bool {
  return link(bucketOf(index), ROUTE_RECORDS, ROUTE_SIZE, index);
}

export function removeRoute(index: u32): void {
  unlink(bucketOf(index), ROUTE_RECORDS, ROUTE_SIZE, index);
}

function bucketOf(index: u32): usize {
  const route = routeAt(index);
  return bucketAt(read32(route + ROUTE_NETWORK), read32(route + ROUTE_ADDRESS));
}
