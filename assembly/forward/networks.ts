// The records of the virtual networks: what holds for the packets of all their sessions.

import { read32, readShared64 } from "../bytes";
import {
  CONTROL_NETWORKS,
  NETWORK_COUNT,
  NETWORK_EVERYTHING,
  NETWORK_FLAGS,
  NETWORK_SIZE,
} from "../layout";
import { liveSession } from "./sessions";

const GENERATION_SHIFT: u64 = 32;

/** Stays within the records, whatever the memory says. */
export function networkAt(index: u32): usize {
  return CONTROL_NETWORKS + (index & (NETWORK_COUNT - 1)) * NETWORK_SIZE;
}

/** Index of the session that everything is for that no other has, 0 when there is none. */
export function everythingOf(network: u32): u32 {
  const told = readShared64(networkAt(network) + NETWORK_EVERYTHING);
  return liveSession(<u32>told, <u32>(told >> GENERATION_SHIFT));
}

export function hasFlag(network: u32, flag: u32): bool {
  return (read32(networkAt(network) + NETWORK_FLAGS) & flag) !== 0;
}
